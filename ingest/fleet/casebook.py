"""Invented incidents: those open when a demo begins, and some of the past week, with their logs.

Pure. Times are seconds since 1970 UTC. Past incidents are made of what officers really attended in
the simulated week; the words are invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sightline.ingest.fleet.behaviour import Activity, Posting, half_shift
from sightline.ingest.fleet.force import HISTORY_DAYS, Duty, Force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.history import Attendance
from sightline.ingest.fleet.scenarios import OPEN_SCENARIOS, PAST_SCENARIOS, Scenario

MINUTE_S = 60.0
POSTED_TO_EACH = 5
"""Officers who stay at each open incident."""
GOOD_SIGNAL_DBM = -88.0
_OPEN_FOR_MIN = (47, 63, 78, 109)
"""How long each open incident has been open when the demo begins."""


@dataclass(frozen=True)
class Incident:
    """An incident with its place and time; `closed_s` is None for an open one.

    Attributes:
        cameras: (officer's number, from, until or None) of the cameras there.
    """

    scenario: Scenario
    site: int
    opened_s: float
    closed_s: float | None
    log_number: str
    cameras: tuple[tuple[int, float, float | None], ...] = field(default_factory=tuple)


def open_sites(ground: Ground, force: Force) -> list[int]:
    """Where the open incidents are: a bridge, and corners with a good signal, well apart."""
    count = min(len(OPEN_SCENARIOS), len(force.officers) // (2 * POSTED_TO_EACH))
    bridges = [k for k, p in enumerate(ground.places) if p.kind == "bridge"]
    # The first bridge where a picture would get through, or else the best one.
    bridges.sort(key=lambda p: -min(_signal_dbm(ground, p), GOOD_SIGNAL_DBM))
    found = bridges[:1] if count else []
    for division in ("A", "B", "C", "D"):
        sites = [p for p in ground.sites[division] if ground.places[p].town and p not in found]
        fit = [p for p in sites if _signal_dbm(ground, p) >= GOOD_SIGNAL_DBM] or sites
        if fit and len(found) < count:
            found.append(
                max(
                    fit,
                    key=lambda p: (
                        min(
                            [float(np.hypot(*(ground.xy(p) - ground.xy(q)))) for q in found]
                            or [0.0]
                        )
                        + 900.0 * ground.places[p].weight
                    ),
                )
            )
    return found


def _signal_dbm(ground: Ground, place: int) -> float:
    """Level of the worse network at a place, over some minutes."""
    x, y = ground.xy(place)
    times = np.arange(0.0, 600.0, 20.0)
    at = np.ones_like(times)
    return min(
        float(np.mean(ground.radio.hear(k, x * at, y * at, times, at).rsrp_dbm))
        for k in range(len(ground.radio.networks))
    )


def postings(ground: Ground, force: Force, sites: Sequence[int]) -> dict[int, Posting]:
    """Who stays at which open incident: officers of its division who came on duty since it began."""
    posted: dict[int, Posting] = {}
    for k, site in enumerate(sites):
        division = ground.places[site].division
        near = [
            o.number
            for o in force.officers
            if o.division == division
            and o.phase_s > -60 * _OPEN_FOR_MIN[k]
            and force.duty(o) in (Duty.RESPONSE, Duty.PUBLIC_ORDER)
            and o.number not in posted
        ]
        for number in near[:POSTED_TO_EACH]:
            posted[number] = Posting(site)
    return posted


def open_incidents(
    ground: Ground, force: Force, sites: Sequence[int], posted: dict[int, Posting], epoch_s: int
) -> list[Incident]:
    """The incidents that are open when the demo begins."""
    incidents = []
    for k, (scenario, site) in enumerate(zip(OPEN_SCENARIOS, sites, strict=False)):
        opened = epoch_s - _OPEN_FOR_MIN[k] * MINUTE_S
        there = []
        for number, posting in posted.items():
            if posting.site == site:
                legs = half_shift(ground, force, force.officers[number], epoch_s, 0, posting)
                arrives = next(leg.start_s for leg in legs if leg.activity is Activity.GUARD)
                there.append((number, min(arrives, float(epoch_s)), None))
        log_number = f"HD-{_day_number(opened)}-{980 + k:04d}"
        incidents.append(Incident(scenario, site, opened, None, log_number, tuple(there)))
    return incidents


def past_incidents(attendances: Sequence[Attendance], epoch_s: int) -> list[Incident]:
    """Incidents that officers attended, spread over the past week."""
    # The best attended of each part of the week.
    last = epoch_s - 2.5 * 3_600
    part_s = HISTORY_DAYS * 86_400 / len(PAST_SCENARIOS)
    best: dict[int, list[Attendance]] = {}
    for event in _together(attendances):
        part = int((epoch_s - event[0].start_s) // part_s)
        if max(a.end_s for a in event) < last and len(event) > len(best.get(part, ())):
            best[part] = event
    incidents = []
    # The first scenarios have the longest stories: they come first, so they are the latest.
    for scenario, (_, event) in zip(PAST_SCENARIOS, sorted(best.items()), strict=False):
        opened = min(a.start_s for a in event) - 6 * MINUTE_S
        closed = max(a.end_s for a in event) + 5 * MINUTE_S
        if scenario.steps:
            closed = max(closed, opened + (scenario.steps[-1].after_min + 5) * MINUTE_S)
        there = {a.officer: (a.officer, a.start_s, a.end_s) for a in event}
        number = f"HD-{_day_number(opened)}-{int(opened) // 97 % 900:04d}"
        incidents.append(
            Incident(scenario, event[0].site, opened, closed, number, tuple(there.values()))
        )
    return sorted(incidents, key=lambda i: i.opened_s)


def _together(attendances: Sequence[Attendance]) -> list[list[Attendance]]:
    """Attendances of different officers at one site that overlap or nearly do."""
    events: list[list[Attendance]] = []
    for one in sorted(attendances, key=lambda a: (a.site, a.start_s)):
        last = events[-1] if events else []
        if last and last[0].site == one.site and one.start_s < last[-1].end_s + 15 * MINUTE_S:
            last.append(one)
        else:
            events.append([one])
    return events


def _day_number(time_s: float) -> str:
    return str(np.datetime64(int(time_s), "s").astype("datetime64[D]")).replace("-", "")[2:]
