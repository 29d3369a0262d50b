-- Foundation: schema, the force's own words, organisation, people, the role matrix, sessions, posts and audit.

create schema if not exists sightline;
create extension if not exists postgis with schema public;
create extension if not exists btree_gist with schema public;
grant usage on schema sightline to
  sightline_gateway, sightline_media, sightline_dashboard, sightline_audit, sightline_keeper;

-- Functions are for nobody unless granted.
alter default privileges revoke execute on functions from public;

-- Refuses every change of a row: for tables that only grow.
create function sightline.forbid_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is not possible', tg_table_name, lower(tg_op)
    using errcode = 'integrity_constraint_violation', constraint = tg_table_name || '_append_only';
end
$$;

-- Settings of the force that are data rather than configuration of a process.
create table sightline.force_setting (
  key text primary key,
  value jsonb not null,
  meaning text not null
);
insert into sightline.force_setting (key, value, meaning) values
  ('force_name', '"Sightline"', 'Name of the force, shown in every header'),
  ('demo', 'false', 'True in a demonstration: shows one-click sign-in'),
  ('stale_after_s', '120', 'Seconds without a report, while recording, after which a camera is stale'),
  ('ageing_after_s', '30', 'Seconds without a report, while recording, after which a camera is ageing'),
  ('stream_max_minutes', '60', 'Longest time that one stream stays open before it must be asked for again'),
  ('provisional_link_minutes', '10', 'Minutes within which a provisional incident must be linked'),
  ('session_hours', '12', 'Longest time that a sign-in lasts'),
  ('session_idle_minutes', '60', 'Minutes without any use after which a sign-in ends'),
  ('retention_other_hours', '24', 'Hours that tracks of cameras that do not record are kept'),
  ('retention_recording_days', '31', 'Days that tracks of recording cameras are kept'),
  ('minimum_negotiators', '2', 'Negotiators on call below which cover is short'),
  ('minimum_negcos', '1', 'Negotiation coordinators on call below which cover is short');

-- Reference tables: each force's own words.
create table sightline.grade (
  code text primary key, name text not null, rank smallint not null
);
insert into sightline.grade values
  ('immediate', 'Immediate', 1), ('priority', 'Priority', 2), ('standard', 'Standard', 3);

create table sightline.purpose (
  code text primary key,
  name text not null,
  forbidden boolean not null default false,  -- refused by name, for everybody
  why_forbidden text,
  check (forbidden = (why_forbidden is not null))
);
insert into sightline.purpose values
  ('officer_safety', 'Officer safety', false, null),
  ('negotiator_triage', 'Negotiator triage', false, null),
  ('public_order', 'Public order', false, null),
  ('pursuit', 'Pursuit', false, null),
  ('scene_advice', 'Advice to the scene', false, null),
  ('use_of_force_scrutiny', 'Scrutiny of use of force', true,
   'Live viewing is not used for independent scrutiny of use of force'),
  ('stop_search_scrutiny', 'Scrutiny of stop and search', true,
   'Live viewing is not used for independent scrutiny of stop and search');

create table sightline.recommendation (
  code text primary key, name text not null
);
insert into sightline.recommendation values
  ('deploy', 'Deploy'), ('advice_only', 'Advice only'),
  ('not_required', 'Not required'), ('cancel', 'Cancel');

create table sightline.retention_category (
  code text primary key, name text not null, keep_days int  -- null: until reviewed
);
insert into sightline.retention_category values
  ('not_evidence', 'Not evidence', 31), ('incident', 'Tied to an incident', 2190),
  ('review', 'Until reviewed', null);

-- Organisation.
create table sightline.area (
  id int generated always as identity primary key,
  code text not null unique,
  name text not null,
  geom geometry(MultiPolygon, 4326)
);
create table sightline.unit (
  id int generated always as identity primary key,
  code text not null unique,
  name text not null,
  area_id int references sightline.area
);
create table sightline.officer (
  id int generated always as identity primary key,
  shoulder_number text not null unique,  -- text: leading zeros and letters are real
  name text not null,
  rank text not null default 'PC',
  unit_id int references sightline.unit
);

