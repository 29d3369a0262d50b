-- name: made
-- What the demonstration in this database was made from; null: it holds none.
select value from force_setting where key = 'demo_made'

-- name: mark_made
-- Remembers that the demonstration is complete ($1: what it was made from).
insert into force_setting (key, value, meaning) values ('demo_made', $1, 'What the demonstration was made from')

-- name: name_force
-- The force's name, and that it is a demonstration.
update force_setting set value = case key when 'force_name' then to_jsonb($1::text) else 'true'::jsonb end
where key in ('force_name', 'demo')

-- name: retention_other_hours
-- Hours that tracks of cameras that do not record are kept.
select setting_number('retention_other_hours')::float8

-- name: add_areas
-- Police areas ($1 codes, $2 names, $3 WKB in WGS 84); gives their ids by code.
insert into area (code, name, geom)
select code, name, st_multi(st_geomfromwkb(wkb, 4326)) from unnest($1::text[], $2::text[], $3::bytea[]) a (code, name, wkb)
returning code, id

-- name: add_units
-- Units ($1 codes, $2 names, $3 areas); gives their ids by code.
insert into unit (code, name, area_id) select * from unnest($1::text[], $2::text[], $3::int[]) returning code, id

-- name: add_officers
-- Officers ($1 shoulder numbers, $2 names, $3 ranks, $4 units); gives their ids by shoulder number.
insert into officer (shoulder_number, name, rank, unit_id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::int[]) returning shoulder_number, id

-- name: add_cameras
-- Cameras ($1 refs, $2 officers, $3 units, $4 where sound goes, $5 hashes of tokens, $6 model); gives their ids by ref.
insert into camera (ref, officer_id, unit_id, audio_out, token_hash, model)
select ref, officer_id, unit_id, audio_out, token_hash, $6
from unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::bytea[]) c (ref, officer_id, unit_id, audio_out, token_hash)
returning ref, id

-- name: add_duties
-- Who was and is on duty with which camera ($1 cameras, $2 officers, $3 call signs, $4 from, $5 until, null: still on).
insert into duty (camera_id, officer_id, call_sign, during)
select camera_id, officer_id, call_sign, tstzrange(from_time, until_time)
from unnest($1::int[], $2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[]) d (camera_id, officer_id, call_sign, from_time, until_time)

-- name: ensure_partitions
-- Days of history to be written.
select fix_partitions_ensure($1, $2)

-- name: add_operators
-- Networks; gives their ids.
insert into network_operator (plmn) select unnest($1::text[]) returning plmn, id

-- name: add_cells
-- Cells ($1 networks, $2 cells); gives their ids.
insert into radio_cell (operator_id, cell) select * from unnest($1::smallint[], $2::text[]) returning operator_id, cell, id

-- name: add_post
-- The control room's post, held by a user ($1).
with made as (insert into post (code, name, role, alert_turn) values ('oscar_1', 'Oscar 1', 'fim', 1) returning code)
insert into post_holding (post, user_id) select made.code, u.id from made, app_user u where u.username = $1

-- name: users
-- Ids of these users, by name.
select username, id, role from app_user where username = any ($1::text[])

-- name: link_user
-- A user is an officer of the force.
update app_user set officer_id = $2 where username = $1

-- name: own_units
-- Units that are a supervisor's own ($1 username, $2 units).
insert into user_unit (user_id, unit_id) select u.id, x from app_user u, unnest($2::int[]) x where u.username = $1

-- name: add_negotiators
-- Negotiators ($1 officers, $2 usernames or null, $3 capacities, $4 phones, $5 trained for kidnap, $6 language beside English or empty,
-- $7 days until training lapses); gives their ids in the order of the officers.
insert into negotiator (officer_id, user_id, capacity, phone, kidnap_trained, languages, training_until)
select n.officer_id, u.id, n.capacity, n.phone, n.kidnap, array_remove(array['English', nullif(n.language, '')], null),
  current_date + n.days
from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::int[])
  n (officer_id, username, capacity, phone, kidnap, language, days)
left join app_user u on u.username = n.username
returning officer_id, id

-- name: add_rota
-- Shifts on call ($1 negotiators, $2 from, $3 until).
insert into rota_shift (negotiator_id, during)
select negotiator_id, tstzrange(from_time, until_time)
from unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) s (negotiator_id, from_time, until_time)

