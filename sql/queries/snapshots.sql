-- name: may
-- Whether the acting user may take a snapshot of a stream, and which relay has the picture.
select http, code, message, relay_url from snapshot_may($1);

-- name: keep
-- Keeps a picture (JPEG) with the incident of a stream; no row: the stream has ended.
select snapshot_id, incident_id, camera, taken_time from snapshot_keep($1, $2);

-- name: picture
-- A kept picture; no row: there is none, or it is not the acting user's to see.
select picture from snapshot_picture($1);
