-- name: closed_until
-- Fixes before this may be packed: the last full hour that ended $1 seconds ago.
select date_trunc('hour', now() - make_interval(secs => $1), 'UTC')

-- name: tables_to_pack
-- Tables of rows that hold anything from before $1: name, class, from and until when, and an estimate of how many rows.
select p.name, p.retention_class::text, p.day::timestamp at time zone 'UTC' as from_time,
  least((p.day + 1)::timestamp at time zone 'UTC', $1::timestamptz) as until_time
from fix_partition p
where p.day::timestamp at time zone 'UTC' < $1::timestamptz and pg_relation_size(('sightline.' || quote_ident(p.name))::regclass) > 0
order by p.day, p.retention_class

-- name: cameras_by_lock
-- All cameras, those with a lock in common ($1 locks) next to each other.
select id from camera order by id % $1, id

-- name: lock_for_packing
-- Whoever stores old fixes of cameras with this lock ($1) waits until the transaction is over.
select pg_advisory_xact_lock(hashtext('sightline.fix_pack'), $1)

-- name: closed_rows
-- Rows of cameras ($1) of a class ($2) from $3 to before $4, without NULLs, so that all have one layout.
select camera_id, recording, bearer, fix_time, received_time, content_hash, lat, lon,
  coalesce(accuracy_m, 'NaN') as accuracy_m, coalesce(altitude_m, 'NaN') as altitude_m, coalesce(speed_mps, 'NaN') as speed_mps,
  coalesce(heading_deg, 'NaN') as heading_deg, coalesce(battery_pct, 'NaN') as battery_pct, coalesce(rsrp_dbm, 'NaN') as rsrp_dbm,
  coalesce(rsrq_db, 'NaN') as rsrq_db, coalesce(sinr_db, 'NaN') as sinr_db, coalesce(rssi_dbm, 'NaN') as rssi_dbm,
  coalesce(uplink_kbps, 'NaN') as uplink_kbps, coalesce(operator_id, -1::smallint) as operator_id, coalesce(cell_id, -1) as cell_id,
  flags
from fix where camera_id = any ($1::int[]) and retention_class = $2::text::"char" and fix_time >= $3 and fix_time < $4
order by camera_id, fix_time, content_hash

-- name: pack
-- Puts segments in the place of their rows.
select fix_pack($1, $2::text::"char", $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: tidy
-- Gives the room of days whose rows are all packed back; returns the tables that were emptied.
select fix_partitions_tidy()

-- name: operators
-- Networks by number.
select id, plmn from network_operator

-- name: cells
-- Names of cells by number ($1).
select id, cell from radio_cell where id = any ($1::int[])

-- name: locks_to_store
-- Waits until nobody packs what has these locks ($1), and keeps them from doing so until the transaction is over.
select pg_advisory_xact_lock_shared(hashtext('sightline.fix_pack'), lock) from unnest($1::int[]) lock order by lock

-- name: segments_around
-- Segments that may hold fixes of these cameras ($1) in these hours ($2); some more than once.
select s.camera_id, s.fixes, s.packed
from unnest($1::int[], $2::timestamptz[]) w (camera_id, hour)
join fix_segment s on s.camera_id = w.camera_id and s.start_time > w.hour - interval '1 day'
  and s.start_time < w.hour + interval '1 hour' and s.end_time >= w.hour
