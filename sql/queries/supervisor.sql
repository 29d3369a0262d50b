-- name: connected_cameras
-- How many cameras are connected to a gateway that is alive.
select count(*)
from camera_link l
join gateway g on g.id = l.gateway_id
where l.disconnected_time is null and g.ended_time is null
  and g.heartbeat_time > now() - interval '30 seconds';

-- name: health
-- What status reports of the database's side: schema, gateways alive, how long ago the newest flush was, backlog of the
-- audit's sealer.
select
  (select count(*) from gateway
   where ended_time is null and heartbeat_time > now() - interval '30 seconds') as gateways,
  (select count(*) from live where seen_time > now() - interval '2 minutes') as cameras_live,
  (select count(*) from camera where disabled_time is null) as cameras,
  (select extract(epoch from now() - max(seen_time)) from live) as behind_s,
  (select extract(epoch from now() - min(at)) from audit_entry
   where id > coalesce((select max(entry_id) from audit_seal), 0)) as unsealed_s;
