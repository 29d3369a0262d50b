-- What an area looked like: replay of the places of all cameras in it, for a purpose and an incident, audited with the cameras it showed.

-- Why somebody may not look at where cameras were: no row where they may.
create function sightline.past_refused(p_what text, p_purpose text, p_incident_id bigint)
  returns table (http int, code text, message text)
  stable language plpgsql security definer set search_path = sightline, public as $$
declare
  p sightline.purpose;
begin
  select * into p from purpose x where x.code = p_purpose;
  if may('track.view') is null then
    return query select 403, 'role_not_permitted', format('Your role does not look at %s.', p_what);
  elsif p.code is null then
    return query select 422, 'purpose_unknown', format('"%s" is not a purpose for which %s are looked at.', left(p_purpose, 64), p_what);
  elsif p.forbidden then
    return query select 403, 'purpose_forbidden', p.why_forbidden || '.';
  elsif not exists (select from incident i where i.id = p_incident_id) or not incident_visible(p_incident_id) then
    return query select 404, 'incident_unknown', 'There is no such incident, or it is not yours to see.';
  end if;
end
$$;
revoke execute on function sightline.past_refused(text, text, bigint) from public;

-- Asks to see a camera's track. Says why not, or which times stay hidden. Every answer leaves an audit row.
create or replace function sightline.track_open(p_camera text, p_from timestamptz, p_to timestamptz, p_purpose text, p_incident_id bigint, p_reason text)
  returns table (http int, code text, message text, camera_id int, hidden tstzmultirange)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  c sightline.camera;
  v_http int;
  v_code text;
  v_message text;
begin
  select * into c from sightline.camera x where x.ref = p_camera;
  select r.http, r.code, r.message into v_http, v_code, v_message from past_refused('tracks', p_purpose, p_incident_id) r;
  if coalesce(v_http, 404) = 404 and (c.id is null or not camera_visible(c.id, 'track.view')) then
    v_http := 404; v_code := 'camera_unknown'; v_message := 'There is no such camera, or it is not yours to see.';
  end if;
  perform audit_append('consultation', 'track.view', 'camera', coalesce(c.ref, left(p_camera, 64)),
    case when v_http is null then 'allowed' else 'refused' end, left(p_purpose, 64), left(p_reason, 500),
    case when v_code = 'incident_unknown' then null else p_incident_id end,
    jsonb_build_object('from', p_from, 'to', p_to, 'code', v_code));
  if v_http is not null then
    return query select v_http, v_code, v_message, null::int, null::tstzmultirange;
    return;
  end if;
  return query select 200, null::text, null::text, c.id, camera_hidden_times(c.id);
end
$$;

-- Asks to see what an area looked like. Says why not, which is audited; what is shown is audited by `replay_shown`, before it is.
create function sightline.replay_open(p_from timestamptz, p_to timestamptz, p_area jsonb, p_purpose text, p_incident_id bigint, p_reason text)
  returns table (http int, code text, message text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  r record;
begin
  select * into r from past_refused('replays', p_purpose, p_incident_id);
  if r.http is null and length(btrim(coalesce(p_reason, ''))) < 3 then
    select 422 as http, 'reason_missing' as code, 'Say in a few words why you need to see what happened there.' as message into r;
  end if;
  if r.http is null then
    return query select 200, null::text, null::text;
    return;
  end if;
  perform audit_append('consultation', 'replay.view', 'area', 'area', 'refused', left(p_purpose, 64), left(p_reason, 500),
    case when r.code = 'incident_unknown' then null else p_incident_id end,
    jsonb_build_object('from', p_from, 'to', p_to, 'area', p_area, 'code', r.code));
  return query select r.http, r.code, r.message;
end
$$;

create function sightline.replay_shown(p_from timestamptz, p_to timestamptz, p_area jsonb, p_purpose text, p_incident_id bigint, p_reason text,
    p_cameras text[]) returns bigint
  language sql security definer set search_path = sightline, public as $$
  select audit_append('consultation', 'replay.view', 'area', 'area', 'allowed', p_purpose, left(btrim(p_reason), 500), p_incident_id,
    jsonb_build_object('from', p_from, 'to', p_to, 'area', p_area, 'cameras', to_jsonb(p_cameras)))
$$;
revoke execute on function sightline.replay_open(timestamptz, timestamptz, jsonb, text, bigint, text),
  sightline.replay_shown(timestamptz, timestamptz, jsonb, text, bigint, text, text[]) from public;
grant execute on function sightline.replay_open(timestamptz, timestamptz, jsonb, text, bigint, text),
  sightline.replay_shown(timestamptz, timestamptz, jsonb, text, bigint, text, text[]), sightline.camera_hidden_times(int)
  to sightline_dashboard;

-- Who watched the acting officer's camera while they wore it, or looked, by track or replay, at a time in which they did; nothing that a
-- restricted incident was the reason of.
create or replace function sightline.watched_me(p_from timestamptz, p_to timestamptz)
  returns table (at timestamptz, by_name text, by_role text, action text, purpose text, camera text, seconds int)
  stable language sql security definer set search_path = sightline, public as $$
  with me as (select u.officer_id from app_user u where u.id = actor_user_id() and u.officer_id is not null
      and may('audit.watched_me') is not null),
  seen as (
    select s.opened_time as at, s.user_id, s.role, 'stream.open' as action, s.purpose, s.camera_id, s.incident_id,
      extract(epoch from coalesce(s.ended_time, now()) - s.opened_time)::int as seconds,
      tstzrange(s.opened_time, s.opened_time, '[]') as looked_at
    from stream_session s where s.opened_time >= p_from and s.opened_time < p_to
    union all
    select e.at, u.id, e.actor_role, e.action, e.purpose, c.id, e.incident_id, null,
      tstzrange((e.detail ->> 'from')::timestamptz, (e.detail ->> 'to')::timestamptz)
    from audit_entry e
    join camera c on case e.action when 'track.view' then c.ref = e.object_id else e.detail -> 'cameras' ? c.ref end
    left join app_user u on u.username = e.actor
    where e.action in ('track.view', 'replay.view') and e.outcome = 'allowed' and e.at >= p_from and e.at < p_to
  )
  select x.at, u.display_name, r.name, x.action, p.name, c.ref, x.seconds
  from me cross join seen x
  join camera c on c.id = x.camera_id
  left join incident i on i.id = x.incident_id
  left join app_user u on u.id = x.user_id
  left join role r on r.code = x.role
  left join purpose p on p.code = x.purpose
  where not coalesce(i.restricted, false) and (
    exists (select from duty d where d.camera_id = x.camera_id and d.officer_id = me.officer_id and d.during && x.looked_at)
    or (c.officer_id = me.officer_id and not exists (select from duty d where d.camera_id = x.camera_id and d.during && x.looked_at)))
  order by x.at desc
$$;
