-- name: connected_cameras
-- How many cameras of these are connected to a gateway that is alive.
select count(distinct c.id)
from camera_link l
join gateway g on g.id = l.gateway_id
join camera c on c.id = l.camera_id
where c.ref = any ($1::text[]) and l.disconnected_time is null and g.ended_time is null
  and g.heartbeat_time > now() - interval '30 seconds';

-- name: has_schema
-- Whether a migration has ever been here.
select to_regclass('sightline.schema_migration') is not null;

-- name: keeper_silent
-- Seconds since a keeper asked this database for anything; null when none is connected.
select extract(epoch from clock_timestamp() - max(state_change)) from pg_stat_activity
where datname = current_database() and application_name = 'sightline-keeper';

-- name: health
-- What status reports of the database's side: gateways alive, how long ago the newest report was and by how much the
-- camera that is least late is late, backlog of the audit's sealer.
select
  (select count(*) from gateway
   where ended_time is null and heartbeat_time > now() - interval '30 seconds') as gateways,
  (select count(*) from live where seen_time > now() - interval '2 minutes') as cameras_live,
  (select count(*) from camera where disabled_time is null) as cameras,
  (select extract(epoch from now() - max(seen_time)) from live) as behind_s,
  (select extract(epoch from now() - max(l.seen_time + make_interval(secs => i.interval_s)))
   from live l join report_interval i using (recording)) as late_s,
  -- The oldest row without a signed seal: above what is settled, or of the last hour in case that note is wrong, or sealed
  -- behind the newest signed head.
  (select extract(epoch from now() - min(e.at)) from (
     select id, at from audit_entry where id > coalesce((select settled_id from audit_settled), 0)
     union all
     select id, at from audit_entry where at > now() - interval '1 hour'
     union all
     select x.id, x.at from audit_seal s join audit_entry x on x.id = s.entry_id
     where s.position > (select coalesce(max(position), 0) from audit_anchor)) e
   where not exists (select from audit_seal s where s.entry_id = e.id
     and s.position <= (select coalesce(max(position), 0) from audit_anchor))) as unsealed_s;
