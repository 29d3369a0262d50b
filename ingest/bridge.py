"""What is said on the connection of a bridge, which carries many cameras: none of them may keep the others waiting."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Iterable
from typing import Final

from sightline.ingest import protocol
from sightline.ingest.admitted import AdmittedConnection
from sightline.ingest.conversation import Conversation, Services
from sightline.ingest.doors import BridgeIdentity, KnownCamera
from sightline.ingest.errors import DatabaseAwayError, ProtocolError
from sightline.ingest.links import Link
from sightline.ingest.messages import EyesOn, Incoming, Problem, Report, Status
from sightline.ingest.tolerance import Tolerance
from sightline.ingest.wire import PlainReport

log = logging.getLogger(__name__)

_MOST_UNKNOWN: Final = 50_000
"""Ids without a camera that a bridge's conversation remembers."""
_UNKNOWN_FOR_S: Final = 5.0
_ASK_AGAIN_AFTER_S: Final = 1.0


class BridgeConversation(Conversation):
    """One connection for many cameras; every message names its camera."""

    def __init__(
        self,
        socket: AdmittedConnection,
        services: Services,
        identity: BridgeIdentity,
        bridges: set[BridgeConversation],
    ) -> None:
        """`bridges`: where this one is listed as long as it is connected."""
        super().__init__(socket, services, most_unwritten=services.limits.bridge_unwritten)
        self.identity = identity
        self._bridges = bridges
        self._links: dict[str, Link] = {}
        self._overtaken: dict[str, float] = {}  # when to ask whether the camera is free again
        self._unknown_until: dict[str, float] = {}
        self._tolerance_of: dict[str, Tolerance] = {}
        self._waiting: dict[str, deque[Incoming | PlainReport]] = {}  # for what must be asked first
        self._asking: set[asyncio.Task[None]] = set()

    async def _begin(self) -> bool:
        self._bridges.add(self)
        return True

    def _end(self) -> None:
        for task in self._asking:
            task.cancel()
        super()._end()
        self._bridges.discard(self)

    async def _dispatch(self, message: Incoming | PlainReport) -> None:
        """Do not let the messages of all cameras wait while the database is asked about one."""
        ref = message.camera
        if ref is not None and (queue := self._waiting.get(ref)) is not None:
            queue.append(message)
            self._unwritten += _size(message)
        elif ref is None or not self._must_ask(ref, message):
            await self._answer(message)
        else:
            self._waiting[ref] = deque([message])
            self._unwritten += _size(message)
            task = asyncio.create_task(self._ask(ref))
            self._asking.add(task)
            task.add_done_callback(self._asked)

    def _must_ask(self, ref: str, message: Incoming | PlainReport) -> bool:
        if ref not in self._links:
            return not self._is_unknown(ref)
        return ref in self._overtaken and self._may_be_free(ref, message)

    def _is_unknown(self, ref: str) -> bool:
        """Whether there was no such camera a moment ago."""
        return self._unknown_until.get(ref, 0.0) > time.monotonic()

    def _may_be_free(self, ref: str, message: Incoming | PlainReport) -> bool:
        """Whether it is time to ask again if the connection that took a camera over has ended.

        A status is never taken for an older connection's on the ground of what was so a moment ago: it may be an `off`.
        """
        return time.monotonic() >= self._overtaken[ref] or isinstance(message, Status)

    async def _ask(self, ref: str) -> None:
        """Take one camera's messages in their order; questions about many cameras are asked together."""
        queue = self._waiting[ref]
        try:
            while queue:
                if not self._services.draining:
                    await self._answer(queue[0])
                self._unwritten -= _size(queue.popleft())
                self._relief.set()
        finally:
            del self._waiting[ref]

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the conversation with a bridge failed", exc_info=error)
            self.close(protocol.CLOSE_INTERNAL_ERROR, "the gateway failed at this")

    def _held(self) -> Iterable[Link]:
        return self._links.values()

    def _link_at_hand(self, ref: str | None) -> Link | None:
        if ref is None:
            return None
        if self._waiting or self._overtaken or self._tolerance_of:
            for exceptions in (self._waiting, self._overtaken, self._tolerance_of):
                if ref in exceptions:
                    return None
        return self._links.get(ref)

    async def _link_for(self, message: Incoming | PlainReport) -> Link:
        ref = message.camera
        if ref is None:
            raise ProtocolError(
                "missing_field",
                "On a bridge every message names its camera.",
                field="camera",
                allowed="the id of a camera",
                seq=getattr(message, "seq", None),
            )
        held_s = self._held_back_s(ref)
        if held_s > 0 and not isinstance(message, Status | EyesOn):
            raise self._held_back(ref, held_s, getattr(message, "seq", None))
        link = self._links.get(ref)
        if link is None or (ref in self._overtaken and await self._is_free_again(link, message)):
            return await self._find(ref)
        return link

    async def _is_free_again(self, link: Link, message: Incoming | PlainReport) -> bool:
        """Whether the connection that took a camera over has ended."""
        if not self._may_be_free(link.ref, message):
            return False
        self._overtaken[link.ref] = time.monotonic() + _ASK_AGAIN_AFTER_S
        return await self._services.links.is_free(link.camera_id)

    async def _not_understood(self, error: ProtocolError) -> None:
        """What one camera sends holds that camera back, not the others; what names none counts for the connection."""
        ref = error.camera
        if ref is None or not await self._is_known(ref):
            await super()._not_understood(error)
            return
        tolerance = self._tolerance_of.setdefault(ref, Tolerance(self._services.limits.errors))
        if tolerance.exceeded_for_s() == 0:
            self._complain(error, ref)
            tolerance.count()
        if (held_s := tolerance.exceeded_for_s()) > 0:
            self._complain(self._held_back(ref, held_s, error.seq), ref)

    def _held_back_s(self, ref: str) -> float:
        tolerance = self._tolerance_of.get(ref)
        return 0.0 if tolerance is None else tolerance.exceeded_for_s()

    def _held_back(self, ref: str, for_s: float, seq: int | None) -> ProtocolError:
        return ProtocolError(
            "overloaded",
            f"Camera {ref} sent {self._services.limits.errors} messages within a minute that were none. For another"
            f" {math.ceil(for_s)} s only its status and its call for eyes on are taken; send the others again then.",
            seq=seq,
        )

    async def _is_known(self, ref: str) -> bool:
        if ref in self._links or ref in self._tolerance_of:
            return True
        try:
            return await self._look_up(ref) is not None
        except DatabaseAwayError:
            return True  # nobody can say now, and the other cameras must not suffer

    async def _look_up(self, ref: str) -> KnownCamera | None:
        """The camera of this id; that there is none is not asked again for a while."""
        if self._is_unknown(ref):
            return None
        known = await self._services.register.camera(ref)
        if known is None:
            if len(self._unknown_until) > _MOST_UNKNOWN:
                self._unknown_until.clear()
            self._unknown_until[ref] = time.monotonic() + _UNKNOWN_FOR_S
        return known

    async def _find(self, ref: str) -> Link:
        services = self._services
        known = await self._look_up(ref)
        if known is None:
            raise _no_such_camera(ref)
        if known.disabled:
            raise ProtocolError(
                "camera_disabled", f"Camera {ref} is disabled.", field="camera", value=ref
            )
        self._overtaken.pop(ref, None)
        before = self._links.get(ref)
        link, elsewhere = await services.links.claim(known.camera_id, ref, self)
        if before is not None:
            link.newest_seq = before.newest_seq
        self._links[ref] = link
        if elsewhere:
            services.writer.forget(known.camera_id)
        services.commands.hint(known.camera_id)
        return link

    def _named(self, link: Link) -> str | None:
        return link.ref

    def overtaken(self, link: Link) -> None:
        """Another connection has this camera now: while it has, what the bridge says of it only enters history."""
        self._overtaken[link.ref] = 0.0
        self.send(
            Problem(
                "replaced",
                f"A newer connection of camera {link.ref} took over.",
                camera=link.ref,
            )
        )

    def cut_off(self, link: Link) -> None:
        """The camera is disabled; the next message about it is told so."""
        self._links.pop(link.ref, None)

    def dismissed(self) -> None:
        """The bridge's own token is not valid any more."""
        self.send(Problem("token_invalid", "The token is not valid any more."))
        self.close(protocol.CLOSE_TOKEN_INVALID, "token no longer valid")


def _size(message: Incoming | PlainReport) -> int:
    """As `Received.size` counts."""
    return 1 + (message.total if isinstance(message, PlainReport | Report) else 0)


def _no_such_camera(ref: str) -> ProtocolError:
    return ProtocolError(
        "unknown_camera",
        f"There is no camera {ref}. An administrator registers it first.",
        field="camera",
        value=ref,
        allowed="a registered camera",
    )
