"""One camera that sends: its tracks, and the packets as they come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from aiortc import RTCRtpReceiver
from aiortc.clock import current_ntp_time
from aiortc.rtp import RtcpSrPacket, RtpPacket

from sightline.ingest.media import hooks
from sightline.ingest.media.feedback import (
    ASK_AGAIN_S,
    Audience,
    CameraLimit,
    LossMeter,
    RateMeter,
    RepeatedAsking,
)
from sightline.ingest.media.forwarding import KeyframeThrottle, PacketHistory, SenderClock
from sightline.ingest.media.line_estimate import LineEstimate
from sightline.ingest.media.offers import Kind, VideoFormat
from sightline.ingest.media.peer import Peer
from sightline.ingest.media.transport_feedback import TransportFeedback

CLOCK_RATES: dict[Kind, int] = {"video": 90_000, "audio": 48_000}

# A camera has one or two; an endless number of them would be an endless number of table entries.
MOST_SOURCES = 32

# How long to wait for the camera's first sender report before arrival times stand in for it.
REPORT_PATIENCE_S = 3.0

log = logging.getLogger(__name__)


class Outlet(Protocol):
    """Where a track's packets go."""

    def forward(self, packet: RtpPacket) -> None: ...
    def __hash__(self) -> int: ...


class Track:
    """One media line of a source: takes each packet, and gives it to every outlet."""

    def __init__(self, source: Source, kind: Kind, receiver: RTCRtpReceiver) -> None:
        self.kind = kind
        self.history = PacketHistory()
        self.outlets: set[Outlet] = set()
        self.clock = SenderClock(CLOCK_RATES[kind])
        self.packets = 0
        self.octets = 0
        self.keyframe_requests = 0
        self._source = source
        self.loss = LossMeter()
        self.limit = CameraLimit()
        self.audience = Audience()
        self._receiver = receiver
        self._ssrc: int | None = None
        self._sources: set[int] = set()
        self._throttle = KeyframeThrottle()
        self._request: asyncio.Task[None] | None = None
        self._asking = RepeatedAsking()
        self._looked_at = float("-inf")
        self._repeat: asyncio.Task[None] | None = None
        self._rate = RateMeter()
        self._line = LineEstimate()
        hooks.tap_receiver(receiver, self._on_packet, self._on_sender_report)
        hooks.shape_feedback(receiver, self._limit_to_tell, self._lost_asked_for)
        if kind == "video":
            hooks.report_arrivals(receiver, TransportFeedback().add)

    @property
    def begins_keyframe(self) -> Callable[[bytes], bool]:
        """Tells by a payload whether a decoder of the video can begin with it."""
        return self._source.begins_keyframe

    def viewer_reported(self, outlet: Outlet, share_lost: float) -> None:
        """A viewer tells what it lost, of which the camera's own line may have lost some."""
        now = time.monotonic()
        own = max(0.0, share_lost - self.loss.share)
        self.audience.reported(outlet, own, self._rate.bits_per_s(self.octets, now), now)

    def remove(self, outlet: Outlet) -> None:
        self.outlets.discard(outlet)
        self.audience.left(outlet)

    def request_keyframe(self) -> None:
        """Ask the camera for a picture to begin from; many wishes become one request."""
        if self.kind != "video" or self._ssrc is None:
            return
        delay = self._throttle.ask(time.monotonic())
        if delay is not None:
            self._request = asyncio.create_task(self._send_request(delay))

    def close(self) -> None:
        self.outlets.clear()
        for task in (self._request, self._repeat):
            if task is not None:
                task.cancel()

    async def _send_request(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._throttle.sent(time.monotonic())
        if self._ssrc is not None:
            self.keyframe_requests += 1
            await hooks.request_keyframe(self._receiver, self._ssrc)

    def _on_packet(self, packet: RtpPacket) -> None:
        now = time.monotonic()
        self._source.media_seen(now)
        if packet.ssrc != self._ssrc:
            self._new_source(packet.ssrc)
        self.packets += 1
        self.octets += len(packet.payload)
        if self.kind == "video":
            if self.begins_keyframe(packet.payload):
                self._asking.keyframe_begins(packet.sequence_number)
            if now - self._looked_at >= ASK_AGAIN_S:
                self._look_for_missing(packet.ssrc, now)
        if self.loss.is_due(now):
            self.loss.count(*hooks.packet_counts(self._receiver, packet.ssrc), now)
        if not self.clock.known and now - self._source.connected_at > REPORT_PATIENCE_S:
            self.clock.report(current_ntp_time(), packet.timestamp, 0)
        self.history.add(packet)
        for outlet in tuple(self.outlets):
            outlet.forward(packet)

    def _look_for_missing(self, ssrc: int, now: float) -> None:
        self._looked_at = now
        if missing := hooks.missing_packets(self._receiver):
            self._repeat = asyncio.create_task(hooks.ask_for_packets(self._receiver, ssrc, missing))
            if self.outlets and self._asking.needs_keyframe(now):
                self.request_keyframe()

    def _limit_to_tell(self, send_time: int, octets: int) -> int | None:
        now = time.monotonic()
        is_late = self._source.is_relay_busy()
        line = self._line.add(send_time, round(now * 1000), octets, is_late=is_late)
        return self.limit.tell(line, self.audience.limit(self.outlets, now), now)

    def _lost_asked_for(self, missing: list[int]) -> list[int]:
        return self._asking.choose(missing, time.monotonic())

    def _new_source(self, ssrc: int) -> None:
        self._ssrc = ssrc
        self.loss = LossMeter()
        self._sources.add(ssrc)
        if len(self._sources) > MOST_SOURCES:
            self._source.give_up("the camera changed the identity of its stream too often")
        elif self.outlets:
            self.request_keyframe()

    def _on_sender_report(self, report: RtcpSrPacket) -> None:
        info = report.sender_info
        if report.ssrc == self._ssrc and info.ntp_timestamp:
            offset = self._source.clock_offset(info.ntp_timestamp)
            self.clock.report(info.ntp_timestamp, info.rtp_timestamp, offset)


class Source(Peer):
    """A peer that sends: its tracks, and what they have in common."""

    def __init__(self, id_: UUID) -> None:
        super().__init__(id_)
        self.tracks: dict[Kind, Track] = {}
        self.media_at: float | None = None
        self.is_relay_busy: Callable[[], bool] = lambda: False
        self._clock_offset: int | None = None

    def begins_keyframe(self, payload: bytes) -> bool:  # noqa: ARG002 - of sound every packet will do
        """Whether a decoder can begin with this packet."""
        return True

    def add_track(self, kind: Kind, receiver: RTCRtpReceiver) -> None:
        self.tracks[kind] = Track(self, kind, receiver)

    def media_seen(self, now: float) -> None:
        self.media_at = now

    def clock_offset(self, ntp_time: int) -> int:
        """What to add to the peer's times, fixed by its first report."""
        if self._clock_offset is None:
            self._clock_offset = current_ntp_time() - ntp_time
        return self._clock_offset

    def detach(self) -> None:
        """Stop the flow of packets at once, before the slower goodbyes."""
        for track in self.tracks.values():
            track.close()


class Publication(Source):
    """One camera's connection. `format` is the one of its video that was agreed."""

    noun = "publication"
    farewell = "the camera stopped sending"

    def __init__(self, id_: UUID, format_: VideoFormat) -> None:
        super().__init__(id_)
        self.format = format_

    def begins_keyframe(self, payload: bytes) -> bool:
        """Whether a decoder of the video can begin with this packet."""
        return self.format.begins_keyframe(payload)
