-- What people do beside streams and deployments: looking at tracks, changing incidents and their people, the rota, and the
-- questions an officer may ask of the record. Each function checks who acts and leaves the audit row.

-- Sign-in: tries are counted by where they come from.
create index login_attempt_address on sightline.login_attempt (address, at);
grant select on sightline.schema_migration to sightline_dashboard;

-- An open stream counts as use of the session that watches it.
create or replace function sightline.session_is_live(s sightline.session) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select s.ended_time is null and s.expires_time > now()
    and (s.kind = 'machine'
         or s.last_seen_time > now() - make_interval(mins => sightline.setting_number('session_idle_minutes')::int)
         or exists (select from sightline.stream_session x where x.session_id = s.id and x.ended_time is null))
    and exists (select from sightline.app_user u
                where u.id = s.user_id and u.disabled_time is null and u.role = s.role)
$$;

-- Ends a viewing for whoever holds its token, or the session that opened it. False: neither, or it has ended.
create function sightline.viewing_end(p_stream_id uuid, p_token_hash bytea, p_reason text) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
begin
  perform from sightline.stream_session x where x.id = p_stream_id and x.ended_time is null
    and (x.token_hash = p_token_hash or x.session_id = sightline.actor_session_id());
  return found and sightline.stream_end(p_stream_id, p_reason);
end
$$;

create function sightline.stream_count() returns bigint
  stable language sql security definer set search_path = sightline, public as
  $$ select count(*) from sightline.stream_session where ended_time is null $$;

-- Asks to see where a camera has been. Every answer leaves an audit row. hidden: times in which it was at a restricted incident or
-- an exercise that the viewer is not named on; these fixes are not for them.
create function sightline.track_open(p_camera text, p_from timestamptz, p_to timestamptz, p_purpose text, p_incident_id bigint, p_reason text)
  returns table (http int, code text, message text, camera_id int, hidden tstzmultirange)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  c sightline.camera;
  p sightline.purpose;
  v_http int;
  v_code text;
  v_message text;
begin
  select * into c from sightline.camera x where x.ref = p_camera;
  select * into p from sightline.purpose x where x.code = p_purpose;
  if sightline.may('track.view') is null then
    v_http := 403; v_code := 'role_not_permitted'; v_message := 'Your role does not look at tracks.';
  elsif p.code is null then
    v_http := 422; v_code := 'purpose_unknown'; v_message := format('"%s" is not a purpose for which tracks are looked at.', left(p_purpose, 64));
  elsif p.forbidden then
    v_http := 403; v_code := 'purpose_forbidden'; v_message := p.why_forbidden || '.';
  elsif c.id is null or not sightline.camera_visible(c.id, 'track.view') then
    v_http := 404; v_code := 'camera_unknown'; v_message := 'There is no such camera, or it is not yours to see.';
  elsif not exists (select from sightline.incident i where i.id = p_incident_id) or not sightline.incident_visible(p_incident_id) then
    v_http := 404; v_code := 'incident_unknown'; v_message := 'There is no such incident, or it is not yours to see.';
  end if;
  perform sightline.audit_append('consultation', 'track.view', 'camera', coalesce(c.ref, left(p_camera, 64)),
    case when v_http is null then 'allowed' else 'refused' end, left(p_purpose, 64), left(p_reason, 500),
    case when v_code = 'incident_unknown' then null else p_incident_id end,
    jsonb_build_object('from', p_from, 'to', p_to, 'code', v_code));
  if v_http is not null then
    return query select v_http, v_code, v_message, null::int, null::tstzmultirange;
    return;
  end if;
  return query select 200, null::text, null::text, c.id, coalesce((
    select range_agg(tstzrange(ic.since, coalesce(ic.until, i.closed_time)))
    from sightline.incident_camera ic join sightline.incident i on i.id = ic.incident_id
    where ic.camera_id = c.id and (i.restricted or i.exercise) and i.created_by is distinct from sightline.actor_user_id()
      and not exists (select from sightline.incident_person x
        where x.incident_id = i.id and x.user_id = sightline.actor_user_id() and x.until is null)), '{}');
end
$$;

