"""A viewing over the dashboard's own socket, for whom UDP does not reach: the same gate, the same token, once."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sightline.dashboard.errors import NotSignedInError
from sightline.dashboard.services import Services
from sightline.sql import query
from sightline.sql.accounts import token_hash


@dataclass(frozen=True)
class FrameWay:
    """Where a viewing's frames come from.

    Attributes:
        stream: id of the viewing.
        publication: of the camera.
        relay_url: the relay that carries it.
    """

    stream: UUID
    publication: UUID
    relay_url: str


async def frame_way(services: Services, stream: UUID, token: str) -> FrameWay:
    """Let this session's socket carry a viewing, by the token that began it or that begins it here; once.

    Raises:
        NotSignedInError: the token is not this stream's or this session's, is too old to begin with, or was used here
            before; or the stream has ended. It is in the audit.
    """
    async with services.acting() as act:
        row = await act.connection.fetchrow(query("streams.frames"), stream, token_hash(token))
    if row is None:
        raise NotSignedInError(
            "The token is not valid for this stream, or was used here before, or is older than 30 s, or the stream has ended."
        )
    return FrameWay(stream, row["publication_id"], row["relay_url"])


async def end_without_picture(services: Services, way: FrameWay, code: str) -> None:
    """The relay does not carry it: the viewing is over, and the camera hears so."""
    async with services.transaction() as connection:
        await connection.fetchval(query("streams.end"), way.stream, f"no picture: {code}")
