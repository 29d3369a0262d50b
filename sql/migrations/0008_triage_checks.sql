-- What triage checks beyond 0003 and 0006: a request that is sent twice, a return with its welfare check, command that is
-- offered to somebody else, and a provisional incident that is linked by whoever opened it, or said not to be one.

-- Rule 9: a return comes with a welfare check of the team, in words, or true once each was asked. Returns filed before may lack it.
alter table sightline.deployment add constraint deployment_return_welfare check (return_detail is null
  or coalesce(return_detail -> 'welfare_check' = 'true'::jsonb
    or (jsonb_typeof(return_detail -> 'welfare_check') = 'string' and return_detail ->> 'welfare_check' ~ '\S'), false)) not valid;

-- Makes an incident, or (with a log number that is known) brings it up to date: idempotent by log number.
-- p_fields: any of the columns by name; title and grade are needed for a new one. "provisional_incident" names a provisional
-- incident that this one turns out to be: it becomes the incident, or, where the log number is known already, is linked to it.
-- "must_be_new": a log number that is known is refused.
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
  if is_new then
    insert into sightline.incident (log_number, title, lat, lon, grade, source, type, regime, retention_category, talkgroup,
        resources, restricted, exercise, provisional, link_by, created_by)
      values (wanted.log_number, wanted.title, wanted.lat, wanted.lon, wanted.grade, coalesce(wanted.source, 'sightline'),
        coalesce(wanted.type, ''), coalesce(wanted.regime, 'law_enforcement'), coalesce(wanted.retention_category, 'incident'),
        coalesce(wanted.talkgroup, ''), coalesce(wanted.resources, '[]'), coalesce(wanted.restricted, false),
        coalesce(wanted.exercise, false), coalesce(wanted.provisional, false), wanted.link_by, sightline.actor_user_id())
      returning * into known;
  else
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

-- A provisional incident turns out to be another one: its cameras, open streams and deployments go there, and it closes.
-- Whoever opened it links it (to an incident that they see), as does whoever changes incidents.
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

-- Files a request for negotiators at an open incident that the acting user sees. The same request sent again at once (a
-- second click) is the one that was filed, as long as nobody has begun with it.
create or replace function sightline.deployment_request(p_incident_id bigint, p_request jsonb)
  returns table (outcome text, code text, message text, deployment_id bigint)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  made bigint;
  i sightline.incident;
begin
  if sightline.may('negotiators.request') is null then
    perform sightline.audit_append('alteration', 'deployment.request', 'incident', p_incident_id::text, 'refused',
      p_reason => 'role', p_incident_id => p_incident_id);
    return query select 'forbidden', 'role_not_permitted', 'Your role does not request negotiators.', null::bigint;
    return;
  end if;
  select * into i from sightline.incident x where x.id = p_incident_id for no key update;   -- two at once: one files it
  if not found or not sightline.incident_visible(p_incident_id) then
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.', null::bigint;
    return;
  end if;
  if i.closed_time is not null then
    return query select 'conflict', 'incident_closed', 'The incident is closed.', null::bigint;
    return;
  end if;
  select d.id into made from sightline.deployment d
    where d.incident_id = p_incident_id and d.state = 'requested' and d.requested_by = sightline.actor_user_id()
      and d.request = p_request and d.requested_time > clock_timestamp() - interval '3 seconds'
    order by d.id desc limit 1;
  if found then
    return query select 'ok', null::text, null::text, made;
    return;
  end if;
  insert into sightline.deployment (incident_id, request, requested_by, commander_id)
    values (p_incident_id, p_request, sightline.actor_user_id(),
      (select p.user_id from sightline.incident_person p where p.incident_id = p_incident_id
        and p.capacity = 'commander' and p.until is null))
    returning id into made;
  insert into sightline.deployment_transition (deployment_id, from_state, to_state, action, by_user_id, by_username, by_role, detail)
    values (made, null, 'requested', 'request', sightline.actor_user_id(), current_setting('sightline.username'),
      sightline.actor_role(), p_request);
  perform sightline.log_append(p_incident_id, 'request', 'Negotiators requested'
    || coalesce(': ' || nullif(p_request ->> 'what', ''), ''), p_deployment_id => made);
  perform sightline.audit_append('alteration', 'deployment.request', 'deployment', made::text,
    p_incident_id => p_incident_id);
  perform sightline.announce('deployment', jsonb_build_object('deployment', made, 'incident', p_incident_id));
  return query select 'ok', null::text, null::text, made;
end
$$;

-- One step of a deployment by the acting user. Concurrent steps have one winner: the row is locked, and whoever
-- comes second is told what is possible now.
--   p_members: negotiator ids; null means all of the live team (for dispatch: chosen by the caller).
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
      target := d.state;      -- some of the team go on
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
    when p_action = 'cancel' and target = d.state then 'Cancelled for part of the team'
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

-- One named commander at a time; a handover needs the acceptance of the one who takes it.
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
