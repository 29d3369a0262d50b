-- name: stage_fixes
-- Fixes that may be stored already wait here, within one transaction.
create temporary table fix_stage (like fix, archive boolean not null) on commit delete rows

-- name: stage_live
-- Live state on its way; a recording_time of null means that the flush says nothing of the recording state.
create temporary table live_stage (like live) on commit delete rows

-- name: stored_live
-- Live state of these cameras, as the database has it.
select camera_id, gateway_id, batch, epoch, seen_time, recording, recording_time, recording_since, fix_time, fix_received_time,
  lat, lon, accuracy_m, altitude_m, speed_mps, heading_deg, flags, battery_pct, battery_time, signal_time, bearer,
  operator_id, cell_id, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps
from live where camera_id = any ($1::int[])

-- name: partitions
-- The days that history can take fixes of, by retention class, and where they go.
select retention_class::text, day, name from fix_partition

-- name: operators
-- All networks known.
select id, plmn from network_operator

-- name: add_operators
-- Networks that are new.
insert into network_operator (plmn) select distinct unnest($1::text[]) on conflict (plmn) do nothing

-- name: cells
-- Numbers of these cells ($1 operators, $2 cells).
select r.id, r.operator_id, r.cell from radio_cell r
join unnest($1::smallint[], $2::text[]) w (operator_id, cell) using (operator_id, cell)

-- name: add_cells
-- Cells that are new.
insert into radio_cell (operator_id, cell) select distinct * from unnest($1::smallint[], $2::text[])
on conflict (operator_id, cell) do nothing

-- name: store_checked
-- Staged fixes into history; returns those that were new.
insert into fix (camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m,
  altitude_m, speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags)
select camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m,
  altitude_m, speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags
from fix_stage where not archive order by camera_id, fix_time, content_hash
on conflict do nothing
returning camera_id, fix_time, content_hash

-- name: store_archived
-- Staged fixes into the archive of old times, unless history or quarantine still has them; returns those that were new.
insert into fix_archive (camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m,
  altitude_m, speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags)
select camera_id, retention_class, recording, bearer, fix_time, received_time, content_hash, lat, lon, accuracy_m,
  altitude_m, speed_mps, heading_deg, battery_pct, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator_id, cell_id, flags
from fix_stage s where archive and not exists (
  select from fix f where f.camera_id = s.camera_id and f.retention_class = s.retention_class
    and f.fix_time = s.fix_time and f.content_hash = s.content_hash)
  and not exists (select from fix_quarantine q where q.camera_id = s.camera_id and q.reason in ('implausible_jump', 'zero_position')
    and q.fix_time = s.fix_time and q.content_hash = s.content_hash)
order by camera_id, fix_time, content_hash
on conflict do nothing
returning camera_id, fix_time, content_hash

-- name: store_doubted
-- Fixes that could not be believed, with the reason and as they came, unless they are in history or archive; returns those that were new.
insert into fix_quarantine (camera_id, received_time, fix_time, reason, detail, content_hash, raw)
select * from unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::jsonb[])
  q (camera_id, received_time, fix_time, reason, detail, content_hash, raw)
where not exists (select from fix f where f.camera_id = q.camera_id and f.retention_class in ('r', 'o') and f.fix_time = q.fix_time
    and f.content_hash = q.content_hash)
  and not exists (select from fix_archive a where a.camera_id = q.camera_id and a.fix_time = q.fix_time
    and a.content_hash = q.content_hash)
order by camera_id, reason, content_hash
on conflict (camera_id, reason, content_hash) do nothing
returning camera_id, reason, content_hash

-- name: put_aside
-- Which of these cameras ($1) have fixes in quarantine that may be taken when they are sent again.
select w.camera_id from unnest($1::int[]) w (camera_id) where exists (
  select from fix_quarantine q where q.camera_id = w.camera_id and q.reason in ('clock_ahead', 'refused_by_database'))

-- name: taken_after_all
-- Fixes of cameras ($1, $2 times, $3 contents) that are in history now leave quarantine; returns those that were there.
select * from fix_taken_after_all($1, $2, $3)

-- name: take_newer_live
-- Staged live state that is newer in every respect, as nearly all is; returns how many rows it was.
select live_take_newer()

-- name: live_of_others
-- Staged cameras that another gateway's run wrote last, and by which of its flushes.
select l.camera_id, l.gateway_id, l.batch from live_stage s join live l using (camera_id) where l.gateway_id <> s.gateway_id

-- name: upsert_live
-- Staged live state of which this flush is not in place yet, decided value by value.
select live_upsert()

-- name: coverage_todo
-- Five minutes of cameras whose coverage must be computed again ($1 cameras, $2 starts).
insert into coverage_todo (camera_id, bin_start) select * from unnest($1::int[], $2::timestamptz[])

