-- name: try_lock
-- Whether this session may do a duty now ($1 its name): one keeper at a time.
select pg_try_advisory_lock(hashtext('sightline.keeper'), hashtext($1))

-- name: unlock
-- The duty ($1 its name) is done.
select pg_advisory_unlock(hashtext('sightline.keeper'), hashtext($1))

-- name: partitions_ahead
-- Days of history that fixes of the next days need; returns how many were made.
select fix_partitions_ensure((now() at time zone 'UTC')::date - 1, (now() at time zone 'UTC')::date + $1::int)

-- name: retention
-- Drops the days of history that are past their time; returns their names.
select fix_partitions_drop()

-- name: end_streams
-- Ends streams that may not go on, for the case that no relay asks; returns nothing of interest.
select (select count(*) from media_must_end('{}', '{}')) + (select count(*) from talks_must_end('{}')) + talks_log()

-- name: alerts_pass_on
-- Calls for eyes on that nobody has answered in time go to the next post; returns how many.
select alerts_pass_on()

-- name: alerts_of_signal
-- Looks after the signal of cameras that are streamed; returns how many alerts it raised, changed or ended.
select alerts_of_signal()

-- name: alerts_of_cover
-- Looks whether cover is short; returns how many alerts it raised, changed or ended.
select alerts_of_cover()

-- name: live_sweep
-- Empties a house of live state that the rows left $1 seconds ago; whether one was.
select live_sweep($1)

-- name: live_take_down
-- Takes down an empty house of live state beyond $1; whether one was.
select live_take_down($1)

-- name: live_prepare
-- Makes a house for live state ahead, when a move ($1 bytes) is near and none is empty and free, up to $2; whether one was.
select live_prepare($1, $2)

-- name: live_move
-- Live state moves when its house has grown beyond $1 bytes and what it needs, to one that has been there for $2 seconds, and to one that
-- somebody holds only when there are $3; returns how many rows; null: it need not.
select live_move($1, $2, $3)

-- name: expire_commands
-- Commands that were delivered or expired an hour ago.
delete from camera_command where expires_time < now() - interval '1 hour'

-- name: expire_login_attempts
-- Attempts to sign in, once nobody counts them any more.
delete from login_attempt where at < now() - interval '31 days'

-- name: coverage_closed
-- Five minutes of cameras whose coverage must be computed and that are over ($1 seconds ago), oldest first.
select distinct camera_id, bin_start from coverage_todo
where bin_start + interval '5 minutes' + make_interval(secs => $1) < now()
order by camera_id, bin_start limit $2

-- name: coverage_taken
-- Takes a camera's five minutes from $2 to before $3 off the list; what arrives from now on puts them there again.
delete from coverage_todo where camera_id = $1 and bin_start >= $2 and bin_start < $3

-- name: coverage_complete_since
-- From when on history holds all fixes; of what is older, retention may have dropped a part.
select now() - make_interval(hours => setting_number('retention_other_hours')::int)

-- name: coverage_samples
-- Fixes of a camera ($1) from $2 to before $3, from history and archive, in time.
select fix_time, received_time, lat, lon, recording, coalesce(operator_id, 0::smallint) as operator_id, bearer,
  rsrp_dbm, rsrq_db, sinr_db, uplink_kbps, false as logged, flags & 4 <> 0 as heard
from fixes($1, $2, $3)
union all
select fix_time, received_time, lat, lon, recording, coalesce(operator_id, 0::smallint), bearer,
  rsrp_dbm, rsrq_db, sinr_db, uplink_kbps, true, false
from fix_archive where camera_id = $1 and fix_time >= $2 and fix_time < $3
order by 1

-- name: coverage_before
-- The newest fix of a camera ($1) from $2 to before $3.
select fix_time, received_time, lat, lon, recording, coalesce(operator_id, 0::smallint) as operator_id, bearer,
  rsrp_dbm, rsrq_db, sinr_db, uplink_kbps, false as logged, flags & 4 <> 0 as heard
from fix_before($1, $2, $3)

-- name: coverage_after
-- The oldest fix of a camera ($1) from $2 to before $3.
select fix_time, received_time, lat, lon, recording, coalesce(operator_id, 0::smallint) as operator_id, bearer,
  rsrp_dbm, rsrq_db, sinr_db, uplink_kbps, false as logged, flags & 4 <> 0 as heard
from fix_after($1, $2, $3)

-- name: coverage_gaps
-- Whether a camera ($1) has bins of a gap from $2 to before $3.
select exists (select from coverage_bin where camera_id = $1 and bin_start >= $2 and bin_start < $3 and gap)

-- name: coverage_clear
-- Bins of a camera ($1) from $2 to before $3, to be written anew.
delete from coverage_bin where camera_id = $1 and bin_start >= $2 and bin_start < $3

-- name: coverage_yield
-- Bins of a camera ($1) that give way to ones from more fixes ($2 to $5 keys, $6 fixes).
delete from coverage_bin b
using unnest($2::timestamptz[], $3::bigint[], $4::smallint[], $5::smallint[], $6::int[]) n (bin_start, cell, operator_id, bearer, samples)
where b.camera_id = $1 and b.bin_start = n.bin_start and b.cell = n.cell and b.operator_id = n.operator_id
  and b.bearer = n.bearer and b.samples < n.samples

-- name: coverage_store
-- Bins of a camera ($1) as columns; those that are there stay.
insert into coverage_bin (camera_id, bin_start, cell, operator_id, bearer, samples, rsrp_dbm, rsrq_db, sinr_db, uplink_kbps, gap)
select $1, * from unnest($2::timestamptz[], $3::bigint[], $4::smallint[], $5::smallint[], $6::int[], $7::real[], $8::real[],
  $9::real[], $10::real[], $11::boolean[])
on conflict do nothing
