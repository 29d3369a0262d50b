-- The stream gate. A stream opens only through stream_open(), which checks every rule and writes the audit row in the
-- same transaction: the address is released by the caller only after that has committed.

-- The relays that run, and where their internal API is.
create table sightline.relay (
  id uuid primary key,
  internal_url text not null,
  started_time timestamptz not null default now(),
  heartbeat_time timestamptz not null default now()
) with (fillfactor = 20);

-- One camera sending to one relay. Shared by all who watch it.
create table sightline.publication (
  id uuid primary key default gen_random_uuid(),
  camera_id int not null references sightline.camera,
  relay_id uuid not null references sightline.relay,
  token_hash bytea not null,
  token_expires timestamptz not null,
  token_used_time timestamptz,
  media_time timestamptz,        -- when media last came; arriving media proves that a camera records
  created_time timestamptz not null default now(),
  wanted_until timestamptz not null default now() + interval '15 seconds',  -- grace with nobody watching
  ended_time timestamptz,
  end_reason text,
  check ((ended_time is null) = (end_reason is null))
);
create unique index publication_one_a_camera on sightline.publication (camera_id) where ended_time is null;

-- One person watching one camera.
create table sightline.stream_session (
  id uuid primary key default gen_random_uuid(),
  camera_id int not null references sightline.camera,
  user_id int not null references sightline.app_user,
  session_id uuid not null references sightline.session,
  role text not null,
  purpose text not null references sightline.purpose,
  reason text not null check (length(btrim(reason)) >= 3),
  incident_id bigint not null references sightline.incident,
  publication_id uuid references sightline.publication,
  token_hash bytea not null,
  token_expires timestamptz not null,
  token_used_time timestamptz,
  opened_time timestamptz not null default now(),
  expires_time timestamptz not null,
  ended_time timestamptz,
  end_reason text,
  check ((ended_time is null) = (end_reason is null))
);
create index stream_session_open on sightline.stream_session (camera_id) where ended_time is null;
create index stream_session_user on sightline.stream_session (user_id, opened_time);

-- Why a camera cannot be streamed now: a code, or null where it can. The age of its position plays no part.
create function sightline.camera_not_streamable(p_camera_id int) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select case
    when c.disabled_time is not null then 'camera_disabled'
    when l.camera_id is null then 'never_reported'
    when l.recording <> 3 then 'not_recording'
    when sightline.is_stale(l.seen_time, l.recording) and not exists (
      select from sightline.publication p where p.camera_id = c.id and p.ended_time is null
        and p.media_time > clock_timestamp() - interval '5 seconds') then 'stale'
  end
  from sightline.camera c left join sightline.live l on l.camera_id = c.id where c.id = p_camera_id
$$;

-- Opens a stream for the acting user, or says why not. Every answer leaves an audit row.
--   p_incident_id null: only for officer_safety; a provisional incident is made, to be linked within minutes.
--   http: the status that the HTTP API answers with.
create function sightline.stream_open(p_camera text, p_purpose text, p_reason text, p_incident_id bigint, p_token_hash bytea)
  returns table (http int, code text, message text, stream_id uuid, incident_id bigint, camera_id int, expires timestamptz)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  c sightline.camera;
  p sightline.purpose;
  i sightline.incident;
  made uuid;
  v_incident bigint := p_incident_id;
  v_expires timestamptz;
  v_http int;
  v_code text;
  v_message text;
  v_state text;
