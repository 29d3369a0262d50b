-- What use by strangers has shown: rights that were wider than needed, lists that grew slow with the years, and rules of incidents and
-- deployments that had a gap.

-- RIGHTS. What the dashboard changes, it changes through functions that check who acts; these writes by hand were never used.
revoke insert, update on sightline.app_user, sightline.post_holding, sightline.camera, sightline.bridge, sightline.duty,
  sightline.incident_person, sightline.incident_camera, sightline.negotiator from sightline_dashboard;
revoke insert, update, delete on sightline.rota_shift from sightline_dashboard;
revoke update on sightline.session, sightline.incident from sightline_dashboard;
drop policy changed on sightline.incident;
drop policy written on sightline.incident_person;
drop policy changed on sightline.incident_person;
drop policy written on sightline.incident_camera;
drop policy changed on sightline.incident_camera;
revoke update on sightline.camera_command from sightline_gateway;
grant update (delivered_time) on sightline.camera_command to sightline_gateway;

-- The audit is for auditors, whatever a page asks for.
alter table sightline.audit_entry enable row level security;
create policy of_auditors on sightline.audit_entry for select to sightline_dashboard
  using ((select sightline.may('audit.read')) is not null);
create policy of_the_sealer on sightline.audit_entry for select to sightline_audit using (true);

-- Appends one audit row for the acting user, or for the system part that calls. Returns its id. The gateway, the relay, the keeper and
-- the sealer speak for no person: whatever they say, the row is a part's of the system.
create or replace function sightline.audit_append(
    p_operation text, p_action text, p_object_type text, p_object_id text, p_outcome text default 'allowed',
    p_purpose text default null, p_reason text default null, p_incident_id bigint default null,
    p_detail jsonb default '{}', p_actor text default null, p_recipient text default null) returns bigint
  language sql security definer set search_path = sightline, public as $$
  with said as (
    select p_actor as actor, nullif(current_setting('sightline.username', true), '') as username, sightline.actor_role() as role,
      nullif(current_setting('sightline.post', true), '') as post, sightline.actor_session_id() as session_id
    where session_user not in ('sightline_gateway', 'sightline_media', 'sightline_keeper', 'sightline_audit')
    union all
    select case when p_actor like 'system:%' then p_actor end, null, null, null, null
    where session_user in ('sightline_gateway', 'sightline_media', 'sightline_keeper', 'sightline_audit')
  )
  insert into sightline.audit_entry (actor, actor_role, actor_post, session_id, address, operation, action,
      object_type, object_id, outcome, purpose, reason, incident_id, recipient, detail)
  select coalesce(said.actor, said.username, 'system:' || session_user), said.role, said.post, said.session_id,
      nullif(current_setting('sightline.address', true), ''), p_operation, p_action, p_object_type, p_object_id,
      p_outcome, p_purpose, p_reason, p_incident_id, p_recipient, coalesce(p_detail, '{}')
  from said
  returning id
$$;

-- Writes to the command log what people write, for the acting user, with its audit row. Entries of other kinds come from what is done.
create function sightline.log_write(p_incident_id bigint, p_kind text, p_text text, p_about bigint, p_by text) returns bigint
  language plpgsql security definer set search_path = sightline, public as $$
declare
  made bigint;
begin
  if not coalesce(case p_kind
      when 'advice' then sightline.may('log.advise') is not null
      when 'acknowledgement' then sightline.may('log.write') is not null or sightline.may('log.advise') is not null
      when 'note' then sightline.may('log.write') is not null
      when 'observation' then sightline.may('log.write') is not null
    end, false) or not sightline.incident_visible(p_incident_id) then
    raise exception 'command log of incident %: not for the acting user to write %', p_incident_id, p_kind
      using errcode = 'insufficient_privilege';
  end if;
  made := sightline.log_append(p_incident_id, p_kind, p_text, p_about, p_by);
  perform sightline.audit_append('alteration', 'log.' || p_kind, 'incident', p_incident_id::text, p_incident_id => p_incident_id,
    p_detail => jsonb_build_object('entry', made));
  return made;
