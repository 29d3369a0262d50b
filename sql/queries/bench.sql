-- name: fixes
-- All fixes as they were received, for COPY.
select * from fix order by received_time, camera_id, fix_time, content_hash

-- name: count
-- How many fixes history holds.
select count(*) from fix

-- name: empty
-- Takes all fixes away, and what was live.
truncate fix, live, coverage_todo
