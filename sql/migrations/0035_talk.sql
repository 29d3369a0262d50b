-- Talk-back: the NegCo speaks to the officer through the camera. Like the stream gate, every rule is kept here: talk_open() checks all of
-- them and writes the audit row in the same transaction, the relay is asked four times a second what may not go on, and every talk leaves
-- an entry in the command log.

insert into sightline.force_setting (key, value, meaning) values
  ('talk_keep_sound', '1', 'Whether what is said through a camera is kept with the incident (1) or not (0)'),
  ('talk_answer_seconds', '30', 'Seconds within which the officer must accept to be talked to');

alter table sightline.incident_log drop constraint incident_log_kind_check,
  add constraint incident_log_kind_check check (kind in ('note', 'observation', 'request', 'recommendation', 'advice', 'decision',
    'acknowledgement', 'stream', 'talk', 'system'));

-- One person talking, or asking to talk, to one officer, over a stream of theirs.
--   opened → asked → accepted → heard → ended; declined and unanswered ones end without having been accepted.
-- The officer is asked once the speaker's microphone is on the line, so that nobody accepts to hear nothing.
create table sightline.talk (
  id uuid primary key default gen_random_uuid(),
  stream_id uuid not null references sightline.stream_session,
  camera_id int not null references sightline.camera,
  user_id int not null references sightline.app_user,
  incident_id bigint not null references sightline.incident,
  relay_id uuid not null references sightline.relay,
  audio_out text not null check (audio_out in ('earpiece', 'speaker')),   -- as the camera said when it was asked
  speak_token_hash bytea not null,
  speak_token_expires timestamptz not null,
  hear_token_hash bytea,                   -- the camera's, made when the officer accepts
  hear_token_expires timestamptz,
  hear_token_used_time timestamptz,
  opened_time timestamptz not null default clock_timestamp(),
  asked_time timestamptz,                  -- when the speaker's token was redeemed
  answer_by timestamptz,
  accepted_time timestamptz,
  heard_time timestamptz,                  -- since when the camera gets what is said
  ended_time timestamptz,
  end_reason text,
  logged_time timestamptz,                 -- its entry is in the command log: the relay has told of the last words
  constraint talk_ended_with_reason check ((ended_time is null) = (end_reason is null)),
  constraint talk_accepted_once_asked check (accepted_time is null or asked_time is not null),
  constraint talk_heard_once_accepted check (heard_time is null or accepted_time is not null)
);
create unique index talk_one_a_camera on sightline.talk (camera_id) where ended_time is null;
create index talk_stream on sightline.talk (stream_id) where ended_time is null;

-- From when to when the speaker spoke, as the relay saw it, with what was said where the force keeps it (Ogg Opus).
create table sightline.talk_turn (
  talk_id uuid not null references sightline.talk,
  number int not null check (number > 0),
  began_time timestamptz not null,
  ended_time timestamptz not null,
  sound bytea,
  primary key (talk_id, number),
  constraint talk_turn_forward check (ended_time >= began_time)
);

-- Is the user on this incident, as talking through its cameras needs: named on it now, of its negotiators, has triaged a request that is
-- live, or is on call while negotiators are asked for there? Who made the incident is not by that on it.
create function sightline.talk_assigned(p_user_id int, p_incident_id bigint) returns boolean
  stable language sql security definer set search_path = sightline, public as $$
  select exists (select from sightline.incident_person p
      where p.incident_id = p_incident_id and p.user_id = p_user_id and p.until is null)
    or exists (select from sightline.deployment d join sightline.deployment_member m on m.deployment_id = d.id
      join sightline.negotiator n on n.id = m.negotiator_id
      where d.incident_id = p_incident_id and n.user_id = p_user_id and m.state in ('mobilising', 'en_route', 'on_scene'))
    or exists (select from sightline.deployment d join sightline.deployment_state x on x.code = d.state
      where d.incident_id = p_incident_id and x.live and (sightline.is_on_call(p_user_id)
        or (exists (select from sightline.deployment_transition t where t.deployment_id = d.id and t.by_user_id = p_user_id)
          and not exists (select from sightline.incident_person p      -- who was taken off it is not on it any more
            where p.incident_id = p_incident_id and p.user_id = p_user_id and p.until is not null))))
