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

-- name: relay_url
-- The internal API of the relay that lives; none: it has not started yet.
select internal_url from relay where heartbeat_time > now() - interval '5 seconds'

-- name: publications_unwanted
-- Lets the grace of cameras that send and that nobody watches be over now.
update publication set wanted_until = now() where ended_time is null

-- name: is_recording
-- Whether a camera is known to record.
select exists (select from live l join camera c on c.id = l.camera_id where c.ref = $1 and l.recording = 3)

-- name: set_role
-- Gives a user another role: name, role.
update app_user set role = $2 where username = $1

-- name: end_streams
-- Ends every stream that is open.
select stream_end(id, 'the measurement is over') from stream_session where ended_time is null

-- name: unheard_for_long
-- As if nothing had been heard on a camera's socket for five minutes.
update live set seen_time = now() - interval '5 minutes' where camera_id = (select id from camera where ref = $1)

-- name: ended_after_stale
-- Seconds from when a silent camera became stale, which is 5 s after its last media, to the end of the newest stream, and why it ended;
-- no row: it is open.
select extract(epoch from s.ended_time - (p.media_time + interval '5 seconds'))::float8 as late_s, s.end_reason
from stream_session s join publication p on p.id = s.publication_id
where s.ended_time is not null and s.opened_time = (select max(opened_time) from stream_session)

-- name: token_expired
-- As if the one-time token of a stream had been given 31 seconds ago.
update stream_session set token_expires = now() - interval '1 second' where id = $1::text::uuid

-- name: stream_refusals
-- How many rows of the audit say that a stream or its token was refused.
select count(*) from audit_entry where action in ('stream.open', 'stream.redeem') and outcome = 'refused'