end
$$;
revoke execute on function sightline.log_append(bigint, text, text, bigint, text, bigint, jsonb) from sightline_dashboard;
grant execute on function sightline.log_write(bigint, text, text, bigint, text) to sightline_dashboard;

-- LISTS. Asked row by row, incident_visible() takes seconds over some ten thousand incidents; here what the acting user may see is worked
-- out once a query. incident_visible() says the same of one incident.
create index incident_hidden on sightline.incident (id) where restricted or exercise;

-- Restricted and exercise incidents that the acting user is not named on.
create function sightline.actor_barred_incidents() returns setof bigint
  stable language sql security definer set search_path = sightline, public as $$
  select i.id from sightline.incident i where (i.restricted or i.exercise)
    and not exists (select from sightline.incident_named n where n.incident_id = i.id and n.user_id = sightline.actor_user_id())
$$;

-- Incidents that the scope of the acting user's role takes in, where it is not 'all'; hidden ones among them.
create function sightline.actor_incidents() returns setof bigint
  stable language plpgsql security definer set search_path = sightline, public as $$
begin
  case sightline.may('incident.read')
    when 'assigned' then return query
      select n.incident_id from sightline.incident_named n where n.user_id = sightline.actor_user_id();
    when 'own_units' then return query
      select i.id from sightline.incident i where i.created_by = sightline.actor_user_id()
      union all
      select ic.incident_id from sightline.incident_camera ic join sightline.camera c on c.id = ic.camera_id
      left join sightline.duty d on d.camera_id = c.id and d.during @> now()
      left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id)
      join sightline.user_unit uu on uu.unit_id = coalesce(o.unit_id, c.unit_id)
      where uu.user_id = sightline.actor_user_id();
    when 'with_deployments' then return query select d.incident_id from sightline.deployment d;
    else null;
  end case;
end
$$;

drop policy visible on sightline.incident;
create policy visible on sightline.incident for select to sightline_dashboard using (
  id not in (select sightline.actor_barred_incidents())
  and ((select sightline.may('incident.read')) = 'all' or id in (select sightline.actor_incidents())));

-- Deployments that the acting user is on the team of.
create function sightline.actor_deployments() returns setof bigint
  stable language sql security definer set search_path = sightline, public as $$
  select m.deployment_id from sightline.deployment_member m join sightline.negotiator n on n.id = m.negotiator_id
  join sightline.app_user u on u.officer_id = n.officer_id or u.id = n.user_id
  where u.id = sightline.actor_user_id()
$$;

drop policy visible on sightline.deployment;
create policy visible on sightline.deployment for select to sightline_dashboard using (
  (incident_id not in (select sightline.actor_barred_incidents())
    and ((select sightline.may('incident.read')) = 'all' or incident_id in (select sightline.actor_incidents())))
  or id in (select sightline.actor_deployments()));

-- May the acting user see the deployment? Whoever sees the incident, and the team.
create function sightline.deployment_visible(p_deployment_id bigint) returns boolean
  stable language plpgsql security definer set search_path = sightline, public as $$
begin
  return sightline.incident_visible((select d.incident_id from sightline.deployment d where d.id = p_deployment_id))
    or sightline.is_member(p_deployment_id);
end
$$;

-- Of the rows that are asked for, not of all deployments as "exists (…)" would have it.
drop policy visible on sightline.deployment_member;
create policy visible on sightline.deployment_member for select to sightline_dashboard using (sightline.deployment_visible(deployment_id));
drop policy visible on sightline.deployment_transition;
create policy visible on sightline.deployment_transition for select to sightline_dashboard
  using (sightline.deployment_visible(deployment_id));
grant execute on function sightline.actor_barred_incidents(), sightline.actor_incidents(), sightline.actor_deployments(),
  sightline.deployment_visible(bigint)
  to sightline_dashboard;

