"""What a viewer's RTP headers tell of what arrived: pictures, packets, gaps. Pure; payloads stay encrypted."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("!BBHII")
_RTP, _PAST_RTP = 0x80, 0xC0
_MARKER, _TYPE = 0x80, 0x7F
_RTCP_TYPES = range(64, 96)
_HALF_16, _ALL_16 = 0x8000, 0x10000


def is_rtp(datagram: bytes) -> bool:
    """Whether a datagram is an RTP packet, and neither STUN, DTLS nor RTCP (RFC 7983, RFC 5761)."""
    return (
        len(datagram) >= _HEADER.size
        and _RTP <= datagram[0] < _PAST_RTP
        and datagram[1] & _TYPE not in _RTCP_TYPES
    )


class Arrivals:
    """What arrived of one payload type.

    Attributes:
        pictures: whole ones, counted by their last packet.
        packets: that arrived, repeated ones not counted twice.
        octets: of them, headers included.
        last_s: when the last one came, by the caller's clock; None: none did.
    """

    def __init__(self, payload_type: int) -> None:
        self._payload_type = payload_type
        self._first = 0
        self._highest = -1
        self.pictures = 0
        self.packets = 0
        self.octets = 0
        self.last_s: float | None = None

    @property
    def lost(self) -> int:
        """Packets that are missing between the first and the highest number."""
        return 0 if self._highest < 0 else max(0, self._highest - self._first + 1 - self.packets)

    def take(self, datagram: bytes, at_s: float) -> None:
        """Count an RTP packet, if it is of this payload type."""
        _, second, sequence, _, _ = _HEADER.unpack_from(datagram)
        if second & _TYPE != self._payload_type:
            return
        if self._highest < 0:
            self._first = self._highest = sequence
        else:
            ahead = (sequence - self._highest) % _ALL_16
            if ahead < _HALF_16:
                self._highest += ahead
        self.packets += 1
        self.octets += len(datagram)
        self.last_s = at_s
        if second & _MARKER:
            self.pictures += 1
