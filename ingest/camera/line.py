"""A camera's line to the relay: keeps its adaptation informed, its packets at pace, its repeats few."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from sightline.ingest.camera.adaptation import Adaptation, Plan, Step
from sightline.ingest.media.forwarding import RetransmissionBudget

SHORTEST_WAIT_S = 0.004  # what is less is sent at once: timers are no finer
REMEMBERED_ASKS = 512
REPEATED_SHARE = 0.5  # of the step's rate, while the line is in trouble
REPEATED_BURST = 40  # packets; a key frame of a small picture
DRAIN_S = (
    0.25  # after a step down nothing is sent, so that the line's queue empties for the key frame
)

_PACKET_BITS = 8 * 1200


class CameraLine:
    """What `line_sender.LineSender` asks and tells, for one `Adaptation`."""

    def __init__(self, adaptation: Adaptation, clock: Callable[[], float] = time.monotonic) -> None:
        self.adaptation = adaptation
        self._clock = clock
        self._pace: float | None = None
        self._free_at = float("-inf")
        self._asked: deque[int] = deque(maxlen=REMEMBERED_ASKS)
        self._budget = RetransmissionBudget()
        self._budget_for: Step | None = None
        self._step = adaptation.step
        self._begins_anew = False
        self._first: int | None = None

    def plan(self) -> Plan:
        """What to send from now on."""
        now = self._clock()
        plan = self.adaptation.plan(now)
        self._pace = plan.pace_bits_per_s
        if plan.step != self._step:
            if plan.step.bit_rate < self._step.bit_rate:
                self._free_at = max(self._free_at, now + DRAIN_S)
            self._step, self._begins_anew = plan.step, True
        budget_for = plan.step if plan.is_careful else None
        if budget_for != self._budget_for:
            self._budget_for = budget_for
            self._budget = _budget(budget_for)
        return plan

    def delay_s(self, octets: int) -> float:
        """How long a packet of the picture must wait before it may leave."""
        if self._pace is None:
            return 0.0
        now = self._clock()
        leaves_at = max(self._free_at, now)
        self._free_at = leaves_at + octets * 8 / self._pace
        return leaves_at - now if leaves_at - now >= SHORTEST_WAIT_S else 0.0

    def sent(self, octets: int, *, padding: bool) -> None:
        self.adaptation.sent(octets, self._clock(), padding=padding)

    def picture_sent(self, sequence_number: int) -> None:
        """A packet of the picture leaves: the first of a new step begins with a key frame."""
        if self._begins_anew:
            self._begins_anew, self._first = False, sequence_number

    def may_repeat(self, sequence_number: int) -> bool:
        """A packet was lost: whether it may be sent again; not where a key frame has come after it."""
        if self._first is not None and (sequence_number - self._first) & 0xFFFF >= 0x8000:
            return False
        now = self._clock()
        if sequence_number not in self._asked:
            self._asked.append(sequence_number)
            self.adaptation.lost(now)
        return self._budget.take(now)

    def reported(self, share_lost: float, round_trip_s: float | None) -> None:
        self.adaptation.reported(share_lost, round_trip_s, self._clock())

    def limited(self, bits_per_s: int) -> None:
        self.adaptation.limited(bits_per_s, self._clock())


def _budget(step: Step | None) -> RetransmissionBudget:
    """Repeats come on top of the picture; on a full line they would fill it for good."""
    if step is None:
        return RetransmissionBudget()
    per_second = REPEATED_SHARE * step.bit_rate / _PACKET_BITS
    return RetransmissionBudget(per_second, REPEATED_BURST)
