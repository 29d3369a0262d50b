-- Alerts beside eyes on: signal that is lost, or about to be, while somebody streams at an incident; cover below what the force wants.
-- The keeper raises them, keeps what they say true, and ends them; people acknowledge them.

insert into sightline.force_setting (key, value, meaning) values
  ('signal_none_rsrp_dbm', '-110', 'RSRP below which no stream is to be expected, where no uplink is known; dBm'),
  ('signal_none_uplink_kbps', '800', 'Uplink below which no stream is to be expected; kbit/s'),
  ('signal_alert_after_s', '15', 'Seconds with no usable signal, while streaming, after which an alert says so'),
  ('signal_alert_over_s', '60', 'Seconds with usable signal after which that alert is over'),
  ('picture_lost_after_s', '10', 'Seconds without a picture of an open stream after which it counts as lost');

alter table sightline.alert add column incident_id bigint references sightline.incident,
  drop constraint alert_kind_check,
  add constraint alert_kind_check check (kind in ('eyes_on', 'signal', 'cover_short')),
  add constraint alert_signal_of_what check (kind <> 'signal' or (camera_id is not null and incident_id is not null));
create unique index alert_one_signal on sightline.alert (camera_id, incident_id) where kind = 'signal' and state <> 'ended';
create unique index alert_one_cover on sightline.alert (kind) where kind = 'cover_short' and state <> 'ended';
create index alert_raised on sightline.alert (raised_time);

-- Whether values say that no stream is to be expected; null: they say nothing. As `ingest/quality.py` has it for "none".
create function sightline.signal_none(p_rsrp_dbm real, p_uplink_kbps real) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select case when p_uplink_kbps is not null then p_uplink_kbps < setting_number('signal_none_uplink_kbps')
    when p_rsrp_dbm is not null then p_rsrp_dbm < setting_number('signal_none_rsrp_dbm') end
$$;

-- Times in which a camera was at an incident that the acting user may not know of.
create function sightline.camera_hidden_times(p_camera_id int) returns tstzmultirange
  stable language sql security definer set search_path = sightline, public as $$
  select coalesce(range_agg(tstzrange(ic.since, coalesce(ic.until, i.closed_time))), '{}')
  from incident_camera ic join incident i on i.id = ic.incident_id
  where ic.camera_id = p_camera_id and (i.restricted or i.exercise)
    and not exists (select from incident_named n where n.incident_id = i.id and n.user_id = actor_user_id())
$$;

-- Whether the acting user may know of an alert: of its camera, now and when it was raised, and of its incident.
create function sightline.alert_visible(a sightline.alert) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select may('alert.answer') is not null
    and (a.camera_id is null or (camera_visible(a.camera_id, 'map.view') and not camera_hidden_times(a.camera_id) @> a.raised_time))
    and (a.incident_id is null or incident_visible(a.incident_id))
$$;

create function sightline.alert_announce(a sightline.alert) returns void
  language sql security definer set search_path = sightline, public as $$
  select announce('alert', jsonb_strip_nulls(jsonb_build_object('alert', a.id, 'incident', a.incident_id)))
$$;

-- Raises an alert of the system itself, or says what has changed about it: asked for anew where it has grown worse.
create function sightline.alert_raise(p_kind text, p_camera_id int, p_incident_id bigint, p_detail jsonb, p_is_worse boolean) returns void
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
  is_new boolean;
begin
  insert into alert (kind, camera_id, incident_id, detail) values (p_kind, p_camera_id, p_incident_id, p_detail)
    on conflict do nothing returning * into a;
  is_new := found;
  if not is_new then
    update alert x set detail = p_detail, state = case when p_is_worse then 'waiting' else x.state end,
        answered_by = case when p_is_worse then null else x.answered_by end,
        answered_time = case when p_is_worse then null else x.answered_time end
      where x.kind = p_kind and x.camera_id is not distinct from p_camera_id and x.incident_id is not distinct from p_incident_id
        and x.state <> 'ended' and x.detail is distinct from p_detail
      returning * into a;
    if not found then
      return;
    end if;
  end if;
  if is_new or p_is_worse then
    perform audit_append('collection', 'alert.' || p_kind, 'alert', a.id::text, p_incident_id => p_incident_id,
      p_detail => p_detail, p_actor => 'system:keeper');
  end if;
  perform alert_announce(a);
