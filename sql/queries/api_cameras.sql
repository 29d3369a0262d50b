-- name: find
-- Cameras that the acting user may see now (the same rule as camera_visible), each with its wearer and latest state.
-- Filters, each null for all: west, south, east, north; recording code; camera. With lon, lat: nearest first. Then a limit.
with hidden as materialized (
  select distinct v.camera_id from feed_visibility() v where v.restricted and not actor_user_id() = any (v.user_ids)
), assigned as materialized (
  select distinct v.camera_id from feed_visibility() v where actor_user_id() = any (v.user_ids)
), streamed as materialized (
  select s.camera_id from feed_streamed() s (camera_id)
), eyes_on as materialized (
  select a.camera_id from alert a where a.kind = 'eyes_on' and a.state in ('waiting', 'seen')
), viewer as materialized (
  select u.id, u.officer_id, may('map.view') as scope, is_on_call(u.id) as on_call from app_user u where u.id = actor_user_id()
)
select c.id as camera_id, c.ref as camera, c.kind, c.audio_out, o.shoulder_number as officer, o.name as officer_name, o.rank,
  d.call_sign, n.code as unit, n.name as unit_name, coalesce(l.recording, 0) as recording, l.recording_since, l.fix_time,
  l.fix_received_time, l.lat, l.lon, l.accuracy_m, l.altitude_m, l.speed_mps, l.heading_deg, coalesce(l.flags, 0) as flags,
  l.battery_pct, coalesce(l.bearer, 0) as bearer, op.plmn as operator, rc.cell, l.signal_time, l.rsrp_dbm, l.rsrq_db, l.sinr_db,
  l.rssi_dbm, l.uplink_kbps, l.seen_time, extract(epoch from clock_timestamp() - l.seen_time)::float8 as seen_age_s,
  extract(epoch from clock_timestamp() - l.fix_time)::float8 as fix_age_s, ri.interval_s,
  exists (select from streamed s where s.camera_id = c.id) as streamed, exists (select from eyes_on e where e.camera_id = c.id) as eyes_on,
  st_distancesphere(st_makepoint(l.lon, l.lat), st_makepoint($6, $7)) as distance_m
from viewer v cross join camera c
left join live l on l.camera_id = c.id
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join unit n on n.id = coalesce(o.unit_id, c.unit_id)
left join network_operator op on op.id = l.operator_id
left join radio_cell rc on rc.id = l.cell_id
left join report_interval ri on ri.recording = coalesce(l.recording, 0)
where c.disabled_time is null
  and not exists (select from hidden h where h.camera_id = c.id)
  and case v.scope
    when 'all' then true
    when 'on_call' then v.on_call
    when 'assigned' then exists (select from assigned a where a.camera_id = c.id)
    when 'own_units' then exists (select from user_unit uu where uu.user_id = v.id and uu.unit_id = n.id)
    when 'own' then o.id = v.officer_id
    else false
  end
  and ($1::float8 is null or (l.lon between $1 and $3::float8 and l.lat between $2::float8 and $4::float8))
  and ($5::smallint is null or coalesce(l.recording, 0) = $5)
  and ($8::text is null or c.ref = $8)
  and ($6::float8 is null or l.lat is not null)
order by distance_m nulls last, c.ref
limit $9;

-- name: force
-- Seconds after which a camera counts as ageing and as stale. From here to the end of the transaction, statements are planned for the
-- values that they are given: one plan for all filters of "find" has nested loops over all cameras and all duties.
select setting_number('ageing_after_s')::float8 as ageing_after_s, setting_number('stale_after_s')::float8 as stale_after_s,
  set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: open_track
-- Asks to see a camera's track: camera, from, to, purpose, incident, reason. Says why not, or which times stay hidden.
select http, code, message, camera_id, hidden from track_open($1, $2, $3, $4, $5, $6);

-- name: track
-- Fixes of a camera in a time, oldest first, without those at incidents that the viewer may not know of. Plus a limit.
select f.fix_time, f.lat, f.lon, f.accuracy_m, f.speed_mps, f.heading_deg, f.recording, f.bearer, f.rsrp_dbm, f.rsrq_db, f.sinr_db,
  f.uplink_kbps, f.battery_pct, f.flags
from fixes($1, $2, $3) f
where not ($4::tstzmultirange @> f.fix_time)
order by f.fix_time limit $5;