-- Whether the acting user may change an incident: 'ok', or the refusal. Also locks it against other changes.
create function sightline.incident_changeable(p_incident_id bigint, p_action text)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
begin
  perform from sightline.incident i where i.id = p_incident_id for update;
  if not found or not sightline.incident_visible(p_incident_id) then
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.';
  elsif sightline.may('incident.write') is null then
    perform sightline.audit_append('alteration', p_action, 'incident', p_incident_id::text, 'refused', p_reason => 'role',
      p_incident_id => p_incident_id);
    return query select 'forbidden', 'role_not_permitted', 'Your role does not make or change incidents.';
  else
    return query select 'ok', null::text, null::text;
  end if;
end
$$;

-- Records a change of an incident: audit row, entry in the command log, news for the screens.
create function sightline.incident_changed(p_incident_id bigint, p_action text, p_text text, p_detail jsonb) returns void
  language plpgsql security definer set search_path = sightline, public as $$
begin
  perform sightline.log_append(p_incident_id, 'system', p_text, p_detail => p_detail),
    sightline.audit_append('alteration', p_action, 'incident', p_incident_id::text, p_incident_id => p_incident_id, p_detail => p_detail);
end
$$;

-- Names a person on an incident. A first commander is named here; from then on command changes hands by handing over.
create function sightline.incident_assign(p_incident_id bigint, p_username text, p_capacity text)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  answer record;
  u sightline.app_user;
begin
  select * into answer from sightline.incident_changeable(p_incident_id, 'incident.assign');
  if answer.outcome <> 'ok' then
    return query select answer.outcome, answer.code, answer.message;
    return;
  end if;
  select * into u from sightline.app_user x where x.username = p_username and x.disabled_time is null;
  if not found then
    return query select 'not_found', 'user_unknown', 'There is no such user.';
    return;
  end if;
  if p_capacity = 'commander' then
    if u.role not in ('commander', 'fim') then
      return query select 'conflict', 'not_a_commander', 'Command is given to a commander or a FIM.';
      return;
    end if;
    if exists (select from sightline.incident_person p where p.incident_id = p_incident_id and p.capacity = 'commander'
        and p.until is null and p.user_id <> u.id) then
      return query select 'conflict', 'commander_named', 'The incident has a commander; command changes hands by handing over.';
      return;
    end if;
    update sightline.deployment d set commander_id = u.id where d.incident_id = p_incident_id and d.commander_id is null;
  end if;
  insert into sightline.incident_person (incident_id, user_id, capacity) values (p_incident_id, u.id, p_capacity)
    on conflict on constraint incident_person_pkey do update set until = null, since = now()
      where incident_person.until is not null;
  perform sightline.incident_changed(p_incident_id, 'incident.assign', u.display_name || ' is named on the incident (' || p_capacity || ')',
    jsonb_build_object('username', u.username, 'capacity', p_capacity));
  return query select 'ok', null::text, null::text;
end
$$;

-- Takes a person off an incident, in every capacity but that of the commander, who hands over.
create function sightline.incident_release(p_incident_id bigint, p_username text)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  answer record;
begin
  select * into answer from sightline.incident_changeable(p_incident_id, 'incident.release');
  if answer.outcome <> 'ok' then
    return query select answer.outcome, answer.code, answer.message;
    return;
  end if;
  update sightline.incident_person p set until = now() from sightline.app_user u
    where p.incident_id = p_incident_id and u.id = p.user_id and u.username = p_username and p.until is null and p.capacity <> 'commander';
  if not found then
    return query select 'not_found', 'person_unknown', 'Nobody of this name is on the incident, or it is the commander, who hands over.';
    return;
  end if;
  perform sightline.incident_changed(p_incident_id, 'incident.release', p_username || ' is no longer on the incident',
    jsonb_build_object('username', p_username));
  return query select 'ok', null::text, null::text;
end
$$;

-- A camera comes to an incident, or leaves it.
create function sightline.incident_camera_put(p_incident_id bigint, p_camera text, p_there boolean)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  action text := case when p_there then 'incident.attend' else 'incident.leave' end;
  answer record;
  c sightline.camera;
begin
  select * into answer from sightline.incident_changeable(p_incident_id, action);
  if answer.outcome <> 'ok' then
    return query select answer.outcome, answer.code, answer.message;
    return;
  end if;
  select * into c from sightline.camera x where x.ref = p_camera and x.disabled_time is null;
  if not found or not sightline.camera_visible(c.id) then
    return query select 'not_found', 'camera_unknown', 'There is no such camera, or it is not yours to see.';
    return;
  end if;
  if p_there then
    insert into sightline.incident_camera (incident_id, camera_id) values (p_incident_id, c.id)
      on conflict (incident_id, camera_id) do update set until = null where incident_camera.until is not null;
  else
    update sightline.incident_camera set until = now() where incident_id = p_incident_id and camera_id = c.id and until is null;
  end if;
  if not found then
    return query select 'ok', null::text, null::text;    -- as it was
    return;
  end if;
  perform sightline.incident_changed(p_incident_id, action, c.ref || case when p_there then ' is at the incident' else ' has left the incident' end,
    jsonb_build_object('camera', c.ref));
  return query select 'ok', null::text, null::text;
