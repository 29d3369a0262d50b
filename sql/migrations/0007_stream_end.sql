-- A stream ends as soon as its viewer may not see the camera or the incident any more, or when nobody fetches the picture; a camera
-- that comes back is told who watches it. Visibility is asked for a user (…_to), by the acting user and by the gate alike.

create index incident_camera_there on sightline.incident_camera (camera_id) where until is null;

-- A NegCo streams what a NegCo sees: while on call. Before, the stream outlived the map.
update sightline.role_capability set scope = 'on_call' where role = 'negco' and capability = 'stream.open' and scope = 'all';

-- Cameras at open incidents. hidden: only the people named on the incident may know.
create view sightline.camera_at_incident as
  select ic.camera_id, i.id as incident_id, i.restricted or i.exercise as hidden
  from sightline.incident_camera ic join sightline.incident i on i.id = ic.incident_id
  where ic.until is null and i.closed_time is null;

-- Who is named on an incident: the people on it now, and who made it.
create view sightline.incident_named as
  select p.incident_id, p.user_id from sightline.incident_person p where p.until is null
  union all
  select i.id, i.created_by from sightline.incident i where i.created_by is not null;

-- May this user, in this role, see the incident? Restricted and exercise incidents: only the people named on it.
-- In PL/pgSQL, here and below, because its plans are kept: the gate asks for every open stream four times a second.
create function sightline.incident_visible_to(p_user_id int, p_role text, p_incident_id bigint) returns boolean
  stable language plpgsql security definer set search_path = sightline, public as $$
declare
  i sightline.incident;
  named boolean;
begin
  select * into i from sightline.incident x where x.id = p_incident_id;
  if not found then
    return false;
  end if;
  named := exists (select from sightline.incident_named n where n.incident_id = i.id and n.user_id = p_user_id);
  if (i.restricted or i.exercise) and not named then
    return false;
  end if;
  case (select rc.scope from sightline.role_capability rc where rc.role = p_role and rc.capability = 'incident.read')
    when 'all' then return true;
    when 'assigned' then return named;
    when 'own_units' then return coalesce(i.created_by = p_user_id, false) or exists (
      select from sightline.incident_camera ic join sightline.camera c on c.id = ic.camera_id
      left join sightline.duty d on d.camera_id = c.id and d.during @> now()
      left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id)
      join sightline.user_unit uu on uu.unit_id = coalesce(o.unit_id, c.unit_id)
      where ic.incident_id = i.id and uu.user_id = p_user_id);
    when 'with_deployments' then return exists (select from sightline.deployment d where d.incident_id = i.id);
    else return false;
  end case;
end
$$;

-- May the acting user see the incident?
create or replace function sightline.incident_visible(p_incident_id bigint) returns boolean
  stable language plpgsql security definer set search_path = sightline, public as $$
begin
  return sightline.incident_visible_to(sightline.actor_user_id(), sightline.actor_role(), p_incident_id);
end
$$;

-- Who sees which cameras through incidents: for the feed, which applies it to every viewer.
create or replace function sightline.feed_visibility()
  returns table (camera_id int, incident_id bigint, restricted boolean, user_ids int[])
  stable language sql security definer set search_path = sightline, public as $$
  select x.camera_id, x.incident_id, x.hidden,
    array(select distinct n.user_id from sightline.incident_named n where n.incident_id = x.incident_id)
  from sightline.camera_at_incident x
$$;

-- Whether the camera is at an incident of which only the people named may know, and the user is none of them.
create function sightline.camera_hidden_from(p_user_id int, p_camera_id int) returns boolean
  stable language plpgsql security definer set search_path = sightline, public as $$
begin
  -- array(…), so that few people of few incidents are looked up, rather than all incidents of the user joined.
  return exists (select from sightline.camera_at_incident x where x.camera_id = p_camera_id and x.hidden
    and not p_user_id = any (array(select n.user_id from sightline.incident_named n where n.incident_id = x.incident_id)));
end
$$;

-- May this user, in this role, see the camera now? The same rule that the feed applies.
create function sightline.camera_visible_to(p_user_id int, p_role text, p_camera_id int, p_capability text) returns boolean
  stable language plpgsql security definer set search_path = sightline, public as $$
