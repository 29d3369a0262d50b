"""Who is sent a source's packets: a person who watches one camera."""

from __future__ import annotations

import random
import time
from uuid import UUID

from aiortc import RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket

from sightline.ingest.media import hooks
from sightline.ingest.media.forwarding import (
    OutgoingFormat,
    RetransmissionBudget,
    TrackForwarder,
)
from sightline.ingest.media.peer import Peer
from sightline.ingest.media.publication import CLOCK_RATES, Publication, Track

REPORT_INTERVAL_S = 0.2  # libraries send a report each 0.5–1.5 s, of what was set last
FRAME_S = {"video": 0.04, "audio": 0.02}  # how far times step over a change of source


class Outlet:
    """One track on its way to one viewer."""

    def __init__(self, track: Track, sender: RTCRtpSender) -> None:
        self.track = track
        self.retransmissions = 0
        self.lost = 0
        self.share_lost = 0.0
        self._forwarder: TrackForwarder | None = None
        self._budget = RetransmissionBudget()
        self._reported_at = float("-inf")
        self._sender = hooks.PacketSender(
            sender,
            on_start=self._start,
            on_stop=self._stop,
            on_lost=self._retransmit,
            on_keyframe_request=track.request_keyframe,
            on_report=self._reported,
        )

    @property
    def packets(self) -> int:
        """Packets that this viewer was sent, retransmissions not counted."""
        return self._forwarder.packets if self._forwarder else 0

    def forward(self, packet: RtpPacket) -> None:
        forwarder = self._forwarder
        if forwarder is None or (data := forwarder.forward(packet)) is None:
            return
        self._sender.send(data)
        now = time.monotonic()
        if now - self._reported_at > REPORT_INTERVAL_S:
            self._reported_at = now
            self._sender.report(
                self.track.clock.ntp_time(packet.timestamp),
                forwarder.timestamp_for(packet.timestamp),
                forwarder.packets,
                forwarder.octets,
            )

    def _start(self, codec: RTCRtpCodecParameters) -> None:
        # The lower half of the sequence numbers: a wrap soon after the start confuses SRTP.
        self._forwarder = TrackForwarder(
            OutgoingFormat(
                ssrc=self._sender.ssrc,
                payload_type=codec.payloadType or 0,
                rtx_ssrc=self._sender.rtx_ssrc,
                rtx_payload_type=self._sender.rtx_payload_type,
            ),
            gated=self.track.kind == "video",
            timestamp_step=round(FRAME_S[self.track.kind] * CLOCK_RATES[self.track.kind]),
            first_sequence=random.randrange(1 << 15),  # noqa: S311 - unpredictability is SRTP's task
            first_timestamp=random.getrandbits(32),
            first_rtx_sequence=random.randrange(1 << 15),  # noqa: S311
            begins_keyframe=self.track.begins_keyframe,
        )
        self.track.outlets.add(self)
        self.track.request_keyframe()

    def _stop(self) -> None:
        self.track.remove(self)

    def _reported(self, share_lost: float) -> None:
        self.share_lost = share_lost
        self.track.viewer_reported(self, share_lost)

    def _retransmit(self, sequence_number: int) -> None:
        self.lost += 1
        if self._forwarder is None or not self._budget.take(time.monotonic()):
            return
        data = self._forwarder.retransmit(sequence_number, self.track.history)
        if data is not None and self._sender.send(data):
            self.retransmissions += 1


class Sink(Peer):
    """A peer that is sent tracks of a source."""

    def __init__(self, id_: UUID) -> None:
        super().__init__(id_)
        self.outlets: list[Outlet] = []

    def add_outlet(self, track: Track, sender: RTCRtpSender) -> None:
        self.outlets.append(Outlet(track, sender))

    def detach(self) -> None:
        """Stop the flow of packets at once, before the slower goodbyes."""
        for outlet in self.outlets:
            outlet.track.remove(outlet)


class Viewing(Sink):
    """One viewer's connection to one publication."""

    noun = "viewing"
    farewell = "the viewer closed it"

    def __init__(self, id_: UUID, publication: Publication) -> None:
        super().__init__(id_)
        self.publication = publication