end
$$;

create function sightline.alert_end(p_alert_id bigint) returns void
  language plpgsql security definer set search_path = sightline, public as $$
declare
  a sightline.alert;
begin
  update alert set state = 'ended', ended_time = clock_timestamp() where id = p_alert_id and state <> 'ended' returning * into a;
  if found then
    perform audit_append('alteration', 'alert.ended', 'alert', a.id::text, p_incident_id => a.incident_id, p_actor => 'system:keeper');
    perform alert_announce(a);
  end if;
end
$$;

-- Looks after the signal of cameras that are streamed at an incident; returns how many alerts were raised, changed or ended.
--   lost: no picture arrives, or the stream ended because nothing was heard; weak: what is heard will not carry a picture much longer.
create function sightline.alerts_of_signal() returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t record;
  changed int := 0;
begin
  for t in
    with pairs as (
      select s.camera_id, s.incident_id from stream_session s where s.ended_time is null
      union
      select s.camera_id, s.incident_id from stream_session s where s.ended_time > now() - interval '2 minutes'
      union
      select a.camera_id, a.incident_id from alert a where a.kind = 'signal' and a.state <> 'ended'
    ), watched as (
      select p.camera_id, p.incident_id, o.is_open, coalesce(o.has_picture, false) as has_picture,
        -- the newest ending counts: who closed a stream, or had it closed by a person, waits for nothing
        not o.is_open and coalesce((select s.end_reason in ('nothing is heard from the camera', 'the camera stopped sending')
            or (s.end_reason = 'the connection was lost' and pub.end_reason = 'the connection was lost')
          from stream_session s left join publication pub on pub.id = s.publication_id
          where s.camera_id = p.camera_id and s.incident_id = p.incident_id order by s.ended_time desc nulls first limit 1), false) as was_cut
      from pairs p cross join lateral (
        select count(*) > 0 as is_open, bool_or(greatest(pub.media_time, s.opened_time)
            > now() - make_interval(secs => setting_number('picture_lost_after_s')::float8)) as has_picture
        from stream_session s left join publication pub on pub.id = s.publication_id
        where s.camera_id = p.camera_id and s.incident_id = p.incident_id and s.ended_time is null) o
    ), heard as (
      select w.*, l.rsrp_dbm, l.uplink_kbps, signal_none(l.rsrp_dbm, l.uplink_kbps) as none_now,
        coalesce(extract(epoch from now() - l.seen_time) > setting_number('ageing_after_s'), true) as is_silent,
        (select count(*) filter (where f.fix_time > now() - make_interval(secs => setting_number('signal_alert_after_s')::float8)
              and not signal_none(f.rsrp_dbm, f.uplink_kbps)) = 0
            and bool_or(f.fix_time < now() - 0.6 * make_interval(secs => setting_number('signal_alert_after_s')::float8)
              and signal_none(f.rsrp_dbm, f.uplink_kbps))
          from fixes(w.camera_id, now() - make_interval(secs => 2 * setting_number('signal_alert_after_s')::float8), now()) f) as none_for_long,
        exists (select from fixes(w.camera_id, now() - make_interval(secs => setting_number('signal_alert_over_s')::float8), now()) f
          where signal_none(f.rsrp_dbm, f.uplink_kbps)) as none_of_late,
        a.id as alert_id, a.detail ->> 'why' as said
      from watched w
      join incident i on i.id = w.incident_id
      left join live l on l.camera_id = w.camera_id
      left join alert a on a.kind = 'signal' and a.state <> 'ended' and a.camera_id = w.camera_id and a.incident_id = w.incident_id
      where i.closed_time is null or a.id is not null
    )
    select h.*, i.closed_time is not null as is_closed,
      case when h.is_open and not h.has_picture then 'lost'
        when h.was_cut and (h.is_silent or h.none_now) then 'lost'
        when h.is_open and h.none_now and h.none_for_long then 'weak' end as why
    from heard h join incident i on i.id = h.incident_id
    order by h.camera_id, h.incident_id
  loop
    if t.why is not null and not t.is_closed then
      continue when t.said = t.why or (t.said = 'lost' and t.why = 'weak');
      perform alert_raise('signal', t.camera_id, t.incident_id, jsonb_build_object('why', t.why, 'rsrp_dbm', t.rsrp_dbm,
        'uplink_kbps', t.uplink_kbps), t.why = 'lost');
      changed := changed + 1;
    elsif t.alert_id is not null and (t.is_closed or not (t.is_open or t.was_cut)
        or (t.has_picture and not t.none_of_late) or (t.was_cut and not t.none_of_late and not t.is_silent)) then
      perform alert_end(t.alert_id);
      changed := changed + 1;
    end if;
  end loop;
  return changed;