-- RULES. What of a text stands on a screen: without blanks and the marks that do not show.
create function sightline.shown(p_text text) returns text immutable language sql
  return regexp_replace(coalesce(p_text, ''), '[\s\u00ad\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff]', '', 'g');

-- Opens a stream for the acting user, or says why not. Every answer leaves an audit row. As in 0007, but that a reason has something to read.
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
  elsif length(sightline.shown(p_reason)) < 3 then
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

-- Makes an incident, or (with a log number that is known) brings it up to date: idempotent by log number. As in 0008, but that sending
-- the same again leaves no trace, whoever hides an incident stays named on it, and a provisional one always has its time to be linked.
create or replace function sightline.incident_put(p_fields jsonb)
  returns table (outcome text, code text, message text, incident_id bigint, made boolean)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  opened sightline.incident;
  known sightline.incident;
  wanted sightline.incident;
  answer record;
  is_new boolean;
begin
  if sightline.may('incident.write') is null then
    perform sightline.audit_append('alteration', 'incident.write', 'incident', coalesce(p_fields ->> 'log_number', ''), 'refused',
      p_reason => 'role');
    return query select 'forbidden', 'role_not_permitted', 'Your role does not make or change incidents.', null::bigint, false;
    return;
  end if;
  if p_fields ->> 'log_number' is not null then
    perform pg_advisory_xact_lock(hashtext('sightline.incident'), hashtext(p_fields ->> 'log_number'));  -- two at once: one makes it
  end if;
  if p_fields ->> 'provisional_incident' is not null then    -- locked first, as incident_link does
    select * into opened from sightline.incident i where i.id = (p_fields ->> 'provisional_incident')::bigint for update;
    if not found or not sightline.incident_visible(opened.id) then
      return query select 'not_found', 'incident_unknown', 'There is no such provisional incident, or it is not yours to see.',
        null::bigint, false;
      return;
    end if;
  end if;
  select * into known from sightline.incident i where i.log_number = p_fields ->> 'log_number' for update;
  if found and p_fields ->> 'must_be_new' = 'true' then    -- the same answer, whether they may see the other or not
    perform sightline.audit_append('alteration', 'incident.create', 'incident', p_fields ->> 'log_number', 'refused',
      p_reason => 'log number taken', p_incident_id => known.id);
    return query select 'conflict', 'log_number_taken', 'Another incident has this log number.', null::bigint, false;
    return;
  end if;
  if found and not sightline.incident_visible(known.id) then
    perform sightline.audit_append('alteration', 'incident.write', 'incident', p_fields ->> 'log_number', 'refused',
      p_reason => 'not visible', p_incident_id => known.id);
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.', null::bigint, false;
    return;
  end if;
  p_fields := p_fields - 'must_be_new';
  if opened.id is not null and coalesce(known.id, opened.id) = opened.id then
    if opened.provisional and opened.closed_time is null then
      known := opened;
      p_fields := p_fields || '{"provisional": false, "link_by": null}';
    elsif known.id is null then
      return query select 'conflict', 'not_provisional', 'Only a provisional incident turns out to be another one, and only once.',
        null::bigint, false;
      return;
    end if;
  elsif opened.id is not null and opened.linked_to is distinct from known.id then
    select * into answer from sightline.incident_link(opened.id, known.id);
    if answer.outcome <> 'ok' then
      return query select answer.outcome, answer.code, answer.message, null::bigint, false;
      return;
    end if;
  end if;
  is_new := known.id is null;
  if is_new and (p_fields ->> 'title' is null or p_fields ->> 'grade' is null) then
    return query select 'invalid', 'missing', 'A new incident needs a title and a grade.', null::bigint, false;
    return;
  end if;
  wanted := jsonb_populate_record(known, p_fields - array['id', 'opened_time', 'created_by', 'linked_to']);
  wanted.link_by := case when wanted.provisional
    then coalesce(known.link_by, now() + make_interval(mins => sightline.setting_number('provisional_link_minutes')::int)) end;
  if is_new then
    insert into sightline.incident (log_number, title, lat, lon, grade, source, type, regime, retention_category, talkgroup,
        resources, restricted, exercise, provisional, link_by, created_by)
      values (wanted.log_number, wanted.title, wanted.lat, wanted.lon, wanted.grade, coalesce(wanted.source, 'sightline'),
        coalesce(wanted.type, ''), coalesce(wanted.regime, 'law_enforcement'), coalesce(wanted.retention_category, 'incident'),
        coalesce(wanted.talkgroup, ''), coalesce(wanted.resources, '[]'), coalesce(wanted.restricted, false),
        coalesce(wanted.exercise, false), coalesce(wanted.provisional, false), wanted.link_by, sightline.actor_user_id())
      returning * into known;
  elsif wanted is not distinct from known then    -- sent again: nothing is altered, and nothing is said
    return query select 'ok', null::text, null::text, known.id, false;
    return;
  else
    if (wanted.restricted or wanted.exercise) and not (known.restricted or known.exercise) then
      -- Whoever hides it goes on seeing it.
      insert into sightline.incident_person (incident_id, user_id, capacity) values (known.id, sightline.actor_user_id(), 'named')
        on conflict on constraint incident_person_pkey do update set until = null, since = now()
          where incident_person.until is not null;
    end if;
    update sightline.incident i set log_number = wanted.log_number, title = wanted.title, lat = wanted.lat, lon = wanted.lon,
        grade = wanted.grade, source = wanted.source, type = wanted.type, regime = wanted.regime,
        retention_category = wanted.retention_category, talkgroup = wanted.talkgroup, resources = wanted.resources,
        restricted = wanted.restricted, exercise = wanted.exercise, provisional = wanted.provisional, link_by = wanted.link_by,
        closed_time = wanted.closed_time
      where i.id = known.id;
  end if;
  perform sightline.audit_append('alteration', case when is_new then 'incident.create' else 'incident.change' end, 'incident',
    known.id::text, p_incident_id => known.id, p_detail => jsonb_build_object('fields', (select jsonb_agg(k) from jsonb_object_keys(p_fields) k)));
  perform sightline.announce('incident', jsonb_build_object('incident', known.id));
  return query select 'ok', null::text, null::text, known.id, is_new;
