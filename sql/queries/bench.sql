-- name: fixes
-- All fixes as they were received, for COPY.
select * from fix order by received_time, camera_id, fix_time, content_hash

-- name: count
-- How many fixes history holds.
select count(*) from fix

-- name: empty
-- Takes all fixes away.
truncate fix, coverage_todo

-- name: row_bytes
-- Bytes of history as rows, with index, for each fix.
select sum(pg_total_relation_size(relid))::float8 / (select count(*) from fix) from pg_partition_tree('sightline.fix')

-- name: segment_bytes
-- Bytes of packed history, with index and what is stored out of line; not of days that hold nothing.
select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('sightline.fix_segment') where pg_relation_size(relid) > 0

-- name: fingerprints
-- Two numbers for each fix, of all its fields to the last digit.
select hashtextextended(h::text, 1), hashtextextended(h::text, 2) from fix_history h

-- name: kept_anywhere
-- Every fix of history and of the archive, by camera, as the camera said it.
select camera, fix_time, lat, lon, accuracy_m, altitude_m, speed_mps, heading_deg, recording, battery_pct, bearer, operator, cell,
  rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps from fix_readable

-- name: quarantined
-- Every fix of the quarantine, by camera, as it came.
select c.ref as camera, q.reason, q.raw from fix_quarantine q join camera c on c.id = q.camera_id

-- name: live_against_newest
-- Cameras whose place on the live map is not that of the newest fix of history.
select c.ref from camera c left join live l on l.camera_id = c.id
where (l.fix_time, l.lat, l.lon) is distinct from (
  select (f.fix_time, f.lat, f.lon) from fix_history f where f.camera_id = c.id order by f.fix_time desc, f.lat desc, f.lon desc limit 1)

-- name: live_bytes
-- Bytes of live state on the disk, with its indexes.
select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree('sightline.live')

-- name: lock_all
-- Locks every table as pg_dump does.
do $$ begin
  execute (select format('lock table %s in access share mode', string_agg(format('sightline.%I', relname), ', '))
    from pg_class where relnamespace = 'sightline'::regnamespace and relkind in ('r', 'p'));
end $$

-- name: count_cameras
-- How many cameras there are.
select count(*) from camera