begin
  select * into c from sightline.camera x where x.ref = p_camera;
  select * into p from sightline.purpose x where x.code = p_purpose;
  if sightline.may('stream.open') is null then
    v_http := 403; v_code := 'role_not_permitted'; v_message := 'Your role does not view live video.';
  elsif p.code is null then
    v_http := 422; v_code := 'purpose_unknown'; v_message := format('"%s" is not a purpose for which streams are opened.', left(p_purpose, 64));
  elsif p.forbidden then
    v_http := 403; v_code := 'purpose_forbidden'; v_message := p.why_forbidden || '.';
  elsif length(btrim(coalesce(p_reason, ''))) < 3 then
    v_http := 422; v_code := 'reason_missing'; v_message := 'Say in a few words why you need to see this camera.';
  elsif c.id is null or not sightline.camera_visible(c.id, 'stream.open') then
    v_http := 404; v_code := 'camera_unknown'; v_message := 'There is no such camera, or it is not yours to see.';
    if c.id is not null and sightline.may('stream.open') <> 'all' then v_http := 403; v_code := 'camera_out_of_reach';
      v_message := 'This camera is outside what your role and assignments let you view.'; end if;
  elsif p_incident_id is null and p_purpose <> 'officer_safety' then
    v_http := 422; v_code := 'incident_missing'; v_message := 'Name the incident. Only officer safety may open first and link within minutes.';
  end if;
  if v_http is null and p_incident_id is not null then
    select * into i from sightline.incident x where x.id = p_incident_id;
    if i.id is null or not sightline.incident_visible(i.id) then
      v_http := 404; v_code := 'incident_unknown'; v_message := 'There is no such incident, or it is not yours to see.';
    elsif i.closed_time is not null then
      v_http := 409; v_code := 'incident_closed'; v_message := 'The incident is closed.';
    end if;
  end if;
  if v_http is null then
    v_code := sightline.camera_not_streamable(c.id);
    if v_code is not null then
      v_http := 409;
      select (array['unknown', 'off', 'buffering', 'recording'])[l.recording + 1] into v_state
        from sightline.live l where l.camera_id = c.id;
      v_message := case v_code
        when 'not_recording' then format('The camera is %s, not recording.', case v_state
          when 'off' then 'switched off' when 'unknown' then 'in an unknown state' else v_state end)
        when 'stale' then 'Nothing has been heard from the camera for too long to know that it records.'
        when 'never_reported' then 'The camera has never reported.'
        else 'The camera is disabled.' end;
    end if;
  end if;
  if v_http is null and not exists (select from sightline.relay r where r.heartbeat_time > now() - interval '5 seconds') then
    v_http := 503; v_code := 'relay_away'; v_message := 'The media relay does not answer; no stream can be opened until it does.';
  end if;
  if v_http is not null then
    perform sightline.audit_append('consultation', 'stream.open', 'camera', coalesce(c.ref, left(p_camera, 64)), 'refused',
      left(p_purpose, 64), left(p_reason, 500), i.id, jsonb_build_object('code', v_code, 'why', v_message));
    return query select v_http, v_code, v_message, null::uuid, i.id, c.id, null::timestamptz;
    return;
  end if;

  if v_incident is null then
    insert into sightline.incident (title, lat, lon, grade, type, provisional, link_by, created_by)
      select 'Officer safety: ' || coalesce(o.name || ' ' || o.shoulder_number, c.ref), l.lat, l.lon, 'immediate', 'officer safety', true,
        now() + make_interval(mins => sightline.setting_number('provisional_link_minutes')::int), sightline.actor_user_id()
      from sightline.live l left join sightline.duty d on d.camera_id = c.id and d.during @> now()
      left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id) where l.camera_id = c.id
      returning id into v_incident;
    insert into sightline.incident_camera (incident_id, camera_id) values (v_incident, c.id);
    perform sightline.announce('incident', jsonb_build_object('incident', v_incident));
  end if;
  v_expires := least(now() + make_interval(mins => sightline.setting_number('stream_max_minutes')::int),
    (select s.expires_time from sightline.session s where s.id = sightline.actor_session_id()));
  insert into sightline.stream_session (camera_id, user_id, session_id, role, purpose, reason, incident_id, token_hash,
      token_expires, expires_time)
    values (c.id, sightline.actor_user_id(), sightline.actor_session_id(), sightline.actor_role(), p_purpose, btrim(p_reason),
      v_incident, p_token_hash, now() + interval '30 seconds', v_expires)
    returning id into made;
  perform sightline.audit_append('consultation', 'stream.open', 'camera', c.ref, 'allowed', p_purpose, btrim(p_reason), v_incident,
    jsonb_build_object('stream', made));
  perform sightline.log_append(v_incident, 'stream', format('Stream of %s opened (%s)', c.ref, p.name),
    p_detail => jsonb_build_object('stream', made, 'camera', c.ref));
  perform sightline.tell_watched(c.id);
  perform sightline.announce('stream', jsonb_build_object('stream', made, 'camera', c.ref, 'camera_id', c.id, 'incident', v_incident));
  return query select 201, null::text, null::text, made, v_incident, c.id, v_expires;
