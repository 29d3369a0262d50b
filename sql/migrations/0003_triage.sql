-- Incidents with their command log, and the deployment of negotiators: states, transitions, team and rota.

create table sightline.incident (
  id bigint generated always as identity primary key,
  log_number text unique,                   -- of the force's command-and-control system; null until linked
  title text not null check (title <> ''),
  lat double precision check (lat between -90 and 90),
  lon double precision check (lon between -180 and 180),
  grade text not null references sightline.grade,
  source text not null default 'sightline',
  type text not null default '',
  regime text not null default 'law_enforcement' check (regime in ('law_enforcement', 'general')),
  retention_category text not null default 'incident' references sightline.retention_category,
  talkgroup text not null default '',
  resources jsonb not null default '[]',    -- call signs sent, as the command-and-control system names them
  restricted boolean not null default false,
  exercise boolean not null default false,
  provisional boolean not null default false,
  linked_to bigint references sightline.incident,
  opened_time timestamptz not null default now(),
  link_by timestamptz,                      -- a provisional incident must be linked by then
  closed_time timestamptz,
  created_by int references sightline.app_user,
  check ((lat is null) = (lon is null))
);
create index incident_open on sightline.incident (opened_time) where closed_time is null;

-- Who is assigned: the commander, negotiators, the people named on a restricted incident, members of an exercise.
create table sightline.incident_person (
  incident_id bigint not null references sightline.incident,
  user_id int not null references sightline.app_user,
  capacity text not null check (capacity in ('commander', 'negotiator', 'negco', 'supervisor', 'named')),
  since timestamptz not null default now(),
  until timestamptz,
  primary key (incident_id, user_id, capacity)
);
create unique index incident_one_commander on sightline.incident_person (incident_id)
  where capacity = 'commander' and until is null;

-- Cameras at the incident. Of a restricted one they are hidden from everybody not named.
create table sightline.incident_camera (
  incident_id bigint not null references sightline.incident,
  camera_id int not null references sightline.camera,
  since timestamptz not null default now(),
  until timestamptz,
  primary key (incident_id, camera_id)
);

create table sightline.incident_log (
  id bigint generated always as identity primary key,
  incident_id bigint not null references sightline.incident,
  at timestamptz not null default clock_timestamp(),
  author text not null,
  author_user_id int references sightline.app_user,
  author_role text not null,
  kind text not null check (kind in ('note', 'observation', 'request', 'recommendation', 'advice', 'decision',
    'acknowledgement', 'stream', 'system')),
  text text not null check (text <> ''),
  about bigint references sightline.incident_log,   -- the entry that an acknowledgement speaks of
  acknowledged_by text,                             -- who said so, for one that came by radio
  deployment_id bigint,
  detail jsonb not null default '{}'
);
create index incident_log_incident on sightline.incident_log (incident_id, id);
create trigger incident_log_append_only before update or delete on sightline.incident_log
  for each row execute function sightline.forbid_change();

-- Negotiators and the rota.
create table sightline.negotiator (
  id int generated always as identity primary key,
  officer_id int not null unique references sightline.officer,
  user_id int unique references sightline.app_user,
  capacity text not null check (capacity in ('negotiator', 'negco')),
  phone text not null default '',
  kidnap_trained boolean not null default false,
  languages text[] not null default '{}',
  training_until date not null,
  active boolean not null default true
);
create table sightline.rota_shift (
  id bigint generated always as identity primary key,
  negotiator_id int not null references sightline.negotiator,
  during tstzrange not null,
  constraint rota_one_shift_at_a_time exclude using gist (negotiator_id with =, during with &&)
);
create index rota_shift_during on sightline.rota_shift using gist (during);

create function sightline.is_on_call(p_user_id int) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (select from sightline.rota_shift s join sightline.negotiator n on n.id = s.negotiator_id
                 where n.user_id = p_user_id and n.active and s.during @> now())
$$;

