"""How much a camera sends, by what gets through. Pure: figures and times in, a plan out.

The camera stands on a ladder of steps, each a size of picture and a bit rate. It goes *down at once*
when less arrives than it sends, to the highest step that fits what arrives; *up one step at a time*,
after a while without trouble, and only once a trial has shown that the next step would get through:
for a moment padding fills the line to the next step's rate, so that a failed trial costs no picture.

What it goes by, each from the receiver's RTCP (RFC 3550, RFC 4585, REMB):

- packets asked for again, counted against those sent: the quickest sign, within a round trip;
- the share lost in receiver reports, once a second;
- the receiver's limit (REMB), which falls when packets arrive ever later: the line has a queue that
  grows, and nothing is lost yet;
- the round trip, where the receiver has no such limit to tell;
- silence: no report at all.

Times are seconds of any steady clock, rates bit/s of video.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

COLLAPSE = 0.30  # share of packets lost, of which one sign is enough
HEAVY_LOSS = 0.10  # … over some reports; less is repaired by sending again
LIGHT_LOSS = 0.02  # nothing is tried at more
TOLERATED_BETWEEN = (
    0.6,
    1.5,
)  # times the loss before a step down: it is not because of what is sent
TOLERATED_FOR_S = 15.0
LATE_S = 0.4  # round trip above the least one seen: a queue that has grown too long
SAFETY = 0.85  # of what got through is planned on

SETTLE_S = 1.0  # after a step down, what was sent before it is still asked for
REPORT_SPAN_S = 1.6  # … and in receiver reports, each of which is of so long at most
UP_AFTER_S = 3.0
MOST_UP_AFTER_S = 10.0  # once trials have failed
TRIAL_S = 1.5
LONGEST_TRIAL_S = 12.0
TRIAL_SHARE = 1.05  # of the next step's rate
READY_SHARE = 1.2  # of the present step's rate, that the receiver's limit must allow before a trial

LIMIT_VALID_S = 5.0
FAR_ABOVE_LIMIT = 1.25
FAR_BELOW_STEP = 0.7  # a limit so low is believed even while older news is awaited
ABOVE_LIMIT = 1.05
ABOVE_LIMIT_FOR_S = 2.5  # a limit a little too low is mostly the receiver's machine being busy

SILENCE_S = 3.0
PACED_FOR_S = 30.0  # after trouble
PACE_SHARE = 1.5  # of the step's rate, below the top step and after trouble
TOP_PACE_SHARE = (
    3.0  # otherwise: a key frame at once would be too much for a line with a short queue
)

_LOSS_WINDOW_S = 0.3
_LEAST_LOST = 8  # in that window
_RATE_WINDOW_S = 1.0
_LEAST_WINDOW_S = 0.4


@dataclass(frozen=True)
class Step:
    """One size of stream; the bit rate is in bit/s."""

    width: int
    height: int
    frame_rate: int
    bit_rate: int


STEPS = (
    Step(1280, 720, 25, 1_800_000),
    Step(1280, 720, 25, 1_000_000),
    Step(960, 540, 25, 700_000),
    Step(640, 360, 25, 450_000),
    Step(640, 360, 12, 250_000),
)


def ladder(most_bits_per_s: int) -> tuple[Step, ...]:
    """The steps of a camera that may send so much, the highest first."""
    above = [step for step in STEPS if step.bit_rate >= most_bits_per_s]
    top = replace(above[-1] if above else STEPS[0], bit_rate=most_bits_per_s)
    return (top, *(step for step in STEPS if step.bit_rate < most_bits_per_s))


@dataclass(frozen=True)
class Plan:
    """What to send now.

    `padding_bits_per_s` goes out beside the picture; the picture's packets leave no faster than
    `pace_bits_per_s`; it `is_careful` where there was trouble.
    """

    step: Step
    padding_bits_per_s: float
    pace_bits_per_s: float
    is_careful: bool


class Adaptation:
    """One camera's place on its ladder.

    It begins where half of `uplink_bits_per_s` suffices, if that is known, else at the top. A camera
    that cannot send padding goes up without a trial.
    """

    def __init__(
        self,
        steps: tuple[Step, ...],
        now: float,
        uplink_bits_per_s: float | None = None,
        *,
        can_pad: bool = True,
    ) -> None:
        self._steps = steps
        self.can_pad = can_pad
        self._at = 0
        if uplink_bits_per_s is not None:
            self._at = self._highest_within(uplink_bits_per_s / 2)
        self._video, self._all = _Window(_RATE_WINDOW_S, now), _Window(_RATE_WINDOW_S, now)
        self._sent_packets = _Window(_LOSS_WINDOW_S, now)
        self._lost_packets = _Window(_LOSS_WINDOW_S, now)
        self._limit: tuple[float, float] | None = None  # bit/s, when
        self._above_limit_since: float | None = None
        self._report_at: float | None = None
        self._least_round_trip_s = float("inf")
        self._round_trip_s = 0.0
        self._late = False
        self._loss: float | None = None
        self._loss_before = 0.0, float("-inf")
        self._quiet_since = now
        self._settled_at = now
        self._paced_until = float("-inf")
        self._up_after_s = UP_AFTER_S
        self._stepped_up_at = float("-inf")
        self._trial_since: float | None = None
        self._filled_since: float | None = None

    @property
    def step(self) -> Step:
        return self._steps[self._at]

    # --- what happens

    def sent(self, octets: int, now: float, *, padding: bool = False) -> None:
        """A packet has left."""
        self._all.add(octets * 8, now)
        if not padding:
            self._video.add(octets * 8, now)
            self._sent_packets.add(1, now)

    def lost(self, now: float) -> None:
        """The receiver asks for a packet again, for the first time."""
        self._lost_packets.add(1, now)
        lost, sent = self._lost_packets.total(now), self._sent_packets.total(now)
        if now < self._settled_at or lost < _LEAST_LOST or lost <= COLLAPSE * sent:
            return
        self._trouble(self._arrives(min(1.0, lost / max(sent, 1)), now), now)

    def reported(self, share_lost: float, round_trip_s: float | None, now: float) -> None:
        """A receiver report came: the share of packets lost since the one before."""
        self._report_at = now
        is_late = self._is_late(round_trip_s)
        if now < self._settled_at - SETTLE_S + REPORT_SPAN_S:
            return
        usual = share_lost if self._loss is None else (self._loss + share_lost) / 2
        self._loss = usual
        if share_lost > COLLAPSE:
            self._trouble(self._arrives(share_lost, now), now)
        elif usual > HEAVY_LOSS:
            self._lossy(usual, now)
        elif is_late:
            self._trouble(self._one_down(), now)
        elif self._trial_since is not None and self._waits(round_trip_s, LATE_S / 2):
            self._trouble(self.step.bit_rate, now)
        elif share_lost > LIGHT_LOSS:
            self._quiet_since = now
            self._end_trial()

    def limited(self, bits_per_s: float, now: float) -> None:
        """The receiver says how much it can take at most."""
        self._limit = bits_per_s, now
        if bits_per_s < FAR_BELOW_STEP * self.step.bit_rate and now < self._settled_at:
            self._trouble(bits_per_s, now)
            return
        rate = self._all.rate(now)
        if now < self._settled_at or rate is None or rate <= ABOVE_LIMIT * bits_per_s:
            self._above_limit_since = None
            return
        if self._above_limit_since is None:
            self._above_limit_since = now
        if (
            rate > FAR_ABOVE_LIMIT * bits_per_s
            or now - self._above_limit_since >= ABOVE_LIMIT_FOR_S
        ):
            self._trouble(bits_per_s, now)

    def plan(self, now: float) -> Plan:
        """What to send from now on; to be asked for each picture."""
        if self._report_at is not None and now - self._report_at > SILENCE_S:
            self._report_at = now
            self._trouble(self._one_down(), now)
        padding = self._try_next(now) if self._at > 0 else 0.0
        is_careful = self._at > 0 or now < self._paced_until
        share = PACE_SHARE if is_careful else TOP_PACE_SHARE
        return Plan(self.step, padding, share * self.step.bit_rate + padding, is_careful)

    # --- down

    def _lossy(self, share_lost: float, now: float) -> None:
        """Much is lost: less is sent, unless that has just been tried and changed nothing.

        A full line loses less of less; a bad radio channel loses its share of anything.
        """
        before, at = self._loss_before
        least, most = (before * times for times in TOLERATED_BETWEEN)
        is_known = now - at < TOLERATED_FOR_S and least <= share_lost <= most
        if is_known:
            self._loss_before = before, now
            self._quiet_since = now
            self._end_trial()
            return
        self._loss_before = share_lost, now
        self._trouble(self._arrives(share_lost, now), now)

    def _arrives(self, share_lost: float, now: float) -> float:
        """What may be planned on when so much of what is sent is lost."""
        rate = self._all.rate(now)
        sent = self.step.bit_rate if rate is None else rate
        return SAFETY * sent * (1 - share_lost)

    def _one_down(self) -> float:
        return self._steps[min(self._at + 1, len(self._steps) - 1)].bit_rate

    def _is_late(self, round_trip_s: float | None) -> bool:
        """Whether packets wait in a queue that is too long, and does not get shorter."""
        if round_trip_s is None:
            return False
        self._least_round_trip_s = min(self._least_round_trip_s, round_trip_s)
        late = self._waits(round_trip_s, LATE_S)
        still = late and self._late and round_trip_s > 0.9 * self._round_trip_s
        self._late, self._round_trip_s = late, round_trip_s
        return still

    def _waits(self, round_trip_s: float | None, wait_s: float) -> bool:
        return round_trip_s is not None and round_trip_s > self._least_round_trip_s + wait_s

    def _trouble(self, limit_bits_per_s: float, now: float) -> None:
        self._quiet_since = now
        self._settled_at = now + SETTLE_S
        self._paced_until = now + PACED_FOR_S
        self._above_limit_since = None
        self._loss = None
        if self._trial_since is not None:
            self._end_trial()
            self._up_after_s = min(MOST_UP_AFTER_S, 1.6 * self._up_after_s)
            if limit_bits_per_s >= SAFETY * self.step.bit_rate:
                self._begin_counting(now)
                return  # the padding was too much; the picture gets through
        elif now - self._stepped_up_at < 2 * UP_AFTER_S:
            self._up_after_s = min(MOST_UP_AFTER_S, 1.6 * self._up_after_s)
        self._at = max(
            min(self._at + 1, len(self._steps) - 1), self._highest_within(limit_bits_per_s)
        )
        self._begin_counting(now)

    def _highest_within(self, bits_per_s: float) -> int:
        last = len(self._steps) - 1
        return next((i for i, s in enumerate(self._steps) if s.bit_rate <= bits_per_s), last)

    # --- up

    def _try_next(self, now: float) -> float:
        """Padding (bit/s) by which to try the step above; goes there once that has got through."""
        above = self._steps[self._at - 1]
        most = self._fresh_limit(now)
        if self._trial_since is None:
            if now < self._settled_at or now - self._quiet_since < self._up_after_s:
                return 0.0
            if most < READY_SHARE * self.step.bit_rate:
                return 0.0
            if not self.can_pad:
                self._step_up(now)
                return 0.0
            self._trial_since = now
        if now - self._trial_since > LONGEST_TRIAL_S:
            self._end_trial()
            self._quiet_since = now
            return 0.0
        wanted = TRIAL_SHARE * above.bit_rate
        video, whole = self._video.rate(now), self._all.rate(now)
        if most >= above.bit_rate and whole is not None and whole >= 0.9 * above.bit_rate:
            if self._filled_since is None:
                self._filled_since = now
            elif now - self._filled_since >= TRIAL_S:
                self._step_up(now)
                return 0.0
        else:
            self._filled_since = None
        return max(0.0, min(wanted, most) - (self.step.bit_rate if video is None else video))

    def _fresh_limit(self, now: float) -> float:
        if self._limit is None or now - self._limit[1] > LIMIT_VALID_S:
            return float("inf")
        return self._limit[0]

    def _step_up(self, now: float) -> None:
        self._end_trial()
        self._at -= 1
        self._quiet_since = self._stepped_up_at = now
        self._up_after_s = UP_AFTER_S
        self._begin_counting(now)

    def _end_trial(self) -> None:
        self._trial_since = self._filled_since = None

    def _begin_counting(self, now: float) -> None:
        for window in (self._video, self._all, self._sent_packets, self._lost_packets):
            window.clear(now)


class _Window:
    """A sum over the last `span_s` seconds."""

    def __init__(self, span_s: float, now: float) -> None:
        self._span_s = span_s
        self._since = now
        self._sum = 0.0
        self._entries: deque[tuple[float, float]] = deque()

    def clear(self, now: float) -> None:
        self._since, self._sum = now, 0.0
        self._entries.clear()

    def add(self, amount: float, now: float) -> None:
        self._entries.append((now, amount))
        self._sum += amount

    def total(self, now: float) -> float:
        while self._entries and self._entries[0][0] <= now - self._span_s:
            self._sum -= self._entries.popleft()[1]
        return self._sum

    def rate(self, now: float) -> float | None:
        """Amount a second; None: too little time was seen."""
        seen_s = min(self._span_s, now - self._since)
        return self.total(now) / seen_s if seen_s >= _LEAST_WINDOW_S else None
