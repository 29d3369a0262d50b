"""What cameras report of where their officers are: positions as a receiver gives them, and signal.

Pure. The live fleet and the history use the same functions, one for some cameras now, the other for
all samples of a week.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.ingest.fields import BUFFERING, OFF, RECORDING
from sightline.ingest.fleet.behaviour import DRAIN_PCT_PER_S, Leg
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.noise import Floats, gradient_noise
from sightline.ingest.fleet.projection import to_wgs84
from sightline.ingest.fleet.radio import OPERATORS

Ints = NDArray[np.int64]

INTERVAL_S = {OFF: 60.0, BUFFERING: 5.0, RECORDING: 1.0}
"""How often a camera reports a position, by recording state, as the gateway's welcome says."""

_APART_S = 100_000.0
"""Longer than any leg: puts the legs one after the other on one axis of time."""
_SHORTEST_S = 0.05


class Moments(NamedTuple):
    """Officers at moments: arrays of one length, in metres (EPSG:27700) and seconds.

    Attributes:
        officer: number in the force.
        heading_deg: NaN when standing.
    """

    officer: Ints
    time_s: Floats
    x: Floats
    y: Floats
    speed_mps: Floats
    heading_deg: Floats
    recording: Ints
    battery_pct: Floats


class Readings(NamedTuple):
    """What the cameras make of it. Signal values are meaningless where there is no service.

    Attributes:
        time_ms: device's time, milliseconds since 1970 UTC.
        heading_deg: NaN when standing.
        operator: number in `radio.OPERATORS`.
        service: whether the camera has a network.
    """

    officer: Ints
    time_ms: Ints
    lat: Floats
    lon: Floats
    accuracy_m: Floats
    speed_mps: Floats
    heading_deg: Floats
    recording: Ints
    battery_pct: Floats
    operator: Ints
    bearer: Ints
    cell: Ints
    rsrp_dbm: Floats
    rsrq_db: Floats
    sinr_db: Floats
    uplink_kbps: Floats
    service: NDArray[np.bool_]

    def rows(self) -> Iterator[Reading]:
        """One reading after the other."""
        return map(Reading, *(column.tolist() for column in self))


class Reading(NamedTuple):
    """One row of `Readings`."""

    officer: int
    time_ms: int
    lat: float
    lon: float
    accuracy_m: float
    speed_mps: float
    heading_deg: float
    recording: int
    battery_pct: float
    operator: int
    bearer: int
    cell: int
    rsrp_dbm: float
    rsrq_db: float
    sinr_db: float
    uplink_kbps: float
    service: bool


def sample_legs(legs: Sequence[Leg], officer: Ints, interval_s: Floats) -> Moments:
    """Moments along legs, `interval_s` apart from the start of each; none indoors.

    Args:
        legs: any legs, of any officers.
        officer: number of each leg's officer.
        interval_s: of each leg.
    """
    start = np.array([leg.start_s for leg in legs])
    length = np.array([leg.end_s for leg in legs]) - start
    # A leg too short to notice gives no reading at the very time of the next one's first.
    count = np.ceil(np.maximum(length - _SHORTEST_S, 0.0) / interval_s).astype(np.int64)
    count[[leg.indoors for leg in legs]] = 0
    of = np.repeat(np.arange(len(legs)), count)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    since = (np.arange(len(of)) - first[of]) * interval_s[of]
    vertices = np.concatenate([leg.xy for leg in legs])
    size = np.array([len(leg.at_s) for leg in legs])
    vertex_of = np.repeat(np.arange(len(legs)), size)
    axis = np.concatenate([leg.at_s for leg in legs]) - start[vertex_of] + vertex_of * _APART_S
    x, y, speed, heading = _along(axis, vertices, vertex_of, since + of * _APART_S, of)
    recording = np.array([leg.recording for leg in legs])
    drain = np.array([DRAIN_PCT_PER_S[leg.recording] for leg in legs])
    battery = np.array([leg.battery_pct for leg in legs])[of] - drain[of] * since
    return Moments(
        officer[of],
        start[of] + since,
        x,
        y,
        speed,
        heading,
        recording[of],
        np.maximum(battery, 3.0),
    )


def _along(
    axis: Floats, vertices: Floats, vertex_of: Ints, query: Floats, of: Ints
) -> tuple[Floats, Floats, Floats, Floats]:
    """Place, speed and heading at each `query` on the common axis of time."""
    after = np.searchsorted(axis, query, side="right")
    before = after - 1
    # The ends of a leg are its own, not the next one's.
    before = np.where(vertex_of[np.maximum(before, 0)] == of, before, after)
    last = len(axis) - 1
    after = np.minimum(after, last)
    after = np.where(vertex_of[after] == of, after, before)
    hop = vertices[after] - vertices[before]
    took = axis[after] - axis[before]
    moving = took > 1e-9
    share = np.where(moving, (query - axis[before]) / np.where(moving, took, 1.0), 0.0)
    way = np.hypot(hop[:, 0], hop[:, 1])
    speed = np.where(moving, way / np.where(moving, took, 1.0), 0.0)
    heading = np.degrees(np.arctan2(hop[:, 0], hop[:, 1])) % 360.0
    place = vertices[before] + hop * share[:, None]
    return place[:, 0], place[:, 1], speed, np.where(speed > 0.3, heading, np.nan)


def read(ground: Ground, operator: Ints, at: Moments) -> Readings:
    """What the cameras report at these moments.

    Args:
        ground: where.
        operator: number of each officer's network, by the officer's number.
        at: who is where when.
    """
    network = operator[at.officer]
    number = at.officer.astype(np.float64)
    town = ground.radio.networks[0].load.sample(at.x, at.y)
    accuracy = 3.4 + 7.0 * town + 3.0 * np.abs(gradient_noise(at.time_s / 31.0, 5.3 * number, 17))
    # A receiver's error wanders; it does not jump about.
    east = accuracy * 0.7 * gradient_noise(at.time_s / 53.0, 7.7 * number, 19)
    north = accuracy * 0.7 * gradient_noise(at.time_s / 53.0, 7.7 * number, 23)
    degrees = to_wgs84(np.column_stack([at.x + east, at.y + north]))
    heard = [np.zeros(len(number)) for _ in range(7)]
    for k in range(len(OPERATORS)):
        chosen = np.flatnonzero(network == k)
        if len(chosen):
            found = ground.radio.hear(
                k, at.x[chosen], at.y[chosen], at.time_s[chosen], number[chosen]
            )
            for column, values in zip(heard, found, strict=True):
                column[chosen] = np.asarray(values, dtype=np.float64)
    bearer, cell, rsrp, rsrq, sinr, uplink, service = heard
    return Readings(
        at.officer,
        np.round(at.time_s * 1000).astype(np.int64),
        np.round(degrees[:, 1], 6),
        np.round(degrees[:, 0], 6),
        np.round(accuracy, 1),
        np.round(at.speed_mps, 1),
        np.round(at.heading_deg, 0) % 360.0,
        at.recording,
        np.round(at.battery_pct),
        network,
        bearer.astype(np.int64),
        cell.astype(np.int64),
        rsrp,
        rsrq,
        sinr,
        uplink,
        service > 0,
    )