end
$$;

-- Tells a camera who watches it now, by role; silently where a restricted incident is the reason.
create function sightline.tell_watched(p_camera_id int) returns void
  language sql security definer set search_path = sightline, public as $$
  select sightline.command_camera(p_camera_id, jsonb_build_object('type', 'watched',
    'roles', (select coalesce(jsonb_agg(distinct r.name), '[]') from sightline.stream_session s join sightline.role r on r.code = s.role
              where s.camera_id = p_camera_id and s.ended_time is null),
    'silent', exists (select from sightline.feed_visibility() v where v.camera_id = p_camera_id and v.restricted)))
$$;

-- The publication that carries a camera, made if there is none. With a new one the camera is told to start; p_whip_base is the
-- address of the gateway's WHIP endpoint as cameras reach it, p_token the secret it is to show there (stored as a hash).
create function sightline.publication_ensure(p_stream_id uuid, p_whip_base text, p_token text)
  returns table (publication_id uuid, relay_url text, made boolean)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
  pub sightline.publication;
  is_new boolean := false;
begin
  select * into s from sightline.stream_session x where x.id = p_stream_id and x.ended_time is null;
  if not found then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('sightline.publication'), s.camera_id);
  select x.* into pub from sightline.publication x join sightline.relay r on r.id = x.relay_id
    where x.camera_id = s.camera_id and x.ended_time is null
      and r.heartbeat_time > now() - interval '5 seconds'
      and (x.token_used_time is not null or x.token_expires > now());
  if not found then
    update sightline.publication set ended_time = now(), end_reason = 'replaced'
      where camera_id = s.camera_id and ended_time is null;
    insert into sightline.publication (camera_id, relay_id, token_hash, token_expires)
      select s.camera_id, r.id, sha256(convert_to(p_token, 'UTF8')), now() + interval '30 seconds'
      from sightline.relay r where r.heartbeat_time > now() - interval '5 seconds' order by r.heartbeat_time desc limit 1
      returning * into pub;
    if pub.id is null then
      return;
    end if;
    is_new := true;
    perform sightline.command_camera(s.camera_id, jsonb_build_object('type', 'stream_start', 'stream', pub.id,
      'whip', rtrim(p_whip_base, '/') || '/whip/' || pub.id, 'token', p_token), 15);
  end if;
  update sightline.stream_session set publication_id = pub.id where id = s.id;
  return query select pub.id, (select r.internal_url from sightline.relay r where r.id = pub.relay_id), is_new;
end
$$;

