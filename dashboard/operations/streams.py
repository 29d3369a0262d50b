"""Live streams: opening one through the gate, watching it, ending it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sightline.dashboard.access.acting import Actor, Credentials
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

_FIELD = {
    "purpose_unknown": "purpose",
    "purpose_forbidden": "purpose",
    "reason_missing": "reason",
    "incident_missing": "incident",
}


@dataclass(frozen=True)
class OpenedStream:
    """A stream that may be watched: where, and with what.

    Attributes:
        stream: id of the viewing.
        camera: which is watched.
        incident: it belongs to; a provisional one where none was named.
        whep: path to send the SDP offer to.
        frames: path of the socket that carries it where UDP does not get through.
        token: one-time token for either, good for 30 s to begin with.
        expires: when the stream ends by itself at the latest.
        ice_servers: TURN, where the settings name one; None: there is none.
    """

    stream: UUID
    camera: str
    incident: int
    whep: str
    frames: str
    token: str
    expires: datetime
    ice_servers: list[IceServer] | None = None


@dataclass(frozen=True)
class Purpose:
    """A purpose for which streams are opened."""

    code: str
    name: str


async def open_stream(
    services: Services,
    *,
    camera: str,
    purpose: str,
    reason: str,
    incident: int | None = None,
    credentials: Credentials | None = None,
) -> OpenedStream:
    """Open a stream as the user of the request, and have the camera send.

    The gate's answer and its audit row are committed before the address is given away.

    Args:
        services: of this process.
        camera: its id.
        purpose: code of the purpose.
        reason: in the user's words.
        incident: its id; may be left out for officer safety, a provisional one is made then.
        credentials: whose; by default those of the request being served.

    Raises:
        RefusalError: the gate says no, and why (403, 404, 409, 422).
        RelayAwayError: no media relay can carry it.
    """
    token = new_token()
    async with services.acting(credentials) as act:
        row = await act.connection.fetchrow(
            query("streams.open"), camera, purpose, reason, incident, token_hash(token)
        )
        allowed = (
            [p.code for p in await purposes(act)] if row["code"] == "purpose_unknown" else None
        )
    if row["code"] == "relay_away":
        raise RelayAwayError(row["message"])
    if row["http"] != 201:
        raise refusal(row["http"], row["code"], row["message"], _FIELD.get(row["code"]), allowed)
    stream: UUID = row["stream_id"]
    async with services.acting(credentials) as act:
        sends = await act.connection.fetchrow(
            query("streams.ensure_publication"),
            stream,
            services.settings.gateway_http_base,
            secrets.token_urlsafe(32),
        )
        if sends is None:  # between the two, the relay went away or the gate ended it
            await act.connection.fetchval(query("streams.end"), stream, "no relay carries it")
    if sends is None:
        raise RelayAwayError("No media relay can carry the stream now; try again.")
    return OpenedStream(
        stream,
        camera,
        row["incident_id"],
        f"/whep/{stream}",
        f"/api/streams/{stream}/frames",
        token,
        row["expires"],
        ice_servers(services.settings, str(stream), time.time()),
    )


async def watch(services: Services, stream: UUID, token: str, offer: str) -> str:
    """Redeem a stream's one-time token and hand the browser's SDP offer to the relay; the SDP answer.

    Raises:
        InvalidError: the body is no SDP offer. The token can still be used.
        NotSignedInError: the token is not valid, used up or too old; it is not this session's; or the stream has ended.
        RelayAwayError: the relay does not answer. The stream is ended.
        RelayRefusedError: the relay cannot, and why. The stream is ended.
    """
    if (wrong := why_no_offer(offer.encode())) is not None:
        raise InvalidError(wrong, code="invalid_offer")
    hashed = token_hash(token)
    row = await redeemed(services, "streams.redeem", stream, hashed)
    if row is None:
        raise NotSignedInError(
            "The token is not valid for this stream, or was used, or is older than 30 s, or the stream has ended."
        )
    try:
        return await services.relay.view(row["relay_url"], stream, row["publication_id"], offer)
    except (RelayAwayError, RelayRefusedError) as error:
        async with services.transaction() as connection:
            await connection.fetchval(
                query("streams.end_by_token"), stream, hashed, f"no picture: {error.code}"
            )
        raise


async def leave(services: Services, stream: UUID, token: str | None) -> None:
    """End a viewing for whoever holds its token or its session; the relay lets go of it within 250 ms.

    Raises:
        NotFoundError: there is no such open stream, or it is neither's.
        NotSignedInError: there is neither token nor session.
    """
    if not await left(services, "streams.end_by_token", stream, token, "ended by the viewer"):
        raise NotFoundError("There is no such open stream of yours.", "stream_unknown")


async def end_stream(act: Actor, stream: UUID) -> None:
    """End one's own stream; ending it twice does nothing.

    Raises:
        NotFoundError: there is no such stream of the user's.
    """
    own = await act.connection.fetchrow(query("streams.own"), stream)
    if own is None:
        raise NotFoundError("There is no such stream of yours.", "stream_unknown")
    await act.connection.fetchval(query("streams.end"), stream, "ended by the viewer")


async def open_streams(act: Actor) -> list[dict[str, Any]]:
    """Open streams that the user may know of: stream, camera, who watches and why, since when, mine."""
    return [dict(row) for row in await act.connection.fetch(query("streams.all"))]


async def purposes(act: Actor) -> list[Purpose]:
    """The purposes for which streams are opened, by name."""
    return [Purpose(**row) for row in await act.connection.fetch(query("streams.purposes"))]


async def link_minutes(act: Actor) -> int:
    """Minutes within which a provisional incident must be linked."""
    minutes: int = await act.connection.fetchval(query("streams.link_minutes"))
    return minutes