begin
  if sightline.camera_hidden_from(p_user_id, p_camera_id) then
    return false;
  end if;
  case (select rc.scope from sightline.role_capability rc where rc.role = p_role and rc.capability = p_capability)
    when 'all' then return true;
    when 'on_call' then return sightline.is_on_call(p_user_id);
    when 'assigned' then return exists (select from sightline.camera_at_incident x where x.camera_id = p_camera_id
      and p_user_id = any (array(select n.user_id from sightline.incident_named n where n.incident_id = x.incident_id)));
    when 'own_units' then return exists (select from sightline.camera c
      left join sightline.duty d on d.camera_id = c.id and d.during @> now()
      left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id)
      join sightline.user_unit uu on uu.unit_id = coalesce(o.unit_id, c.unit_id)
      where c.id = p_camera_id and uu.user_id = p_user_id);
    when 'own' then return exists (select from sightline.camera c
      left join sightline.duty d on d.camera_id = c.id and d.during @> now()
      join sightline.app_user u on u.officer_id = coalesce(d.officer_id, c.officer_id)
      where c.id = p_camera_id and u.id = p_user_id);
    else return false;
  end case;
end
$$;

-- May the acting user see the camera now?
create or replace function sightline.camera_visible(p_camera_id int, p_capability text default 'map.view') returns boolean
  stable language plpgsql security definer set search_path = sightline, public as $$
begin
  return sightline.camera_visible_to(sightline.actor_user_id(), sightline.actor_role(), p_camera_id, p_capability);
end
$$;

-- Why a camera cannot be streamed now: a code, or null where it can. The age of its position plays no part.
create or replace function sightline.camera_not_streamable(p_camera_id int) returns text
  stable language plpgsql security definer set search_path = sightline, public as $$
declare
  c record;
begin
  select x.disabled_time, l.camera_id as reported, l.recording, l.seen_time into c
    from sightline.camera x left join sightline.live l on l.camera_id = x.id where x.id = p_camera_id;
  if not found then
    return null;
  elsif c.disabled_time is not null then
    return 'camera_disabled';
  elsif c.reported is null then
    return 'never_reported';
  elsif c.recording <> 3 then
    return 'not_recording';
  elsif sightline.is_stale(c.seen_time, c.recording) then
    if not exists (select from sightline.publication p where p.camera_id = p_camera_id and p.ended_time is null
        and p.media_time > clock_timestamp() - interval '5 seconds') then
      return 'stale';
    end if;
  end if;
  return null;
end
$$;

-- Why an open stream may not go on: a sentence, or null where it may.
create or replace function sightline.stream_must_end(s sightline.stream_session) returns text
  stable language plpgsql security definer set search_path = sightline, public as $$
declare
  x sightline.session;
  u sightline.app_user;
begin
  select * into x from sightline.session y where y.id = s.session_id;
  select * into u from sightline.app_user y where y.id = s.user_id;
  if x.ended_time is not null then
    return 'the viewer''s sign-in ended: ' || x.end_reason;
  elsif x.expires_time <= now() then
    return 'the viewer''s sign-in ended';
  elsif u.disabled_time is not null or u.role <> s.role
      or not exists (select from sightline.role_capability rc where rc.role = s.role and rc.capability = 'stream.open') then
    return 'the permission was withdrawn';
  elsif s.expires_time <= now() then
    return 'the time for one stream is over; ask again';
  elsif s.token_used_time is null and s.token_expires <= now() then
    return 'nobody began to watch within 30 seconds';
  elsif (select i.closed_time from sightline.incident i where i.id = s.incident_id) is not null then
    return 'the incident was closed';
  elsif not sightline.camera_visible_to(s.user_id, s.role, s.camera_id, 'stream.open') then
    return 'the camera is no longer the viewer''s to see';
  elsif not sightline.incident_visible_to(s.user_id, s.role, s.incident_id) then
    return 'the incident is no longer the viewer''s to see';
  end if;
  return case sightline.camera_not_streamable(s.camera_id)
    when 'not_recording' then 'the camera stopped recording'
    when 'stale' then 'nothing is heard from the camera'
    when 'never_reported' then 'nothing is heard from the camera'
    when 'camera_disabled' then 'the camera was disabled'
  end;
end
$$;

