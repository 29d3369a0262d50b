"""The force at work now: which officer reports what when. Pure; the clock is an argument.

Every officer has one next moment in a heap, however long the fleet runs; what happens at it follows
from the officer's leg (see `behaviour`).
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sightline.ingest.fleet.behaviour import Leg, half_shift
from sightline.ingest.fleet.files import FleetPlan
from sightline.ingest.fleet.force import Force, Officer, shift_at, shift_start_s
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.readings import INTERVAL_S, Moments, Readings, read

INDOORS_INTERVAL_S = 10.0
"""Between status messages of a camera that has no position, when recording or buffering."""


class State(NamedTuple):
    """A camera tells its state: at every change of recording, and from indoors."""

    officer: int
    recording: int
    battery_pct: float


class Happened(NamedTuple):
    """What happened in the force in a while. `readings` is None when nobody had a position to tell."""

    states: list[State]
    readings: Readings | None


class _Watch:
    """One officer: the leg in progress, and those to come."""

    def __init__(self, legs: Iterator[Leg], time_s: float) -> None:
        self._legs = legs
        self.leg = next(leg for leg in legs if leg.end_s > time_s)
        self._at = self.leg.at_s.tolist()
        self.told: int | None = None

    def next_leg(self) -> None:
        self.leg = next(self._legs)
        self._at = self.leg.at_s.tolist()

    def motion(self, time_s: float) -> tuple[float, float, float, float]:
        """Easting, northing, speed and heading (NaN when standing) at a time of the leg."""
        xy = self.leg.xy
        after = bisect_right(self._at, time_s)
        if after in (0, len(self._at)):
            x, y = xy[min(after, len(self._at) - 1)]
            return float(x), float(y), 0.0, math.nan
        (x0, y0), (x1, y1) = xy[after - 1], xy[after]
        took = self._at[after] - self._at[after - 1]
        share = (time_s - self._at[after - 1]) / took
        dx, dy = float(x1 - x0), float(y1 - y0)
        speed = math.hypot(dx, dy) / took
        heading = math.degrees(math.atan2(dx, dy)) % 360.0 if speed > 0.3 else math.nan
        return float(x0) + dx * share, float(y0) + dy * share, speed, heading


class LiveForce:
    """All officers, from a moment on.

    Args:
        ground: where.
        force: who.
        plan: since when, and who stays where.
    """

    def __init__(self, ground: Ground, force: Force, plan: FleetPlan) -> None:
        self._ground = ground
        self._force = force
        self._plan = plan
        self._operator = np.array([o.operator for o in force.officers], dtype=np.int64)
        self._watches: dict[int, _Watch] = {}
        self._due: list[tuple[float, int]] = []

    def begin(self, number: int, time_s: float) -> None:
        """An officer reports from `time_s` on."""
        officer = self._force.officers[number]
        self._watches[number] = _Watch(self._legs(officer, time_s), time_s)
        heapq.heappush(self._due, (time_s, number))

    def skip_to(self, time_s: float) -> None:
        """Everybody who has begun goes on from `time_s`; what lies before is never told."""
        self._due.clear()
        for number in self._watches:
            self.begin(number, time_s)

    def _legs(self, officer: Officer, time_s: float) -> Iterator[Leg]:
        plan = self._plan
        shift = shift_at(officer, plan.epoch_s, time_s)
        half = 2 * shift
        if time_s >= shift_start_s(officer, plan.epoch_s, shift) + 4 * 3_600:
            half += 1
        posting = plan.postings.get(officer.number)
        while True:
            yield from half_shift(self._ground, self._force, officer, plan.epoch_s, half, posting)
            half += 1

    def until(self, time_s: float) -> Happened:
        """What happens up to and including `time_s`, and since it was asked last."""
        states: list[State] = []
        moments: list[tuple[float, ...]] = []
        while self._due and self._due[0][0] <= time_s:
            at_s, number = self._due[0]
            watch = self._watches[number]
            while watch.leg.end_s <= at_s:
                watch.next_leg()
            leg = watch.leg
            battery = leg.battery_at(at_s)
            if watch.told != leg.recording or leg.indoors:
                watch.told = leg.recording
                states.append(State(number, leg.recording, battery))
            interval = INTERVAL_S[leg.recording]
            if leg.indoors:
                interval = max(interval, INDOORS_INTERVAL_S)
            else:
                moments.append((number, at_s, *watch.motion(at_s), leg.recording, battery))
            # The next leg's first moment is its start, so that a change is told at once.
            heapq.heapreplace(self._due, (min(at_s + interval, leg.end_s), number))
        return Happened(states, self._read(moments) if moments else None)

    def _read(self, moments: list[tuple[float, ...]]) -> Readings:
        number, time_s, x, y, speed, heading, recording, battery = np.array(moments).T
        at = Moments(
            number.astype(np.int64),
            time_s,
            x,
            y,
            speed,
            heading,
            recording.astype(np.int64),
            battery,
        )
        return read(self._ground, self._operator, at)
