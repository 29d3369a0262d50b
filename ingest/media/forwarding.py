"""Rewriting of RTP packets from one camera to each of its viewers.

Pure: packets and times in, bytes and delays out; no socket, no clock. Sequence numbers are 16 bits,
RTP times 32 bits in the track's clock rate, NTP times 64 bits in 2⁻³² seconds (RFC 3550, section 4).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtp import RtpPacket

from sightline.ingest.media import h264

HISTORY_PACKETS = 512  # a power of two; about two seconds of 720p
KEYFRAME_INTERVAL_S = 0.25
RETRANSMISSIONS_PER_S = 512.0
RETRANSMISSION_BURST = 256.0

_HEADER = struct.Struct("!BBHII")
_SEQUENCE = struct.Struct("!H")
_VERSION = 0x80
_MARKER = 0x80
_HALF_16 = 0x8000
_MASK_16 = 0xFFFF
_MASK_32 = 0xFFFFFFFF
_SETTLED_PACKETS = 1024


class PacketHistory:
    """The newest packets of one track, for viewers that lost some."""

    def __init__(self) -> None:
        self._ring: list[RtpPacket | None] = [None] * HISTORY_PACKETS

    def add(self, packet: RtpPacket) -> None:
        self._ring[packet.sequence_number & (HISTORY_PACKETS - 1)] = packet

    def get(self, sequence_number: int) -> RtpPacket | None:
        packet = self._ring[sequence_number & (HISTORY_PACKETS - 1)]
        if packet is None or packet.sequence_number != sequence_number:
            return None
        return packet


class KeyframeThrottle:
    """Bundles the wishes of all viewers for a new key frame: one each `interval_s`, none lost."""

    def __init__(self, interval_s: float = KEYFRAME_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._next = float("-inf")
        self._waiting = False

    def ask(self, now: float) -> float | None:
        """Seconds after which to send a request; None: one is on its way and will do."""
        if self._waiting:
            return None
        self._waiting = True
        return max(0.0, self._next - now)

    def sent(self, now: float) -> None:
        self._waiting = False
        self._next = now + self._interval_s


class RetransmissionBudget:
    """How much a viewer may ask for again, so that asking cannot be used to flood."""

    def __init__(
        self, per_second: float = RETRANSMISSIONS_PER_S, burst: float = RETRANSMISSION_BURST
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = float("-inf")

    def take(self, now: float) -> bool:
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True)
class OutgoingFormat:
    """How one viewer wants one track: what was negotiated with it."""

    ssrc: int
    payload_type: int
    rtx_ssrc: int
    rtx_payload_type: int | None


class TrackForwarder:
    """Renumbers one track for one viewer.

    A video track begins at a key frame (`gated`; `begins_keyframe` knows one of the track's codec),
    also when the camera begins anew under another SSRC; the viewer sees one unbroken numbering.
    """

    def __init__(
        self,
        format_: OutgoingFormat,
        *,
        gated: bool,
        timestamp_step: int,
        first_sequence: int,
        first_timestamp: int,
        first_rtx_sequence: int,
        begins_keyframe: Callable[[bytes], bool] = h264.begins_keyframe,
    ) -> None:
        self._format = format_
        self._gated = gated
        self._begins_keyframe = begins_keyframe
        self._timestamp_step = timestamp_step
        self._source: int | None = None
        self._joined_at: int | None = None
        self._sequence = (first_sequence - 1) & _MASK_16
        self._timestamp = (first_timestamp - timestamp_step) & _MASK_32
        self._sequence_offset = 0
        self._timestamp_offset = 0
        self._rtx_sequence = first_rtx_sequence
        self.packets = 0
        self.octets = 0

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether nothing has been forwarded yet."""
        return self._source is None

    def timestamp_for(self, timestamp: int) -> int:
        """The viewer's RTP time for the camera's."""
        return (timestamp + self._timestamp_offset) & _MASK_32

    def forward(self, packet: RtpPacket) -> bytes | None:
        """The packet as this viewer gets it; None: it is not for this viewer (yet)."""
        if packet.ssrc != self._source:
            if self._gated and not self._begins_keyframe(packet.payload):
                return None
            self._join(packet)
        elif self._joined_at is not None and self._came_before_joining(packet):
            return None
        sequence = (packet.sequence_number + self._sequence_offset) & _MASK_16
        timestamp = (packet.timestamp + self._timestamp_offset) & _MASK_32
        if (sequence - self._sequence) & _MASK_16 < _HALF_16:
            self._sequence = sequence
            self._timestamp = timestamp
        self.packets += 1
        self.octets += len(packet.payload)
        format_ = self._format
        marker = _MARKER if packet.marker else 0
        header = _HEADER.pack(
            _VERSION, marker | format_.payload_type, sequence, timestamp, format_.ssrc
        )
        return header + packet.payload

    def retransmit(self, sequence: int, history: PacketHistory) -> bytes | None:
        """The packet that this viewer lost, once more (RFC 4588); None: it is gone."""
        packet = history.get((sequence - self._sequence_offset) & _MASK_16)
        if packet is None or packet.ssrc != self._source:
            return None
        timestamp = (packet.timestamp + self._timestamp_offset) & _MASK_32
        format_ = self._format
        marker = _MARKER if packet.marker else 0
        if format_.rtx_payload_type is None:
            header = _HEADER.pack(
                _VERSION, marker | format_.payload_type, sequence, timestamp, format_.ssrc
            )
            return header + packet.payload
        self._rtx_sequence = (self._rtx_sequence + 1) & _MASK_16
        header = _HEADER.pack(
            _VERSION,
            marker | format_.rtx_payload_type,
            self._rtx_sequence,
            timestamp,
            format_.rtx_ssrc,
        )
        return header + _SEQUENCE.pack(sequence) + packet.payload

    def _join(self, packet: RtpPacket) -> None:
        self._source = packet.ssrc
        self._joined_at = packet.sequence_number
        self._sequence_offset = (self._sequence + 1 - packet.sequence_number) & _MASK_16
        self._timestamp_offset = (
            self._timestamp + self._timestamp_step - packet.timestamp
        ) & _MASK_32

    def _came_before_joining(self, packet: RtpPacket) -> bool:
        """Whether a late packet belongs to a picture that this viewer never began."""
        assert self._joined_at is not None
        distance = (packet.sequence_number - self._joined_at) & _MASK_16
        if distance >= _HALF_16:
            return True
        if distance > _SETTLED_PACKETS:
            self._joined_at = None
        return False


class SenderClock:
    """When a track's pictures or sounds were taken, from the camera's sender reports.

    The camera's clock may be wrong, so `offset` (shared by its tracks, which keeps picture and sound
    together) brings its reports to the relay's clock.
    """

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._ntp_time = 0
        self._rtp_time: int | None = None

    @property
    def known(self) -> bool:
        return self._rtp_time is not None

    def report(self, ntp_time: int, rtp_time: int, offset: int) -> None:
        self._ntp_time = ntp_time + offset
        self._rtp_time = rtp_time

    def ntp_time(self, rtp_time: int) -> int:
        """NTP time of an RTP time; 0 (which receivers ignore) before the first report."""
        if self._rtp_time is None:
            return 0
        elapsed = (rtp_time - self._rtp_time) & _MASK_32
        if elapsed > _MASK_32 >> 1:
            elapsed -= 1 << 32
        return self._ntp_time + (elapsed << 32) // self._clock_rate