-- name: add_incident
-- An incident as the command-and-control system sent it; gives its id.
insert into incident (log_number, title, lat, lon, grade, source, type, regime, talkgroup, resources, opened_time, closed_time, created_by)
values ($1, $2, $3, $4, $5, 'command and control', $6, $7, $8, $9, $10, $11, $12) returning id

-- name: add_incident_cameras
-- Cameras at an incident ($2 cameras, $3 from, $4 until).
insert into incident_camera (incident_id, camera_id, since, until)
select $1, * from unnest($2::int[], $3::timestamptz[], $4::timestamptz[])

-- name: add_incident_person
-- A person named on an incident.
insert into incident_person (incident_id, user_id, capacity, since, until) values ($1, $2, $3, $4, $5)

-- name: add_log_entry
-- An entry of the command log, at the time it was made.
insert into incident_log (incident_id, at, author, author_user_id, author_role, kind, text, deployment_id)
select $1, $2, u.username, u.id, u.role, $4, $5, $6 from app_user u where u.username = $3

-- name: add_deployment
-- A deployment of the past; gives its id.
insert into deployment (incident_id, state, request, requested_by, requested_time, updated_time, commander_id, return_detail)
values ($1, $2, $3, $4, $5, $6, $7, $8) returning id

-- name: add_transition
-- A step of a deployment, at the time it was taken.
insert into deployment_transition (deployment_id, at, from_state, to_state, action, recommendation, by_user_id, by_username,
  by_role, rationale, members)
select $1, $2, $3, $4, $5, $6, u.id, u.username, u.role, $8, $9 from app_user u where u.username = $7

-- name: add_members
-- The team of a deployment that is over ($2 negotiators, $3 their last state, $4 whether they had set off, $5 since when).
insert into deployment_member (deployment_id, negotiator_id, state, had_set_off, since)
select $1, unnest($2::int[]), $3, $4, $5

-- name: act_as
-- The rest of the transaction is done by this user.
select set_config('sightline.user_id', id::text, true), set_config('sightline.username', username, true),
  set_config('sightline.role', role, true)
from app_user where username = $1

-- name: request_negotiators
-- Asks for negotiators as the acting user.
select * from deployment_request($1, $2)

-- name: act_on_deployment
-- A step of a deployment as the acting user ($2 action, $3 rationale, $4 recommendation).
select outcome, message from deployment_act($1, $2, $3, null, $4, '{}')

-- name: audit_made
-- The making of the demonstration, in the audit.
select audit_append('alteration', 'demo.make', 'force', 'demo', p_actor => 'system:demo', p_detail => $1)

-- name: analyse
-- What was written at once must be known to the planner at once.
analyze fix, coverage_bin, basemap_feature, duty, incident

-- name: load_cameras
-- Cameras of a load test ($1 refs, $2 hashes of tokens); those of an earlier test get new tokens.
with made as (
  insert into camera (ref, kind, token_hash) select ref, 'tracker', hash from unnest($1::text[], $2::bytea[]) c (ref, hash)
  on conflict (ref) do update set token_hash = excluded.token_hash, disabled_time = null returning id)
select audit_append('alteration', 'camera.add_load_test', 'camera', (select count(*) from made) || ' cameras', p_actor => 'system:simulate')

-- name: last_positions
-- Live state as the history since $1 leaves it, so that every camera is on the map from the start.
insert into live (camera_id, gateway_id, batch, seen_time, recording, recording_time, recording_since, fix_time, fix_received_time,
  lat, lon, accuracy_m, speed_mps, heading_deg, battery_pct, battery_time, signal_time, bearer, operator_id, cell_id, rsrp_dbm, rsrq_db,
  sinr_db, uplink_kbps)
select n.camera_id, 0, 0, least(n.received_time, now()), n.recording, n.received_time, since.fix_time, n.fix_time,
  least(n.received_time, now()), n.lat, n.lon, n.accuracy_m, n.speed_mps, n.heading_deg, n.battery_pct, n.fix_time, n.fix_time, n.bearer, n.operator_id, n.cell_id, n.rsrp_dbm,
  n.rsrq_db, n.sinr_db, n.uplink_kbps
from (select distinct on (camera_id) * from fix where fix_time > $1 order by camera_id, fix_time desc) n
cross join lateral (select max(fix_time) as fix_time from fix
  where camera_id = n.camera_id and fix_time > $1 and recording <> n.recording) other
cross join lateral (select min(fix_time) as fix_time from fix
  where camera_id = n.camera_id and fix_time > coalesce(other.fix_time, $1)) since