$$;

-- Why a user may not talk through a camera at an incident, by role, incident and assignment: a code, or null where they may. A camera at
-- a restricted incident is talked through for none.
create function sightline.talk_not_permitted(p_user_id int, p_role text, p_incident_id bigint, p_camera_id int) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select case
    when not exists (select from sightline.role_capability rc where rc.role = p_role and rc.capability = 'talk.open')
      then 'role_not_permitted'
    when (select i.restricted from sightline.incident i where i.id = p_incident_id)
      or exists (select from sightline.camera_at_incident x join sightline.incident i on i.id = x.incident_id
        where x.camera_id = p_camera_id and i.restricted)
      then 'talk_off'
    when (select rc.scope from sightline.role_capability rc where rc.role = p_role and rc.capability = 'talk.open') <> 'all'
      and not sightline.talk_assigned(p_user_id, p_incident_id) then 'not_assigned'
  end
$$;

-- Who hears of a talk: its speaker's session, and whoever may see the incident.
create function sightline.talk_announce(t sightline.talk, p_state text) returns void
  language sql security definer set search_path = sightline, public as $$
  select sightline.announce('talk', jsonb_build_object('talk', t.id, 'stream', t.stream_id, 'camera', c.ref, 'incident', t.incident_id,
    'state', p_state, 'reason', t.end_reason, 'by', u.display_name, 'session', s.session_id))
  from sightline.camera c, sightline.app_user u, sightline.stream_session s
  where c.id = t.camera_id and u.id = t.user_id and s.id = t.stream_id
$$;

-- Opens a talk over a stream of the acting user, or says why not. Every answer leaves an audit row.
--   http: the status that the HTTP API answers with.
create function sightline.talk_open(p_stream_id uuid, p_token_hash bytea)
  returns table (http int, code text, message text, talk_id uuid, camera text, audio_out text, incident_id bigint, answer_s int)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
  c sightline.camera;
  pub sightline.publication;
  other text;
  made sightline.talk;
  v_http int;
  v_code text;
  v_message text;
  v_over text;
begin
  select * into s from sightline.stream_session x
    where x.id = p_stream_id and x.user_id = sightline.actor_user_id() and x.session_id = sightline.actor_session_id() for share;
  select * into c from sightline.camera x where x.id = s.camera_id;
  -- Two that ask at once: one has the officer, and the other is told who.
  perform pg_advisory_xact_lock(hashtext('sightline.talk'), coalesce(c.id, 0));
  select * into pub from sightline.publication x where x.id = s.publication_id and x.ended_time is null;
  select u.display_name into other from sightline.talk t join sightline.app_user u on u.id = t.user_id
    where t.camera_id = c.id and t.ended_time is null;
  v_code := sightline.talk_not_permitted(sightline.actor_user_id(), sightline.actor_role(), s.incident_id, s.camera_id);
  v_over := coalesce(s.end_reason, case when s.id is not null then sightline.stream_must_end(s) end);
  if v_code = 'role_not_permitted' then
    v_http := 403; v_message := 'Your role does not talk through cameras.';
  elsif s.id is null then
    v_http := 404; v_code := 'stream_unknown'; v_message := 'There is no such stream of yours; one talks to whom one watches.';
  elsif v_over is not null then
    v_http := 409; v_code := 'stream_ended'; v_message := 'The stream has ended: ' || v_over || '.';
  elsif v_code = 'talk_off' then
    v_http := 409; v_message := 'The camera is at a restricted incident; nobody talks through it.';
  elsif v_code = 'not_assigned' then
    v_http := 403; v_message := 'You are not on this incident. The FIM can name you on it; a request for negotiators brings in who is on call.';
  elsif coalesce(c.audio_out, 'none') = 'none' then
    v_http := 409; v_code := 'no_sound_out'; v_message := case when c.audio_out is null
      then 'Whether this camera can be heard is not known.' else 'This camera has neither earpiece nor speaker.' end;
  elsif other is not null then
    v_http := 409; v_code := 'talk_busy'; v_message := other || ' talks, or asks to talk, to this officer now.';
  elsif pub.id is null then
    v_http := 409; v_code := 'no_picture'; v_message := 'The camera does not send yet.';
  end if;
  if v_http is not null then
    perform sightline.audit_append('disclosure', 'talk.open', 'camera', coalesce(c.ref, 'stream ' || p_stream_id), 'refused', s.purpose,
      p_incident_id => s.incident_id, p_detail => jsonb_build_object('code', v_code, 'why', v_message));
    return query select v_http, v_code, v_message, null::uuid, c.ref, c.audio_out, s.incident_id, null::int;
    return;
  end if;
  insert into sightline.talk (stream_id, camera_id, user_id, incident_id, relay_id, audio_out, speak_token_hash, speak_token_expires)
    values (s.id, c.id, s.user_id, s.incident_id, pub.relay_id, c.audio_out, p_token_hash, now() + interval '30 seconds')
    returning * into made;
  perform sightline.audit_append('disclosure', 'talk.open', 'camera', c.ref, 'allowed', s.purpose, s.reason, s.incident_id,
    jsonb_build_object('talk', made.id, 'stream', s.id, 'audio_out', c.audio_out));
  return query select 201, null::text, null::text, made.id, c.ref, c.audio_out, s.incident_id,
    sightline.setting_number('talk_answer_seconds')::int;
