"""Coverage, so that anybody can compute it again: device-bins, gaps, cells, verdicts, forecasts. Pure.

A *device-bin* is one (camera, H3 cell of resolution 9, operator, bearer, five minutes of UTC). However long a camera
dwells, it counts once. What is lost in a blackspot never arrives: a camera that fell silent and was heard again lay in
a *gap*, and each cell on the straight line between the two places gets a poor bin for each five minutes of it, unless
buffered fixes say where it was and what it heard.

Times are integer microseconds since 1970 UTC, positions WGS 84 degrees, cells H3 indexes as integers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import h3.api.basic_int as h3

from sightline.ingest.freshness import GAP_INTERVALS, INTERVALS_S
from sightline.ingest.merge import distance_m

RESOLUTION: Final = 9
BIN_US: Final = 300 * 1_000_000
BEARERS_WITHOUT_RSRP: Final = frozenset((3, 4))
"""Wi-Fi and older networks: their level is not RSRP and is not taken for it."""

_SECOND: Final = 1_000_000
_LINE_STEP_M: Final = 25.0

BinVerdict = Literal["poor", "fine", "unknown"]
CellVerdict = Literal["insufficient", "blackspot", "clear", "mixed"]


@dataclass(frozen=True, slots=True)
class CoverageRules:
    """The numbers of the definition; each force may set its own.

    Attributes:
        poor_rsrp_dbm: below, a bin is poor.
        poor_uplink_kbps: below, a bin is poor.
        gap_intervals: silence of more than so many intervals is a gap.
        gap_longest_us: longer silence is a camera that was put away, not one that could not be heard.
        intervals_s: expected seconds between reports by recording code.
        least_bins, least_cameras, least_days: below any of them a cell's verdict is *insufficient*.
    """

    poor_rsrp_dbm: float = -110.0
    poor_uplink_kbps: float = 2_500.0
    gap_intervals: int = GAP_INTERVALS
    gap_longest_us: int = 3_600 * _SECOND
    intervals_s: Mapping[int, int] = field(default_factory=lambda: INTERVALS_S)
    least_bins: int = 20
    least_cameras: int = 3
    least_days: int = 3

    def silence_us(self, recording: int) -> int:
        """Longest time between two fixes that is no gap, in a recording state."""
        return self.gap_intervals * self.intervals_s[recording] * _SECOND


DEFAULT_RULES: Final = CoverageRules()


class Sample(NamedTuple):
    """One stored fix as coverage sees it.

    Attributes:
        received_us: when it arrived; much later than `time_us` means that it was buffered.
        recording: code of the recording state, which tells the expected interval.
        operator_id: number of the network; 0 unknown.
        bearer: 0 unknown, 1 lte, 2 nr, 3 wifi, 4 other.
        logged: from a log that was imported, whose pauses are no silence of a camera.
        heard: the camera told its state without a position since the fix before, as indoors: no silence either.
    """

    time_us: int
    received_us: int
    lat: float
    lon: float
    recording: int = 0
    operator_id: int = 0
    bearer: int = 0
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None
    uplink_kbps: float | None = None
    logged: bool = False
    heard: bool = False


class BinKey(NamedTuple):
    """What makes a device-bin of one camera."""

    start_us: int
    cell: int
    operator_id: int
    bearer: int


class DeviceBin(NamedTuple):
    """Medians of the known samples of one device-bin (lower median for an even count).

    Attributes:
        samples: fixes in it; 0 for a bin that only a gap made.
        gap: it lies in a gap.
    """

    samples: int
    rsrp_dbm: float | None
    rsrq_db: float | None
    sinr_db: float | None
    uplink_kbps: float | None
    gap: bool


def bin_start_us(time_us: int) -> int:
    """Start of the five minutes that a time lies in."""
    return time_us - time_us % BIN_US


def device_bins(
    samples: Iterable[Sample], rules: CoverageRules = DEFAULT_RULES
) -> dict[BinKey, DeviceBin]:
    """All device-bins of one camera's fixes, in any order.

    Gaps are seen between neighbours only: to compute some bins, give their fixes, and the one before and the one after
    them; to compute a gap's bins, give the fixes at both of its ends.
    """
    in_time = sorted(samples)
    within: dict[BinKey, list[Sample]] = {}
    gaps: set[BinKey] = set()
    for sample in in_time:
        key = _key(sample, h3.latlng_to_cell(sample.lat, sample.lon, RESOLUTION))
        within.setdefault(key, []).append(sample)
        if _was_silent_about_itself(sample, rules):
            gaps.add(key)
    for before, after in pairwise(in_time):
        gaps.update(_gap(before, after, rules))
    return {key: _summary(within.get(key, ()), gap=key in gaps) for key in {*within, *gaps}}


def _key(sample: Sample, cell: int) -> BinKey:
    return BinKey(bin_start_us(sample.time_us), cell, sample.operator_id, sample.bearer)


def _rsrp(sample: Sample) -> float | None:
    return None if sample.bearer in BEARERS_WITHOUT_RSRP else sample.rsrp_dbm


def _was_silent_about_itself(sample: Sample, rules: CoverageRules) -> bool:
    """Whether a buffered fix says where the camera was in a silence, but not what it heard there."""
    late_us = sample.received_us - sample.time_us
    heard = _rsrp(sample) is not None or sample.uplink_kbps is not None
    return not sample.logged and not heard and late_us > rules.silence_us(sample.recording)


def _gap(before: Sample, after: Sample, rules: CoverageRules) -> Iterable[BinKey]:
    silence_us = after.time_us - before.time_us
    longest_us = rules.gap_longest_us
    if not rules.silence_us(before.recording) < silence_us <= longest_us:
        return ()
    if before.logged or after.logged or after.heard:
        return ()
    cells = cells_between(before.lat, before.lon, after.lat, after.lon)
    starts = range(bin_start_us(before.time_us), after.time_us, BIN_US)
    return (
        BinKey(start, cell, before.operator_id, before.bearer) for start in starts for cell in cells
    )


def cells_between(lat1: float, lon1: float, lat2: float, lon2: float) -> set[int]:
    """Cells on the straight line (in degrees, the shorter way round) between two places, both included.

    The line is looked at every 25 m; a cell of resolution 9 is about 350 m across.
    """
    steps = math.ceil(distance_m(lat1, lon1, lat2, lon2) / _LINE_STEP_M) or 1
    east = (lon2 - lon1 + 180) % 360 - 180
    return {
        h3.latlng_to_cell(
            lat1 + (lat2 - lat1) * step / steps,
            (lon1 + east * step / steps + 180) % 360 - 180,
            RESOLUTION,
        )
        for step in range(steps + 1)
    }


def _summary(samples: Sequence[Sample], *, gap: bool) -> DeviceBin:
    return DeviceBin(
        len(samples),
        lower_median(_rsrp(sample) for sample in samples),
        lower_median(sample.rsrq_db for sample in samples),
        lower_median(sample.sinr_db for sample in samples),
        lower_median(sample.uplink_kbps for sample in samples),
        gap,
    )


def lower_median(values: Iterable[float | None]) -> float | None:
    """Median of the known values, the lower one for an even count; None where none is known."""
    known = sorted(value for value in values if value is not None)
    return known[(len(known) - 1) // 2] if known else None


def nearest_rank(values: Sequence[float], percent: float) -> float | None:
    """Percentile by nearest rank of sorted values; None where there are none."""
    if not values:
        return None
    return values[max(math.ceil(percent / 100 * len(values)), 1) - 1]


def bin_verdict(
    rsrp_dbm: float | None,
    uplink_kbps: float | None,
    *,
    gap: bool,
    rules: CoverageRules = DEFAULT_RULES,
) -> BinVerdict:
    """Whether one device-bin is poor, fine or unknown."""
    weak = rsrp_dbm is not None and rsrp_dbm < rules.poor_rsrp_dbm
    narrow = uplink_kbps is not None and uplink_kbps < rules.poor_uplink_kbps
    if gap or weak or narrow:
        return "poor"
    return "unknown" if rsrp_dbm is None and uplink_kbps is None else "fine"


_Z_95: Final = 1.959963984540054


def wilson(poor: int, known: int) -> tuple[float, float]:
    """Lower and upper 95% bound of the share poor ÷ known (Wilson 1927); (0, 1) where nothing is known."""
    if known == 0:
        return 0.0, 1.0
    share, z2 = poor / known, _Z_95**2
    centre = share + z2 / (2 * known)
    spread = _Z_95 * math.sqrt(share * (1 - share) / known + z2 / (4 * known**2))
    scale = 1 + z2 / known
    low = 0.0 if poor == 0 else (centre - spread) / scale
    high = 1.0 if poor == known else (centre + spread) / scale
    return low, high


def cell_verdict(
    poor: int, known: int, cameras: int, days: int, rules: CoverageRules = DEFAULT_RULES
) -> CellVerdict:
    """A cell's verdict from its known device-bins, and how many cameras and days they come from."""
    if known < rules.least_bins or cameras < rules.least_cameras or days < rules.least_days:
        return "insufficient"
    low, high = wilson(poor, known)
    if low > 0.5:
        return "blackspot"
    return "clear" if high < 0.5 else "mixed"
