"""Which connection of each camera is the newest, over all gateways: the greater epoch wins, and the older is told so.

A camera's epoch is a number in its row of `camera_link`; claiming it makes a connection the newest. Other gateways hear
of a claim by notification, and look for themselves every few seconds in case they did not. With the claim the database
queues what a camera that came back must know: who watches it, and whether it is to send.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import asyncpg

from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.explain import micros
from sightline.ingest.gather import Gather
from sightline.ingest.messages import Outgoing
from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

_ANNOUNCED_AT_ONCE: Final = 300
"""Claims in one notification, whose text may have 8,000 bytes."""


class Party(Protocol):
    """Who holds a link: a connection of a camera, or of a bridge."""

    def send(self, message: Outgoing) -> bool:
        """Send without waiting; False where the connection is gone."""

    def overtaken(self, link: Link) -> None:
        """A newer connection has this camera now."""

    def cut_off(self, link: Link) -> None:
        """The camera is not admitted any more."""


@dataclass(eq=False, slots=True)
class Link:
    """One camera on one connection.

    Attributes:
        camera_id: the camera's number in the database.
        ref: the camera's id in messages.
        epoch: number of the connection; the greater is newer.
        party: who holds it.
        token_hash: what the camera showed; None on a bridge, which answers for it.
        noted_us: when it was last noted that the camera was heard, by other than reports and statuses; since 1970 UTC.
        newest_seq: the greatest that a message on this connection had; −1 before the first.
    """

    camera_id: int
    ref: str
    epoch: int
    party: Party
    token_hash: bytes | None = None
    noted_us: int = 0
    newest_seq: int = -1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a camera stands for somebody who speaks of it without a connection.

    Attributes:
        epoch: the number of its newest connection, which is over; None: it is open, here or elsewhere.
        recording_us: when its recording state was set, microseconds since 1970 UTC; None: it never was.
    """

    epoch: int | None
    recording_us: int | None