end
$$;

-- One step of a deployment by the acting user, as in 0008, but that the state follows from those of the team who go on: where those who
-- had set off are called off and the others get ready still, it is not en route any more.
create or replace function sightline.deployment_act(p_deployment_id bigint, p_action text, p_rationale text,
    p_members int[] default null, p_recommendation text default null, p_detail jsonb default '{}')
  returns table (outcome text, code text, message text, possible text[])
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d sightline.deployment;
  rule sightline.deployment_rule;
  target text;
  about int[];
  busy text[];
  allowed boolean;
  can text[];
  said text;
  scope text;
  partly boolean := false;
begin
  -- The incident first, as incident_link locks them.
  perform from sightline.incident i where i.id = (select x.incident_id from sightline.deployment x where x.id = p_deployment_id)
    for no key update;
  select * into d from sightline.deployment x where x.id = p_deployment_id for update;
  if not found or not (sightline.incident_visible(d.incident_id) or sightline.is_member(d.id)) then
    return query select 'not_found', 'deployment_unknown', 'There is no such deployment, or it is not yours to see.', '{}'::text[];
    return;
  end if;
  select coalesce(array_agg(r.action order by r.action), '{}') into can from sightline.deployment_rule r where r.from_state = d.state;

  -- Who may: NegCo recommends; FIM, or the commander in charge, decides; members' states also by NegCo and the member.
  scope := sightline.may('deployment.decide');
  allowed := case
    when p_action = 'recommend' then sightline.may('deployment.recommend') is not null
    when p_action = 'return' then sightline.may('return.write') is not null
    else coalesce(scope = 'all' or (scope = 'in_charge' and sightline.in_charge(d.incident_id)), false)
  end;
  if not allowed and p_action in ('en_route', 'on_scene') then
    scope := sightline.may('deployment.member_state');
    if scope = 'own' then
      p_members := (select array_agg(m.negotiator_id) from sightline.deployment_member m
        join sightline.negotiator n on n.id = m.negotiator_id join sightline.app_user u on u.officer_id = n.officer_id or u.id = n.user_id
        where m.deployment_id = d.id and m.state in ('mobilising', 'en_route', 'on_scene') and u.id = sightline.actor_user_id());
      allowed := p_members is not null;
    else
      allowed := scope is not null;
    end if;
  end if;
  if not allowed then
    perform sightline.audit_append('alteration', 'deployment.' || p_action, 'deployment', d.id::text, 'refused',
      p_reason => 'role', p_incident_id => d.incident_id);
    return query select 'forbidden', 'role_not_permitted', case
        when p_action = 'recommend' then 'Only a NegCo recommends.'
        when p_action = 'return' then 'Your role does not file returns.'
        else 'Only the FIM or the commander in charge decides this.' end, can;
    return;
  end if;

  select * into rule from sightline.deployment_rule r where r.from_state = d.state and r.action = p_action;
  if not found then
    perform sightline.audit_append('alteration', 'deployment.' || p_action, 'deployment', d.id::text, 'refused',
      p_reason => 'state ' || d.state, p_incident_id => d.incident_id);
    return query select 'conflict', 'not_possible_in_state',
      format('Not possible while the deployment is %s.', (select lower(name) from sightline.deployment_state s where s.code = d.state)), can;
    return;
  end if;
  target := rule.to_state;
  if p_action = 'dispatch' then
    -- Whoever is next on call goes once: of two who dispatch at the same time, the second is told.
    if p_detail ->> 'members' = 'next_on_call' and d.state not in ('requested', 'triage') then
      return query select 'conflict', 'already_dispatched', 'Negotiators have been dispatched already; name those who are to join them.', can;
      return;
    end if;
    about := array(select distinct unnest(p_members) order by 1);
    if about = '{}' then
      return query select 'conflict', 'nobody_on_call', 'Nobody is on call and free; name the members.', can;
      return;
    end if;
    if exists (select from unnest(about) x (id) where not exists (select from sightline.negotiator n where n.id = x.id and n.active)) then
      return query select 'conflict', 'member_unknown', 'Not all of the members named are negotiators who may be sent.', can;
      return;
    end if;
    select array_agg(o.name order by o.name) into busy from sightline.deployment_member m
      join sightline.negotiator n on n.id = m.negotiator_id join sightline.officer o on o.id = n.officer_id
      where m.negotiator_id = any (about) and m.state in ('mobilising', 'en_route', 'on_scene');
    if busy is not null then
      return query select 'conflict', 'member_busy', array_to_string(busy, ', ')
        || case when cardinality(busy) = 1 then ' is' else ' are' end || ' already in a live deployment.', can;
      return;
    end if;
    insert into sightline.deployment_member (deployment_id, negotiator_id) select d.id, unnest(about);
    insert into sightline.incident_person (incident_id, user_id, capacity)
      select d.incident_id, n.user_id, n.capacity from sightline.negotiator n where n.id = any (about) and n.user_id is not null
      on conflict (incident_id, user_id, capacity) do update set until = null;
  elsif p_action in ('en_route', 'on_scene', 'cancel', 'stand_down') then
    select coalesce(array_agg(m.negotiator_id), '{}') into about from sightline.deployment_member m
      where m.deployment_id = d.id and (p_members is null or m.negotiator_id = any (p_members))
        and m.state = any (case p_action
          when 'en_route' then array['mobilising'] when 'on_scene' then array['mobilising', 'en_route']
          when 'stand_down' then array['mobilising', 'en_route', 'on_scene'] else array['mobilising', 'en_route'] end);
    if (p_members is not null and not (p_members <@ about)) or (about = '{}' and p_action in ('en_route', 'on_scene')) then
      return query select 'conflict', 'member_state', case when p_members is null then 'Nobody of the team is in a state for this.'
        else 'Not all of the members named are in a state for this.' end, can;
      return;
    end if;
    update sightline.deployment_member m set since = now(),
        had_set_off = m.had_set_off or p_action in ('en_route', 'on_scene'),
        state = case p_action when 'en_route' then 'en_route' when 'on_scene' then 'on_scene'
                  when 'cancel' then 'cancelled' else 'released' end
      where m.deployment_id = d.id and m.negotiator_id = any (about) and m.state in ('mobilising', 'en_route', 'on_scene');
    if p_action in ('cancel', 'stand_down') and exists (select from sightline.deployment_member m where m.deployment_id = d.id
        and m.state in ('mobilising', 'en_route', 'on_scene')) then
      partly := true;         -- some of the team go on, and the state is theirs
      target := case when d.state = 'en_route' and not exists (select from sightline.deployment_member m
        where m.deployment_id = d.id and m.state = 'en_route') then 'deployed' else d.state end;
    elsif p_action = 'cancel' then
      target := case when exists (select from sightline.deployment_member m where m.deployment_id = d.id and m.had_set_off)
        then 'cancelled_en_route' else 'cancelled' end;
    end if;
  end if;
  if p_action = 'return' then
    -- What it says is for those who read returns; steps and command log are read by others too.
    p_rationale := null;
    update sightline.deployment set return_detail = coalesce(p_detail, '{}') where id = d.id;
  end if;

  update sightline.deployment set state = target, updated_time = now() where id = d.id;
  insert into sightline.deployment_transition (deployment_id, from_state, to_state, action, recommendation, by_user_id,
      by_username, by_role, rationale, members, detail)
    values (d.id, d.state, target, p_action, p_recommendation, sightline.actor_user_id(), current_setting('sightline.username'),
      sightline.actor_role(), coalesce(p_rationale, ''), coalesce(about, '{}'), coalesce(p_detail, '{}'));
  said := case
    when p_action = 'recommend' then 'Recommendation: ' || (select name from sightline.recommendation r where r.code = p_recommendation)
    when p_action = 'return' then 'Return filed'
    when p_action = 'dispatch' and d.state not in ('requested', 'triage') then 'Further negotiators dispatched'
    when p_action = 'dispatch' then 'Negotiators dispatched'
    when partly and p_action = 'cancel' then 'Cancelled for part of the team'
    when partly then 'Stood down for part of the team'
    when p_action = 'reopen' then 'Reopened to triage'
    else (select name from sightline.deployment_state s where s.code = target) end;
  perform sightline.log_append(d.incident_id, case when p_action = 'recommend' then 'recommendation' else 'decision' end,
    said || coalesce('. ' || nullif(p_rationale, ''), ''), p_deployment_id => d.id);
  perform sightline.audit_append('alteration', 'deployment.' || p_action, 'deployment', d.id::text,
    p_reason => nullif(p_rationale, ''), p_incident_id => d.incident_id,
    p_detail => jsonb_build_object('from', d.state, 'to', target, 'members', coalesce(about, '{}')));
  perform sightline.announce('deployment', jsonb_build_object('deployment', d.id, 'incident', d.incident_id, 'state', target));
  return query select 'ok', null::text, null::text,
    (select coalesce(array_agg(r.action order by r.action), '{}') from sightline.deployment_rule r where r.from_state = target);