-- Deployments.
--   requested → triage → {advice_only | not_required | deployed} → en_route → on_scene → stood_down → returned
--   cancelled from any state before on_scene; cancelled_en_route if anybody had set off.
create table sightline.deployment_state (
  code text primary key, name text not null, live boolean not null, rank smallint not null
);
insert into sightline.deployment_state values
  ('requested', 'Requested', true, 1), ('triage', 'Triage', true, 2), ('advice_only', 'Advice only', false, 3),
  ('not_required', 'Not required', false, 4), ('deployed', 'Deployed', true, 5), ('en_route', 'En route', true, 6),
  ('on_scene', 'On scene', true, 7), ('stood_down', 'Stood down', false, 8), ('returned', 'Return filed', false, 9),
  ('cancelled', 'Cancelled', false, 10), ('cancelled_en_route', 'Cancelled en route', false, 11);

-- What may be done in which state, where it leads, and which capability it takes. 'cancel' of a team of which
-- anybody has set off leads to cancelled_en_route, decided from the members' states.
create table sightline.deployment_rule (
  from_state text not null references sightline.deployment_state,
  action text not null check (action in ('recommend', 'advice_only', 'not_required', 'reopen', 'dispatch', 'en_route',
    'on_scene', 'cancel', 'stand_down', 'return')),
  to_state text not null references sightline.deployment_state,
  primary key (from_state, action)
);
insert into sightline.deployment_rule values
  ('requested', 'recommend', 'triage'), ('triage', 'recommend', 'triage'), ('deployed', 'recommend', 'deployed'),
  ('en_route', 'recommend', 'en_route'), ('on_scene', 'recommend', 'on_scene'),
  ('requested', 'advice_only', 'advice_only'), ('triage', 'advice_only', 'advice_only'),
  ('requested', 'not_required', 'not_required'), ('triage', 'not_required', 'not_required'),
  ('advice_only', 'reopen', 'triage'), ('not_required', 'reopen', 'triage'),
  ('requested', 'dispatch', 'deployed'), ('triage', 'dispatch', 'deployed'),
  ('deployed', 'dispatch', 'deployed'), ('en_route', 'dispatch', 'en_route'), ('on_scene', 'dispatch', 'on_scene'),
  ('deployed', 'en_route', 'en_route'), ('en_route', 'en_route', 'en_route'), ('on_scene', 'en_route', 'on_scene'),
  ('en_route', 'on_scene', 'on_scene'), ('on_scene', 'on_scene', 'on_scene'),
  ('requested', 'cancel', 'cancelled'), ('triage', 'cancel', 'cancelled'), ('advice_only', 'cancel', 'cancelled'),
  ('not_required', 'cancel', 'cancelled'), ('deployed', 'cancel', 'cancelled'), ('en_route', 'cancel', 'cancelled_en_route'),
  ('on_scene', 'stand_down', 'stood_down'),
  ('stood_down', 'return', 'returned');

create table sightline.deployment (
  id bigint generated always as identity primary key,
  incident_id bigint not null references sightline.incident,
  state text not null default 'requested' references sightline.deployment_state,
  request jsonb not null default '{}',
  requested_by int not null references sightline.app_user,
  requested_time timestamptz not null default now(),
  commander_id int references sightline.app_user,            -- the named commander in charge
  handover_to int references sightline.app_user,             -- offered, not yet accepted
  updated_time timestamptz not null default now(),
  return_detail jsonb
);
create index deployment_incident on sightline.deployment (incident_id);

create table sightline.deployment_member (
  id bigint generated always as identity primary key,
  deployment_id bigint not null references sightline.deployment,
  negotiator_id int not null references sightline.negotiator,
  state text not null default 'mobilising'
    check (state in ('mobilising', 'en_route', 'on_scene', 'cancelled', 'released')),
  had_set_off boolean not null default false,
  since timestamptz not null default now()
);
create unique index deployment_member_once on sightline.deployment_member (negotiator_id)
  where state in ('mobilising', 'en_route', 'on_scene');     -- nobody is in two live deployments
create index deployment_member_deployment on sightline.deployment_member (deployment_id);

