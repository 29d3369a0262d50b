-- Snapshots: one picture out of a stream, kept on purpose with the incident. Video is relayed and never stored; this is the exception.

alter table sightline.incident_log drop constraint incident_log_kind_check,
  add constraint incident_log_kind_check check (kind in ('note', 'observation', 'request', 'recommendation', 'advice', 'decision',
    'acknowledgement', 'stream', 'talk', 'snapshot', 'system'));

create table sightline.snapshot (
  id uuid primary key default gen_random_uuid(),
  stream_id uuid not null references sightline.stream_session,
  camera_id int not null references sightline.camera,
  user_id int not null references sightline.app_user,
  incident_id bigint not null references sightline.incident,
  taken_time timestamptz not null default clock_timestamp(),
  picture bytea not null,                -- JPEG
  constraint snapshot_is_a_picture check (length(picture) between 1 and 16777216 and substring(picture from 1 for 2) = '\xffd8')
);
create index snapshot_incident on sightline.snapshot (incident_id, taken_time);

-- Whether the acting user may take a snapshot of a stream: their own, open, and going on. Every refusal leaves an audit row.
--   http: the status that the HTTP API answers with.
create function sightline.snapshot_may(p_stream_id uuid)
  returns table (http int, code text, message text, relay_url text)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  s sightline.stream_session;
  v_url text;
  v_http int := 200;
  v_code text;
  v_message text;
begin
  select * into s from sightline.stream_session x where x.id = p_stream_id and x.session_id = sightline.actor_session_id();
  select r.internal_url into v_url from sightline.publication p join sightline.relay r on r.id = p.relay_id
    where p.id = s.publication_id and p.ended_time is null;
  if s.id is null then
    v_http := 404; v_code := 'stream_unknown'; v_message := 'There is no such stream of yours.';
  elsif s.ended_time is not null or sightline.stream_must_end(s) is not null then
    v_http := 409; v_code := 'stream_ended';
    v_message := 'The stream has ended: ' || coalesce(s.end_reason, sightline.stream_must_end(s)) || '.';
  elsif s.token_used_time is null or v_url is null then
    v_http := 409; v_code := 'no_picture'; v_message := 'The stream shows no picture yet.';
  end if;
  if v_http <> 200 then
    perform sightline.audit_append('collection', 'snapshot.take', 'stream', p_stream_id::text, 'refused', s.purpose,
      p_incident_id => s.incident_id, p_detail => jsonb_build_object('code', v_code));
  end if;
  return query select v_http, v_code, v_message, v_url;
end
$$;

-- Keeps a picture with the incident of a stream that goes on, with its audit row and its entry in the command log. No row: it ended.
create function sightline.snapshot_keep(p_stream_id uuid, p_picture bytea)
  returns table (snapshot_id uuid, incident_id bigint, camera text, taken_time timestamptz)
  language plpgsql security definer set search_path = sightline, public as $$
#variable_conflict use_column
declare
  s sightline.stream_session;
  made sightline.snapshot;
begin
  select * into s from sightline.stream_session x
    where x.id = p_stream_id and x.session_id = sightline.actor_session_id() and x.ended_time is null for share;
  if not found or sightline.stream_must_end(s) is not null then
    perform sightline.audit_append('collection', 'snapshot.take', 'stream', p_stream_id::text, 'refused',
      p_detail => '{"code": "stream_ended"}');
    return;
  end if;
  insert into sightline.snapshot (stream_id, camera_id, user_id, incident_id, picture)
    values (s.id, s.camera_id, s.user_id, s.incident_id, p_picture) returning * into made;
  perform sightline.audit_append('collection', 'snapshot.take', 'camera', c.ref, 'allowed', s.purpose, s.reason, s.incident_id,
      jsonb_build_object('snapshot', made.id, 'stream', s.id)),
    sightline.log_append(s.incident_id, 'snapshot', format('Snapshot of %s kept',
        coalesce(nullif(concat_ws(' ', o.rank, o.name, o.shoulder_number), ''), c.ref)),
      p_detail => jsonb_build_object('snapshot', made.id, 'camera', c.ref))
    from sightline.camera c left join sightline.duty d on d.camera_id = c.id and d.during @> now()
    left join sightline.officer o on o.id = coalesce(d.officer_id, c.officer_id) where c.id = s.camera_id;
  return query select made.id, made.incident_id, c.ref, made.taken_time from sightline.camera c where c.id = made.camera_id;
end
$$;

-- A kept picture, for whoever may see its incident; leaves an audit row. No row: there is none, or it is not the acting user's to see.
create function sightline.snapshot_picture(p_snapshot_id uuid) returns table (picture bytea)
  language plpgsql security definer set search_path = sightline, public as $$
declare
  x sightline.snapshot;
  is_visible boolean;
begin
  select * into x from sightline.snapshot y where y.id = p_snapshot_id;
  is_visible := x.id is not null and sightline.incident_visible(x.incident_id);
  perform sightline.audit_append('consultation', 'snapshot.view', 'snapshot', p_snapshot_id::text,
    case when is_visible then 'allowed' else 'refused' end, p_incident_id => x.incident_id);
  return query select x.picture where is_visible;
end
$$;

revoke execute on function sightline.snapshot_may(uuid), sightline.snapshot_keep(uuid, bytea), sightline.snapshot_picture(uuid) from public;
grant execute on function sightline.snapshot_may(uuid), sightline.snapshot_keep(uuid, bytea), sightline.snapshot_picture(uuid)
  to sightline_dashboard;
