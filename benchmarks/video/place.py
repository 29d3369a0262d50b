"""A whole installation that carries video: database, gateway, keeper, relay and dashboard, each a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from benchmarks.installation import free_port, gateway, installation, part, wait_until_alive
from benchmarks.video.people import Person, signed_in
from sightline.sql import accounts, connect, query
from sightline.sql.settings import DatabaseSettings

LAT, LON = 56.35, 1.18
"""In the sea: no real place."""
_STARTS_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.02


@dataclass(frozen=True)
class Place:
    """What is running.

    Attributes:
        settings: of its database.
        gateway_url: ws:// address for cameras, with its path.
        gateway_http: where cameras send their video's offer, without a path.
        dashboard_url: http:// address without a path.
        relay_url: the relay's internal API.
        secret: what the parts show each other.
        pids: part → its process.
    """

    settings: DatabaseSettings
    gateway_url: str
    gateway_http: str
    dashboard_url: str
    relay_url: str
    secret: str
    pids: dict[str, int]

    def relay_status(self) -> dict[str, Any]:
        """What the relay says of itself and its peers."""
        request = urllib.request.Request(
            f"{self.relay_url}/internal/status", headers={"Authorization": f"Bearer {self.secret}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            status: dict[str, Any] = json.load(answer)
        return status


@contextlib.contextmanager
def running_place(gateway_public_url: str | None = None, **settings: str) -> Iterator[Place]:
    """An installation until the end of the block.

    Args:
        gateway_public_url: where cameras send their video's offer, if not to the gateway itself.
        settings: further settings of all parts, such as ``media_stall_s="60"``.
    """
    with installation() as place, contextlib.ExitStack() as running:
        secret, port = secrets.token_urlsafe(32), free_port()
        given = {"internal_secret": secret, **settings}
        if gateway_public_url is not None:
            given["gateway_public_url"] = gateway_public_url
        taking = running.enter_context(gateway(place, **given))
        given.setdefault("gateway_public_url", taking.http_url)
        keeper = running.enter_context(part("keeper", place, **given))
        media = running.enter_context(
            part("media", place, **given, media_port="0", media_internal_port="0")
        )
        shows = running.enter_context(part("dashboard", place, **given, dashboard_port=str(port)))
        wait_until_alive(shows, port, "dashboard")
        yield Place(
            settings=place.settings,
            gateway_url=f"{taking.url}/camera",
            gateway_http=taking.http_url,
            dashboard_url=f"http://127.0.0.1:{port}",
            relay_url=asyncio.run(_relay_url(place.settings)),
            secret=secret,
            pids={
                "gateway": taking.pid, "keeper": keeper.pid, "relay": media.pid, "dashboard": shows.pid,
            },
        )  # fmt: skip


async def _relay_url(settings: DatabaseSettings) -> str:
    connection = await connect(settings, "owner")
    deadline = time.monotonic() + _STARTS_WITHIN_S
    try:
        while (url := await connection.fetchval(query("bench.relay_url"))) is None:
            if time.monotonic() > deadline:
                raise RuntimeError("the media relay did not start; its messages stand above")
            await asyncio.sleep(_LOOK_EVERY_S)
        return str(url)
    finally:
        await connection.close()


class Stage:
    """Arranges what happens at a place, as the owner of its database; open while used as a context manager."""

    def __init__(self, place: Place, owner: asyncpg.Connection, stack: AsyncExitStack) -> None:
        self.place, self.owner, self._stack = place, owner, stack

    async def person(self, role: str, username: str | None = None) -> Person:
        """A new user of this role, signed in over HTTP."""
        user = await accounts.add_user(self.owner, username or role, role)
        return await self._stack.enter_async_context(
            signed_in(self.place.dashboard_url, user.username, user.password)
        )

    async def camera_token(self, ref: str) -> str:
        """The token of a new camera."""
        return (await accounts.add_camera(self.owner, ref)).token

    async def end_publications(self, watched: int = 0, within_s: float = 10.0) -> None:
        """Let the grace of cameras that nobody watches be over now, and wait until only those that are `watched` send."""
        await self.owner.execute(query("bench.publications_unwanted"))
        async with asyncio.timeout(within_s):
            while len((await self.relay_status())["publications"]) > watched:  # noqa: ASYNC110 - what is awaited has no event
                await asyncio.sleep(_LOOK_EVERY_S)

    async def relay_status(self) -> dict[str, Any]:
        """What the relay says of itself and its peers."""
        return await asyncio.to_thread(self.place.relay_status)

    async def until_recording(self, ref: str, within_s: float = 10.0) -> None:
        """Wait until the database knows that a camera records."""
        async with asyncio.timeout(within_s):
            while not await self.owner.fetchval(query("bench.is_recording"), ref):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_EVERY_S)


@contextlib.asynccontextmanager
async def stage(place: Place) -> AsyncIterator[Stage]:
    """Until the end of the block."""
    async with AsyncExitStack() as stack:
        owner = await connect(place.settings, "owner")
        stack.push_async_callback(owner.close)
        yield Stage(place, owner, stack)
