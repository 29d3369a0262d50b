-- name: users
-- All accounts with their role, when last seen, and whether disabled.
select u.username, u.display_name, r.name as role, o.shoulder_number as officer, u.created_time, u.disabled_time,
  (select max(s.last_seen_time) from session s where s.user_id = u.id) as last_seen_time,
  (select count(*) from session s where s.user_id = u.id and s.ended_time is null and s.expires_time > now()) as sessions
from app_user u join role r on r.code = u.role left join officer o on o.id = u.officer_id
order by u.username;

-- name: cameras
-- All cameras with their wearer now, when last heard, and whether they have a token.
select c.ref as camera, c.kind, c.model, c.firmware, coalesce(o.rank || ' ' || o.name || ' ' || o.shoulder_number, '') as officer,
  d.call_sign, n.name as unit, l.seen_time, c.token_hash is not null as has_token, c.disabled_time
from camera c
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join unit n on n.id = coalesce(o.unit_id, c.unit_id)
left join live l on l.camera_id = c.id
order by c.ref;

-- name: bridges
-- All bridges.
select name, created_time, disabled_time from bridge order by name;

-- name: consulted
-- Records that the acting user looked at a list of people or devices.
select audit_append('consultation', 'admin.' || $1::text, 'list', $1::text);