-- Redeems the one-time token of a publication (camera, WHIP). No row: not valid. Gives the relay's address.
create function sightline.publication_redeem(p_publication_id uuid, p_token_hash bytea)
  returns table (camera_id int, camera text, relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  pub sightline.publication;
begin
  update sightline.publication x set token_used_time = now()
    where x.id = p_publication_id and x.token_hash = p_token_hash and x.token_used_time is null
      and x.token_expires > now() and x.ended_time is null
    returning * into pub;
  if not found then
    return;
  end if;
  return query select c.id, c.ref, r.internal_url from sightline.camera c, sightline.relay r
    where c.id = pub.camera_id and r.id = pub.relay_id;
end
$$;

-- Redeems the one-time token of a viewing (browser, WHEP). Whatever happens next, it is used up. No row: not valid.
-- With a session, it must be the one that opened the stream; without, the token stands for that session.
create function sightline.viewing_redeem(p_stream_id uuid, p_token_hash bytea)
  returns table (camera_id int, publication_id uuid, relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
begin
  update sightline.stream_session x set token_used_time = now()
    where x.id = p_stream_id and x.token_hash = p_token_hash and x.token_used_time is null and x.token_expires > now()
      and x.ended_time is null and (sightline.actor_session_id() is null or x.session_id = sightline.actor_session_id())
      and exists (select from sightline.session live where live.id = x.session_id and sightline.session_is_live(live))
    returning * into s;
  if not found then
    perform sightline.audit_append('consultation', 'stream.redeem', 'stream', p_stream_id::text, 'refused', p_reason => 'token');
    return;
  end if;
  return query select s.camera_id, s.publication_id, r.internal_url
    from sightline.publication p join sightline.relay r on r.id = p.relay_id where p.id = s.publication_id;
end
$$;

-- Ends one viewing. True if it was open.
create function sightline.stream_end(p_stream_id uuid, p_reason text) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
begin
  update sightline.stream_session x set ended_time = clock_timestamp(), end_reason = p_reason
    where x.id = p_stream_id and x.ended_time is null returning * into s;
  if not found then
    return false;
  end if;
  perform sightline.audit_append('consultation', 'stream.end', 'camera', c.ref, 'allowed', s.purpose, p_reason, s.incident_id,
      jsonb_build_object('stream', s.id, 'seconds', round(extract(epoch from s.ended_time - s.opened_time))),
      case when sightline.actor_user_id() is null then 'system:gate' end),
    sightline.announce('stream_ended', jsonb_build_object('stream', s.id, 'camera', c.ref, 'camera_id', c.id,
      'session', s.session_id, 'reason', p_reason, 'at', s.ended_time)),
    sightline.tell_watched(c.id)
  from sightline.camera c where c.id = s.camera_id;
  update sightline.publication p set wanted_until = now() + interval '15 seconds'
    where p.id = s.publication_id and p.ended_time is null;
  return true;
end
$$;

create function sightline.publication_end(p_publication_id uuid, p_reason text) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
declare
  pub sightline.publication;
begin
  update sightline.publication x set ended_time = clock_timestamp(), end_reason = p_reason
    where x.id = p_publication_id and x.ended_time is null returning * into pub;
  if not found then
    return false;
  end if;
  perform sightline.command_camera(pub.camera_id, jsonb_build_object('type', 'stream_stop', 'stream', pub.id), 60);
  return true;
end
$$;

-- Why an open stream may not go on: a sentence, or null where it may.
create function sightline.stream_must_end(s sightline.stream_session) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select case
    when not sightline.session_is_live(x) and x.ended_time is not null then 'the viewer''s sign-in ended: ' || x.end_reason
    when x.expires_time <= now() then 'the viewer''s sign-in ended'
    when exists (select from sightline.app_user u where u.id = s.user_id and (u.disabled_time is not null or u.role <> s.role))
      then 'the permission was withdrawn'
    when not exists (select from sightline.role_capability rc where rc.role = s.role and rc.capability = 'stream.open')
      then 'the permission was withdrawn'
    when s.expires_time <= now() then 'the time for one stream is over; ask again'
    when (select i.closed_time from sightline.incident i where i.id = s.incident_id) is not null then 'the incident was closed'
    else case sightline.camera_not_streamable(s.camera_id)
      when 'not_recording' then 'the camera stopped recording'
      when 'stale' then 'nothing is heard from the camera'
      when 'never_reported' then 'nothing is heard from the camera'
      when 'camera_disabled' then 'the camera was disabled'
    end
  end
  from sightline.session x where x.id = s.session_id
$$;

-- Ends whatever may not go on, and says which of the viewings and publications that a relay carries must end, and why.
-- Asked by every relay each 250 ms with all that it carries.
create function sightline.media_must_end(p_viewings uuid[], p_publications uuid[])
  returns table (kind text, id uuid, reason text)
  language plpgsql security definer set search_path = sightline, public as $$
begin
  perform sightline.stream_end(s.id, e.why)
    from sightline.stream_session s cross join lateral (select sightline.stream_must_end(s)) e (why)
    where s.ended_time is null and e.why is not null;
  perform sightline.publication_end(p.id, coalesce(case sightline.camera_not_streamable(p.camera_id)
        when 'not_recording' then 'the camera stopped recording' when 'stale' then 'nothing is heard from the camera'
        when 'camera_disabled' then 'the camera was disabled' end, 'nobody watches'))
    from sightline.publication p
    where p.ended_time is null and (sightline.camera_not_streamable(p.camera_id) is not null
      or (p.wanted_until < now() and not exists (
            select from sightline.stream_session s where s.publication_id = p.id and s.ended_time is null)));
  return query
    select 'viewing', v.id, coalesce(s.end_reason, 'unknown to the database')
      from unnest(p_viewings) v (id) left join sightline.stream_session s on s.id = v.id
      where s.id is null or s.ended_time is not null
    union all
    select 'publication', v.id, coalesce(p.end_reason, 'unknown to the database')
      from unnest(p_publications) v (id) left join sightline.publication p on p.id = v.id
      where p.id is null or p.ended_time is not null;
end
$$;

-- A relay says that it lives, where, and from which publications media arrived just now.
create function sightline.media_heartbeat(p_relay_id uuid, p_internal_url text, p_with_media uuid[] default '{}') returns void
  language sql security definer set search_path = sightline, public as $$
  insert into sightline.relay (id, internal_url) values (p_relay_id, p_internal_url)
    on conflict (id) do update set heartbeat_time = now(), internal_url = excluded.internal_url;
  update sightline.publication set media_time = clock_timestamp() where id = any (p_with_media) and ended_time is null;
$$;

-- A relay records an end that it saw itself (the peer went away, no media came).
create function sightline.media_ended(p_kind text, p_id uuid, p_reason text) returns boolean
  language sql security definer set search_path = sightline, public as $$
  select case p_kind when 'viewing' then sightline.stream_end(p_id, p_reason)
    when 'publication' then sightline.publication_end(p_id, p_reason) else false end
$$;

-- The open streams that the acting user may know of: the own ones, and all of them for whoever may see that camera's streams.
create function sightline.streams_open()
  returns table (stream uuid, camera text, camera_id int, username text, display_name text, role text, purpose text,
    reason text, incident bigint, opened_time timestamptz, expires timestamptz, mine boolean)
  stable language sql security definer set search_path = sightline, public as $$
  select s.id, c.ref, c.id, u.username, u.display_name, s.role, s.purpose, s.reason, s.incident_id, s.opened_time, s.expires_time,
    s.user_id = sightline.actor_user_id()
  from sightline.stream_session s join sightline.camera c on c.id = s.camera_id join sightline.app_user u on u.id = s.user_id
  where s.ended_time is null and (s.user_id = sightline.actor_user_id()
    or (sightline.may('stream.open') is not null and sightline.camera_visible(c.id, 'stream.open') and sightline.incident_visible(s.incident_id)))
$$;

alter table sightline.stream_session enable row level security;
create policy own_or_audit on sightline.stream_session for select to sightline_dashboard
  using (user_id = sightline.actor_user_id() or sightline.may('audit.read') is not null);
grant select (id, camera_id, user_id, session_id, role, purpose, reason, incident_id, publication_id, opened_time, expires_time,
  ended_time, end_reason) on sightline.stream_session to sightline_dashboard;
grant select (id, internal_url, heartbeat_time) on sightline.relay to sightline_dashboard, sightline_keeper;
grant execute on function sightline.stream_open(text, text, text, bigint, bytea), sightline.publication_ensure(uuid, text, text),
  sightline.viewing_redeem(uuid, bytea), sightline.stream_end(uuid, text), sightline.streams_open(),
  sightline.camera_not_streamable(int) to sightline_dashboard;
grant execute on function sightline.publication_redeem(uuid, bytea) to sightline_gateway;
grant execute on function sightline.media_must_end(uuid[], uuid[]), sightline.media_heartbeat(uuid, text, uuid[]),
  sightline.media_ended(text, uuid, text) to sightline_media;
grant execute on function sightline.media_must_end(uuid[], uuid[]) to sightline_keeper;
