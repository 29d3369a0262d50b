-- name: open
-- Alerts that are not over, oldest first, of cameras that the acting user may see.
select a.id, a.kind, a.state, a.raised_time, a.answered_time, u.display_name as answered_by, c.ref as camera, o.name as officer_name,
  o.shoulder_number as officer, d.call_sign, a.detail
from alert a
left join camera c on c.id = a.camera_id
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join app_user u on u.id = a.answered_by
where a.state <> 'ended' and (a.camera_id is null or camera_visible(a.camera_id, 'map.view'))
order by a.raised_time;

-- name: visible
-- Whether there is such an alert that the acting user may see.
select exists (select from alert a where a.id = $1 and (a.camera_id is null or camera_visible(a.camera_id, 'map.view')));

-- name: answer
-- Sets an alert's state; gives the state it has now.
select alert_answer($1, $2);
