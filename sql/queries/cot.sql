-- name: standing
-- Of cameras that a TAK program reports for ($1): whether they are disabled, and when their recording state was set.
select c.id as camera_id, c.disabled_time is not null as disabled, l.recording_time
from camera c left join live l on l.camera_id = c.id where c.id = any ($1::int[])

-- name: recipient
-- Account of a machine's token ($1 hash) or, where that is null, of the name in a client certificate ($2), and why it may not be told positions.
select user_id, username, session_id, refusal from cot_recipient($1, $2)

-- name: not_permitted
-- Of those who are told positions ($1 accounts, $2 sessions, null where they came by certificate), the places in the lists of those who may not be any more.
select held.place::int from unnest($1::int[], $2::uuid[]) with ordinality held (user_id, session_id, place)
where not cot_permitted(held.user_id, held.session_id)

-- name: disclosure
-- Audits that positions are disclosed ($1 begin, end or refuse; $2 recipient, $3 address, $4 reason, $5 detail).
select cot_disclosure($1, $2, $3, $4, $5)

-- name: force
-- Seconds after which a position is stale, and whether this is a demonstration.
select setting_number('stale_after_s')::float8 as stale_after_s,
  coalesce((select value = 'true' from force_setting where key = 'demo'), false) as demo

-- name: directory
-- What people call each camera in use: the call sign of the duty, else the shoulder number of the wearer, else the camera's id.
select c.id, c.ref, coalesce(d.call_sign, o.shoulder_number, c.ref) as callsign
from camera c
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
where c.disabled_time is null

-- name: changed_since
-- Positions that gateways changed after the newest batch known of each ($1 gateway ids, $2 batches), and all of gateways not named.
select l.camera_id, l.gateway_id, l.batch, (extract(epoch from l.fix_time) * 1000)::float8 as fix_time_ms, l.lat, l.lon,
  l.accuracy_m, l.altitude_m, l.speed_mps, l.heading_deg, l.battery_pct, l.recording
from live l
where l.fix_time is not null and not exists (
  select from unnest($1::int[], $2::bigint[]) known (gateway_id, batch)
  where known.gateway_id = l.gateway_id and known.batch >= l.batch)

-- name: hidden
-- Cameras of which only the people named on an incident may know.
select camera_id from cot_hidden() h (camera_id)
