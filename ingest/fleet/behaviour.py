"""What an officer does through half a shift: a state machine that advances in simulated time.

Pure and seeded. The same code makes what a simulated camera does now and what it did a week ago:
a half shift is a pure function of who, when and how busy the force is, so that a fleet that is
started again goes on where it was.

    brief → patrol ⇄ (parked, visit) → travel → scene → writing → patrol … → return → station
                   guard (at a scene that stays)      custody (indoors)

Times are seconds since 1970 UTC, coordinates metres (EPSG:27700).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from sightline.ingest.fields import BUFFERING, OFF, RECORDING
from sightline.ingest.fleet.force import HALF_SHIFT_S, Duty, Force, Officer, shift_start_s
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.noise import Floats

WALKING_MPS = 1.35
HOUR_S = 3600.0

BUSY_GAP_S = 72 * 60.0
"""Mean time between two jobs of a response officer from the demonstration's start on."""
QUIET_GAP_S = 240 * 60.0
"""The same in the past week, over all hours."""

DRAIN_PCT_PER_S = {OFF: 2.0 / HOUR_S, BUFFERING: 6.5 / HOUR_S, RECORDING: 16.0 / HOUR_S}

_MARGIN_S = 700.0
"""Kept free before the way home: the longest that anything short takes."""

_BEAT_M = 1_700.0
"""How far a walking beat reaches from its middle."""


class Activity(IntEnum):
    """What an officer is doing."""

    STATION = 0
    PATROL = 1
    PARKED = 2
    VISIT = 3
    TRAVEL = 4
    SCENE = 5
    WRITING = 6
    RETURN = 7
    GUARD = 8
    CUSTODY = 9


@dataclass(frozen=True, slots=True)
class Leg:
    """One thing an officer does, from `start_s` until `end_s`.

    Attributes:
        recording: OFF, BUFFERING or RECORDING.
        indoors: where no position is known.
        xy: (n, 2) the way; a single place when standing.
        at_s: (n,) when each vertex is passed.
        battery_pct: at the start.
        site: number of the place attended, when travelling to one or at one.
    """

    start_s: float
    end_s: float
    activity: Activity
    recording: int
    indoors: bool
    xy: Floats
    at_s: Floats
    battery_pct: float = 100.0
    site: int | None = None

    def at(self, time_s: float) -> tuple[float, float]:
        """Where the officer is at a time."""
        return (
            float(np.interp(time_s, self.at_s, self.xy[:, 0])),
            float(np.interp(time_s, self.at_s, self.xy[:, 1])),
        )

    def battery_at(self, time_s: float) -> float:
        """Battery in percent at a time."""
        drained = DRAIN_PCT_PER_S[self.recording] * (time_s - self.start_s)
        return max(3.0, self.battery_pct - drained)


@dataclass(frozen=True)
class Posting:
    """An officer stays at an open incident: the place, from the epoch on."""

    site: int


def mean_gap_s(shift: int, start_s: float) -> float:
    """Mean time between two jobs: by the hour in the past, busy from the epoch on."""
    if shift >= 0:
        return BUSY_GAP_S
    hour = (start_s % 86_400) / HOUR_S
    # Evenings are twice as busy as early mornings.
    swing = 1.0 - 0.45 * math.cos((hour - 20.5) / 24 * 2 * math.pi)
    return QUIET_GAP_S * swing


def half_shift(
    ground: Ground,
    force: Force,
    officer: Officer,
    epoch_s: int,
    half: int,
    posting: Posting | None = None,
) -> Iterator[Leg]:
    """The legs of one half of a shift, in order and without a gap.

    Args:
        ground: where.
        force: who works with whom.
        officer: who.
        epoch_s: the force's epoch.
        half: number of the half shift; 0 is the first of the shift in progress at the epoch.
        posting: from the epoch on the officer stays at an open incident.
    """
    shift = half // 2
    start_s = float(shift_start_s(officer, epoch_s, shift) + (half % 2) * HALF_SHIFT_S)
    rng = random.Random(f"half/{force.seed}/{officer.number}/{half}")
    walk = _HalfShift(
        ground, officer, force.duty(officer), rng, start_s, mean_gap_s(shift, start_s)
    )
    legs = walk.legs(posting if shift >= 0 else None)
    battery = rng.uniform(74.0, 100.0)
    for leg in legs:
        yield replace(leg, battery_pct=battery)
        battery = max(3.0, battery - DRAIN_PCT_PER_S[leg.recording] * (leg.end_s - leg.start_s))