end
$$;

-- What is missing on call at a time, as the force wants it; null: nothing. Whose training has lapsed on that local day does not count.
create function sightline.cover_missing(p_at timestamptz) returns jsonb
  stable language sql security definer set search_path = sightline, public as $$
  select case when m.negotiators > 0 or m.negcos > 0 or m.kidnap
    then jsonb_build_object('negotiators', m.negotiators, 'negcos', m.negcos, 'kidnap', m.kidnap) end
  from (
    select greatest(0, setting_number('minimum_negotiators')::int - count(*) filter (where n.capacity = 'negotiator')) as negotiators,
      greatest(0, setting_number('minimum_negcos')::int - count(*) filter (where n.capacity = 'negco')) as negcos,
      coalesce(not bool_or(n.kidnap_trained), true) as kidnap
    from rota_shift s join negotiator n on n.id = s.negotiator_id
    where s.during @> p_at and n.active and n.training_until >= (p_at at time zone 'Europe/London')::date) m
$$;

-- Cover is a standing warning while it is short, in a force that has negotiators; returns how many alerts were raised, changed or ended.
create function sightline.alerts_of_cover() returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  missing jsonb := case when exists (select from negotiator n where n.active) then cover_missing(now()) end;
  a sightline.alert;
begin
  select * into a from alert x where x.kind = 'cover_short' and x.state <> 'ended';
  if missing is null then
    if a.id is null then
      return 0;
    end if;
    perform alert_end(a.id);
    return 1;
  end if;
  if a.id is not null and a.detail - 'reason' = missing then
    return 0;
  end if;
  perform alert_raise('cover_short', null, null, missing, true);
  return 1;
end
$$;

-- A person answers an alert. Only a call for eyes on is watched and ended by people; the others end by themselves, and cover that is short
-- is acknowledged with a reason. Returns the new state; null where there is no such alert.
drop function sightline.alert_answer(bigint, text);
create function sightline.alert_answer(p_alert_id bigint, p_state text, p_reason text default null) returns text
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
  elsif a.state = 'ended' or (a.state = 'watching' and p_state = 'seen') then
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

revoke execute on function sightline.signal_none(real, real), sightline.camera_hidden_times(int), sightline.alert_visible(sightline.alert), sightline.alert_announce(sightline.alert),
  sightline.alert_raise(text, int, bigint, jsonb, boolean), sightline.alert_end(bigint), sightline.alerts_of_signal(),
  sightline.cover_missing(timestamptz), sightline.alerts_of_cover(), sightline.alert_answer(bigint, text, text) from public;
grant execute on function sightline.alerts_of_signal(), sightline.alerts_of_cover() to sightline_keeper;
grant execute on function sightline.alert_visible(sightline.alert), sightline.alert_answer(bigint, text, text) to sightline_dashboard;
