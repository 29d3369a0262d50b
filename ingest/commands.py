"""Commands to cameras: from `camera_command` to the newest connection, once, and not after they expired."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import asyncpg
import msgspec

from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.links import Link, Links
from sightline.ingest.media.turn import IceServer
from sightline.ingest.messages import Command
from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

_CONNECTS: Final = {"stream_start": "stream", "talk_start": "talk"}
"""Commands after which the camera connects to the relay, and what names the connection."""

LOOK_EVERY_S: Final = 1.0
"""How often waiting commands are looked for, whatever was notified."""


class Commands:
    """Delivers what waits for the cameras of this gateway.

    Attributes:
        delivered: commands handed over since the start.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        links: Links,
        run_id: Callable[[], int],
        ice_servers: Callable[[str], list[IceServer] | None] = lambda _publication: None,
    ) -> None:
        """`run_id`: number of this gateway's run in the database; `ice_servers`: TURN for a publication or talk."""
        self._pool = pool
        self._links = links
        self._run_id = run_id
        self._ice_servers = ice_servers
        self._wanted: set[int] = set()
        self._wake = asyncio.Event()
        self.delivered = 0

    def hint(self, camera_id: int) -> None:
        """Something waits for this camera, or it has just connected."""
        if self._links.of(camera_id) is not None:
            self._wanted.add(camera_id)
            self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                await self._look()
            self._wake.clear()
            wanted, self._wanted = self._wanted, set()
            links = [link for link in map(self._links.of, wanted) if link is not None]
            if not links:
                continue
            try:
                await self._deliver(links)
            except DatabaseAwayError as error:
                log.debug("commands wait: %s", error)
                self._wanted |= wanted

    async def _look(self) -> None:
        try:
            rows = await self._pool.fetch(query("gateway.commands_waiting"), self._run_id())
        except AWAY as error:
            log.debug("cannot look for commands: %r", error)
            return
        self._wanted.update(row["camera_id"] for row in rows)

    async def _deliver(self, links: list[Link]) -> None:
        try:
            rows = await self._pool.fetch(
                query("gateway.take_commands"),
                [link.camera_id for link in links],
                [link.epoch for link in links],
            )
        except AWAY as error:
            raise DatabaseAwayError(f"commands: {error!r}") from error
        by_camera = {link.camera_id: link for link in links}
        returned = []
        for row in sorted(rows, key=lambda row: row["id"]):
            link = by_camera[row["camera_id"]]
            body = msgspec.json.decode(row["body"])
            # Here, and not in the database: the credentials run out, and are nobody else's to read.
            named = _CONNECTS.get(body["type"])
            if named is not None and (servers := self._ice_servers(body[named])):
                body["ice_servers"] = servers
            if link.token_hash is None:
                body["camera"] = link.ref
            if link.party.send(Command(body)):
                self.delivered += 1
            else:
                returned.append(row["id"])
        if returned:
            await self._give_back(returned)

    async def _give_back(self, command_ids: list[int]) -> None:
        try:
            await self._pool.execute(query("gateway.give_commands_back"), command_ids)
        except AWAY as error:
            log.warning("%d commands could not be delivered: %r", len(command_ids), error)
