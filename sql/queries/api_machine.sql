-- name: ready
-- What the dashboard's work depends on: whether the schema is there, and seconds since each part was last heard.
select (select max(number) from schema_migration) as schema,
  (select extract(epoch from now() - max(heartbeat_time))::float8 from gateway where ended_time is null) as gateway_age_s,
  (select extract(epoch from now() - max(heartbeat_time))::float8 from relay) as relay_age_s;

-- name: gauges
-- Counts for the metrics: cameras by recording code.
select coalesce(l.recording, 0) as recording, count(*) as cameras
from camera c left join live l on l.camera_id = c.id where c.disabled_time is null group by 1;

-- name: streams_open
-- How many streams are open.
select stream_count();
