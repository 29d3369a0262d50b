"""The coming days of the rota as lanes: one for cover, one for each person. Pure.

Places along a lane are fractions of the time shown, 0 at its start and 1 at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sightline.dashboard.ages import LOCAL
from sightline.dashboard.rota.cover import Gap, Shift


@dataclass(frozen=True)
class Stretch:
    """A part of a lane.

    Attributes:
        start: from when it is drawn: its beginning, or that of the time shown.
        end: until when it is drawn.
        left: place of `start`.
        width: share of the lane.
        begins: when it really begins, which may be before the time shown.
        ends: when it really ends.
    """

    start: datetime
    end: datetime
    left: float
    width: float
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Lane:
    """One person's shifts."""

    name: str
    capacity: str
    kidnap_trained: bool
    shifts: tuple[Stretch, ...]


@dataclass(frozen=True)
class Missing:
    """A gap in cover along the cover lane."""

    stretch: Stretch
    gap: Gap


@dataclass(frozen=True)
class Day:
    """A local day along the top."""

    start: datetime
    left: float
    width: float


@dataclass(frozen=True)
class Week:
    """The time shown, and what lies in it."""

    days: tuple[Day, ...]
    missing: tuple[Missing, ...]
    lanes: tuple[Lane, ...]
    now: float


def shown(now: datetime, days: int = 7) -> tuple[datetime, datetime]:
    """From local midnight today to that many days later; a day in which clocks change has its true length."""
    today = now.astimezone(LOCAL).date()
    return _midnight(today), _midnight(today + timedelta(days=days))


def _midnight(day: date) -> datetime:
    # In UTC, so that differences are true lengths: within one zone Python subtracts the clocks' faces.
    return datetime.combine(day, time(), LOCAL).astimezone(UTC)


def week(
    shifts: Sequence[Shift], gaps: Sequence[Gap], start: datetime, end: datetime, now: datetime
) -> Week:
    """Lay the shifts and gaps out over the time shown; NegCos first, then by name."""
    people: dict[int, list[Shift]] = {}
    for shift in shifts:
        people.setdefault(shift.negotiator_id, []).append(shift)
    lanes = [
        Lane(
            name=of[0].name,
            capacity=of[0].capacity,
            kidnap_trained=of[0].kidnap_trained,
            shifts=tuple(_stretch(s.start, s.end, start, end) for s in of),
        )
        for of in people.values()
    ]
    lanes.sort(key=lambda lane: (lane.capacity != "negco", lane.name))
    return Week(
        days=tuple(_days(start, end)),
        missing=tuple(Missing(_stretch(g.start, g.end, start, end), g) for g in gaps),
        lanes=tuple(lanes),
        now=(now - start) / (end - start),
    )


def _stretch(begins: datetime, ends: datetime, start: datetime, end: datetime) -> Stretch:
    first, last = max(begins, start), min(ends, end)
    length = end - start
    return Stretch(
        first, last, (first - start) / length, (last - first) / length, begins=begins, ends=ends
    )


def _days(start: datetime, end: datetime) -> list[Day]:
    found = []
    day = start.astimezone(LOCAL).date()
    while _midnight(day) < end:
        following = day + timedelta(days=1)
        piece = _stretch(_midnight(day), _midnight(following), start, end)
        found.append(Day(piece.start, piece.left, piece.width))
        day = following
    return found