-- Redeems the one-time token of a viewing (browser, WHEP). Whatever happens next, it is used up. No row: not valid, or the stream may
-- not go on; then it ends here. With a session, it must be the one that opened the stream; without, the token stands for that session.
create or replace function sightline.viewing_redeem(p_stream_id uuid, p_token_hash bytea)
  returns table (camera_id int, publication_id uuid, relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
  why text;
begin
  select * into s from sightline.stream_session x
    where x.id = p_stream_id and x.token_hash = p_token_hash and x.token_used_time is null and x.token_expires > now()
      and x.ended_time is null and (sightline.actor_session_id() is null or x.session_id = sightline.actor_session_id())
      and exists (select from sightline.session live where live.id = x.session_id and sightline.session_is_live(live))
    for update;
  if not found then
    why := 'token';
  else
    why := sightline.stream_must_end(s);
    if why is not null then
      perform sightline.stream_end(s.id, why);
    end if;
  end if;
  if why is not null then
    perform sightline.audit_append('consultation', 'stream.redeem', 'stream', p_stream_id::text, 'refused', p_reason => why);
    return;
  end if;
  update sightline.stream_session x set token_used_time = now() where x.id = s.id;
  return query select s.camera_id, s.publication_id, r.internal_url
    from sightline.publication p join sightline.relay r on r.id = p.relay_id where p.id = s.publication_id;
end
$$;

-- Opens a stream for the acting user, or says why not. Every answer leaves an audit row.
--   p_incident_id null: only for officer_safety; a provisional incident is made, to be linked within minutes.
--   http: the status that the HTTP API answers with. A camera out of reach is answered like one that does not exist; the audit tells.
create or replace function sightline.stream_open(p_camera text, p_purpose text, p_reason text, p_incident_id bigint, p_token_hash bytea)
  returns table (http int, code text, message text, stream_id uuid, incident_id bigint, camera_id int, expires timestamptz)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  c sightline.camera;
  p sightline.purpose;
  i sightline.incident;
  made uuid;
  v_incident bigint := p_incident_id;
  v_expires timestamptz;
  v_http int;
  v_code text;
  v_message text;
  v_state text;
  v_audited jsonb;
begin
  select * into c from sightline.camera x where x.ref = p_camera;
  select * into p from sightline.purpose x where x.code = p_purpose;
  if sightline.may('stream.open') is null then
    v_http := 403; v_code := 'role_not_permitted'; v_message := 'Your role does not view live video.';
  elsif p.code is null then
    v_http := 422; v_code := 'purpose_unknown'; v_message := format('"%s" is not a purpose for which streams are opened.', left(p_purpose, 64));
  elsif p.forbidden then
    v_http := 403; v_code := 'purpose_forbidden'; v_message := p.why_forbidden || '.';
  elsif length(btrim(coalesce(p_reason, ''))) < 3 then
    v_http := 422; v_code := 'reason_missing'; v_message := 'Say in a few words why you need to see this camera.';
  elsif c.id is null or sightline.camera_hidden_from(sightline.actor_user_id(), c.id) then   -- hidden: as if there were none
    v_http := 404; v_code := 'camera_unknown'; v_message := 'There is no such camera, or it is not yours to see.';
    if c.id is not null then
      v_audited := jsonb_build_object('code', 'camera_out_of_reach', 'why', 'The camera is at an incident that the user is not named on.');
    end if;
  elsif not sightline.camera_visible(c.id, 'stream.open') then
    v_http := 403; v_code := 'camera_out_of_reach'; v_message := 'The camera is outside what your role and assignments let you view.';
  elsif p_incident_id is null and p_purpose <> 'officer_safety' then
    v_http := 422; v_code := 'incident_missing'; v_message := 'Name the incident. Only officer safety may open first and link within minutes.';
  end if;
  if v_http is null and p_incident_id is not null then
    select * into i from sightline.incident x where x.id = p_incident_id;
    if i.id is null or not sightline.incident_visible(i.id) then
      v_http := 404; v_code := 'incident_unknown'; v_message := 'There is no such incident, or it is not yours to see.';
    elsif i.closed_time is not null then
      v_http := 409; v_code := 'incident_closed'; v_message := 'The incident is closed.';
    end if;
  end if;
  if v_http is null then
    v_code := sightline.camera_not_streamable(c.id);
    if v_code is not null then
      v_http := 409;
      select (array['unknown', 'off', 'buffering', 'recording'])[l.recording + 1] into v_state
        from sightline.live l where l.camera_id = c.id;
      v_message := case v_code
        when 'not_recording' then format('The camera is %s, not recording.', case v_state
          when 'off' then 'switched off' when 'unknown' then 'in an unknown state' else v_state end)
        when 'stale' then 'Nothing has been heard from the camera for too long to know that it records.'
        when 'never_reported' then 'The camera has never reported.'
        else 'The camera is disabled.' end;
    end if;
  end if;
  if v_http is null and not exists (select from sightline.relay r where r.heartbeat_time > now() - interval '5 seconds') then
    v_http := 503; v_code := 'relay_away'; v_message := 'The media relay does not answer; no stream can be opened until it does.';
  end if;
  if v_http is not null then
    perform sightline.audit_append('consultation', 'stream.open', 'camera', coalesce(c.ref, left(p_camera, 64)), 'refused',
      left(p_purpose, 64), left(p_reason, 500), i.id, coalesce(v_audited, jsonb_build_object('code', v_code, 'why', v_message)));
    return query select v_http, v_code, v_message, null::uuid, i.id, c.id, null::timestamptz;
    return;
  end if;

  if v_incident is null then
    insert into sightline.incident (title, lat, lon, grade, type, provisional, link_by, created_by)
      select 'Officer safety: ' || coalesce(o.name || ' ' || o.shoulder_number, c.ref), l.lat, l.lon, 'immediate', 'officer safety', true,
        now() + make_interval(mins => sightline.setting_number('provisional_link_minutes')::int), sightline.actor_user_id()
      from sightline.live l left join sightline.duty d on d.camera_id = c.id and d.during @> now()
      left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id) where l.camera_id = c.id
      returning id into v_incident;
    insert into sightline.incident_camera (incident_id, camera_id) values (v_incident, c.id);
    perform sightline.announce('incident', jsonb_build_object('incident', v_incident));
  end if;
  v_expires := least(now() + make_interval(mins => sightline.setting_number('stream_max_minutes')::int),
    (select s.expires_time from sightline.session s where s.id = sightline.actor_session_id()));
  insert into sightline.stream_session (camera_id, user_id, session_id, role, purpose, reason, incident_id, token_hash,
      token_expires, expires_time)
    values (c.id, sightline.actor_user_id(), sightline.actor_session_id(), sightline.actor_role(), p_purpose, btrim(p_reason),
      v_incident, p_token_hash, now() + interval '30 seconds', v_expires)
    returning id into made;
  perform sightline.audit_append('consultation', 'stream.open', 'camera', c.ref, 'allowed', p_purpose, btrim(p_reason), v_incident,
    jsonb_build_object('stream', made));
  perform sightline.log_append(v_incident, 'stream', format('Stream of %s opened (%s)', c.ref, p.name),
    p_detail => jsonb_build_object('stream', made, 'camera', c.ref));
  perform sightline.tell_watched(c.id);
  perform sightline.announce('stream', jsonb_build_object('stream', made, 'camera', c.ref, 'camera_id', c.id, 'incident', v_incident));
  return query select 201, null::text, null::text, made, v_incident, c.id, v_expires;
