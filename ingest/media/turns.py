"""From when to when somebody spoke, and what was said: turns of a talk, cut where the packets pause. Pure.

Who presses to talk sends packets, and who lets go sends none (their browser takes the microphone off the line), so that what
came over the line is the truth of it, whatever a page says.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import av

PAUSE_S: Final = 0.5
"""Without packets for so long, a turn is over."""
LONGEST_S: Final = 300.0
"""A longer turn is told in parts, so that what is lost with a relay is little."""
FARTHEST_S: Final = LONGEST_S + 60
"""Times that lie farther apart belong to different numberings."""

CLOCK: Final = 48_000
PACKET_S: Final = 0.02
_HALF: Final = 1 << 31
_MASK: Final = (1 << 32) - 1


@dataclass
class Turn:
    """One time that somebody spoke.

    Attributes:
        number: from 1 within the talk.
        began_s: seconds since 1970 UTC, of its first packet's arrival.
        ended_s: … of its last packet's arrival, and that packet's length.
        packets: RTP time (48 kHz, from 0 at the first packet to come, which may have overtaken others) → Opus payload.
    """

    number: int
    began_s: float
    ended_s: float
    packets: dict[int, bytes] = field(default_factory=dict)
    began: float = (
        0.0  # on the monotonic clock, which lengths go by: the other one may be set meanwhile
    )


class Turns:
    """Cuts one talk's packets into turns."""

    def __init__(self) -> None:
        self._count = 0
        self._turn: Turn | None = None
        self._first_timestamp = 0
        self._last = 0.0

    def packet(self, now: float, wall_s: float, timestamp: int, payload: bytes) -> Turn | None:
        """Take a packet; the turn that was over before it.

        Args:
            now: on the monotonic clock.
            wall_s: seconds since 1970 UTC.
            timestamp: its RTP time.
            payload: Opus.
        """
        over = self.pause(now)
        elapsed = self._elapsed(timestamp)
        if self._turn is not None and (
            now - self._turn.began >= LONGEST_S or abs(elapsed) > FARTHEST_S * CLOCK
        ):
            over = self.end()
        if self._turn is None:
            self._count += 1
            self._turn = Turn(self._count, wall_s, wall_s, began=now)
            self._first_timestamp, elapsed = timestamp, 0
        self._turn.packets[elapsed] = payload
        self._last = now
        self._turn.ended_s = self._turn.began_s + now - self._turn.began + PACKET_S
        return over

    def _elapsed(self, timestamp: int) -> int:
        elapsed = (timestamp - self._first_timestamp) & _MASK
        return elapsed if elapsed < _HALF else elapsed - _MASK - 1

    def pause(self, now: float) -> Turn | None:
        """The turn that is over by now (on the monotonic clock), if one is."""
        if self._turn is None or now - self._last - PACKET_S < PAUSE_S:
            return None
        return self.end()

    def end(self) -> Turn | None:
        """The turn that is cut off here, if there is one."""
        turn, self._turn = self._turn, None
        return turn


def ogg_opus(turn: Turn) -> bytes:
    """What was said in a turn as an Ogg Opus file (RFC 7845), its packets as they came."""
    output = io.BytesIO()
    with av.open(output, "w", format="ogg") as container:
        # The encoder is there for what it writes into the head of the file; it encodes nothing.
        stream = container.add_stream("libopus", rate=CLOCK, layout="stereo")
        first = min(turn.packets)
        for elapsed in sorted(turn.packets):
            packet = av.Packet(turn.packets[elapsed])
            packet.stream = stream
            packet.time_base = Fraction(1, CLOCK)
            packet.pts = packet.dts = elapsed - first
            packet.duration = round(PACKET_S * CLOCK)
            container.mux_one(packet)
    return output.getvalue()
