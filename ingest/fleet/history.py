"""The week before a demo began: what every camera reported while its officer was on duty.

Pure. Fixes come as columns, by groups of officers, so that one group is written while the next is
computed. Retention is respected: tracks of cameras that did not record are there for a day only.
What they contributed to coverage outlives them, as it would in earnest; it is computed from a
reading every half minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.ingest.fields import RECORDING
from sightline.ingest.fleet.behaviour import Activity, Leg, Posting, half_shift
from sightline.ingest.fleet.force import HISTORY_DAYS, SHIFT_S, Force, Officer, worked
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.readings import INTERVAL_S, Ints, Moments, Readings, read, sample_legs

DAY_S = 86_400
EXPIRED_INTERVAL_S = 30.0
"""Between the readings that only coverage is computed from."""
GROUP = 40
"""Officers whose week is computed together."""
CAMERAS_WITH_HISTORY = 400
"""A larger force has a past for its first cameras only."""

_LATENCY_S = 0.4


class Stretch(NamedTuple):
    """An officer on duty: a shift, or the part of one before the history ends."""

    officer: int
    start_s: float
    end_s: float


class Attendance(NamedTuple):
    """An officer at an incident."""

    officer: int
    site: int
    start_s: float
    end_s: float
    recorded: bool


@dataclass(frozen=True)
class Group:
    """The past of some officers.

    Attributes:
        readings: every reading, ordered by officer and time.
        received_ms: when each arrived: later where there was no network.
        stored: those that the retention still holds.
        stretches: when they were on duty.
        attendances: what they attended.
    """

    readings: Readings
    received_ms: Ints
    stored: NDArray[np.bool_]
    stretches: list[Stretch]
    attendances: list[Attendance]


def history(
    ground: Ground,
    force: Force,
    epoch_s: int,
    postings: dict[int, Posting],
    *,
    keep_other_s: float = DAY_S,
) -> Iterator[Group]:
    """The week before `epoch_s`, group by group.

    Args:
        ground: where.
        force: who.
        epoch_s: where history ends and live begins, seconds since 1970 UTC.
        postings: officers (by number) who stay at an open incident.
        keep_other_s: retention of fixes of cameras that do not record.
    """
    operator = np.array([o.operator for o in force.officers], dtype=np.int64)
    some = force.officers[:CAMERAS_WITH_HISTORY]
    for k in range(0, len(some), GROUP):
        stretches: list[Stretch] = []
        legs: list[Leg] = []
        of: list[int] = []
        for officer in some[k : k + GROUP]:
            for stretch, walked in shifts(ground, force, officer, epoch_s, postings):
                stretches.append(stretch)
                legs += walked
                of += [officer.number] * len(walked)
        if legs:
            yield _group(ground, operator, epoch_s, legs, of, stretches, keep_other_s)


def shifts(
    ground: Ground, force: Force, officer: Officer, epoch_s: int, postings: dict[int, Posting]
) -> Iterator[tuple[Stretch, list[Leg]]]:
    """An officer's shifts of the past week and the one in progress, cut at the epoch."""
    first = -HISTORY_DAYS * DAY_S // SHIFT_S
    for shift in range(first, 1):
        if not worked(force, officer, shift):
            continue
        legs: list[Leg] = []
        for half in (2 * shift, 2 * shift + 1):
            for leg in half_shift(
                ground, force, officer, epoch_s, half, postings.get(officer.number)
            ):
                if leg.start_s >= epoch_s:
                    break
                legs.append(leg)
        end_s = min(legs[-1].end_s, float(epoch_s))
        yield Stretch(officer.number, legs[0].start_s, end_s), legs


def _group(
    ground: Ground,
    operator: Ints,
    epoch_s: int,
    legs: list[Leg],
    of: list[int],
    stretches: list[Stretch],
    keep_other_s: float,
) -> Group:
    oldest_s = epoch_s - keep_other_s
    expired = np.array([x.end_s <= oldest_s and x.recording != RECORDING for x in legs])
    interval = np.array([INTERVAL_S[x.recording] for x in legs])
    interval = np.where(expired, np.maximum(interval, EXPIRED_INTERVAL_S), interval)
    moments = sample_legs(legs, np.array(of, dtype=np.int64), interval)
    past = moments.time_s < epoch_s
    moments = Moments._make(column[past] for column in moments)
    readings = read(ground, operator, moments)
    recorded = readings.recording == RECORDING
    return Group(
        readings,
        received_ms(readings),
        recorded | (readings.time_ms >= oldest_s * 1000),
        stretches,
        _attendances(legs, of, epoch_s),
    )


def received_ms(readings: Readings) -> Ints:
    """When each reading arrives: at once, or when the camera next has a network.

    Readings are ordered by officer and time.
    """
    count = len(readings.time_ms)
    # Number of the next reading with service, looking from the end.
    following = np.where(readings.service, np.arange(count), count)
    following = np.minimum.accumulate(following[::-1])[::-1]
    known = np.minimum(following, count - 1)
    same = (following < count) & (readings.officer[known] == readings.officer)
    latency = _LATENCY_S * (1.0 + (readings.time_ms % 997) / 997.0)
    arrives = np.where(same, readings.time_ms[known], readings.time_ms + 60_000)
    result: Ints = arrives + np.round(1000 * latency).astype(np.int64)
    return result


def _attendances(legs: list[Leg], of: list[int], epoch_s: int) -> list[Attendance]:
    """One for each incident attended: consecutive legs at one scene belong together."""
    found: list[Attendance] = []
    for officer, leg in zip(of, legs, strict=True):
        if leg.activity not in (Activity.SCENE, Activity.GUARD) or leg.site is None:
            continue
        end_s = min(leg.end_s, float(epoch_s))
        recorded = leg.recording == RECORDING
        last = found[-1] if found else None
        if last and (last.officer, last.site, last.end_s) == (officer, leg.site, leg.start_s):
            found[-1] = last._replace(end_s=end_s, recorded=last.recorded or recorded)
        else:
            found.append(Attendance(officer, leg.site, leg.start_s, end_s, recorded))
    return found