end
$$;

-- Tells a camera who watches it now, by role; silently where a restricted incident is the reason.
create or replace function sightline.tell_watched(p_camera_id int) returns void
  language sql security definer set search_path = sightline, public as $$
  select sightline.command_camera(p_camera_id, jsonb_build_object('type', 'watched',
    'roles', (select coalesce(jsonb_agg(distinct r.name), '[]') from sightline.stream_session s join sightline.role r on r.code = s.role
              where s.camera_id = p_camera_id and s.ended_time is null),
    'silent', exists (select from sightline.camera_at_incident x where x.camera_id = p_camera_id and x.hidden)))
$$;

-- A camera that was told twice to start may be on its way with the first token: that one still works, in place of the second.
alter table sightline.publication add column replaced_token_hash bytea;

-- Redeems the one-time token of a publication (camera, WHIP). No row: not valid. Gives the relay's address.
-- The hash of the token that was claimed stays: it is what the camera ends the publication with.
create or replace function sightline.publication_redeem(p_publication_id uuid, p_token_hash bytea)
  returns table (camera_id int, camera text, relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  pub sightline.publication;
begin
  update sightline.publication x set token_used_time = now(), token_hash = p_token_hash, replaced_token_hash = null
    where x.id = p_publication_id and p_token_hash in (x.token_hash, x.replaced_token_hash) and x.token_used_time is null
      and x.token_expires > now() and x.ended_time is null
    returning * into pub;
  if not found then
    return;
  end if;
  return query select c.id, c.ref, r.internal_url from sightline.camera c, sightline.relay r
    where c.id = pub.camera_id and r.id = pub.relay_id;
end
$$;

-- The address of the relay that carries a publication, for the camera that shows the token it was claimed with. No row: it is not that one.
create function sightline.publication_held(p_publication_id uuid, p_token_hash bytea) returns table (relay_url text)
  stable language sql security definer set search_path = sightline, public as $$
  select r.internal_url from sightline.publication p join sightline.relay r on r.id = p.relay_id
  where p.id = p_publication_id and p.token_hash = p_token_hash and p.token_used_time is not null
$$;

-- Has a camera that came back send, if somebody waits for its picture and it does not send yet. Which gateway it came back to plays no part.
create function sightline.publication_resume(p_camera_id int, p_whip_base text) returns void
  language plpgsql security definer set search_path = sightline, public as $$
declare
  pub sightline.publication;
  secret text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  perform pg_advisory_xact_lock(hashtext('sightline.publication'), p_camera_id);
  -- Whoever holds the row is about to claim or to end it; waiting for them could be waiting for each other.
  select x.* into pub from sightline.publication x join sightline.relay r on r.id = x.relay_id
    where x.camera_id = p_camera_id and x.ended_time is null and r.heartbeat_time > now() - interval '5 seconds'
    for update of x skip locked;
  if pub.token_used_time is not null then
    return;    -- it sends; only its connection to the gateway is new
  end if;
  if pub.id is null then
    perform sightline.publication_ensure(s.id, p_whip_base, secret) from sightline.stream_session s
      where s.camera_id = p_camera_id and s.ended_time is null and s.token_used_time is null;
    return;
  end if;
  if exists (select from sightline.camera_command q where q.camera_id = p_camera_id and q.delivered_time is null
      and q.expires_time > clock_timestamp() and q.body ->> 'type' = 'stream_start' and q.body ->> 'stream' = pub.id::text) then
    return;    -- the camera was away when it was told, and hears of it now
  end if;
  update sightline.publication set replaced_token_hash = token_hash, token_hash = sha256(convert_to(secret, 'UTF8')),
      token_expires = now() + interval '30 seconds' where id = pub.id;
  perform sightline.command_camera(p_camera_id, jsonb_build_object('type', 'stream_start', 'stream', pub.id,
    'whip', rtrim(p_whip_base, '/') || '/whip/' || pub.id, 'token', secret), 15);
end
$$;

-- Makes a gateway's connections the newest ones of these cameras, and tells whose each was before. A camera that somebody watches hears
-- so again on its new connection, and is told to send if it should; nothing is sent where nobody watches.
--   p_whip_base: address of the gateway's WHIP endpoint as cameras reach it.
create function sightline.claim_cameras(p_camera_ids int[], p_gateway_id int, p_whip_base text)
  returns table (camera_id int, epoch bigint, gateway_before int)
  language plpgsql security definer set search_path = sightline, public as $$
#variable_conflict use_column
begin
  return query
    with wanted as (
      select w.camera_id, coalesce(l.epoch, 0) + 1 as epoch
      from unnest(p_camera_ids) w (camera_id) left join sightline.live l using (camera_id)
    ), before as (
      select b.camera_id, b.gateway_id from sightline.camera_link b where b.camera_id = any (p_camera_ids)
    ), claimed as (
      insert into sightline.camera_link (camera_id, epoch, gateway_id)
      select w.camera_id, w.epoch, p_gateway_id from wanted w order by w.camera_id
      on conflict (camera_id) do update set epoch = greatest(camera_link.epoch + 1, excluded.epoch),
        gateway_id = excluded.gateway_id, connected_time = now(), disconnected_time = null
      returning camera_id, epoch
    )
    select c.camera_id, c.epoch, b.gateway_id from claimed c left join before b using (camera_id);
  perform sightline.tell_watched(w.camera_id), sightline.publication_resume(w.camera_id, p_whip_base)
    from (select distinct s.camera_id from sightline.stream_session s
          where s.ended_time is null and s.camera_id = any (p_camera_ids) order by 1) w;
end
$$;

grant execute on function sightline.publication_held(uuid, bytea), sightline.claim_cameras(int[], int, text) to sightline_gateway;
