"""What a camera and a viewer have in common: they begin, live and end; most of them by a WebRTC connection."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError

from sightline.ingest.media import hooks
from sightline.ingest.media.errors import InvalidOffer, PeerEnded

# An empty list, and not None: aiortc's default would ask a public STUN server for our address.
CONFIGURATION = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)

CLOSING_TIMEOUT_S = 3.0

log = logging.getLogger(__name__)

# What aiortc raises on an offer that parses but cannot be answered.
_UNANSWERABLE = (
    ValueError,
    AssertionError,
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)


class Carried(ABC):
    """What the relay carries; `on_lost` is called once when the other side goes away by itself."""

    noun: ClassVar[str]
    farewell: ClassVar[str]
    """Why it ended when the peer took leave, over HTTP or over its connection, whichever came first."""
    what: ClassVar[str] = "stream"
    """What people call the whole of which it is a part."""

    def __init__(self, id_: UUID) -> None:
        self.id = id_
        self.created_at = time.monotonic()
        self.connected_at = float("inf")
        self.ended: str | None = None
        self.on_lost: Callable[[str], None] = lambda _reason: None

    @property
    def connected(self) -> bool:
        return self.connected_at < float("inf")

    @abstractmethod
    def detach(self) -> None:
        """Stop the flow of packets at once, before the slower goodbyes."""

    @abstractmethod
    async def close(self) -> None:
        """Say goodbye and free everything; never longer than `CLOSING_TIMEOUT_S`."""


class Peer(Carried):
    """One WebRTC connection."""

    def __init__(self, id_: UUID) -> None:
        super().__init__(id_)
        self.connection = RTCPeerConnection(CONFIGURATION)
        self.connection.on("connectionstatechange", self._state_changed)

    async def answer(self, offer_sdp: str, gather: hooks.Gather) -> str:
        """The SDP answer to an offer; `gather` makes the local candidates.

        Raises `InvalidOffer`, and `PeerEnded` when it was ended meanwhile.
        """
        hooks.gather_with(self.connection, gather)
        try:
            offer = RTCSessionDescription(offer_sdp, "offer")
            await self.connection.setRemoteDescription(offer)
            await self.connection.setLocalDescription(await self.connection.createAnswer())
        except _UNANSWERABLE as error:
            raise InvalidOffer("The SDP offer cannot be answered.") from error
        if self.ended is not None:
            raise PeerEnded(f"The {self.what} ended: {self.ended}.")
        return str(self.connection.localDescription.sdp)

    def give_up(self, reason: str) -> None:
        """Let the relay end this peer, which did something that it should not."""
        asyncio.get_running_loop().call_soon(self.on_lost, reason)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CLOSING_TIMEOUT_S):
                await self.connection.close()
        except TimeoutError:
            log.warning("did not close in time %s=%s", self.noun, self.id)

    def _state_changed(self) -> None:
        state = self.connection.connectionState
        if state == "connected" and not self.connected:
            self.connected_at = time.monotonic()
            log.info("connected %s=%s", self.noun, self.id)
        elif state in ("failed", "closed") and self.ended is None:
            self.on_lost("the connection was lost" if state == "failed" else self.farewell)


class Goodbyes:
    """Peers that have ended and are being taken leave of."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, peer: Carried) -> None:
        """Close its connection, without waiting."""
        task = asyncio.create_task(peer.close())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def all_said(self) -> None:
        """Wait until everybody has been told."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))
