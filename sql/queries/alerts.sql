-- name: open
-- Alerts that are not over, oldest first, of cameras that the acting user may see: with the post whose turn it is, when it goes on to
-- the next, and whether it came to the user: to the post that is held, or to all where it came to none.
select a.id, a.kind, a.state, a.raised_time, a.answered_time, u.display_name as answered_by, c.ref as camera, o.name as officer_name,
  o.shoulder_number as officer, d.call_sign, a.detail, t.names[cardinality(t.names)] as post,
  case when a.state = 'waiting' and a.kind = 'eyes_on' and alert_next_post(a.id) is not null
    then coalesce(t.newest, a.raised_time) + make_interval(secs => setting_number('eyes_on_pass_after_s')::float8) end as passes_on_time,
  t.names is null or coalesce(t.is_mine, false) as is_mine
from alert a
left join lateral (
  select array_agg(p.name order by w.from_time) as names, max(w.from_time) as newest,
    bool_or(exists (select from post_holding h where h.post = p.code and h.to_time is null and h.user_id = actor_user_id())) as is_mine
  from alert_turn w join post p on p.code = w.post where w.alert_id = a.id) t on true
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
