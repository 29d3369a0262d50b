-- name: changed_since
-- Live rows that gateways changed after the newest batch known of each ($1 gateway ids, $2 batches), and all rows of gateways not named; fixed width for a binary COPY, unknown is NaN or -infinity.
select l.camera_id, l.gateway_id, l.batch,
  coalesce(l.fix_time, '-infinity'), l.seen_time, coalesce(l.recording_since, '-infinity'),
  coalesce(l.lat, 'NaN'), coalesce(l.lon, 'NaN'), coalesce(l.accuracy_m, 'NaN'), coalesce(l.heading_deg, 'NaN'),
  coalesce(l.battery_pct, 'NaN'), coalesce(l.rsrp_dbm, 'NaN'), coalesce(l.rsrq_db, 'NaN'), coalesce(l.sinr_db, 'NaN'),
  coalesce(l.uplink_kbps, 'NaN'), l.recording, l.bearer, l.flags, coalesce(l.speed_mps, 'NaN'), coalesce(l.rssi_dbm, 'NaN'),
  coalesce(l.signal_time, '-infinity'), coalesce(l.operator_id, 0)::int4, coalesce(l.cell_id, 0)
from live l
where not exists (
  select from unnest($1::int[], $2::bigint[]) known (gateway_id, batch)
  where known.gateway_id = l.gateway_id and known.batch >= l.batch)

-- name: report_intervals
-- Seconds expected between two reports in each recording state.
select recording, interval_s from report_interval

-- name: operators
-- What these operators ($1) are called.
select id, plmn as name from network_operator where id = any ($1::int[])

-- name: cells
-- What these cells ($1) are called.
select id, cell as name from radio_cell where id = any ($1::int[])

-- name: directory_marks
-- Of every camera in use a number that changes whenever what the directory says of it does; fixed width for a binary COPY.
select c.id, hashtextextended(concat_ws(chr(31), c.ref, c.kind, c.audio_out, o.id, o.shoulder_number, o.rank, o.name, d.call_sign, u.id, u.code, u.name), 0)
from camera c
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join unit u on u.id = coalesce(o.unit_id, c.unit_id)
where c.disabled_time is null

-- name: directory
-- What people call these cameras ($1 ids): the officer who wears each, call sign and unit.
select c.id, c.ref, c.kind, c.audio_out, o.id as officer_id, o.shoulder_number, concat_ws(' ', o.rank, o.name) as officer_name,
  d.call_sign, u.id as unit_id, u.code as unit_code, u.name as unit_name
from camera c
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join unit u on u.id = coalesce(o.unit_id, c.unit_id)
where c.id = any ($1::int[]) and c.disabled_time is null

-- name: marks
-- Cameras that are being streamed, and cameras whose officer asks for eyes on and is not yet watched.
select (select coalesce(array_agg(s.camera_id), '{}') from feed_streamed() s (camera_id)) as streamed,
  (select coalesce(array_agg(a.camera_id), '{}') from alert a
   where a.kind = 'eyes_on' and a.state in ('waiting', 'seen')) as eyes_on

-- name: attachments
-- Cameras at open incidents, whether the incident hides them, and who is named on it.
select camera_id, incident_id, restricted, user_ids from feed_visibility() order by camera_id, incident_id

-- name: health
-- The database's clock, and the newest run of each gateway with the seconds since its last sign of life.
select extract(epoch from clock_timestamp())::float8 * 1000 as now_ms,
  (select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name, 'ended', g.ended_time is not null,
      'silent_s', extract(epoch from clock_timestamp() - g.heartbeat_time)) order by g.name), '[]')
   from (select distinct on (name) * from gateway
         where coalesce(ended_time, heartbeat_time) > now() - interval '1 day' order by name, id desc) g) as gateways

-- name: viewers
-- What decides which cameras the holders of these sessions ($1) see; sessions that have ended are not returned.
select s.id as session_id, u.id as user_id, u.role, u.officer_id,
  (select scope from role_capability where role = u.role and capability = 'map.view') as scope,
  is_on_call(u.id) as on_call,
  array(select x.unit_id from user_unit x where x.user_id = u.id order by 1) as unit_ids,
  exists (select from role_capability where role = u.role and capability = 'alert.answer') as answers_alerts
from session s join app_user u on u.id = s.user_id
where s.id = any ($1::uuid[]) and session_is_live(s)

-- name: audience
-- Which of these users ($2) may see the incident ($1).
select feed_audience($1, $2::int[])