end
$$;

-- One named commander at a time; a handover needs the acceptance of the one who takes it. As in 0008, but not once all is over.
create or replace function sightline.deployment_hand_over(p_deployment_id bigint, p_to int)
  returns table (outcome text, code text, message text, possible text[])
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d sightline.deployment;
  scope text := sightline.may('deployment.decide');
begin
  select * into d from sightline.deployment x where x.id = p_deployment_id for update;
  if not found or not sightline.incident_visible(d.incident_id) then
    return query select 'not_found', 'deployment_unknown', 'There is no such deployment, or it is not yours to see.', '{}'::text[];
  elsif scope is null or (scope = 'in_charge' and not sightline.in_charge(d.incident_id)) then
    perform sightline.audit_append('alteration', 'deployment.hand_over', 'deployment', d.id::text, 'refused',
      p_reason => 'role', p_incident_id => d.incident_id);
    return query select 'forbidden', 'role_not_permitted', 'Only the FIM or the commander in charge hands over command.', '{}'::text[];
  elsif not exists (select from sightline.deployment_rule r where r.from_state = d.state) then    -- over: nothing is left to command
    perform sightline.audit_append('alteration', 'deployment.hand_over', 'deployment', d.id::text, 'refused',
      p_reason => 'state ' || d.state, p_incident_id => d.incident_id);
    return query select 'conflict', 'not_possible_in_state', format('Not possible while the deployment is %s.',
      (select lower(s.name) from sightline.deployment_state s where s.code = d.state)), '{}'::text[];
  elsif not exists (select from sightline.app_user u where u.id = p_to and u.disabled_time is null and u.role in ('commander', 'fim')) then
    return query select 'conflict', 'not_a_commander', 'Command is handed to a commander or a FIM.', '{}'::text[];
  elsif p_to = sightline.actor_user_id() then
    return query select 'conflict', 'same_person', 'Command is handed to somebody else, who accepts it; not to oneself.', '{}'::text[];
  else
    update sightline.deployment set handover_to = p_to, updated_time = now() where id = d.id;
    -- The one who is to take it must be able to see what is offered.
    insert into sightline.incident_person (incident_id, user_id, capacity) values (d.incident_id, p_to, 'named')
      on conflict (incident_id, user_id, capacity) do update set until = null;
    insert into sightline.deployment_transition (deployment_id, from_state, to_state, action, by_user_id, by_username, by_role, detail)
      values (d.id, d.state, d.state, 'hand_over', sightline.actor_user_id(), current_setting('sightline.username'),
        sightline.actor_role(), jsonb_build_object('to', p_to));
    perform sightline.log_append(d.incident_id, 'decision', 'Command offered to '
      || (select display_name from sightline.app_user where id = p_to), p_deployment_id => d.id);
    perform sightline.audit_append('alteration', 'deployment.hand_over', 'deployment', d.id::text,
      p_incident_id => d.incident_id, p_detail => jsonb_build_object('to', p_to));
    perform sightline.announce('deployment', jsonb_build_object('deployment', d.id, 'incident', d.incident_id, 'state', d.state));
    return query select 'ok', null::text, null::text, '{}'::text[];
  end if;
