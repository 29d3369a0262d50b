-- name: open
-- Opens a talk over a stream of the acting user: stream, hash of the one-time token.
select http, code, message, talk_id, camera, audio_out, incident_id, answer_s from talk_open($1, $2);

-- name: redeem
-- Uses up the one-time token of a speaker, and asks the officer; no row: not valid.
select relay_url from talk_speak_redeem($1, $2);

-- name: end
-- Ends one's own talk: by its token's hash, or the session, with the reason. False: it is neither's.
select talk_leave($1, $2, $3);

-- name: state
-- How one's own talk stands, and why it ended; no row: it is not the session's.
select state, reason from talk_state($1);

-- name: turns
-- When somebody spoke through a camera at an incident, and whether the sound is kept.
select talk, number, began_time, ended_time, kept from talk_turns($1);

-- name: sound
-- What was said in one turn of a talk (Ogg Opus); no row: it is not kept, or not the acting user's to hear.
select sound from talk_sound($1, $2);
