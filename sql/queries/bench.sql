-- name: fixes
-- All fixes as they were received, for COPY.
select * from fix order by received_time, camera_id, fix_time, content_hash

-- name: count
-- How many fixes history holds.
select count(*) from fix

-- name: empty
-- Takes all fixes away, and what was live.
truncate fix, live, coverage_todo

-- name: row_bytes
-- Bytes of history as rows, with index, for each fix.
select sum(pg_total_relation_size(relid))::float8 / (select count(*) from fix) from pg_partition_tree('sightline.fix')

-- name: segment_bytes
-- Bytes of packed history, with index and what is stored out of line; not of days that hold nothing.
select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('sightline.fix_segment') where pg_relation_size(relid) > 0

-- name: fingerprints
-- Two numbers for each fix, of all its fields to the last digit.
select hashtextextended(h::text, 1), hashtextextended(h::text, 2) from fix_history h
