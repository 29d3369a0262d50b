"""A talk in the database, of which an officer has just been asked."""

from __future__ import annotations

from uuid import UUID

import asyncpg


async def asked_of_an_officer(owner: asyncpg.Connection, ref: str) -> UUID:
    """A talk of which the officer has just been asked; its id."""
    talk: UUID = await owner.fetchval(
        """
        with relay as (insert into relay (id, internal_url) values (gen_random_uuid(), 'http://127.0.0.1:1') returning id),
        negco as (insert into app_user (username, display_name, role) values ('negco', 'NegCo 1', 'negco') returning id),
        signed as (insert into session (user_id, token_hash, csrf, role, expires_time)
          select id, 'x', 'csrf', 'negco', now() + interval '1 hour' from negco returning id),
        incident as (insert into incident (title, lat, lon, grade) values ('Bridge', 57, 2, 'immediate') returning id),
        stream as (insert into stream_session
            (camera_id, user_id, session_id, role, purpose, reason, incident_id, token_hash, token_expires, expires_time)
          select c.id, negco.id, signed.id, 'negco', 'negotiator_triage', 'hear him', incident.id, 'x', now(), now() + interval '1 hour'
          from camera c, negco, signed, incident where c.ref = $1 returning id, camera_id, user_id, incident_id)
        insert into talk (stream_id, camera_id, user_id, incident_id, relay_id, audio_out, speak_token_hash, speak_token_expires,
          asked_time, answer_by)
        select stream.id, camera_id, user_id, incident_id, relay.id, 'earpiece', 'x', now(), now(), now() + interval '30 seconds'
        from stream, relay returning id
        """,
        ref,
    )
    return talk