end
$$;

-- Closes an incident. What streams of it are open, end.
create function sightline.incident_close(p_incident_id bigint, p_reason text)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  answer record;
begin
  select * into answer from sightline.incident_changeable(p_incident_id, 'incident.close');
  if answer.outcome <> 'ok' then
    return query select answer.outcome, answer.code, answer.message;
    return;
  end if;
  if exists (select from sightline.deployment d join sightline.deployment_state s on s.code = d.state
      where d.incident_id = p_incident_id and s.live) then
    return query select 'conflict', 'deployment_live', 'Negotiators are asked for or out; cancel or stand down first.';
    return;
  end if;
  update sightline.incident set closed_time = now() where id = p_incident_id and closed_time is null;
  if not found then
    return query select 'conflict', 'incident_closed', 'The incident is closed already.';
    return;
  end if;
  perform sightline.incident_changed(p_incident_id, 'incident.close', 'Closed' || coalesce(': ' || nullif(btrim(p_reason), ''), ''), '{}');
  return query select 'ok', null::text, null::text;
end
$$;

-- A provisional incident turns out to be another one: its cameras, open streams and deployments go there, and it closes.
create function sightline.incident_link(p_provisional_id bigint, p_to bigint)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  answer record;
  target sightline.incident;
begin
  select * into answer from sightline.incident_changeable(p_provisional_id, 'incident.link');
  if answer.outcome = 'ok' then
    select * into answer from sightline.incident_changeable(p_to, 'incident.link');
  end if;
  if answer.outcome <> 'ok' then
    return query select answer.outcome, answer.code, answer.message;
    return;
  end if;
  if not (select i.provisional and i.linked_to is null from sightline.incident i where i.id = p_provisional_id) then
    return query select 'conflict', 'not_provisional', 'Only a provisional incident is linked, and only once.';
    return;
  end if;
  select * into target from sightline.incident i where i.id = p_to;
  if target.provisional or target.closed_time is not null then
    return query select 'conflict', 'not_linkable', 'It can only be linked to an open incident that is not provisional itself.';
    return;
  end if;
  insert into sightline.incident_camera (incident_id, camera_id, since)
    select p_to, ic.camera_id, ic.since from sightline.incident_camera ic where ic.incident_id = p_provisional_id and ic.until is null
    on conflict (incident_id, camera_id) do update set until = null;
  update sightline.incident_camera set until = now() where incident_id = p_provisional_id and until is null;
  update sightline.stream_session set incident_id = p_to where incident_id = p_provisional_id and ended_time is null;
  update sightline.deployment set incident_id = p_to where incident_id = p_provisional_id;
  update sightline.incident set linked_to = p_to, provisional = false, link_by = null, closed_time = now() where id = p_provisional_id;
  perform sightline.incident_changed(p_provisional_id, 'incident.link', 'Linked to incident ' || coalesce(target.log_number, p_to::text),
      jsonb_build_object('to', p_to)),
    sightline.incident_changed(p_to, 'incident.link', 'Provisional incident ' || p_provisional_id || ' linked to this one',
      jsonb_build_object('from', p_provisional_id));
  return query select 'ok', null::text, null::text;
end
$$;

-- How often each negotiator was sent in the 7 and 28 days before a time (exercises do not count), when last, and whether out now.
-- Counted over all incidents, also those that the asker may not see: the work was done.
create function sightline.negotiator_duties(p_at timestamptz)
  returns table (negotiator_id int, last_call_out timestamptz, call_outs_7 int, call_outs_28 int, is_out boolean)
  stable language sql security definer set search_path = sightline, public as $$
  select n.id, max(t.at), (count(t.id) filter (where t.at > p_at - interval '7 days'))::int,
    (count(t.id) filter (where t.at > p_at - interval '28 days'))::int,
    exists (select from sightline.deployment_member m where m.negotiator_id = n.id and m.state in ('mobilising', 'en_route', 'on_scene'))
  from sightline.negotiator n
  left join (sightline.deployment_transition t join sightline.deployment d on d.id = t.deployment_id
    join sightline.incident i on i.id = d.incident_id and not i.exercise)
    on t.action = 'dispatch' and n.id = any (t.members) and t.at <= p_at
  where n.active group by n.id