-- Roles and what they may do. A capability that is not listed for a role is denied.
create table sightline.role (
  code text primary key, name text not null
);
insert into sightline.role values
  ('fim', 'FIM'), ('negco', 'NegCo'), ('commander', 'Commander'), ('supervisor', 'Supervisor'),
  ('planner', 'Planner'), ('coordinator', 'Coordinator'), ('auditor', 'Auditor'),
  ('admin', 'Administrator'), ('officer', 'Officer');

create table sightline.capability (
  code text primary key, meaning text not null
);
insert into sightline.capability values
  ('map.view', 'Live map, cameras and feed'),
  ('track.view', 'Track of a camera'),
  ('stream.open', 'Open a live stream'),
  ('talk.open', 'Talk through a camera'),
  ('incident.read', 'Read incidents and the command log'),
  ('incident.write', 'Make and change incidents'),
  ('log.write', 'Write to the command log'),
  ('log.advise', 'Write advice to the command log'),
  ('negotiators.request', 'Request negotiators'),
  ('deployment.recommend', 'Recommend what to do with a request'),
  ('deployment.decide', 'Dispatch, decide, cancel, change states, hand over'),
  ('deployment.member_state', 'Change the state of members of the team'),
  ('return.read', 'Read deployment returns'),
  ('return.write', 'File deployment returns'),
  ('rota.read', 'See who is on call'),
  ('rota.write', 'Change the rota'),
  ('rota.swap', 'Swap shifts'),
  ('coverage.forecast', 'Forecast of a stream at a place'),
  ('coverage.view', 'Coverage cells, blackspots, OGC and exports'),
  ('report.read', 'Reports'),
  ('audit.read', 'Audit, holds, subject access, reviews'),
  ('audit.watched_me', 'Who watched my camera'),
  ('alert.answer', 'See and acknowledge alerts'),
  ('admin.manage', 'Users, cameras, bridges, settings and metrics');

create table sightline.role_capability (
  role text not null references sightline.role,
  capability text not null references sightline.capability,
  -- all | on_call | assigned | in_charge | own_units | own | member | with_deployments | coverage
  scope text not null default 'all' check (scope in ('all', 'on_call', 'assigned', 'in_charge',
    'own_units', 'own', 'member', 'with_deployments', 'coverage')),
  primary key (role, capability)
);
insert into sightline.role_capability (role, capability, scope) values
  ('fim', 'map.view', 'all'), ('fim', 'track.view', 'all'), ('fim', 'stream.open', 'all'),
  ('fim', 'incident.read', 'all'), ('fim', 'incident.write', 'all'), ('fim', 'log.write', 'all'),
  ('fim', 'negotiators.request', 'all'), ('fim', 'deployment.decide', 'all'),
  ('fim', 'return.read', 'all'), ('fim', 'rota.read', 'all'), ('fim', 'coverage.forecast', 'all'),
  ('fim', 'report.read', 'all'), ('fim', 'alert.answer', 'all'),
  ('negco', 'map.view', 'on_call'), ('negco', 'track.view', 'on_call'), ('negco', 'stream.open', 'all'),
  ('negco', 'talk.open', 'assigned'), ('negco', 'incident.read', 'all'), ('negco', 'log.write', 'all'),
  ('negco', 'log.advise', 'all'), ('negco', 'deployment.recommend', 'all'),
  ('negco', 'deployment.member_state', 'all'), ('negco', 'return.read', 'all'),
  ('negco', 'return.write', 'all'), ('negco', 'rota.read', 'all'), ('negco', 'rota.swap', 'all'),
  ('negco', 'coverage.forecast', 'all'), ('negco', 'report.read', 'own'),
  ('commander', 'map.view', 'assigned'), ('commander', 'track.view', 'assigned'),
  ('commander', 'stream.open', 'assigned'), ('commander', 'incident.read', 'assigned'),
  ('commander', 'log.write', 'assigned'), ('commander', 'negotiators.request', 'all'),
  ('commander', 'deployment.decide', 'in_charge'), ('commander', 'return.read', 'all'),
  ('commander', 'rota.read', 'all'), ('commander', 'coverage.forecast', 'all'),
  ('commander', 'report.read', 'all'),
  ('supervisor', 'map.view', 'own_units'), ('supervisor', 'track.view', 'own_units'),
  ('supervisor', 'stream.open', 'own_units'), ('supervisor', 'incident.read', 'own_units'),
  ('supervisor', 'negotiators.request', 'all'),
  ('planner', 'coverage.forecast', 'all'), ('planner', 'coverage.view', 'all'),
  ('planner', 'report.read', 'coverage'),
  ('coordinator', 'incident.read', 'with_deployments'), ('coordinator', 'return.read', 'all'),
  ('coordinator', 'return.write', 'all'), ('coordinator', 'rota.read', 'all'),
  ('coordinator', 'rota.write', 'all'), ('coordinator', 'report.read', 'all'),
  ('auditor', 'audit.read', 'all'),
  ('admin', 'admin.manage', 'all'),
  ('officer', 'map.view', 'own'), ('officer', 'deployment.member_state', 'own'),
  ('officer', 'audit.watched_me', 'own');