end
$$;

-- Redeems the one-time token of a speaker (browser, WHIP), and asks the officer. Whatever happens next, it is used up. No row: not valid.
-- With a session, it must be the one that asked; without, the token stands for that session.
create function sightline.talk_speak_redeem(p_talk_id uuid, p_token_hash bytea) returns table (relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t sightline.talk;
begin
  update sightline.talk x set asked_time = clock_timestamp(),
      answer_by = now() + make_interval(secs => sightline.setting_number('talk_answer_seconds')::int)
    where x.id = p_talk_id and x.speak_token_hash = p_token_hash and x.asked_time is null and x.speak_token_expires > now()
      and x.ended_time is null and exists (
        select from sightline.stream_session s join sightline.session live on live.id = s.session_id
        where s.id = x.stream_id and s.ended_time is null and sightline.stream_must_end(s) is null
          and sightline.talk_not_permitted(s.user_id, s.role, s.incident_id, s.camera_id) is null and sightline.session_is_live(live)
          and (sightline.actor_session_id() is null or s.session_id = sightline.actor_session_id()))
    returning * into t;
  if not found then
    perform sightline.audit_append('disclosure', 'talk.redeem', 'talk', p_talk_id::text, 'refused', p_reason => 'token');
    return;
  end if;
  perform sightline.command_camera(t.camera_id, jsonb_build_object('type', 'talk_request', 'talk', t.id, 'by', r.name),
      sightline.setting_number('talk_answer_seconds')::int)
    from sightline.stream_session s join sightline.role r on r.code = s.role where s.id = t.stream_id;
  perform sightline.talk_announce(t, 'asked');
  return query select r.internal_url from sightline.relay r where r.id = t.relay_id;
end
$$;

-- The officer accepts, declines, or (having accepted) has heard enough. With an acceptance the camera is told where to listen.
--   p_talk is the camera's word and may be anything; p_whep_base is the address of the gateway's WHEP endpoint as cameras reach it.
create function sightline.talk_answer(p_camera_id int, p_talk text, p_accept boolean, p_whep_base text) returns text
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t sightline.talk;
  secret text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  select * into t from sightline.talk x where x.id::text = lower(p_talk) and x.camera_id = p_camera_id and x.ended_time is null for update;
  if not found then
    return null;
  end if;
  if not p_accept then
    perform sightline.talk_end(t.id, case when t.accepted_time is null then 'the officer declined' else 'the officer ended it' end);
    return 'ended';
  end if;
  if t.accepted_time is not null or t.asked_time is null or t.answer_by <= now() then
    return null;
  end if;
  update sightline.talk x set accepted_time = clock_timestamp(), hear_token_hash = sha256(convert_to(secret, 'UTF8')),
      hear_token_expires = now() + interval '30 seconds' where x.id = t.id returning * into t;
  perform sightline.command_camera(p_camera_id, jsonb_build_object('type', 'talk_start', 'talk', t.id,
    'whep', rtrim(p_whep_base, '/') || '/whep/' || t.id, 'token', secret), 15);
  perform sightline.talk_announce(t, 'accepted');
  return 'accepted';
end
$$;

-- Redeems the one-time token of a listening camera (WHEP). No row: not valid. Gives the relay's address.
create function sightline.talk_hear_redeem(p_talk_id uuid, p_token_hash bytea) returns table (relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t sightline.talk;
begin
  update sightline.talk x set hear_token_used_time = now()
    where x.id = p_talk_id and x.hear_token_hash = p_token_hash and x.hear_token_used_time is null
      and x.hear_token_expires > now() and x.ended_time is null
    returning * into t;
  if not found then
    perform sightline.audit_append('disclosure', 'talk.redeem', 'talk', p_talk_id::text, 'refused', p_reason => 'token of the camera');
    return;
  end if;
  return query select r.internal_url from sightline.relay r where r.id = t.relay_id;
end
$$;

-- The address of the relay that carries a talk, for the camera that shows the token it listens with. No row: it is not that one.
create function sightline.talk_held(p_talk_id uuid, p_token_hash bytea) returns table (relay_url text)
  stable language sql security definer set search_path = sightline, public as $$
  select r.internal_url from sightline.talk t join sightline.relay r on r.id = t.relay_id
  where t.id = p_talk_id and t.hear_token_hash = p_token_hash and t.hear_token_used_time is not null
$$;

-- "Talked to PC 4417 through the camera's earpiece: 3 times, 42 s in all": what the command log says of a talk.
--   p_told: whether the relay told all of it; else what was said last is not known.
create function sightline.talk_words(t sightline.talk, p_told boolean) returns text
  stable language sql security definer set search_path = sightline, public as $$
  select case
    when t.asked_time is null then format('Wanted to talk to %s through the camera: %s', who.words, t.end_reason)
    when t.accepted_time is null then format('Asked to talk to %s through the camera: %s', who.words, t.end_reason)
    when turns.n = 0 and p_told then format('Could talk to %s through the camera''s %s, and said nothing: %s', who.words, t.audio_out,
      t.end_reason)
    when turns.n = 0 then format('Could talk to %s through the camera''s %s; what was said is not known: %s', who.words, t.audio_out,
      t.end_reason)
    else format('Talked to %s through the camera''s %s: %s, %s s in all%s; ended: %s', who.words, t.audio_out,
      case when turns.n = 1 then 'once' else turns.n || ' times' end, greatest(1, round(turns.seconds)),
      case when p_told then '' else ', and what was said last is not known' end, t.end_reason) end
  from (select coalesce(nullif(concat_ws(' ', o.rank, o.name, o.shoulder_number), ''), c.ref) as words
      from sightline.camera c left join sightline.duty d on d.camera_id = c.id and d.during @> t.opened_time
      left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id) where c.id = t.camera_id) who,
    (select count(*) as n, coalesce(sum(extract(epoch from x.ended_time - x.began_time)), 0) as seconds
      from sightline.talk_turn x where x.talk_id = t.id) turns
$$;

-- Ends a talk. True if it went on. Its entry in the command log waits for the last words (see talk_log), and is never written here: the
-- gate ends talks, and must not wait for whoever holds the incident.
create function sightline.talk_end(p_talk_id uuid, p_reason text) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t sightline.talk;
begin
  update sightline.talk x set ended_time = clock_timestamp(), end_reason = left(p_reason, 300)
    where x.id = p_talk_id and x.ended_time is null returning * into t;
  if not found then
    return false;
  end if;
  if t.asked_time is not null then
    perform sightline.command_camera(t.camera_id, jsonb_build_object('type', 'talk_stop', 'talk', t.id), 60);
  end if;
  perform sightline.talk_announce(t, 'ended');
  return true;
end
$$;

-- The audit row of a talk's end, from–to for each time the speaker spoke, and its entry in the command log. Once; true if it was now.
--   p_told: see talk_words.
create function sightline.talk_log(p_talk_id uuid, p_told boolean default true) returns boolean
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t sightline.talk;
  u sightline.app_user;
  made bigint;
begin
  update sightline.talk x set logged_time = now()
    where x.id = p_talk_id and x.ended_time is not null and x.logged_time is null returning * into t;
  if not found then
    return false;
  end if;
  select * into u from sightline.app_user x where x.id = t.user_id;
  perform sightline.audit_append('disclosure', 'talk.end', 'camera', c.ref, 'allowed', s.purpose, t.end_reason, t.incident_id,
      jsonb_build_object('talk', t.id, 'stream', t.stream_id, 'speaker', u.username, 'accepted', t.accepted_time is not null,
        'turns', (select coalesce(jsonb_agg(jsonb_build_array(x.began_time, x.ended_time) order by x.number), '[]')
          from sightline.talk_turn x where x.talk_id = t.id),
        'all_told', p_told, 'sound_kept', exists (select from sightline.talk_turn x where x.talk_id = t.id and x.sound is not null)))
    from sightline.camera c, sightline.stream_session s where c.id = t.camera_id and s.id = t.stream_id;
  insert into sightline.incident_log (incident_id, author, author_user_id, author_role, kind, text, detail)
    select t.incident_id, u.username, u.id, s.role, 'talk', sightline.talk_words(t, p_told), jsonb_build_object('talk', t.id)
    from sightline.stream_session s where s.id = t.stream_id returning id into made;
  perform sightline.announce('incident', jsonb_build_object('incident', t.incident_id, 'entry', made));
  return true;
end
$$;

-- With its stream a talk ends at once, whatever ended the stream.
create function sightline.stream_talk_ends() returns trigger language plpgsql
  security definer set search_path = sightline, public as $$
begin
  perform sightline.talk_end(t.id, 'the stream ended: ' || new.end_reason)
    from sightline.talk t where t.stream_id = new.id and t.ended_time is null;
  return new;
end
$$;
create trigger stream_talk_ends after update of ended_time on sightline.stream_session
  for each row when (old.ended_time is null and new.ended_time is not null) execute function sightline.stream_talk_ends();

-- What nobody tells of any more is logged all the same: talks that no relay ever carried, and those whose relay has been silent since
-- they ended. Done by relays and the keeper, apart from the gate's question; returns how many.
create function sightline.talks_log() returns int
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t record;
  n int := 0;
begin
  for t in select x.id, x.asked_time is null as is_whole from sightline.talk x
      where x.ended_time is not null and x.logged_time is null
        and (x.asked_time is null or x.ended_time < now() - interval '10 seconds')
      for update skip locked loop
    n := n + sightline.talk_log(t.id, t.is_whole or (select x.accepted_time is null from sightline.talk x where x.id = t.id))::int;
  end loop;
  return n;
end
$$;

-- A provisional incident was linked: what is said belongs to the other one, and is judged by it.
create function sightline.stream_talk_follows() returns trigger language plpgsql
  security definer set search_path = sightline, public as $$
begin
  update sightline.talk t set incident_id = new.incident_id where t.stream_id = new.id and t.logged_time is null;
  return new;
end
$$;
create trigger stream_talk_follows after update of incident_id on sightline.stream_session
  for each row when (old.incident_id <> new.incident_id) execute function sightline.stream_talk_follows();

-- Why a talk may not go on: a sentence, or null where it may. That its stream may is asked with the streams.
create function sightline.talk_must_end(t sightline.talk) returns text
  stable language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
begin
  select * into s from sightline.stream_session x where x.id = t.stream_id;
  if t.accepted_time is null and t.answer_by <= now() then
    return 'the officer did not answer';
  elsif t.asked_time is null and t.speak_token_expires <= now() then
    return 'no microphone came within 30 seconds';
  elsif t.heard_time is null and ((t.hear_token_expires <= now() and t.hear_token_used_time is null)
      or t.accepted_time < now() - interval '45 seconds') then
    return 'the camera did not begin to listen in time';
  elsif not exists (select from sightline.relay r where r.id = t.relay_id and r.heartbeat_time > now() - interval '10 seconds') then
    return 'the media relay stopped';
  end if;
  return case sightline.talk_not_permitted(t.user_id, s.role, t.incident_id, t.camera_id)
    when 'talk_off' then 'the incident was restricted'
    when 'not_assigned' then 'the speaker is no longer on the incident'
    when 'role_not_permitted' then 'the permission was withdrawn'
  end;
end
$$;

-- Ends talks that may not go on, and says which of those that a relay carries must end, and why. Asked by every relay each 250 ms with all that it carries, and by the keeper with none.
create function sightline.talks_must_end(p_talks uuid[]) returns table (kind text, id uuid, reason text)
  language plpgsql security definer set search_path = sightline, public as $$
begin
  perform sightline.talk_end(t.id, e.why)
    from sightline.talk t cross join lateral (select sightline.talk_must_end(t)) e (why)
    where t.ended_time is null and e.why is not null;
  return query
    select 'talk', v.id, coalesce(t.end_reason, 'unknown to the database')
      from unnest(p_talks) v (id) left join sightline.talk t on t.id = v.id
      where t.id is null or t.ended_time is not null;
end
$$;
create index talk_unlogged on sightline.talk (ended_time) where logged_time is null;

-- A relay records an end that it saw itself (the peer went away, no media came), and of a talk that all has been told.
create or replace function sightline.media_ended(p_kind text, p_id uuid, p_reason text) returns boolean
  language sql security definer set search_path = sightline, public as $$
  select case p_kind when 'viewing' then sightline.stream_end(p_id, p_reason)
    when 'publication' then sightline.publication_end(p_id, p_reason)
    when 'talk' then sightline.talk_end(p_id, p_reason)
    when 'talk_told' then sightline.talk_log(p_id) else false end
$$;

-- A relay says that the camera gets what is said.
create function sightline.talk_heard(p_talk_id uuid) returns void
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t sightline.talk;
begin
  update sightline.talk x set heard_time = clock_timestamp()
    where x.id = p_talk_id and x.heard_time is null and x.accepted_time is not null and x.ended_time is null returning * into t;
  if found then
    perform sightline.talk_announce(t, 'heard');
  end if;
end
$$;

-- A relay tells from when to when the speaker spoke, and what was said; kept where the force keeps it.
create function sightline.talk_spoken(p_talk_id uuid, p_number int, p_began timestamptz, p_ended timestamptz, p_sound bytea) returns void
  language sql security definer set search_path = sightline, public as $$
  insert into sightline.talk_turn (talk_id, number, began_time, ended_time, sound)
    select t.id, p_number, p_began, greatest(p_began, p_ended), case when sightline.setting_number('talk_keep_sound') > 0 then p_sound end
    from sightline.talk t where t.id = p_talk_id
    on conflict (talk_id, number) do nothing;
$$;

-- Ends one's own talk: whoever holds its token, or the session that asked. False: it is neither's. Twice is once.
create function sightline.talk_leave(p_talk_id uuid, p_token_hash bytea, p_reason text) returns boolean
  language sql security definer set search_path = sightline, public as $$
  select coalesce((select sightline.talk_end(t.id, p_reason) is not null
    from sightline.talk t join sightline.stream_session s on s.id = t.stream_id
    where t.id = p_talk_id and (t.speak_token_hash = p_token_hash or s.session_id = sightline.actor_session_id())), false)
$$;

-- How one's own talk stands, and why it ended. No row: it is not the acting session's.
create function sightline.talk_state(p_talk_id uuid) returns table (state text, reason text)
  stable language sql security definer set search_path = sightline, public as $$
  select case when t.ended_time is not null then 'ended' when t.heard_time is not null then 'heard'
      when t.accepted_time is not null then 'accepted' when t.asked_time is not null then 'asked' else 'opened' end, t.end_reason
  from sightline.talk t join sightline.stream_session s on s.id = t.stream_id
  where t.id = p_talk_id and s.session_id = sightline.actor_session_id()
$$;

-- Streams over which somebody can be heard now, of those that the acting user may know of.
create function sightline.streams_talking() returns table (stream uuid)
  stable language sql security definer set search_path = sightline, public as $$
  select t.stream_id from sightline.talk t join sightline.streams_open() o on o.stream = t.stream_id
  where t.ended_time is null and t.heard_time is not null
$$;

-- What was said in one turn of a talk, for whoever may read the incident's log; leaves an audit row. No row: there is none.
create function sightline.talk_sound(p_talk_id uuid, p_number int) returns table (sound bytea)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  t sightline.talk;
  x sightline.talk_turn;
begin
  select * into t from sightline.talk y where y.id = p_talk_id;
  select * into x from sightline.talk_turn y where y.talk_id = t.id and y.number = p_number;
  if x.sound is null or not sightline.incident_visible(t.incident_id) then
    perform sightline.audit_append('consultation', 'talk.listen', 'talk', p_talk_id::text, 'refused', p_incident_id => t.incident_id);
    return;
  end if;
  perform sightline.audit_append('consultation', 'talk.listen', 'talk', t.id::text, 'allowed', p_incident_id => t.incident_id,
    p_detail => jsonb_build_object('turn', p_number));
  return query select x.sound;
end
$$;

-- The turns of an incident's talks, without their sound.
create function sightline.talk_turns(p_incident_id bigint)
  returns table (talk uuid, number int, began_time timestamptz, ended_time timestamptz, kept boolean)
  stable language sql security definer set search_path = sightline, public as $$
  select t.id, x.number, x.began_time, x.ended_time, x.sound is not null
  from sightline.talk t join sightline.talk_turn x on x.talk_id = t.id
  where t.incident_id = p_incident_id and sightline.incident_visible(p_incident_id)
  order by t.opened_time, x.number
$$;

revoke execute on function sightline.talk_assigned(int, bigint), sightline.talk_not_permitted(int, text, bigint, int),
  sightline.talk_announce(sightline.talk, text), sightline.talk_open(uuid, bytea), sightline.talk_speak_redeem(uuid, bytea),
  sightline.talk_answer(int, text, boolean, text), sightline.talk_hear_redeem(uuid, bytea), sightline.talk_held(uuid, bytea),
  sightline.talk_words(sightline.talk, boolean), sightline.talk_end(uuid, text), sightline.talk_log(uuid, boolean),
  sightline.talks_log(), sightline.stream_talk_ends(), sightline.stream_talk_follows(), sightline.talk_must_end(sightline.talk),
  sightline.talks_must_end(uuid[]), sightline.talk_heard(uuid), sightline.talk_spoken(uuid, int, timestamptz, timestamptz, bytea),
  sightline.talk_leave(uuid, bytea, text), sightline.talk_state(uuid), sightline.streams_talking(), sightline.talk_sound(uuid, int),
  sightline.talk_turns(bigint) from public;
grant execute on function sightline.talk_open(uuid, bytea), sightline.talk_speak_redeem(uuid, bytea),
  sightline.talk_leave(uuid, bytea, text), sightline.talk_state(uuid), sightline.streams_talking(), sightline.talk_sound(uuid, int),
  sightline.talk_turns(bigint) to sightline_dashboard;
grant execute on function sightline.talk_answer(int, text, boolean, text), sightline.talk_hear_redeem(uuid, bytea),
  sightline.talk_held(uuid, bytea) to sightline_gateway;
grant execute on function sightline.talks_must_end(uuid[]), sightline.talk_heard(uuid),
  sightline.talk_spoken(uuid, int, timestamptz, timestamptz, bytea) to sightline_media;
grant execute on function sightline.talks_log() to sightline_media, sightline_keeper;
grant execute on function sightline.talks_must_end(uuid[]) to sightline_keeper;
