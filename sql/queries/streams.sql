-- name: open
-- Opens a stream through the gate: camera, purpose, reason, incident (or null), hash of the one-time token.
select http, code, message, stream_id, incident_id, camera_id, expires from stream_open($1, $2, $3, $4, $5);

-- name: ensure_publication
-- Makes sure that the camera sends: stream, WHIP base as cameras reach it, secret for a new publication.
select publication_id, relay_url, made from publication_ensure($1, $2, $3);

-- name: redeem
-- Uses up the one-time token of a viewing; no row: not valid.
select camera_id, publication_id, relay_url from viewing_redeem($1, $2);

-- name: frames
-- Lets the dashboard's socket carry a viewing, once; no row: not valid.
select camera_id, publication_id, relay_url from viewing_frames($1, $2);

-- name: own
-- Whether a stream is the acting user's, and open.
select s.ended_time is null as open from stream_session s where s.id = $1 and s.user_id = actor_user_id();

-- name: end
-- Ends a stream, with the reason.
select stream_end($1, $2);

-- name: end_by_token
-- Ends a viewing for whoever holds its token or its session. False: neither, or it had ended.
select viewing_end($1, $2, $3);

-- name: all
-- The open streams that the acting user may know of.
select stream, camera, username, display_name, role, purpose, reason, incident, opened_time, expires, mine,
  stream in (select stream from streams_talking()) as talking
from streams_open() order by opened_time;

-- name: purposes
-- The purposes for which streams are opened.
select code, name from purpose where not forbidden order by name;

-- name: link_minutes
-- Minutes within which a provisional incident must be linked, by the force's settings.
select setting_number('provisional_link_minutes')::int;