-- Accounts and sessions.
create table sightline.app_user (
  id int generated always as identity primary key,
  username text not null unique check (username ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  display_name text not null,
  role text not null references sightline.role,
  password_hash text,            -- Argon2id, PHC string; null: no local sign-in
  officer_id int references sightline.officer,
  created_time timestamptz not null default now(),
  disabled_time timestamptz
);
create table sightline.user_unit (   -- the units that are a supervisor's own
  user_id int not null references sightline.app_user,
  unit_id int not null references sightline.unit,
  primary key (user_id, unit_id)
);

create table sightline.session (
  id uuid primary key default gen_random_uuid(),
  user_id int not null references sightline.app_user,
  kind text not null default 'browser' check (kind in ('browser', 'machine')),
  token_hash bytea not null unique,      -- SHA-256 of the cookie's or bearer's value
  csrf text not null,
  role text not null,                    -- the role when it began; a changed role ends the session
  address text,
  created_time timestamptz not null default now(),
  last_seen_time timestamptz not null default now(),
  expires_time timestamptz not null,
  ended_time timestamptz,
  end_reason text,
  check ((ended_time is null) = (end_reason is null))
);
create index session_by_user on sightline.session (user_id) where ended_time is null;

create table sightline.login_attempt (
  at timestamptz not null default now(),
  username text not null,
  address text not null,
  succeeded boolean not null
);
create index login_attempt_recent on sightline.login_attempt (username, address, at);

-- Posts (Oscar 1) are held by one person at a time.
create table sightline.post (
  code text primary key, name text not null, role text not null references sightline.role
);
create table sightline.post_holding (
  id bigint generated always as identity primary key,
  post text not null references sightline.post,
  user_id int not null references sightline.app_user,
  from_time timestamptz not null default now(),
  to_time timestamptz,
  handed_over_to int references sightline.app_user
);
create unique index post_one_holder on sightline.post_holding (post) where to_time is null;

-- Who acts: the session that begin_act() proved, for the length of one transaction.
create function sightline.actor_user_id() returns int stable language sql as
  $$ select nullif(current_setting('sightline.user_id', true), '')::int $$;
create function sightline.actor_role() returns text stable language sql as
  $$ select nullif(current_setting('sightline.role', true), '') $$;
create function sightline.actor_session_id() returns uuid stable language sql as
  $$ select nullif(current_setting('sightline.session_id', true), '')::uuid $$;

create function sightline.setting_number(wanted text) returns numeric
  stable language sql security definer set search_path = sightline, public as
  $$ select (value #>> '{}')::numeric from sightline.force_setting where key = wanted $$;

-- Whether a session still carries its holder: not ended, not past its time, not idle, account and role unchanged.
-- An open stream counts as use.
create function sightline.session_is_live(s sightline.session) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select s.ended_time is null and s.expires_time > now()
    and (s.kind = 'machine'
         or s.last_seen_time > now() - make_interval(mins => sightline.setting_number('session_idle_minutes')::int))
    and exists (select from sightline.app_user u
                where u.id = s.user_id and u.disabled_time is null and u.role = s.role)
$$;

-- Proves a session by the hash of its token and makes its holder the actor of this transaction.
-- No row: nobody is signed in. Sets sightline.user_id, .username, .role, .session_id, .address, .post.
create function sightline.begin_act(p_token_hash bytea, p_address text)
  returns table (session_id uuid, user_id int, username text, display_name text, role text,
                 post text, csrf text, kind text, officer_id int, unit_ids int[], expires_time timestamptz)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.session;
  u sightline.app_user;
  held text;
begin
  select * into s from sightline.session x where x.token_hash = p_token_hash;
  if not found or not sightline.session_is_live(s) then
    return;
  end if;
  if s.last_seen_time < now() - interval '30 seconds' then
    update sightline.session x set last_seen_time = now() where x.id = s.id;
  end if;
  select * into u from sightline.app_user x where x.id = s.user_id;
  select p.name into held from sightline.post_holding h join sightline.post p on p.code = h.post
    where h.user_id = u.id and h.to_time is null order by h.from_time desc limit 1;
  perform set_config('sightline.user_id', u.id::text, true),
          set_config('sightline.username', u.username, true),
          set_config('sightline.role', u.role, true),
          set_config('sightline.session_id', s.id::text, true),
          set_config('sightline.address', coalesce(p_address, ''), true),
          set_config('sightline.post', coalesce(held, ''), true);
  return query select s.id, u.id, u.username, u.display_name, u.role, held, s.csrf, s.kind, u.officer_id,
    (select coalesce(array_agg(x.unit_id order by x.unit_id), '{}') from sightline.user_unit x where x.user_id = u.id),
    s.expires_time;
end
$$;

-- The scope in which the acting role has a capability; null: it has not.
create function sightline.may(p_capability text) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select scope from sightline.role_capability where role = sightline.actor_role() and capability = p_capability
$$;

-- Audit. The row is appended in the acting transaction; one sealer chains what is committed (audit_seal) and signs
-- heads (audit_anchor). Operations are the law's words, with 'access' for sign-ins and the like.
create table sightline.audit_entry (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,                 -- user name, or system:gateway and so on
  actor_role text,
  actor_post text,
  session_id uuid,
  address text,                        -- from where
  operation text not null check (operation in
    ('collection', 'alteration', 'consultation', 'disclosure', 'combination', 'erasure', 'access')),
  action text not null,                -- stream.open, session.sign_in, deployment.cancel, …
  object_type text not null,
  object_id text not null,
  outcome text not null check (outcome in ('allowed', 'refused', 'failed')),
  purpose text,
  reason text,
  incident_id bigint,                  -- no foreign key: the audit outlives what it speaks of
  recipient text,                      -- of a disclosure
  detail jsonb not null default '{}'
);
create index audit_entry_at on sightline.audit_entry (at);
create table sightline.audit_seal (
  position bigint primary key,
  entry_id bigint not null unique references sightline.audit_entry,
  previous_hash bytea not null check (length(previous_hash) = 32),
  hash bytea not null check (length(hash) = 32)
);
create table sightline.audit_key (
  key_id text primary key, public_key bytea not null, added_time timestamptz not null default now()
);
create table sightline.audit_anchor (
  position bigint primary key references sightline.audit_seal,
  hash bytea not null,
  signed_time timestamptz not null default now(),
  key_id text not null references sightline.audit_key,
  signature bytea not null
);
create trigger audit_entry_append_only before update or delete or truncate on sightline.audit_entry
  for each statement execute function sightline.forbid_change();
create trigger audit_seal_append_only before update or delete or truncate on sightline.audit_seal
  for each statement execute function sightline.forbid_change();
create trigger audit_anchor_append_only before update or delete or truncate on sightline.audit_anchor
  for each statement execute function sightline.forbid_change();

-- Appends one audit row for the acting user, or for the system part that calls. Returns its id.
create function sightline.audit_append(
    p_operation text, p_action text, p_object_type text, p_object_id text, p_outcome text default 'allowed',
    p_purpose text default null, p_reason text default null, p_incident_id bigint default null,
    p_detail jsonb default '{}', p_actor text default null, p_recipient text default null) returns bigint
  language sql security definer set search_path = sightline, public as $$
  insert into sightline.audit_entry (actor, actor_role, actor_post, session_id, address, operation, action,
      object_type, object_id, outcome, purpose, reason, incident_id, recipient, detail)
  values (coalesce(p_actor, nullif(current_setting('sightline.username', true), ''), 'system:' || session_user),
      sightline.actor_role(), nullif(current_setting('sightline.post', true), ''), sightline.actor_session_id(),
      nullif(current_setting('sightline.address', true), ''), p_operation, p_action, p_object_type, p_object_id,
      p_outcome, p_purpose, p_reason, p_incident_id, p_recipient, coalesce(p_detail, '{}'))
  returning id
$$;

-- Tells every process that something happened. A hint only: who must be right asks the tables.
create function sightline.announce(p_event text, p_body jsonb) returns void language sql as
  $$ select pg_notify('sightline_event', (jsonb_build_object('event', p_event) || p_body)::text) $$;

create function sightline.session_end(p_session_id uuid, p_reason text) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
begin
  update sightline.session set ended_time = now(), end_reason = p_reason where id = p_session_id and ended_time is null;
  if not found then
    return false;
  end if;
  perform sightline.announce('session_ended', jsonb_build_object('session', p_session_id, 'reason', p_reason));
  return true;
end
$$;

-- An account that is disabled, or whose role changes, loses its sessions at once.
create function sightline.app_user_changed() returns trigger language plpgsql
  security definer set search_path = sightline, public as $$
begin
  if (new.disabled_time is not null and old.disabled_time is null) or new.role <> old.role
     or new.password_hash is distinct from old.password_hash then
    perform sightline.session_end(s.id, case
        when new.disabled_time is not null then 'account disabled'
        when new.role <> old.role then 'role changed' else 'password changed' end)
      from sightline.session s where s.user_id = new.id and s.ended_time is null;
  end if;
  return new;
end
$$;
create trigger app_user_changed after update on sightline.app_user
  for each row execute function sightline.app_user_changed();

grant select on sightline.force_setting, sightline.grade, sightline.purpose, sightline.recommendation,
  sightline.retention_category, sightline.area, sightline.unit, sightline.officer, sightline.role, sightline.capability,
  sightline.role_capability, sightline.post, sightline.post_holding, sightline.user_unit to sightline_dashboard;
grant select on sightline.force_setting to sightline_gateway, sightline_media, sightline_keeper;
grant select, insert, update on sightline.app_user, sightline.session to sightline_dashboard;
grant select, insert on sightline.login_attempt to sightline_dashboard;
grant delete on sightline.login_attempt to sightline_keeper;
grant select on sightline.login_attempt to sightline_keeper;
grant insert, update on sightline.post_holding to sightline_dashboard;
grant select on sightline.audit_entry to sightline_dashboard;   -- audit.read is checked before, reading is audited
grant select on sightline.audit_entry, sightline.audit_seal, sightline.audit_anchor, sightline.audit_key to sightline_audit;
grant insert on sightline.audit_seal, sightline.audit_anchor, sightline.audit_key to sightline_audit;
grant execute on function sightline.begin_act(bytea, text), sightline.may(text), sightline.actor_user_id(),
  sightline.actor_role(), sightline.actor_session_id(), sightline.setting_number(text), sightline.session_is_live(sightline.session),
  sightline.session_end(uuid, text), sightline.announce(text, jsonb),
  sightline.audit_append(text, text, text, text, text, text, text, bigint, jsonb, text, text) to sightline_dashboard;
grant execute on function sightline.audit_append(text, text, text, text, text, text, text, bigint, jsonb, text, text),
  sightline.announce(text, jsonb), sightline.setting_number(text)
  to sightline_gateway, sightline_media, sightline_keeper, sightline_audit;