end
$$;

-- As in 0003, but that refusals are audited, not once all is over, and for all that goes on at the incident.
create or replace function sightline.deployment_hand_over_accept(p_deployment_id bigint)
  returns table (outcome text, code text, message text, possible text[])
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d sightline.deployment;
begin
  -- The incident first, as deployment_act and incident_link lock them.
  perform from sightline.incident i where i.id = (select x.incident_id from sightline.deployment x where x.id = p_deployment_id)
    for no key update;
  select * into d from sightline.deployment x where x.id = p_deployment_id for update;
  if not found or not sightline.incident_visible(d.incident_id) then
    return query select 'not_found', 'deployment_unknown', 'There is no such deployment, or it is not yours to see.', '{}'::text[];
  elsif d.handover_to is distinct from sightline.actor_user_id() then
    perform sightline.audit_append('alteration', 'deployment.hand_over_accept', 'deployment', d.id::text, 'refused',
      p_reason => 'not offered', p_incident_id => d.incident_id);
    return query select 'forbidden', 'not_offered_to_you', 'Command has not been offered to you.', '{}'::text[];
  elsif not exists (select from sightline.deployment_rule r where r.from_state = d.state) then    -- over: nothing is left to command
    perform sightline.audit_append('alteration', 'deployment.hand_over_accept', 'deployment', d.id::text, 'refused',
      p_reason => 'state ' || d.state, p_incident_id => d.incident_id);
    return query select 'conflict', 'not_possible_in_state', format('Not possible while the deployment is %s.',
      (select lower(s.name) from sightline.deployment_state s where s.code = d.state)), '{}'::text[];
  else
    update sightline.incident_person set until = now()
      where incident_id = d.incident_id and capacity = 'commander' and until is null;
    insert into sightline.incident_person (incident_id, user_id, capacity)
      values (d.incident_id, sightline.actor_user_id(), 'commander')
      on conflict (incident_id, user_id, capacity) do update set until = null, since = now();
    -- Command is of the incident: what else is going on there has the same commander, and no offer of the former one.
    update sightline.deployment x set handover_to = null, commander_id = sightline.actor_user_id(), updated_time = now()
      where x.incident_id = d.incident_id and exists (select from sightline.deployment_rule r where r.from_state = x.state);
    insert into sightline.deployment_transition (deployment_id, from_state, to_state, action, by_user_id, by_username, by_role)
      values (d.id, d.state, d.state, 'hand_over_accept', sightline.actor_user_id(), current_setting('sightline.username'),
        sightline.actor_role());
    perform sightline.log_append(d.incident_id, 'decision', 'Command accepted', p_deployment_id => d.id);
    perform sightline.audit_append('alteration', 'deployment.hand_over_accept', 'deployment', d.id::text, p_incident_id => d.incident_id);
    perform sightline.announce('deployment', jsonb_build_object('deployment', d.id, 'incident', d.incident_id, 'state', d.state));
    return query select 'ok', null::text, null::text, '{}'::text[];
  end if;
