"""Talk-back: the NegCo speaks to the officer through the camera."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import (
    InvalidError,
    NotFoundError,
    NotSignedInError,
    RelayAwayError,
    RelayRefusedError,
)
from sightline.dashboard.operations.answers import refusal
from sightline.dashboard.operations.one_time import left, redeemed
from sightline.dashboard.services import Services
from sightline.ingest.media.sdp import why_no_offer
from sightline.ingest.media.turn import IceServer, ice_servers
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
        ice_servers: TURN, where the settings name one; None: there is none.
    """

    talk: UUID
    camera: str
    audio_out: str
    whip: str
    token: str
    answer_s: int
    ice_servers: list[IceServer] | None = None


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


async def open_talk(services: Services, stream: UUID) -> OpenedTalk:
    """Open a talk over a stream of the user of the request.

    Raises:
        RefusalError: it may not be, and why (403, 404, 409).
    """
    token = new_token()
    async with services.acting() as act:
        row = await act.connection.fetchrow(query("talk.open"), stream, token_hash(token))
    if row["http"] != 201:
        raise refusal(row["http"], row["code"], row["message"], "stream")
    talk: UUID = row["talk_id"]
    return OpenedTalk(
        talk,
        row["camera"],
        row["audio_out"],
        f"/whip/{talk}",
        token,
        row["answer_s"],
        ice_servers(services.settings, str(talk), time.time()),
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
    row = await redeemed(services, "talk.redeem", talk, hashed)
    if row is None:
        raise NotSignedInError(
            "The token is not valid for this talk, or was used, or is older than 30 s, or the talk has ended."
        )
    try:
        return await services.relay.speak(row["relay_url"], talk, offer)
    except (RelayAwayError, RelayRefusedError) as error:
        async with services.transaction() as connection:
            await connection.fetchval(query("talk.end"), talk, hashed, f"no line: {error.code}")
        raise


Why = Literal["ended", "no_microphone", "connection_lost"]
"""Why a speaker leaves."""

_WHY: Final[dict[Why, str]] = {
    "ended": "the speaker ended it",
    "no_microphone": "the speaker's browser gives no microphone",
    "connection_lost": "the speaker's line was lost",
}


async def state(act: Actor, talk: UUID) -> tuple[str, str | None]:
    """How one's own talk stands (``opened``, ``asked``, ``accepted``, ``heard``, ``ended``), and why it ended.

    Raises:
        NotFoundError: there is no such talk of this session's.
    """
    row = await act.connection.fetchrow(query("talk.state"), talk)
    if row is None:
        raise NotFoundError("There is no such talk of yours.", "talk_unknown")
    return row["state"], row["reason"]


async def leave(services: Services, talk: UUID, token: str | None, why: Why = "ended") -> None:
    """End a talk for whoever holds its token or its session; twice is once. The relay lets go of it within 250 ms.

    Raises:
        NotFoundError: there is no such talk, or it is neither's.
        NotSignedInError: there is neither token nor session.
    """
    if not await left(services, "talk.end", talk, token, _WHY[why]):
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
