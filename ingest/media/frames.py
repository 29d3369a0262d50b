"""A camera's pictures and sounds for viewers whom UDP does not reach: whole, over a socket of the dashboard.

For each camera that has such viewers the packets are put together once, whatever their number; each
viewer has a queue of its own (`frame_queue`). docs/frames.md describes the messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from aiortc.rtp import RtpPacket

from sightline.ingest.media.access_units import AccessUnits
from sightline.ingest.media.frame_queue import Frame, FrameQueue
from sightline.ingest.media.media_time import MediaTime, unix_us
from sightline.ingest.media.packet_order import Ordered, PacketOrder
from sightline.ingest.media.peer import CLOSING_TIMEOUT_S, Carried
from sightline.ingest.media.publication import CLOCK_RATES, Publication, Track

PATIENCE_S = {"video": 0.25, "audio": 0.1}
"""How long a missing packet is waited for: a camera asked for it sends it once more."""
ASK_AGAIN_S = 1.0
SILENT_VIEWER_S = 6.0
"""Whoever says nothing of what was sent for this long has gone."""
CHECK_S = 0.5

TAKES_NOTHING = f"the viewer took nothing for {SILENT_VIEWER_S:g} s"


class FrameSocket(Protocol):
    """The socket to the viewer, as far as a viewing needs it."""

    async def send_bytes(self, data: bytes) -> None: ...


class FrameTap(ABC):
    """One track of the camera: packets in, frames out."""

    def __init__(self, track: Track, give: Callable[[Frame], None]) -> None:
        self.track = track
        self._give = give
        self._ssrc: int | None = None
        self._order: PacketOrder
        self._time: MediaTime

    def forward(self, packet: RtpPacket) -> None:
        now = time.monotonic()
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._order = PacketOrder(PATIENCE_S[self.track.kind])
            self._time = MediaTime(CLOCK_RATES[self.track.kind])
            self._begin()
        for ordered in self._order.add(packet, now):
            self._take(ordered, now)

    @abstractmethod
    def _begin(self) -> None:
        """The camera begins to send, or begins anew from another source."""

    @abstractmethod
    def _take(self, ordered: Ordered, now: float) -> None:
        """Make of the next packet what can be made."""

    def _time_us(self, rtp_time: int) -> int:
        ntp_time = self.track.clock.ntp_time(rtp_time)
        reported_us = unix_us(ntp_time) if ntp_time else None
        return self._time.at(rtp_time, time.time_ns() // 1000, reported_us)


class _PictureTap(FrameTap):
    def __init__(self, track: Track, give: Callable[[Frame], None]) -> None:
        super().__init__(track, give)
        self.incomplete = 0
        self._units = AccessUnits()
        self._asked_at = float("-inf")

    def _begin(self) -> None:
        self._units = AccessUnits()

    def _take(self, ordered: Ordered, now: float) -> None:
        units = self._units
        incomplete, breaks = units.incomplete, units.breaks
        for unit in units.add(ordered.packet, after_gap=ordered.after_gap):
            time_us = self._time_us(unit.timestamp)
            self._give(Frame("picture", unit.key, time_us, unit.data))
        self.incomplete += units.incomplete - incomplete
        broke = units.breaks > breaks
        if broke or (units.waits_for_key and now - self._asked_at > ASK_AGAIN_S):
            self._asked_at = now
            self.track.request_keyframe()


class _SoundTap(FrameTap):
    def _begin(self) -> None:
        pass  # each packet is a sound of its own

    def _take(self, ordered: Ordered, now: float) -> None:  # noqa: ARG002 - as for pictures
        packet = ordered.packet
        if packet.payload:
            time_us = self._time_us(packet.timestamp)
            self._give(Frame("sound", True, time_us, packet.payload))


class FrameSource:
    """One camera's frames, for as long as somebody takes them."""

    def __init__(self, publication: Publication) -> None:
        self._viewings: set[FrameViewing] = set()
        self._pictures = _PictureTap(publication.tracks["video"], self._give)
        sound = publication.tracks.get("audio")
        self._sound = None if sound is None else _SoundTap(sound, self._give)

    @property
    def has_sound(self) -> bool:
        return self._sound is not None

    @property
    def is_idle(self) -> bool:
        return not self._viewings

    @property
    def incomplete(self) -> int:
        """Pictures that never came whole."""
        return self._pictures.incomplete

    def join(self, viewing: FrameViewing) -> None:
        self._viewings.add(viewing)
        for tap in self._taps():
            tap.track.outlets.add(tap)
        self.request_keyframe()

    def leave(self, viewing: FrameViewing) -> None:
        self._viewings.discard(viewing)
        if not self._viewings:
            for tap in self._taps():
                tap.track.outlets.discard(tap)

    def request_keyframe(self) -> None:
        self._pictures.track.request_keyframe()

    def _taps(self) -> list[FrameTap]:
        return [self._pictures] if self._sound is None else [self._pictures, self._sound]

    def _give(self, frame: Frame) -> None:
        for viewing in tuple(self._viewings):
            viewing.give(frame)


class FrameViewing(Carried):
    """One viewer whom UDP does not reach."""

    noun = "viewing"
    farewell = "the viewer closed it"

    def __init__(self, id_: UUID, publication: Publication, source: FrameSource) -> None:
        super().__init__(id_)
        self.publication = publication
        self.has_sound = source.has_sound
        self.connected_at = self.created_at
        self.source = source
        self._incomplete_before = source.incomplete
        self._queue = FrameQueue()
        self._news = asyncio.Event()
        self._served = asyncio.Event()
        self._heard_at = self.created_at
        self._asked_at = self.created_at
        source.join(self)

    def give(self, frame: Frame) -> None:
        self._queue.put(frame)
        self._news.set()

    def read(self, number: int) -> None:
        """The viewer has read everything up to a message.

        Raises `ValueError` where it was sent no such message.
        """
        self._queue.read(number)
        self._heard_at = time.monotonic()
        self._news.set()

    async def send_to(self, socket: FrameSocket) -> None:
        """Send what there is until it has ended."""
        while self.ended is None:
            await self._send_waiting(socket)
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._news.wait()
            now = time.monotonic()
            if self._queue.unread and now - self._heard_at > SILENT_VIEWER_S:
                self.on_lost(TAKES_NOTHING)
            elif self._queue.wants_key:
                self.request_keyframe()

    async def _send_waiting(self, socket: FrameSocket) -> None:
        while self.ended is None:
            was_read = not self._queue.unread
            data = self._queue.take(self._incomplete)
            if data is None:
                return
            if was_read:
                self._heard_at = time.monotonic()
            await socket.send_bytes(data)

    def request_keyframe(self) -> None:
        """Ask the camera, but not all the time: to the others key frames are a burden."""
        now = time.monotonic()
        if now - self._asked_at > ASK_AGAIN_S:
            self._asked_at = now
            self.source.request_keyframe()

    def served(self) -> None:
        """Its socket is closed."""
        self._served.set()

    def detach(self) -> None:
        self.source.leave(self)
        self._news.set()

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_TIMEOUT_S):
                await self._served.wait()

    @property
    def _incomplete(self) -> int:
        return self.source.incomplete - self._incomplete_before

    def status(self) -> dict[str, Any]:
        """What the relay's status says of it."""
        queue = self._queue
        return {
            "pictures": queue.sent,
            "dropped": queue.dropped,
            "incomplete": self._incomplete,
            "unread": queue.unread,
        }
