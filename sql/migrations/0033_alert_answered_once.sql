-- An answer that an alert has been given already changes nothing: the officer is not told twice that somebody has seen the call, and the
-- reason of whoever acknowledged first stays.
create or replace function sightline.alert_answer(p_alert_id bigint, p_state text, p_reason text default null) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
begin
  select * into a from alert where id = p_alert_id for update;
  if not found then
    return null;
  elsif p_state <> 'seen' and (a.kind <> 'eyes_on' or p_state not in ('watching', 'ended')) then
    raise exception 'state of an alert of kind %: % is no answer', a.kind, p_state using errcode = 'check_violation';
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