create table sightline.deployment_transition (
  id bigint generated always as identity primary key,
  deployment_id bigint not null references sightline.deployment,
  at timestamptz not null default clock_timestamp(),
  from_state text references sightline.deployment_state,
  to_state text not null references sightline.deployment_state,
  action text not null,                                      -- of deployment_rule; request, hand_over, hand_over_accept
  recommendation text references sightline.recommendation,
  by_user_id int not null references sightline.app_user,
  by_username text not null,
  by_role text not null,
  rationale text not null default '',
  members int[] not null default '{}',                       -- negotiator ids it was about
  detail jsonb not null default '{}'
);
create index deployment_transition_deployment on sightline.deployment_transition (deployment_id, id);
create trigger deployment_transition_append_only before update or delete on sightline.deployment_transition
  for each row execute function sightline.forbid_change();

-- May the acting user see the incident? Restricted and exercise incidents: only the people named on it.
create function sightline.incident_visible(p_incident_id bigint) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (
    select from sightline.incident i
    where i.id = p_incident_id
      and (not (i.restricted or i.exercise)
           or i.created_by = sightline.actor_user_id()
           or exists (select from sightline.incident_person p where p.incident_id = i.id
                        and p.user_id = sightline.actor_user_id() and p.until is null))
      and case sightline.may('incident.read')
            when 'all' then true
            when 'assigned' then exists (select from sightline.incident_person p where p.incident_id = i.id
                and p.user_id = sightline.actor_user_id() and p.until is null)
              or i.created_by = sightline.actor_user_id()
            when 'own_units' then i.created_by = sightline.actor_user_id() or exists (
                select from sightline.incident_camera ic join sightline.camera c on c.id = ic.camera_id
                left join sightline.duty d on d.camera_id = c.id and d.during @> now()
                left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id)
                join sightline.user_unit uu on uu.unit_id = coalesce(o.unit_id, c.unit_id)
                where ic.incident_id = i.id and uu.user_id = sightline.actor_user_id())
            when 'with_deployments' then exists (select from sightline.deployment d where d.incident_id = i.id)
            else false
          end)
$$;

-- Who sees which cameras through incidents: for the feed, which applies it to every viewer.
create function sightline.feed_visibility()
  returns table (camera_id int, incident_id bigint, restricted boolean, user_ids int[])
  stable language sql security definer set search_path = sightline, public as $$
  select ic.camera_id, i.id, i.restricted or i.exercise,
    (select coalesce(array_agg(distinct p.user_id), '{}') from sightline.incident_person p
      where p.incident_id = i.id and p.until is null)
      || case when i.created_by is null then '{}'::int[] else array[i.created_by] end
  from sightline.incident_camera ic join sightline.incident i on i.id = ic.incident_id
  where ic.until is null and i.closed_time is null
$$;

-- May the acting user see the camera now? The same rule that the feed applies.
create function sightline.camera_visible(p_camera_id int, p_capability text default 'map.view') returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select not exists (select from sightline.feed_visibility() v
      where v.camera_id = p_camera_id and v.restricted and not sightline.actor_user_id() = any (v.user_ids))
    and case sightline.may(p_capability)
      when 'all' then true
      when 'on_call' then sightline.is_on_call(sightline.actor_user_id())
      when 'assigned' then exists (select from sightline.feed_visibility() v
          where v.camera_id = p_camera_id and sightline.actor_user_id() = any (v.user_ids))
      when 'own_units' then exists (select from sightline.camera c
          left join sightline.duty d on d.camera_id = c.id and d.during @> now()
          left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id)
          join sightline.user_unit uu on uu.unit_id = coalesce(o.unit_id, c.unit_id)
          where c.id = p_camera_id and uu.user_id = sightline.actor_user_id())
      when 'own' then exists (select from sightline.camera c
          left join sightline.duty d on d.camera_id = c.id and d.during @> now()
          join sightline.app_user u on u.officer_id = coalesce(d.officer_id, c.officer_id)
          where c.id = p_camera_id and u.id = sightline.actor_user_id())
      else false
    end
$$;

-- Is the acting user part of the team of a deployment? A member sees the deployment, though not the incident's log.
create function sightline.is_member(p_deployment_id bigint) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (select from sightline.deployment_member m join sightline.negotiator n on n.id = m.negotiator_id
    join sightline.app_user u on u.officer_id = n.officer_id or u.id = n.user_id
    where m.deployment_id = p_deployment_id and u.id = sightline.actor_user_id())