end
$$;

-- Links a provisional incident to what it turned out to be. As in 0008, but that its people come with its cameras, streams and
-- deployments: its commander goes on seeing them, and is in charge where the other incident has none.
create or replace function sightline.incident_link(p_provisional_id bigint, p_to bigint)
  returns table (outcome text, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  opened sightline.incident;
  target sightline.incident;
begin
  select * into opened from sightline.incident i where i.id = p_provisional_id for update;
  if not found or not sightline.incident_visible(opened.id) then
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.';
    return;
  end if;
  if sightline.may('incident.write') is null and opened.created_by is distinct from sightline.actor_user_id() then
    perform sightline.audit_append('alteration', 'incident.link', 'incident', opened.id::text, 'refused', p_reason => 'role',
      p_incident_id => opened.id);
    return query select 'forbidden', 'role_not_permitted', 'A provisional incident is linked by whoever opened it, or by the FIM.';
    return;
  end if;
  select * into target from sightline.incident i where i.id = p_to for update;
  if not found or not sightline.incident_visible(target.id) then
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.';
    return;
  end if;
  if not opened.provisional or opened.linked_to is not null then
    return query select 'conflict', 'not_provisional', 'Only a provisional incident is linked, and only once.';
    return;
  end if;
  if target.provisional or target.closed_time is not null then
    return query select 'conflict', 'not_linkable', 'It can only be linked to an open incident that is not provisional itself.';
    return;
  end if;
  insert into sightline.incident_camera (incident_id, camera_id, since)
    select p_to, ic.camera_id, ic.since from sightline.incident_camera ic where ic.incident_id = p_provisional_id and ic.until is null
    on conflict (incident_id, camera_id) do update set until = null;
  update sightline.incident_camera set until = now() where incident_id = p_provisional_id and until is null;
  if not (target.restricted or target.exercise) then    -- on those, people are named one by one
    insert into sightline.incident_person (incident_id, user_id, capacity, since)
      select p_to, p.user_id, case when p.capacity = 'commander' and exists (select from sightline.incident_person x
          where x.incident_id = p_to and x.capacity = 'commander' and x.until is null) then 'named' else p.capacity end, min(p.since)
      from sightline.incident_person p where p.incident_id = p_provisional_id and p.until is null group by 1, 2, 3
      on conflict (incident_id, user_id, capacity) do update set until = null;
  end if;
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