class Links:
    """The newest connections that this gateway holds."""

    def __init__(self, pool: asyncpg.Pool, run_id: Callable[[], int], http_base: str) -> None:
        """`run_id`: number of this gateway's run in the database; `http_base`: what its cameras reach its HTTP by."""
        self._pool = pool
        self._run_id = run_id
        self.http_base = http_base
        self._by_camera: dict[int, Link] = {}
        self._gone: list[Link] = []
        self._claims: Gather[int, tuple[int, int | None]] = Gather(self._claim)
        self._standings: Gather[int, Standing] = Gather(self._ask_standings, shared=True)

    def __len__(self) -> int:
        return len(self._by_camera)

    def __iter__(self) -> Iterator[Link]:
        return iter(list(self._by_camera.values()))

    def of(self, camera_id: int) -> Link | None:
        """The link that a camera's newest connection here has."""
        return self._by_camera.get(camera_id)

    async def claim(
        self, camera_id: int, ref: str, party: Party, token_hash: bytes | None = None
    ) -> tuple[Link, bool]:
        """Make this connection the camera's newest; the link, and whether another gateway had the camera before.

        Raises:
            DatabaseAwayError: the database cannot say so now.
        """
        answer = await self._claims.get(camera_id)
        if answer is None:
            raise DatabaseAwayError(f"camera number {camera_id} could not be claimed")
        epoch, gateway_before = answer
        link = Link(camera_id, ref, epoch, party, token_hash)
        older = self._by_camera.get(camera_id)
        if older is not None and older.epoch > epoch:
            self._tell_overtaken(link)
            return link, False
        self._by_camera[camera_id] = link
        if older is not None:
            self._tell_overtaken(older)
        return link, gateway_before != self._run_id()

    def _tell_overtaken(self, link: Link) -> None:
        log.info("a newer connection of %s took over from epoch %d", link.ref, link.epoch)
        link.party.overtaken(link)

    def release(self, link: Link) -> None:
        """The connection ended."""
        if self._by_camera.get(link.camera_id) is link:
            del self._by_camera[link.camera_id]
        self._gone.append(link)

    async def is_free(self, camera_id: int) -> bool:
        """Whether nobody has a camera's newest connection now, here or at another gateway that lives.

        Raises:
            DatabaseAwayError: it cannot be seen now.
        """
        if camera_id in self._by_camera:
            return False
        try:
            held = await self._pool.fetchval(
                query("gateway.held_elsewhere"), camera_id, self._run_id()
            )
        except AWAY as error:
            raise DatabaseAwayError(f"links: {error!r}") from error
        return not held

    async def standing(self, camera_id: int) -> Standing:
        """Where a camera stands for somebody without a connection, who claims nothing and throws nobody off.

        Raises:
            DatabaseAwayError: it cannot be seen now.
        """
        standing = await self._standings.get(camera_id)
        if standing is None:
            raise DatabaseAwayError(f"nothing was said of camera number {camera_id}")
        return standing

    async def _ask_standings(self, camera_ids: list[int]) -> dict[int, Standing]:
        try:
            rows = await self._pool.fetch(query("gateway.standing"), camera_ids, self._run_id())
        except AWAY as error:
            raise DatabaseAwayError(f"standing: {error!r}") from error
        found = {}
        for row in rows:
            held = row["held_elsewhere"] or row["camera_id"] in self._by_camera
            set_time = row["recording_time"]
            found[row["camera_id"]] = Standing(
                None if held else row["epoch"], None if set_time is None else micros(set_time)
            )
        return found

    async def _claim(self, camera_ids: list[int]) -> dict[int, tuple[int, int | None]]:
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(
                    query("gateway.claim"), camera_ids, self._run_id(), self.http_base
                )
                claims = [f"{row['camera_id']}:{row['epoch']}" for row in rows]
                for start in range(0, len(claims), _ANNOUNCED_AT_ONCE):
                    part = " ".join(claims[start : start + _ANNOUNCED_AT_ONCE])
                    await connection.execute(
                        query("gateway.announce_claims"), f"{self._run_id()} {part}"
                    )
        except AWAY as error:
            raise DatabaseAwayError(f"claim: {error!r}") from error
        return {row["camera_id"]: (row["epoch"], row["gateway_before"]) for row in rows}

    # --- what other gateways and administrators do

    def heard_claims(self, text: str) -> None:
        """A notification of claims: drop the links that are older now."""
        gateway_id, *claims = text.split()
        if int(gateway_id) == self._run_id():
            return
        for claim in claims:
            camera_id, _, epoch = claim.partition(":")
            self._overtake(int(camera_id), int(epoch))

    def _overtake(self, camera_id: int, epoch: int) -> None:
        link = self._by_camera.get(camera_id)
        if link is not None and link.epoch < epoch:
            del self._by_camera[camera_id]
            self._tell_overtaken(link)

    async def look(self, camera_ids: Iterable[int] | None = None) -> None:
        """See in the database which links are overtaken or cut off; all, or those of some cameras.

        Raises:
            DatabaseAwayError: it cannot be seen now.
        """
        wanted = None if camera_ids is None else set(camera_ids)
        held = [link for link in self if wanted is None or link.camera_id in wanted]
        if not held:
            return
        own = [link for link in held if link.token_hash is not None]
        bridged = [link.camera_id for link in held if link.token_hash is None]
        try:
            newer = await self._pool.fetch(
                query("gateway.overtaken"),
                self._run_id(),
                [link.camera_id for link in held],
                [link.epoch for link in held],
            )
            barred = await self._pool.fetch(
                query("gateway.cameras_cut_off"),
                [link.camera_id for link in own],
                [link.token_hash for link in own],
            )
            if bridged:
                barred += await self._pool.fetch(query("gateway.cameras_disabled"), bridged)
        except AWAY as error:
            raise DatabaseAwayError(f"links: {error!r}") from error
        for row in newer:
            self._overtake(row["camera_id"], row["epoch"])
        for row in barred:
            link = self._by_camera.pop(row["id"], None)
            if link is not None:
                link.party.cut_off(link)

    async def unlink_gone(self) -> None:
        """Write down which connections ended since the last time.

        Raises:
            DatabaseAwayError: it cannot be written now; tried again the next time.
        """
        gone, self._gone = self._gone, []
        if not gone:
            return
        try:
            await self._pool.execute(
                query("gateway.unlink"),
                [link.camera_id for link in gone],
                [link.epoch for link in gone],
            )
        except AWAY as error:
            self._gone += gone
            raise DatabaseAwayError(f"unlink: {error!r}") from error
        except asyncio.CancelledError:
            self._gone += gone
            raise