$$;

-- Replaces the shifts within a time; of shifts that reach beyond it, the parts outside stay.
--   p_shifts: [{"negotiator": id, "from": time, "to": time}, …], each within the time.
create function sightline.rota_put(p_from timestamptz, p_to timestamptz, p_shifts jsonb, p_reason text)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
begin
  if sightline.may('rota.write') is null then
    perform sightline.audit_append('alteration', 'rota.write', 'rota', to_char(p_from, 'YYYY-MM-DD'), 'refused', p_reason => 'role');
    return query select 'forbidden', 'role_not_permitted', 'Your role does not change the rota.';
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('sightline.rota'));
  with cut as (
    delete from sightline.rota_shift s where s.during && tstzrange(p_from, p_to) returning s.negotiator_id, s.during
  )
  insert into sightline.rota_shift (negotiator_id, during)
    select cut.negotiator_id, rest from cut, unnest(tstzmultirange(cut.during) - tstzmultirange(tstzrange(p_from, p_to))) rest;
  insert into sightline.rota_shift (negotiator_id, during)
    select (x ->> 'negotiator')::int, tstzrange((x ->> 'from')::timestamptz, (x ->> 'to')::timestamptz) from jsonb_array_elements(p_shifts) x;
  perform sightline.audit_append('alteration', 'rota.write', 'rota', to_char(p_from, 'YYYY-MM-DD'), p_reason => nullif(p_reason, ''),
      p_detail => jsonb_build_object('from', p_from, 'to', p_to, 'shifts', jsonb_array_length(p_shifts))),
    sightline.announce('rota', jsonb_build_object('from', p_from, 'to', p_to));
  return query select 'ok', null::text, null::text;
end
$$;

-- Who watched the acting officer's camera or looked at its track while it was theirs; nothing that a restricted incident was the reason of.
create function sightline.watched_me(p_from timestamptz, p_to timestamptz)
  returns table (at timestamptz, by_name text, by_role text, action text, purpose text, camera text, seconds int)
  stable language sql security definer set search_path = sightline, public as $$
  with me as (select u.officer_id from sightline.app_user u where u.id = sightline.actor_user_id() and u.officer_id is not null
      and sightline.may('audit.watched_me') is not null),
  seen as (
    select s.opened_time as at, s.user_id, s.role, 'stream.open' as action, s.purpose, s.camera_id, s.incident_id,
      extract(epoch from coalesce(s.ended_time, now()) - s.opened_time)::int as seconds
    from sightline.stream_session s where s.opened_time >= p_from and s.opened_time < p_to
    union all
    select e.at, u.id, e.actor_role, e.action, e.purpose, c.id, e.incident_id, null
    from sightline.audit_entry e join sightline.camera c on c.ref = e.object_id left join sightline.app_user u on u.username = e.actor
    where e.action = 'track.view' and e.outcome = 'allowed' and e.at >= p_from and e.at < p_to
  )
  select x.at, u.display_name, r.name, x.action, p.name, c.ref, x.seconds
  from me cross join seen x
  join sightline.camera c on c.id = x.camera_id
  left join sightline.duty d on d.camera_id = x.camera_id and d.during @> x.at
  left join sightline.incident i on i.id = x.incident_id
  left join sightline.app_user u on u.id = x.user_id
  left join sightline.role r on r.code = x.role
  left join sightline.purpose p on p.code = x.purpose
  where coalesce(d.officer_id, c.officer_id) = me.officer_id and not coalesce(i.restricted, false)
  order by x.at desc
$$;

grant execute on function sightline.viewing_end(uuid, bytea, text), sightline.stream_count(),
  sightline.track_open(text, timestamptz, timestamptz, text, bigint, text), sightline.incident_assign(bigint, text, text),
  sightline.incident_release(bigint, text), sightline.incident_camera_put(bigint, text, boolean), sightline.incident_close(bigint, text),
  sightline.incident_link(bigint, bigint), sightline.negotiator_duties(timestamptz),
  sightline.rota_put(timestamptz, timestamptz, jsonb, text), sightline.watched_me(timestamptz, timestamptz) to sightline_dashboard;
