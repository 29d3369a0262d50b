"""RTP packets in their order again, whatever the network did to it. Pure.

What a camera sends once more on request comes a round trip late, so a gap is waited for. What has not
come by then is missing for good, and the packet after it says so.
"""

from __future__ import annotations

from typing import NamedTuple

from aiortc.rtp import RtpPacket

MOST_WAITING = 512
STRAY = 1024
"""How far a number may lie from the one that is due; beyond, the numbering may have begun anew."""

_HALF_16 = 0x8000
_MASK_16 = 0xFFFF


class Ordered(NamedTuple):
    """A packet in its turn; `after_gap`: what stood before it is missing, or was never seen."""

    packet: RtpPacket
    after_gap: bool


class PacketOrder:
    """Takes the packets of one source as they come, and gives each once, by its number.

    A gap is waited for `patience_s`; never with more than `MOST_WAITING` packets.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._due: int | None = None  # counted on over the wraps of the 16 bits
        self._waiting: dict[int, tuple[RtpPacket, float]] = {}  # with its arrival, oldest first
        self._after_gap = True
        self._stray: int | None = None  # what would follow the last one far from all others

    def add(self, packet: RtpPacket, now: float) -> list[Ordered]:
        """The packets whose turn has come; `now` in seconds of any steady clock."""
        if self._due is None:
            self._due = packet.sequence_number
        distance = (packet.sequence_number - self._due + _HALF_16 & _MASK_16) - _HALF_16
        if abs(distance) > STRAY:
            if packet.sequence_number != self._stray:
                self._stray = packet.sequence_number + 1 & _MASK_16
                return []
            # Two in a row: the camera counts anew (RFC 3550, appendix A.1).
            self._waiting.clear()
            self._due, distance, self._after_gap = packet.sequence_number, 0, True
        self._stray = None
        number = self._due + distance
        if distance < 0 or number in self._waiting:
            return []
        self._waiting[number] = (packet, now)
        return self._in_turn(now)

    def _in_turn(self, now: float) -> list[Ordered]:
        assert self._due is not None
        ordered = []
        while self._waiting:
            if self._due not in self._waiting:
                _, since = next(iter(self._waiting.values()))
                if now - since < self._patience_s and len(self._waiting) <= MOST_WAITING:
                    break
                self._due, self._after_gap = min(self._waiting), True
            packet, _ = self._waiting.pop(self._due)
            ordered.append(Ordered(packet, self._after_gap))
            self._due, self._after_gap = self._due + 1, False
        return ordered
