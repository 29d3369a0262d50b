-- Answers to alerts are true: given once, and *watching* only as long as somebody has the camera's stream.

-- Whether somebody has the stream of a camera: opened, and its picture asked for.
create function sightline.camera_is_watched(p_camera_id int) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (select from stream_session s where s.camera_id = p_camera_id and s.ended_time is null and s.token_used_time is not null)
$$;

-- An answer that an alert has been given already changes nothing: the officer is not told twice that somebody has seen the call, and the
-- reason of whoever acknowledged first stays. Whose call is seen while somebody has the stream is watched.
create or replace function sightline.alert_answer(p_alert_id bigint, p_state text, p_reason text default null) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
begin
  select * into a from alert where id = p_alert_id for update;
  if a.kind = 'eyes_on' and p_state = 'seen' and camera_is_watched(a.camera_id) then
    p_state := 'watching';
  end if;
  if a.id is null then
    return null;
  elsif p_state <> 'seen' and (a.kind <> 'eyes_on' or p_state not in ('watching', 'ended')) then
    raise exception 'state of an alert of kind %: % is no answer', a.kind, p_state using errcode = 'check_violation';
  elsif p_state = 'watching' and not camera_is_watched(a.camera_id) then
    raise exception 'nobody has a stream of the camera open' using errcode = 'check_violation';
  elsif a.kind = 'cover_short' and length(btrim(coalesce(p_reason, ''))) < 3 then
    raise exception 'an acknowledgement of short cover has a reason' using errcode = 'check_violation';
  elsif a.state in (p_state, 'ended') or (a.state = 'watching' and p_state = 'seen') then
    return a.state;
  end if;
  update alert x set state = p_state, answered_by = coalesce(x.answered_by, actor_user_id()), answered_time = coalesce(x.answered_time, now()),
      ended_time = case when p_state = 'ended' then now() end,
      detail = case when a.kind = 'cover_short' then x.detail || jsonb_build_object('reason', btrim(p_reason)) else x.detail end
    where id = p_alert_id;
  if a.kind = 'eyes_on' then
    perform command_camera(a.camera_id, jsonb_build_object('type', 'eyes_on_state', 'state', p_state));
  end if;
  perform audit_append('alteration', 'alert.' || p_state, 'alert', p_alert_id::text, p_reason => nullif(btrim(p_reason), ''),
    p_incident_id => a.incident_id);
  perform alert_announce(a);
  return p_state;
end
$$;

-- A call for eyes on is watched from the moment that somebody has the stream until the last one has it no more. Then it has been seen, and
-- waits for whoever ends it or looks again: that a stream has ended does not mean that the officer needs nobody any more.
create function sightline.stream_session_alert() returns trigger
  language plpgsql security definer set search_path = sightline, public as $$
declare
  watched boolean := camera_is_watched(new.camera_id);
  a sightline.alert;
begin
  for a in
    update alert x set state = case when watched then 'watching' else 'seen' end, answered_by = coalesce(x.answered_by, new.user_id),
        answered_time = coalesce(x.answered_time, now())
      where x.camera_id = new.camera_id and x.kind = 'eyes_on'
        and (watched and x.state in ('waiting', 'seen') or not watched and x.state = 'watching')
      returning x.*
  loop
    perform command_camera(a.camera_id, jsonb_build_object('type', 'eyes_on_state', 'state', a.state));
    perform audit_append('alteration', 'alert.' || a.state, 'alert', a.id::text, p_incident_id => a.incident_id,
      p_detail => jsonb_build_object('stream', new.id), p_actor => case when actor_user_id() is null then 'system:gate' end);
    perform alert_announce(a);
  end loop;
  return null;
end
$$;
create trigger stream_session_watched after update of token_used_time on sightline.stream_session
  for each row when (old.token_used_time is null and new.token_used_time is not null) execute function sightline.stream_session_alert();
create trigger stream_session_left after update of ended_time on sightline.stream_session
  for each row when (old.ended_time is null and new.ended_time is not null) execute function sightline.stream_session_alert();

-- An officer asks for eyes on. Asking again while it waits, or somebody watches, changes nothing; who has been seen and asks again later
-- has nobody's eyes still, and that is a new call. Returns the state to tell the camera.
create or replace function sightline.alert_eyes_on(p_camera_id int) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
  first text;
begin
  update sightline.alert x set state = 'ended', ended_time = now()
    where x.camera_id = p_camera_id and x.kind = 'eyes_on' and x.state = 'seen'
      and x.answered_time < now() - make_interval(secs => setting_number('eyes_on_pass_after_s')::float8) returning * into a;
  if found then
    perform sightline.audit_append('alteration', 'alert.ended', 'alert', a.id::text,
      p_detail => jsonb_build_object('asked', 'again'), p_actor => 'system:gateway');
  end if;
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
revoke execute on function sightline.camera_is_watched(int), sightline.stream_session_alert() from public;
grant execute on function sightline.camera_is_watched(int) to sightline_dashboard;
