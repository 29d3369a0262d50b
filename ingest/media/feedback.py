"""What the relay tells a camera about lines: its own, and those of its viewers. Pure.

A camera hears of its own line what the relay sees: receiver reports with loss and jitter each second
(RFC 3550, section 6.4.2), requests for lost packets (RFC 4585, section 6.2.1), and the most that the
relay thinks the line can carry (REMB, draft-alvestrand-rmcat-remb), by how packets arrive ever later.

A viewer's line is the viewer's own affair. What one viewer loses is sent again from the relay's
history, and neither its losses nor its limits are passed on: one bad line must not spoil the picture
of the others. Only when *every* viewer of a camera loses much of what the relay sends, nobody is left
for whom the better picture would be sent; then the limit told to the camera falls to what the best of
them can take, and rises again as they recover. With one viewer, that one is everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass

from sightline.ingest.media.line_estimate import NO_LIMIT

ASK_AGAIN_S = 0.1
MOST_ASKS = 8
OVERDUE_S = 0.4

SUFFERS_LOSS = 0.10  # share of packets between relay and viewer
RECOVERS_LOSS = 0.02
SUFFERS_AFTER = 2  # reports in a row, about a second each: one may be a moment's
GROWTH = 1.12  # of a viewer's limit, each report
RELEASED_AT = 2.0  # times what the camera sends: then it limits nothing
LEAST_LIMIT = 200_000  # bit/s
REPORT_VALID_S = 5.0

TELL_S = 0.5


class RepeatedAsking:
    """Which lost packets to ask a camera for, of all that are missing.

    Asking for everything at each new gap would make a camera whose line is full send all of it
    again, and fill the line for good. What was lost before a key frame is not asked for: no decoder
    needs it any more. And what does not come although it was asked for makes a key frame necessary:
    a browser would wait for some seconds before it asks for one.
    """

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}
        self._keyframe: int | None = None

    def keyframe_begins(self, sequence_number: int) -> None:
        self._keyframe = sequence_number

    def choose(self, missing: Iterable[int], now: float) -> list[int]:
        """Those to ask for now."""
        asked: dict[int, _Asked] = {}
        chosen = []
        for sequence_number in missing:
            if self._keyframe is not None and _is_before(sequence_number, self._keyframe):
                continue
            one = self._asked.get(sequence_number) or _Asked(first_at=now)
            if one.times < MOST_ASKS and now - one.last_at >= ASK_AGAIN_S:
                chosen.append(sequence_number)
                one.last_at, one.times = now, one.times + 1
            asked[sequence_number] = one
        self._asked = asked
        return chosen

    def needs_keyframe(self, now: float) -> bool:
        """Whether some packet is overdue; true once for each."""
        overdue = [
            one for one in self._asked.values() if now - one.first_at > OVERDUE_S and not one.told
        ]
        for one in overdue:
            one.told = True
        return bool(overdue)


@dataclass
class _Asked:
    first_at: float
    last_at: float = float("-inf")
    times: int = 0
    told: bool = False


def _is_before(one: int, other: int) -> bool:
    """Whether a sequence number (16 bits) comes before another."""
    return (one - other) & 0xFFFF >= 0x8000


@dataclass
class _Line:
    """A viewer's line, by its reports."""

    at: float
    bad_reports: int = 0
    limit: float | None = None  # bit/s; None: it takes what it gets


class Audience:
    """How the viewers of one camera fare."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, _Line] = {}

    def reported(self, viewer: Hashable, share_lost: float, rate: float, now: float) -> None:
        """A viewer's report: the share that was lost on its own line; `rate` is what is sent (bit/s)."""
        line = self._lines.setdefault(viewer, _Line(now))
        line.at = now
        if share_lost > SUFFERS_LOSS and rate > 0:
            line.bad_reports += 1
            if line.bad_reports >= SUFFERS_AFTER:
                before = rate if line.limit is None else min(line.limit, rate)
                line.limit = max(LEAST_LIMIT, before * (1 - share_lost / 2))
            return
        line.bad_reports = 0
        if share_lost < RECOVERS_LOSS and line.limit is not None:
            line.limit *= GROWTH
            if line.limit > RELEASED_AT * rate:
                line.limit = None

    def left(self, viewer: Hashable) -> None:
        self._lines.pop(viewer, None)

    def limit(self, viewers: Collection[Hashable], now: float) -> float | None:
        """The most that any of the present viewers can take, in bit/s; None: one takes anything."""
        limits = []
        for viewer in viewers:
            line = self._lines.get(viewer)
            if line is None or line.limit is None or now - line.at > REPORT_VALID_S:
                return None
            limits.append(line.limit)
        return max(limits, default=None)


class CameraLimit:
    """The limit that a camera is told, from the estimate of its line and its viewers' limit."""

    def __init__(self) -> None:
        self.bits_per_s: int | None = None
        """What was told last."""
        self._line: int | None = None
        self._told_at = float("-inf")

    def tell(self, line: int | None, audience: float | None, now: float) -> int | None:
        """What to tell now, in bit/s; None: nothing, or it was told a moment ago.

        `line` is the estimate of the camera's line where there is a new one, `audience` what the
        viewers can take where all of them suffer.
        """
        self._line = line or self._line
        limits = [limit for limit in (self._line, audience) if limit is not None]
        if not limits:
            if self.bits_per_s is None:
                return None
            limits = [NO_LIMIT]
        limit = round(min(limits))
        if line is None and now - self._told_at < TELL_S:
            return None
        if limit == self.bits_per_s == NO_LIMIT and now - self._told_at < TELL_S:
            return None
        self.bits_per_s, self._told_at = limit, now
        return limit


class LossMeter:
    """Share of packets that a camera's line lost, from running totals, about once a second."""

    def __init__(self) -> None:
        self.share = 0.0
        self._at = float("-inf")
        self._expected = 0
        self._received = 0

    def is_due(self, now: float) -> bool:
        return now - self._at >= 1.0

    def count(self, expected: int, received: int, now: float) -> None:
        """Totals since the beginning of the present stream."""
        more, came = expected - self._expected, received - self._received
        self.share = max(0.0, 1 - came / more) if more > 0 else 0.0
        self._at, self._expected, self._received = now, expected, received


class RateMeter:
    """Bit/s over about a second, from a running total of octets."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._octets = 0
        self._rate = 0.0

    def bits_per_s(self, octets: int, now: float) -> float:
        if self._at is None:
            self._at, self._octets = now, octets
        elif now - self._at >= 1.0:
            self._rate = (octets - self._octets) * 8 / (now - self._at)
            self._at, self._octets = now, octets
        return self._rate
