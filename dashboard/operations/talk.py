"""Talk-back: the NegCo speaks to the officer through the camera."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sightline.dashboard.access.acting import Actor, current_credentials
from sightline.dashboard.errors import (
    InvalidError,
    NotFoundError,
    NotSignedInError,
    RelayAwayError,
    RelayRefusedError,
)
from sightline.dashboard.operations.answers import refusal
from sightline.dashboard.services import Services
from sightline.ingest.media.sdp import why_no_offer
from sightline.sql import query
from sightline.sql.accounts import new_token, token_hash


@dataclass(frozen=True)
class OpenedTalk:
    """A talk that waits for its speaker's microphone; then the officer is asked.

    Attributes:
        talk: its id.
        camera: through which is talked.
        audio_out: where the officer hears it: ``earpiece`` or ``speaker``, and then others may hear it, too.
        whip: path to send the SDP offer with the microphone to.
        token: one-time bearer token for that, good for 30 s.
        answer_s: seconds that the officer has to accept, once asked.
    """

    talk: UUID
    camera: str
    audio_out: str
    whip: str
    token: str
    answer_s: int


@dataclass(frozen=True)
class SpokenTurn:
    """One time that somebody spoke.

    Attributes:
        talk: of which talk.
        number: from 1 within it.
        began_time: UTC, as the relay saw it.
        ended_time: UTC.
        kept: whether what was said is kept.
    """

    talk: UUID
    number: int
    began_time: datetime
    ended_time: datetime
    kept: bool


async def open_talk(act: Actor, stream: UUID) -> OpenedTalk:
    """Open a talk over a stream of the acting user.

    Raises:
        RefusalError: it may not be, and why (403, 404, 409).
    """
    token = new_token()
    row = await act.connection.fetchrow(query("talk.open"), stream, token_hash(token))
    if row["http"] != 201:
        raise refusal(row["http"], row["code"], row["message"], "stream")
    talk: UUID = row["talk_id"]
    return OpenedTalk(
        talk, row["camera"], row["audio_out"], f"/whip/{talk}", token, row["answer_s"]
    )


async def speak(services: Services, talk: UUID, token: str, offer: str) -> str:
    """Redeem a talk's one-time token and hand the browser's SDP offer to the relay; the SDP answer. The officer is asked now.

    Raises:
        InvalidError: the body is no SDP offer of sound. The token can still be used.
        NotSignedInError: the token is not valid, used up or too old; it is not this session's; or the talk has ended.
        RelayAwayError: the relay does not answer. The talk is ended.
        RelayRefusedError: the relay cannot, and why. The talk is ended.
    """
    if (wrong := why_no_offer(offer.encode(), "audio")) is not None:
        raise InvalidError(wrong, code="invalid_offer")
    hashed = token_hash(token)
    if current_credentials.get().token is None:
        async with services.transaction() as connection:
            relay_url = await connection.fetchval(query("talk.redeem"), talk, hashed)
    else:
        async with services.acting() as act:
            relay_url = await act.connection.fetchval(query("talk.redeem"), talk, hashed)
    if relay_url is None:
        raise NotSignedInError(
            "The token is not valid for this talk, or was used, or is older than 30 s, or the talk has ended."
        )
    try:
        return await services.relay.speak(relay_url, talk, offer)
    except (RelayAwayError, RelayRefusedError):
        async with services.transaction() as connection:
            await connection.fetchval(query("talk.end"), talk, hashed)
        raise


async def leave(services: Services, talk: UUID, token: str | None) -> None:
    """End a talk for whoever holds its token or its session; twice is once. The relay lets go of it within 250 ms.

    Raises:
        NotFoundError: there is no such talk, or it is neither's.
        NotSignedInError: there is neither token nor session.
    """
    if token is None and current_credentials.get().token is None:
        raise NotSignedInError
    hashed = token_hash(token or secrets.token_urlsafe(32))
    if current_credentials.get().token is None:
        async with services.transaction() as connection:
            ended = await connection.fetchval(query("talk.end"), talk, hashed)
    else:
        async with services.acting() as act:
            ended = await act.connection.fetchval(query("talk.end"), talk, hashed)
    if not ended:
        raise NotFoundError("There is no such talk of yours.", "talk_unknown")


async def turns(act: Actor, incident: int) -> list[SpokenTurn]:
    """When somebody spoke through a camera at an incident; none where the incident is not the user's to see."""
    return [SpokenTurn(**row) for row in await act.connection.fetch(query("talk.turns"), incident)]


async def sound(services: Services, talk: UUID, number: int) -> bytes:
    """What was said in one turn, as an Ogg Opus file; that it was heard again is in the audit.

    Raises:
        NotFoundError: it was not kept, or is not the user's to hear.
    """
    async with services.acting() as act:
        kept: bytes | None = await act.connection.fetchval(query("talk.sound"), talk, number)
    if kept is None:
        raise NotFoundError("There is no such sound, or it is not yours to hear.", "sound_unknown")
    return kept
