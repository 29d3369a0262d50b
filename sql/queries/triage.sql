-- name: queue
-- Requests for negotiators that the acting user may see: all that are live or await their return, and what was settled since $1.
select d.id, d.state, s.name as state_name, s.live, d.requested_time, d.updated_time, d.handover_to,
  i.id as incident_id, i.title, i.log_number, i.grade, g.name as grade_name, g.rank as grade_rank,
  i.restricted, i.exercise, ru.display_name as requested_by, rr.name as requested_role,
  (select r.name from deployment_transition t join recommendation r on r.code = t.recommendation
    where t.deployment_id = d.id and t.action = 'recommend' order by t.id desc limit 1) as recommended
from deployment d
join deployment_state s on s.code = d.state
join incident i on i.id = d.incident_id
join grade g on g.code = i.grade
join app_user ru on ru.id = d.requested_by
join role rr on rr.code = ru.role
where s.live or d.state = 'stood_down' or d.updated_time > $1
order by d.id;

-- name: deployment
-- One deployment with its incident, its people, the newest recommendation and the newest step.
select d.id, d.state, s.name as state_name, d.requested_time, d.updated_time, d.request,
  lt.id as step_id, lt.at as step_time, lu.id as step_by_id, lu.display_name as step_by, lr.name as step_role,
  ru.id as requested_by_id, ru.display_name as requested_by, rr.name as requested_role,
  cu.id as commander_id, cu.display_name as commander, cr.name as commander_role,
  hu.id as handover_id, hu.display_name as handover, hr.name as handover_role,
  i.id as incident_id, i.title, i.log_number, i.grade, g.name as grade_name, i.lat, i.lon, i.talkgroup,
  i.restricted, i.exercise, i.provisional, i.closed_time is not null as closed,
  in_charge(i.id) as in_charge,
  t.recommendation as recommendation_code, rec.name as recommendation, t.at as recommendation_time,
  t.rationale as recommendation_rationale, tu.display_name as recommendation_by
from deployment d
join deployment_state s on s.code = d.state
join incident i on i.id = d.incident_id
join grade g on g.code = i.grade
join app_user ru on ru.id = d.requested_by join role rr on rr.code = ru.role
left join app_user cu on cu.id = coalesce(
  (select p.user_id from incident_person p where p.incident_id = i.id and p.capacity = 'commander' and p.until is null),
  d.commander_id)
left join role cr on cr.code = cu.role
left join app_user hu on hu.id = d.handover_to left join role hr on hr.code = hu.role
left join lateral (select x.* from deployment_transition x
  where x.deployment_id = d.id and x.action = 'recommend' order by x.id desc limit 1) t on true
left join recommendation rec on rec.code = t.recommendation
left join app_user tu on tu.id = t.by_user_id
left join lateral (select x.* from deployment_transition x where x.deployment_id = d.id order by x.id desc limit 1) lt on true
left join app_user lu on lu.id = lt.by_user_id
left join role lr on lr.code = lt.by_role
where d.id = $1;

-- name: possible
-- What may be done in a state.
select action from deployment_rule where from_state = $1 order by action;

-- name: members
-- Everyone who was ever sent with a deployment, in the order of sending; telephone numbers for whoever calls people out.
select m.negotiator_id, o.rank || ' ' || o.name as name, n.capacity, m.state, m.since, m.had_set_off, m.arrival,
  case when may('rota.read') is not null or may('rota.write') is not null or may('deployment.decide') is not null then n.phone end as phone
from deployment_member m
join negotiator n on n.id = m.negotiator_id
join officer o on o.id = n.officer_id
where m.deployment_id = $1
order by m.id;

-- name: log
-- The newest entries of an incident's command log, with the author's name and the force's word for the role; whom a decision was
-- about and who of them had set off by then; of which camera a stream was, and how long; when somebody spoke in a talk, and whether
-- that is kept.
select l.id, l.at, l.kind, coalesce(u.display_name, l.author) as author, coalesce(r.name, l.author_role) as role, l.text,
  l.about, l.acknowledged_by, t.action, p.people, p.had_set_off,
  s.camera, s.call_sign, s.officer, s.purpose, s.opened_time, s.ended_time,
  k.talk, k.numbers, k.began_times, k.ended_times
from incident_log l
left join app_user u on u.id = l.author_user_id
left join role r on r.code = l.author_role
left join lateral (
  -- The step that an entry tells of was written just before it, by the same person.
  select x.id, x.action, x.members from deployment_transition x
  where l.kind = 'decision' and x.deployment_id = l.deployment_id and x.at <= l.at and x.at > l.at - interval '10 seconds'
    and x.by_user_id = l.author_user_id
  order by x.id desc limit 1) t on true
