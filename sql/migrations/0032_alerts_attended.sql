-- A call for eyes on is somebody's: of posts that are held by somebody who is there and may know of it, else of all who may.

-- Whether somebody holds a post who is signed in, answers alerts, and may know of this one.
create function sightline.alert_post_attended(p_alert_id bigint, p_post text) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (
    select from post_holding h
    join app_user u on u.id = h.user_id and u.disabled_time is null
    join role_capability c on c.role = u.role and c.capability = 'alert.answer'
    join alert a on a.id = p_alert_id
    where h.post = p_post and h.to_time is null
      and exists (select from session s where s.user_id = u.id and s.kind = 'browser' and session_is_live(s))
      and (a.camera_id is null or camera_visible_to(u.id, u.role, a.camera_id, 'map.view'))
      and (a.incident_id is null or incident_visible_to(u.id, u.role, a.incident_id)))
$$;

-- The post that has the turn after those an alert has come to already; null: none.
create or replace function sightline.alert_next_post(p_alert_id bigint) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select p.code from post p
  where p.alert_turn is not null and not exists (select from alert_turn t where t.alert_id = p_alert_id and t.post = p.code)
    and alert_post_attended(p_alert_id, p.code)
  order by p.alert_turn, p.code limit 1
$$;

-- With an incident that only the people named may know of, if the camera is at one: nobody else is told of the alert.
create or replace function sightline.alert_announce(a sightline.alert) returns void
  language sql security definer set search_path = sightline, public as $$
  select announce('alert', jsonb_strip_nulls(jsonb_build_object('alert', a.id, 'incident', coalesce(
    (select x.incident_id from camera_at_incident x where x.camera_id = a.camera_id and x.hidden limit 1), a.incident_id))))
$$;

-- An officer asks for eyes on. Asking again while it waits changes nothing. Returns the state to tell the camera.
create or replace function sightline.alert_eyes_on(p_camera_id int) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
  first text;
begin
  insert into sightline.alert (kind, camera_id) values ('eyes_on', p_camera_id)
    on conflict (camera_id) where kind = 'eyes_on' and state <> 'ended' do nothing returning * into a;
  if found then
    first := alert_next_post(a.id);
    if first is not null then
      insert into alert_turn (alert_id, post) values (a.id, first);
    end if;
    perform sightline.audit_append('collection', 'alert.eyes_on', 'camera',
      (select ref from sightline.camera where id = p_camera_id),
      p_detail => jsonb_build_object('alert', a.id, 'post', first), p_actor => 'system:gateway');
    perform alert_announce(a);
    return a.state;
  end if;
  return (select state from sightline.alert where camera_id = p_camera_id and kind = 'eyes_on' and state <> 'ended');
end
$$;

-- Calls for eyes on that nobody has answered in time go to the next post, if there is one; returns how many.
create or replace function sightline.alerts_pass_on() returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
  next text;
  passed int := 0;
begin
  for a in
    select w.* from alert w where w.kind = 'eyes_on' and w.state = 'waiting'
      and coalesce((select max(t.from_time) from alert_turn t where t.alert_id = w.id), w.raised_time)
        <= now() - make_interval(secs => setting_number('eyes_on_pass_after_s')::float8)
    for update skip locked
  loop
    next := alert_next_post(a.id);
    continue when next is null;
    insert into alert_turn (alert_id, post) values (a.id, next);
    perform audit_append('alteration', 'alert.passed_on', 'alert', a.id::text,
      p_detail => jsonb_build_object('post', next), p_actor => 'system:keeper');
    perform alert_announce(a);
    passed := passed + 1;
  end loop;
  return passed;
end
$$;

revoke execute on function sightline.alert_post_attended(bigint, text) from public;
grant execute on function sightline.alert_post_attended(bigint, text) to sightline_dashboard;

-- Who may no longer see an incident is told at once: whoever was released from it, and everybody else once it is restricted.
create function sightline.incident_person_released() returns trigger
  language plpgsql security definer set search_path = sightline, public as $$
begin
  perform announce('incident_hidden', jsonb_build_object('incident', new.incident_id, 'user', new.user_id));
  return null;
end
$$;
create trigger incident_person_released after update of until on sightline.incident_person
  for each row when (old.until is null and new.until is not null) execute function sightline.incident_person_released();

create function sightline.incident_restricted() returns trigger
  language plpgsql security definer set search_path = sightline, public as $$
begin
  perform announce('incident_hidden', jsonb_build_object('incident', new.id));
  return null;
end
$$;
create trigger incident_restricted after update of restricted, exercise on sightline.incident
  for each row when ((new.restricted and not old.restricted) or (new.exercise and not old.exercise))
  execute function sightline.incident_restricted();
revoke execute on function sightline.incident_person_released(), sightline.incident_restricted() from public;
