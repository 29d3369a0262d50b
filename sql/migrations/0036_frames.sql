-- A viewing over the dashboard's own socket, where UDP does not get through to its viewer.

alter table sightline.stream_session add column frames_time timestamptz;   -- since when the socket carries it: once at most

-- Lets the dashboard's socket carry a viewing: one whose token bought an answer by WHEP but whose picture never came, or one that begins
-- here, which uses the token up. Only for the session that opened it, with the token it was given, once. No row: not valid, or the stream
-- may not go on; then it ends here.
create function sightline.viewing_frames(p_stream_id uuid, p_token_hash bytea)
  returns table (camera_id int, publication_id uuid, relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
  why text;
begin
  select * into s from sightline.stream_session x
    where x.id = p_stream_id and x.token_hash = p_token_hash and x.frames_time is null and x.ended_time is null
      and (x.token_used_time is not null or x.token_expires > now()) and x.session_id = sightline.actor_session_id()
      and exists (select from sightline.session live where live.id = x.session_id and sightline.session_is_live(live))
    for update;
  if not found then
    why := 'token';
  else
    why := sightline.stream_must_end(s);
    if why is not null then
      perform sightline.stream_end(s.id, why);
    end if;
  end if;
  if why is not null then
    perform sightline.audit_append('consultation', 'stream.redeem', 'stream', p_stream_id::text, 'refused', p_reason => why);
    return;
  end if;
  update sightline.stream_session x set token_used_time = coalesce(x.token_used_time, now()), frames_time = now() where x.id = s.id;
  return query select s.camera_id, s.publication_id, r.internal_url
    from sightline.publication p join sightline.relay r on r.id = p.relay_id where p.id = s.publication_id;
end
$$;

grant execute on function sightline.viewing_frames(uuid, bytea) to sightline_dashboard;