left join lateral (
  select array_agg(o.rank || ' ' || o.name order by m.place) as people, array_agg(exists (
      select from deployment_transition e
      where e.deployment_id = l.deployment_id and e.id < t.id and e.action in ('en_route', 'on_scene') and m.id = any (e.members)
        and not exists (select from deployment_transition f where f.deployment_id = e.deployment_id and f.id > e.id and f.id < t.id
          and f.action = 'dispatch' and m.id = any (f.members))) order by m.place) as had_set_off
  from unnest(t.members) with ordinality m (id, place)
  join negotiator n on n.id = m.id
  join officer o on o.id = n.officer_id) p on true
left join log_streams($1) s on s.entry = l.id
left join (
  select talk, array_agg(number order by number) as numbers, array_agg(began_time order by number) as began_times,
    array_agg(ended_time order by number) as ended_times
  from talk_turns($1) where kept group by talk) k on l.kind = 'talk' and k.talk::text = l.detail ->> 'talk'
where l.incident_id = $1
order by l.id desc limit $2;

-- name: near
-- The cameras of body-worn kind around a place (WGS 84 degrees $2, $3; metres $4) or named as at the incident $1, that the
-- acting user may see now, nearest first.
with scene as (select $2::float8 as lat, $3::float8 as lon, $4::float8 as around_m),
candidates as (
  select l.*, exists (select from incident_camera ic where ic.incident_id = $1 and ic.camera_id = l.camera_id
      and ic.until is null) as attached,
    case when l.lat is not null and s.lat is not null then st_distancesphere(st_makepoint(l.lon, l.lat), st_makepoint(s.lon, s.lat)) end
      as distance_m
  from live l cross join scene s
  where (l.lat between s.lat - s.around_m / 110000 and s.lat + s.around_m / 110000
      and l.lon between s.lon - s.around_m / (110000 * cos(radians(s.lat))) and s.lon + s.around_m / (110000 * cos(radians(s.lat))))
    or l.camera_id in (select ic.camera_id from incident_camera ic where ic.incident_id = $1 and ic.until is null)
),
nearest as (
  select x.* from candidates x
  join camera c on c.id = x.camera_id and c.disabled_time is null and c.kind = 'body_worn'
  order by not x.attached, x.recording <> 3, x.distance_m nulls last limit 40
)
select c.ref as camera, o.rank || ' ' || o.name as officer, o.shoulder_number, d.call_sign, n.lat, n.lon, n.distance_m, n.attached,
  (array['unknown', 'off', 'buffering', 'recording'])[n.recording + 1] as recording,
  is_stale(n.seen_time, n.recording) as stale,
  extract(epoch from now() - n.seen_time)::float8 as seen_s, extract(epoch from now() - n.fix_time)::float8 as fix_age_s,
  n.bearer, n.rsrp_dbm, n.rsrq_db, n.sinr_db, n.uplink_kbps
from nearest n
join camera c on c.id = n.camera_id
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
where camera_visible(c.id)
order by n.distance_m nulls last, c.ref;

-- name: commanders
-- To whom command can be handed: commanders and FIMs with an account, other than the acting user.
select u.username, u.display_name as name, r.name as role_name
from app_user u join role r on r.code = u.role
where u.role in ('commander', 'fim') and u.disabled_time is null and u.id is distinct from actor_user_id()
order by u.role, u.display_name;

-- name: recommendations
-- The force's recommendations.
select code, name from recommendation order by array_position(array['deploy', 'advice_only', 'not_required', 'cancel'], code), name;

-- name: open_incidents
-- The open incidents that the acting user may see, newest first, to ask for negotiators at.
select i.id, i.title, i.log_number, i.grade, g.name as grade_name, i.lat, i.lon, i.talkgroup
from incident i join grade g on g.code = i.grade
where i.closed_time is null
order by i.opened_time desc limit 200;

-- name: camera_card
-- What a request takes from a camera: who wears it, where it was last.
select c.ref as camera, o.rank || ' ' || o.name || ' ' || o.shoulder_number as officer, d.call_sign, l.lat, l.lon
from camera c
left join live l on l.camera_id = c.id
left join duty d on d.camera_id = c.id and d.during @> now()
left join officer o on o.id = coalesce(d.officer_id, c.officer_id)
where c.ref = $1 and camera_visible(c.id);

-- name: reached
-- All states with the force's words, and when the deployment first reached each.
select s.code, s.name, min(t.at) as at
from deployment_state s left join deployment_transition t on t.to_state = s.code and t.deployment_id = $1
  and t.from_state is distinct from t.to_state
group by s.code, s.name, s.rank order by s.rank;

-- name: on_call
-- Whether the acting user is on call.
select is_on_call(actor_user_id());