-- name: finish
-- The flush counts: its number ($2) becomes the newest of the gateway ($1), and whoever listens is told. No row: the run is not known.
update gateway set batch = $2, heartbeat_time = clock_timestamp() where id = $1
returning pg_notify('sightline_live', id || ':' || batch)

-- name: committed_batch
-- Number of the newest flush that was committed.
select batch from gateway where id = $1

-- name: settle_alone
-- Whoever else would judge fixes of these cameras ($1 locks) waits until the transaction is over.
select pg_advisory_xact_lock(hashtext('sightline.settle'), lock) from unnest($1::int[]) lock order by lock

-- name: take_settle_rest
-- Of what was left unjudged, what is newest, at most $1.
delete from settle_rest where ctid = any (array (select ctid from settle_rest order by to_time desc limit $1 for update skip locked))
returning camera_id, from_time, to_time

-- name: leave_settle_rest
-- Fixes of cameras ($1) from $2 to $3 are judged later.
insert into settle_rest (camera_id, from_time, to_time) select * from unnest($1::int[], $2::timestamptz[], $3::timestamptz[])

-- name: has_settle_rest
-- Whether anything was left unjudged.
select exists (select from settle_rest)

-- name: around
-- What must be known to judge fixes of cameras ($1) from $2 to $3, each with $4 believed fixes before them and $5 after.
select w.n::int as n, a.* from unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) with ordinality w (camera_id, from_time, to_time, n)
cross join lateral fix_around(w.camera_id, w.from_time, w.to_time, $4, $5) a

-- name: believe_after_all
-- Suspects of cameras ($1) that are none ($2 contents).
select * from fix_believe_after_all($1, $2)

-- name: doubt_after_all
-- Fixes of cameras ($1) that are out of reach ($2 times, $3 contents, $4 why).
select * from fix_doubt_after_all($1, $2, $3, $4)

-- name: settle_live
-- The newest believed fixes of cameras ($1) are these ($2 times, $3 latitudes, $4 longitudes); returns those where live said otherwise,
-- which change by this flush ($5 gateway, $6 batch). Their signal is shown unless a newer one is known; one of a fix that is doubted is not.
with newest as (
  select w.camera_id, f.*, (l.flags & 2 & -(f.fix_time = l.fix_time and f.lat = l.lat and f.lon = l.lon)::int)
      | case when exists (select from fix_quarantine q where q.camera_id = w.camera_id and q.reason <> 'clock_ahead'
          and q.fix_time >= w.fix_time) then 16 else 0 end as now_flags,
    f.heard and (l.signal_time is null or l.signal_time < f.fix_time) or exists (select from fix_quarantine q
      where q.camera_id = w.camera_id and q.reason = 'implausible_jump' and q.fix_time = l.signal_time) as tells_signal
  from unnest($1::int[], $2::timestamptz[], $3::float8[], $4::float8[]) w (camera_id, fix_time, lat, lon)
  join live l using (camera_id)
  cross join lateral (select f.fix_time, f.received_time, f.lat, f.lon, f.accuracy_m, f.altitude_m, f.speed_mps, f.heading_deg, f.bearer,
      f.operator_id, f.cell_id, f.rsrp_dbm, f.rsrq_db, f.sinr_db, f.rssi_dbm, f.uplink_kbps, f.bearer <> 0 or coalesce(f.operator_id,
        f.cell_id, f.rsrp_dbm, f.rsrq_db, f.sinr_db, f.rssi_dbm, f.uplink_kbps) is not null as heard
    from fixes(w.camera_id, w.fix_time, w.fix_time + interval '1 microsecond') f
    where f.lat = w.lat and f.lon = w.lon limit 1) f)
update live l set fix_time = n.fix_time, fix_received_time = n.received_time, lat = n.lat, lon = n.lon, accuracy_m = n.accuracy_m,
  altitude_m = n.altitude_m, speed_mps = n.speed_mps, heading_deg = n.heading_deg, flags = n.now_flags, gateway_id = $5, batch = $6,
  signal_time = case when n.tells_signal then case when n.heard then n.fix_time end else l.signal_time end,
  bearer = case when n.tells_signal then n.bearer else l.bearer end,
  operator_id = case when n.tells_signal then n.operator_id else l.operator_id end,
  cell_id = case when n.tells_signal then n.cell_id else l.cell_id end,
  rsrp_dbm = case when n.tells_signal then n.rsrp_dbm else l.rsrp_dbm end,
  rsrq_db = case when n.tells_signal then n.rsrq_db else l.rsrq_db end,
  sinr_db = case when n.tells_signal then n.sinr_db else l.sinr_db end,
  rssi_dbm = case when n.tells_signal then n.rssi_dbm else l.rssi_dbm end,
  uplink_kbps = case when n.tells_signal then n.uplink_kbps else l.uplink_kbps end
from newest n where n.camera_id = l.camera_id
  and (n.tells_signal or (l.fix_time, l.lat, l.lon, l.flags) is distinct from (n.fix_time, n.lat, n.lon, n.now_flags))
returning l.camera_id
