-- name: register
-- A gateway begins a run; its number goes into every row that it changes.
insert into gateway (name) values ($1) returning id

-- name: heartbeat
-- A gateway says that it lives; no row: its run is not known (any more).
update gateway set heartbeat_time = clock_timestamp() where id = $1 and ended_time is null returning batch

-- name: end_run
-- A gateway ends in an orderly way.
update gateway set ended_time = now() where id = $1 and ended_time is null

-- name: end_links
-- Marks the newest connections that still belong to a gateway as gone.
update camera_link set disconnected_time = now() where gateway_id = $1 and disconnected_time is null

-- name: report_intervals
-- Seconds expected between two reports in each recording state.
select recording, interval_s from report_interval

-- name: cameras_by_token
-- Cameras that these token hashes admit.
select id, ref, token_hash from camera where token_hash = any ($1::bytea[]) and disabled_time is null

-- name: bridges_by_token
-- Bridges that these token hashes admit.
select id, name, token_hash from bridge where token_hash = any ($1::bytea[]) and disabled_time is null

-- name: cameras_by_ref
-- Cameras that a bridge speaks for.
select id, ref, disabled_time is not null as disabled from camera where ref = any ($1::text[])

-- name: register_cameras
-- Cameras that a bridge brings along, where the force allows that. They have no token of their own.
insert into camera (ref) select distinct unnest($1::text[]) on conflict (ref) do nothing

-- name: cameras_cut_off
-- Of connected cameras and the tokens they showed, those that are no longer admitted.
select held.id from unnest($1::int[], $2::bytea[]) held (id, token_hash)
where not exists (
  select from camera c where c.id = held.id and c.token_hash = held.token_hash and c.disabled_time is null)

-- name: cameras_disabled
-- Of cameras that bridges speak for, those that are disabled.
select id from camera where id = any ($1::int[]) and disabled_time is not null

-- name: bridges_cut_off
-- Of connected bridges and the tokens they showed, those that are no longer admitted.
select held.id from unnest($1::int[], $2::bytea[]) held (id, token_hash)
where not exists (
  select from bridge b where b.id = held.id and b.token_hash = held.token_hash and b.disabled_time is null)

-- name: claim
-- Makes this gateway's connections ($1 cameras, $2 gateway) the newest ones, and tells whose each was before. Cameras that are watched are told so again ($3 WHIP base).
select camera_id, epoch, gateway_before from claim_cameras($1, $2, $3)

-- name: announce_claims
-- Tells the other gateways which connections are now the newest: "GATEWAY CAMERA:EPOCH CAMERA:EPOCH …".
select pg_notify('sightline_link', $1)

-- name: overtaken
-- Of this gateway's connections ($2 cameras, $3 epochs), those of which another gateway ($1 is not it) has a newer one.
select l.camera_id, l.epoch from unnest($2::int[], $3::bigint[]) mine (camera_id, epoch)
join camera_link l using (camera_id) where l.epoch > mine.epoch and l.gateway_id <> $1

-- name: held_elsewhere
-- Whether another gateway that lives ($2 is this one) has a camera's ($1) newest connection.
select exists (
  select from camera_link l join gateway g on g.id = l.gateway_id
  where l.camera_id = $1 and l.gateway_id <> $2 and l.disconnected_time is null
    and g.ended_time is null and g.heartbeat_time > now() - interval '30 seconds')

-- name: standing
-- Of cameras ($1) that somebody without a connection speaks of: the newest connection's number, whether another gateway that lives
-- ($2 is this one) has it, and when the recording state was set.
select c.camera_id, greatest(l.epoch, v.epoch, 0) as epoch, v.recording_time,
  coalesce(l.gateway_id <> $2 and l.disconnected_time is null
    and g.ended_time is null and g.heartbeat_time > now() - interval '30 seconds', false) as held_elsewhere
from unnest($1::int[]) c (camera_id)
left join camera_link l using (camera_id) left join live v using (camera_id) left join gateway g on g.id = l.gateway_id

-- name: unlink
-- Connections that ended: marks them so, unless a newer one is there.
update camera_link l set disconnected_time = now()
from unnest($1::int[], $2::bigint[]) gone (camera_id, epoch)
where l.camera_id = gone.camera_id and l.epoch = gone.epoch

-- name: introduce
-- What cameras ($1) said of themselves in their hello ($2 models, $3 firmware, $4 where sound comes out); unchanged rows are left alone.
update camera c set model = s.model, firmware = s.firmware, audio_out = s.audio_out
from unnest($1::int[], $2::text[], $3::text[], $4::text[]) s (id, model, firmware, audio_out)
where c.id = s.id and (c.model, c.firmware, c.audio_out) is distinct from (s.model, s.firmware, s.audio_out)

-- name: eyes_on
-- The officer asks to be watched over; returns where the request stands.
select alert_eyes_on($1)

-- name: talk_answer
-- The officer ($1 camera) accepts or declines to be talked to ($2 talk, $3), and with $4, this gateway's HTTP as cameras reach it, hears
-- where to listen; returns what became of it.
select talk_answer($1, $2, $3, $4)

-- name: take_commands
-- Commands that wait for cameras whose newest connection is here ($1 cameras, $2 epochs), marked as delivered.
update camera_command c set delivered_time = clock_timestamp()
from unnest($1::int[], $2::bigint[]) mine (camera_id, epoch)
join camera_link l on l.camera_id = mine.camera_id and l.epoch = mine.epoch
where c.camera_id = mine.camera_id and c.delivered_time is null and c.expires_time > clock_timestamp()
returning c.id, c.camera_id, c.body::text

-- name: commands_waiting
-- Cameras of this gateway that commands wait for: the net below the notifications.
select distinct c.camera_id from camera_command c join camera_link l using (camera_id)
where c.delivered_time is null and c.expires_time > clock_timestamp()
  and l.gateway_id = $1 and l.disconnected_time is null

-- name: give_commands_back
-- Commands that could not be handed over after all.
update camera_command set delivered_time = null where id = any ($1::bigint[])

-- name: redeem_publication
-- The one-time token of a publication: its camera and the relay that carries it, or no row.
select camera_id, camera, relay_url from publication_redeem($1, $2)

-- name: publication_held
-- The relay of the publication that was claimed with this token; no row: it was not.
select relay_url from publication_held($1, $2)

-- name: redeem_talk
-- The one-time token of a camera that listens: the relay that carries the talk, or no row.
select relay_url from talk_hear_redeem($1, $2)

-- name: talk_held
-- The relay of the talk that was claimed with this token; no row: it was not.
select relay_url from talk_held($1, $2)

-- name: retention
-- How long the force keeps history: seconds for fixes of recording cameras, and for all others.
select setting_number('retention_recording_days')::float8 * 86400 as recording_s,
  setting_number('retention_other_hours')::float8 * 3600 as other_s

-- name: still_there
-- Answers if the connection lives.
select true;
