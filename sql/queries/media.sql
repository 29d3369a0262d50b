-- name: must_end
-- What of all that a relay carries must end, and why; asked each 250 ms.
select kind, id, reason from sightline.media_must_end($1::uuid[], $2::uuid[])
union all
select kind, id, reason from sightline.talks_must_end($3::uuid[])

-- name: ended
-- Records ends that a relay saw itself: kinds, ids and reasons in parallel arrays.
select sightline.media_ended(e.kind, e.id, e.reason)
  from unnest($1::text[], $2::uuid[], $3::text[]) as e (kind, id, reason)

-- name: heartbeat
-- A relay says that it lives, where, and from which publications media arrived just now.
select sightline.media_heartbeat($1::uuid, $2::text, $3::uuid[])

-- name: heard
-- Talks of which the camera gets what is said.
select sightline.talk_heard(id) from unnest($1::uuid[]) as t (id)

-- name: spoken
-- A turn of a talk: its number, from when to when (seconds since 1970 UTC), what was said (Ogg Opus).
select sightline.talk_spoken($1, $2, to_timestamp($3::float8), to_timestamp($4::float8), $5)

-- name: log_talks
-- Writes of ended talks that nobody tells of any more into the command log; returns how many.
select sightline.talks_log()