class _HalfShift:
    """The state of one officer: when, where, and what is left to do."""

    def __init__(
        self,
        ground: Ground,
        officer: Officer,
        duty: Duty,
        rng: random.Random,
        start_s: float,
        gap_s: float,
    ) -> None:
        self._ground = ground
        self._officer = officer
        self._duty = duty
        self._rng = rng
        self._now = start_s
        self._end_s = start_s + HALF_SHIFT_S
        self._gap_s = gap_s
        self._node = ground.places[officer.station].node
        self._beat = _beat(ground, officer, duty)
        self._sites = _sites(ground, officer, duty)

    def legs(self, posting: Posting | None) -> Iterator[Leg]:
        yield from self._stand(self._rng.uniform(4, 14) * 60, Activity.STATION, OFF)
        if self._duty is Duty.CUSTODY:
            yield from self._custody()
        elif posting is not None:
            yield from self._guard(posting)
        else:
            yield from self._work()
        yield from self._home()

    # --- what can happen

    def _work(self) -> Iterator[Leg]:
        due = self._now + self._rng.expovariate(1.0 / self._gap_s)
        while self._time_left():
            if self._now >= due:
                yield from self._job()
                due = self._now + self._rng.expovariate(1.0 / self._gap_s)
            elif (chance := self._rng.random()) < 0.52:
                yield from self._patrol(due)
            elif chance < 0.93:
                yield from self._stand(
                    self._rng.uniform(2, 9) * 60, Activity.PARKED, BUFFERING, until_s=due
                )
            else:
                yield from self._stand(
                    self._rng.uniform(3, 9) * 60, Activity.VISIT, BUFFERING, indoors=True
                )

    def _patrol(self, due: float) -> Iterator[Leg]:
        """To some place of the beat, at an easy pace; cut short when a job comes."""
        place = self._rng.choices(self._beat[0], self._beat[1])[0]
        back_s = self._ground.drive_s(self._ground.places[place].node, self._officer.station)
        latest = self._end_s - _MARGIN_S - 1.4 * max(back_s, self._drive_s(self._officer.station))
        yield from self._go(place, Activity.PATROL, BUFFERING, pace=0.82, until_s=min(due, latest))

    def _job(self) -> Iterator[Leg]:
        """Attend an incident: some hasten, most record, few forget to."""
        site = self._rng.choices(self._sites[0], self._sites[1])[0]
        back_s = self._ground.drive_s(self._ground.places[site].node, self._officer.station)
        walks = self._officer.on_foot and self._drive_s(site) < 120.0
        there_s = self._drive_s(site) * (7.0 if walks else 1.4)
        if not self._time_left(there_s + 1.4 * back_s + 1_200.0):
            yield from self._stand(600.0, Activity.PARKED, BUFFERING)
            return
        urgent = self._rng.random() < 0.4
        record = RECORDING if self._rng.random() < 0.93 else BUFFERING
        legs = list(
            self._go(
                site,
                Activity.TRAVEL,
                BUFFERING,
                pace=1.25 if urgent else 1.0,
                site=site,
                on_foot=walks,
            )
        )
        early = self._rng.uniform(20, 150) if urgent else self._rng.uniform(0, 25)
        for leg in legs:
            yield from _record_from(leg, self._now - early, record)
        inside = self._rng.random() < 0.22
        yield from self._scene(site, self._minutes(7, 34), record, inside=inside)
        yield from self._stand(self._rng.uniform(2, 7) * 60, Activity.WRITING, BUFFERING)

    def _scene(self, site: int, seconds: float, recording: int, *, inside: bool) -> Iterator[Leg]:
        """At an incident: outside, some of the time indoors, the camera always the same."""
        seconds = max(240.0, min(seconds, self._end_s - self._now - self._home_s() - 600.0))
        if not inside:
            yield self._about(seconds, Activity.SCENE, recording, site)
            return
        before = seconds * self._rng.uniform(0.2, 0.4)
        within = min(seconds - before - 60.0, self._rng.uniform(3, 9) * 60)
        yield self._about(before, Activity.SCENE, recording, site)
        yield from self._stand(within, Activity.SCENE, recording, indoors=True, site=site)
        yield self._about(seconds - before - within, Activity.SCENE, recording, site)

    def _guard(self, posting: Posting) -> Iterator[Leg]:
        """Stay at an open incident, recording most of the time."""
        yield from self._go(posting.site, Activity.TRAVEL, BUFFERING, pace=1.1, site=posting.site)
        while self._time_left(240.0):
            left = self._end_s - self._now - self._home_s() - 180.0
            yield self._about(
                min(left, self._minutes(14, 40)), Activity.GUARD, RECORDING, posting.site
            )
            left = self._end_s - self._now - self._home_s() - 180.0
            if left > 60.0:
                pause = min(left, self._minutes(3, 8))
                yield self._about(pause, Activity.GUARD, BUFFERING, posting.site)

    def _custody(self) -> Iterator[Leg]:
        while self._time_left(1_800.0):
            yield from self._stand(
                self._minutes(15, 50), Activity.CUSTODY, BUFFERING, indoors=self._rng.random() < 0.5
            )
            if self._rng.random() < 0.3:
                yield from self._stand(self._minutes(3, 8), Activity.CUSTODY, RECORDING)

    def _home(self) -> Iterator[Leg]:
        station = self._officer.station
        yield from self._go(station, Activity.RETURN, BUFFERING, pace=1.0, on_foot=False)
        if self._now < self._end_s:
            yield from self._stand(self._end_s - self._now, Activity.STATION, OFF)

    # --- movements

    def _go(
        self,
        place: int,
        activity: Activity,
        recording: int,
        *,
        pace: float,
        site: int | None = None,
        on_foot: bool | None = None,
        until_s: float = math.inf,
    ) -> Iterator[Leg]:
        """Along the quickest way to a place, or as much of it as there is time for."""
        steps = self._ground.route(self._node, place)
        if not steps:
            yield from self._stand(60.0, activity, recording, site=site)
            return
        walking = self._officer.on_foot if on_foot is None else on_foot
        graph = self._ground.graph
        edges = np.array(steps, dtype=np.int64) // 2
        speed = np.full(len(steps), WALKING_MPS) if walking else graph.drive_mps[edges] * pace
        wait = self._waits(len(steps), walking)
        leaves = np.cumsum(graph.length_m[edges] / speed + wait)
        if activity is Activity.RETURN and self._now + leaves[-1] > self._end_s:
            # Back in time, whatever it takes: the next half shift begins at the station.
            hurry = (self._end_s - self._now) / leaves[-1]
            speed, wait, leaves = speed / hurry, wait * hurry, leaves * hurry
        if self._now + leaves[-1] > until_s:
            # As far as the last junction that is reached in time.
            count = int(np.searchsorted(self._now + leaves, until_s))
            if count == 0:
                yield from self._stand(300.0, Activity.PARKED, recording, until_s=until_s)
                return
            steps, speed, wait, leaves = steps[:count], speed[:count], wait[:count], leaves[:count]
        xy, along, of = graph.way(steps)
        begins = np.concatenate([[0.0], leaves[:-1]]) + wait
        at_s = self._now + begins[of] + along / speed[of]
        end_s = self._now + float(leaves[-1])
        self._node = graph.heads[steps[-1]]
        yield self._leg(end_s, activity, recording, xy, at_s, site=site)

    def _waits(self, count: int, walking: bool) -> Floats:
        """Seconds of waiting before each step: lights and crossings."""
        share, longest = (0.06, 15.0) if walking else (0.13, 26.0)
        generator = np.random.default_rng(self._rng.getrandbits(32))
        stops = generator.random(count) < share
        return np.where(stops, generator.uniform(2.0, longest, count), 0.0)

    def _stand(
        self,
        seconds: float,
        activity: Activity,
        recording: int,
        *,
        indoors: bool = False,
        site: int | None = None,
        until_s: float = math.inf,
    ) -> Iterator[Leg]:
        end_s = min(self._now + seconds, self._end_s, max(until_s, self._now + 20.0))
        if end_s <= self._now:
            return
        xy = self._ground.graph.node_xy[[self._node]]
        yield self._leg(
            end_s, activity, recording, xy, np.array([self._now]), indoors=indoors, site=site
        )

    def _about(self, seconds: float, activity: Activity, recording: int, site: int) -> Leg:
        """On foot within a stone's throw of a place, and back to it."""
        centre = self._ground.graph.node_xy[self._node]
        count = max(2, int(seconds / 45.0))
        turn = self._rng.uniform(0, 2 * math.pi)
        reach = np.array([self._rng.uniform(3, 26) for _ in range(count)])
        angle = turn + np.cumsum([self._rng.uniform(-0.9, 0.9) for _ in range(count)])
        around = centre + reach[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        xy = np.vstack([centre, around, centre])
        at_s = np.linspace(self._now, self._now + seconds, len(xy))
        return self._leg(self._now + seconds, activity, recording, xy, at_s, site=site)

    def _leg(
        self,
        end_s: float,
        activity: Activity,
        recording: int,
        xy: Floats,
        at_s: Floats,
        *,
        indoors: bool = False,
        site: int | None = None,
    ) -> Leg:
        leg = Leg(self._now, end_s, activity, recording, indoors, xy, at_s, site=site)
        self._now = end_s
        return leg

    # --- time

    def _time_left(self, more_s: float = 0.0) -> bool:
        """Whether there is time for something before the way home."""
        return self._now + self._home_s() + _MARGIN_S + more_s < self._end_s

    def _home_s(self) -> float:
        return 1.4 * self._drive_s(self._officer.station) + 60.0

    def _drive_s(self, place: int) -> float:
        return self._ground.drive_s(self._node, place)

    def _minutes(self, least: float, most: float) -> float:
        """Seconds of something that takes `least` to `most` minutes, mostly nearer the least."""
        return 60.0 * (least + (most - least) * float(self._rng.random() ** 1.6))


def _record_from(leg: Leg, time_s: float, recording: int) -> Iterator[Leg]:
    """A leg, cut where recording starts."""
    cut = max(leg.start_s, time_s)
    if recording == leg.recording or cut >= leg.end_s:
        yield leg
        return
    if cut > leg.start_s:
        yield replace(leg, end_s=cut)
    yield replace(leg, start_s=cut, recording=recording)


def _beat(ground: Ground, officer: Officer, duty: Duty) -> tuple[list[int], list[float]]:
    """Places that an officer's patrols lead to, with weights."""
    if duty is Duty.ROADS:
        places = ground.fast_roads
    elif duty in (Duty.ARMED, Duty.DOGS):
        places = [p for beat in ground.beats.values() for p in beat]
    elif officer.on_foot:
        places = _near(ground, officer, 9)
    else:
        places = ground.beats[officer.division]
    return places, [math.sqrt(ground.places[p].weight) for p in places]


def _sites(ground: Ground, officer: Officer, duty: Duty) -> tuple[list[int], list[float]]:
    """Places of incidents that an officer is sent to, with weights."""
    if duty is Duty.ROADS:
        places = ground.fast_roads + ground.sites[officer.division][:8]
    elif officer.on_foot:
        places = [p for p in _near(ground, officer, 9) if ground.places[p].kind == "site"]
        places = places or ground.sites[officer.division]
    else:
        places = ground.sites[officer.division]
    return places, [ground.places[p].weight for p in places]


def _near(ground: Ground, officer: Officer, count: int) -> list[int]:
    """The places of an officer's walking beat: around one of the division's busiest corners."""
    rng = random.Random(f"beat/{ground.seed}/{officer.number}")
    beats = ground.beats[officer.division]
    towns = [p for p in beats if ground.places[p].town] or beats
    home = rng.choices(towns, [ground.places[p].weight for p in towns])[0]
    away = sorted((float(np.hypot(*(ground.xy(p) - ground.xy(home)))), p) for p in beats)
    return [p for m, p in away[:count] if m < _BEAT_M] + [p for _, p in away[1:2]]