$$;

-- Is the acting user the commander in charge of the incident?
create function sightline.in_charge(p_incident_id bigint) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (select from sightline.incident_person p where p.incident_id = p_incident_id
    and p.user_id = sightline.actor_user_id() and p.capacity = 'commander' and p.until is null)
$$;

-- Appends to the command log as the acting user. Returns the entry's id.
create function sightline.log_append(p_incident_id bigint, p_kind text, p_text text, p_about bigint default null,
    p_acknowledged_by text default null, p_deployment_id bigint default null, p_detail jsonb default '{}') returns bigint
  language plpgsql security definer set search_path = sightline, public as $$
declare
  made bigint;
begin
  insert into sightline.incident_log (incident_id, author, author_user_id, author_role, kind, text, about,
      acknowledged_by, deployment_id, detail)
    values (p_incident_id, coalesce(nullif(current_setting('sightline.username', true), ''), 'system'),
      sightline.actor_user_id(), coalesce(sightline.actor_role(), 'system'), p_kind, p_text, p_about,
      p_acknowledged_by, p_deployment_id, coalesce(p_detail, '{}'))
    returning id into made;
  perform sightline.announce('incident', jsonb_build_object('incident', p_incident_id, 'entry', made));
  return made;
end
$$;

-- Makes an incident, or (with a log number that is known) brings it up to date: idempotent by log number.
-- p_fields: any of the columns by name; title, grade, lat and lon are wanted for a new one. A log number also links a
-- provisional incident when p_fields names it as "provisional_incident".
create function sightline.incident_put(p_fields jsonb)
  returns table (outcome text, code text, message text, incident_id bigint, made boolean)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  known sightline.incident;
  wanted sightline.incident;
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
    select * into known from sightline.incident i where i.log_number = p_fields ->> 'log_number' for update;
  end if;
  if known.id is null and p_fields ->> 'provisional_incident' is not null then
    select * into known from sightline.incident i
      where i.id = (p_fields ->> 'provisional_incident')::bigint and i.provisional and i.linked_to is null for update;
    if known.id is not null then
      p_fields := p_fields || '{"provisional": false, "link_by": null}';
    end if;
  end if;
  is_new := known.id is null;
  if not is_new and not sightline.incident_visible(known.id) then
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.', null::bigint, false;
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

-- Files a request for negotiators. The caller has checked that the incident is visible and open.
create function sightline.deployment_request(p_incident_id bigint, p_request jsonb)
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
  select * into i from sightline.incident x where x.id = p_incident_id;
  if not found or not sightline.incident_visible(p_incident_id) then
    return query select 'not_found', 'incident_unknown', 'There is no such incident, or it is not yours to see.', null::bigint;
    return;
  end if;
  if i.closed_time is not null then
    return query select 'conflict', 'incident_closed', 'The incident is closed.', null::bigint;
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
create function sightline.deployment_act(p_deployment_id bigint, p_action text, p_rationale text,
    p_members int[] default null, p_recommendation text default null, p_detail jsonb default '{}')
  returns table (outcome text, code text, message text, possible text[])
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d sightline.deployment;
  rule sightline.deployment_rule;
  target text;
  about int[];
  busy text;
  allowed boolean;
  can text[];
  said text;
  scope text;
begin
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
    select string_agg(o.name, ', ') into busy from sightline.deployment_member m
      join sightline.negotiator n on n.id = m.negotiator_id join sightline.officer o on o.id = n.officer_id
      where m.negotiator_id = any (about) and m.state in ('mobilising', 'en_route', 'on_scene');
    if busy is not null then
      return query select 'conflict', 'member_busy', busy || ' is already in a live deployment.', can;
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
    update sightline.deployment set return_detail = p_detail where id = d.id;
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
create function sightline.deployment_hand_over(p_deployment_id bigint, p_to int)
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

create function sightline.deployment_hand_over_accept(p_deployment_id bigint)
  returns table (outcome text, code text, message text, possible text[])
  language plpgsql security definer set search_path = sightline, public as $$
