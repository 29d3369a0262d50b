-- name: open
-- Alerts that are not over, oldest first, that the acting user may know of: with the post whose turn it is, when it goes on to the next,
-- and whether it came to the user: to the post that is held, or to all where it came to none, or nobody is there at those that it came to.
select a.id, a.kind, a.state, a.raised_time, a.answered_time, u.display_name as answered_by, c.ref as camera, o.name as officer_name,
  o.shoulder_number as officer, d.call_sign, a.detail, a.incident_id as incident, i.title as incident_title, i.log_number, i.talkgroup,
  t.names[cardinality(t.names)] as post,
  case when a.state = 'waiting' and a.kind = 'eyes_on' and alert_next_post(a.id) is not null
    then coalesce(t.newest, a.raised_time) + make_interval(secs => setting_number('eyes_on_pass_after_s')::float8) end as passes_on_time,
  t.names is null or t.is_mine or not t.is_attended as is_mine
from alert a
left join lateral (
  select array_agg(p.name order by w.from_time) as names, max(w.from_time) as newest,
    bool_or(exists (select from post_holding h where h.post = p.code and h.to_time is null and h.user_id = actor_user_id())) as is_mine,
    bool_or(alert_post_attended(a.id, p.code)) as is_attended
  from alert_turn w join post p on p.code = w.post where w.alert_id = a.id) t on true
left join incident i on i.id = a.incident_id
left join camera c on c.id = a.camera_id
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join app_user u on u.id = a.answered_by
where a.state <> 'ended' and alert_visible(a)
order by a.raised_time;

-- name: past
-- Alerts raised from $1 to before $2 that the acting user may know of, newest first, with who wore the camera then, all posts that each
-- came to, and how it was answered; at most $3.
select a.id, a.kind, a.state, a.raised_time, a.answered_time, a.ended_time, u.display_name as answered_by, c.ref as camera,
  o.name as officer_name, o.shoulder_number as officer, d.call_sign, a.detail, a.incident_id as incident, i.title as incident_title, i.log_number,
  array(select p.name from alert_turn w join post p on p.code = w.post where w.alert_id = a.id order by w.from_time) as posts
from alert a
left join incident i on i.id = a.incident_id
left join camera c on c.id = a.camera_id
left join duty d on d.camera_id = c.id and d.during @> a.raised_time
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
left join app_user u on u.id = a.answered_by
where a.raised_time >= $1 and a.raised_time < $2 and alert_visible(a)
order by a.raised_time desc, a.id desc limit $3;

-- name: visible
-- The kind of an alert that the acting user may know of, and whether somebody has its camera's stream; none: there is no such alert for them.
select a.kind, camera_is_watched(a.camera_id) as is_watched from alert a where a.id = $1 and alert_visible(a);

-- name: answer
-- Sets an alert's state, with a reason or without; gives the state it has now.
select alert_answer($1, $2, $3);