declare
  d sightline.deployment;
begin
  select * into d from sightline.deployment x where x.id = p_deployment_id for update;
  if not found or not sightline.incident_visible(d.incident_id) then
    return query select 'not_found', 'deployment_unknown', 'There is no such deployment, or it is not yours to see.', '{}'::text[];
  elsif d.handover_to is distinct from sightline.actor_user_id() then
    return query select 'forbidden', 'not_offered_to_you', 'Command has not been offered to you.', '{}'::text[];
  else
    update sightline.incident_person set until = now()
      where incident_id = d.incident_id and capacity = 'commander' and until is null;
    insert into sightline.incident_person (incident_id, user_id, capacity)
      values (d.incident_id, sightline.actor_user_id(), 'commander')
      on conflict (incident_id, user_id, capacity) do update set until = null, since = now();
    update sightline.deployment set handover_to = null, commander_id = sightline.actor_user_id(), updated_time = now() where id = d.id;
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

-- Row-level security: what the acting user may not see is not there, whatever a page asks for.
alter table sightline.incident enable row level security;
alter table sightline.incident_person enable row level security;
alter table sightline.incident_camera enable row level security;
alter table sightline.incident_log enable row level security;
alter table sightline.deployment enable row level security;
alter table sightline.deployment_member enable row level security;
alter table sightline.deployment_transition enable row level security;
create policy visible on sightline.incident for select to sightline_dashboard using (sightline.incident_visible(id));
create policy changed on sightline.incident for update to sightline_dashboard
  using (sightline.incident_visible(id) and sightline.may('incident.write') is not null);
create policy visible on sightline.incident_person for select to sightline_dashboard using (sightline.incident_visible(incident_id));
create policy written on sightline.incident_person for insert to sightline_dashboard
  with check (sightline.incident_visible(incident_id) and sightline.may('incident.write') is not null);
create policy changed on sightline.incident_person for update to sightline_dashboard
  using (sightline.incident_visible(incident_id) and sightline.may('incident.write') is not null);
create policy visible on sightline.incident_camera for select to sightline_dashboard using (sightline.incident_visible(incident_id));
create policy written on sightline.incident_camera for insert to sightline_dashboard
  with check (sightline.incident_visible(incident_id) and sightline.may('incident.write') is not null);
create policy changed on sightline.incident_camera for update to sightline_dashboard
  using (sightline.incident_visible(incident_id) and sightline.may('incident.write') is not null);
create policy visible on sightline.incident_log for select to sightline_dashboard using (sightline.incident_visible(incident_id));
create policy visible on sightline.deployment for select to sightline_dashboard
  using (sightline.incident_visible(incident_id) or sightline.is_member(id));
create policy visible on sightline.deployment_member for select to sightline_dashboard using (
  exists (select from sightline.deployment d where d.id = deployment_id));
create policy visible on sightline.deployment_transition for select to sightline_dashboard using (
  exists (select from sightline.deployment d where d.id = deployment_id));

grant select on sightline.incident, sightline.incident_person, sightline.incident_camera, sightline.incident_log, sightline.negotiator,
  sightline.rota_shift, sightline.deployment_state, sightline.deployment_rule, sightline.deployment, sightline.deployment_member,
  sightline.deployment_transition to sightline_dashboard;
grant update on sightline.incident to sightline_dashboard;
grant insert, update on sightline.incident_person, sightline.incident_camera, sightline.rota_shift,
  sightline.negotiator to sightline_dashboard;
grant delete on sightline.rota_shift to sightline_dashboard;
grant execute on function sightline.incident_visible(bigint), sightline.feed_visibility(), sightline.camera_visible(int, text),
  sightline.in_charge(bigint), sightline.is_member(bigint), sightline.is_on_call(int),
  sightline.log_append(bigint, text, text, bigint, text, bigint, jsonb),
  sightline.deployment_request(bigint, jsonb), sightline.incident_put(jsonb),
  sightline.deployment_act(bigint, text, text, int[], text, jsonb),
  sightline.deployment_hand_over(bigint, int), sightline.deployment_hand_over_accept(bigint) to sightline_dashboard;
