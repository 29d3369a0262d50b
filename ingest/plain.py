"""The merge of cameras about which there is nothing to decide, for all of them at once. Pure.

Plain is a camera whose every fix in a flush is newer than the one before, is neither ahead of time nor too old nor at
0,0 nor implausibly far, whose receiver is not stuck, whose recording state is one, and which told nothing but fixes
since the newest. For it this gives what `sightline.ingest.merge` gives message by message (a property test holds the
two together); every other camera is left to that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sightline.ingest.by_camera import Arrivals, ByCamera
from sightline.ingest.columns import MOTION, NO_ID, RADIO, Readings
from sightline.ingest.fields import RECORDING
from sightline.ingest.live_columns import NEVER, Columns
from sightline.ingest.merge import (
    EARTH_RADIUS_M,
    FLAG_DOUBTED,
    SAME_PLACE_DEGREES,
    ZERO_DEGREES,
    MergeRules,
)
from sightline.ingest.stillness import StillnessColumns

Array = npt.NDArray[Any]

BIN_US: Final = 300 * 1_000_000
"""Length of a coverage bin: five minutes of UTC."""
_NEWEST_EPOCH: Final = np.iinfo(np.int64).max
_SECOND: Final = 1_000_000
_SURELY: Final = 1 - 1e-9
"""Of the greatest speed: what is closer to it is left to the exact merge, whose last digits may differ."""


class Sign(NamedTuple):
    """Other signs of life of a camera: receipt of the newest, and the oldest connection that brought one."""

    received_us: int
    lowest_epoch: int


@dataclass(frozen=True, slots=True)
class PlainMerge:
    """What the plain cameras come to.

    Attributes:
        plain: (n,) whether each report is of a plain camera.
        cameras: (k,) the plain cameras.
        after: what is known of each of them then.
        said: (k,) whether the recording state was said.
        rows: places of their fixes in the readings, by camera and time.
        camera_id: of each row.
        received_us: of each row.
        coverage: camera and start of each five minutes with a fix.
    """

    plain: Array
    cameras: Array
    after: Columns
    said: Array
    rows: Array
    camera_id: Array
    received_us: Array
    coverage: tuple[Array, Array]


def merge_plain(
    arrivals: Arrivals,
    made: Readings,
    known: Callable[[Array], Columns],
    rules: MergeRules,
    barred: Collection[int] = (),
    alive: Mapping[int, Sign] | None = None,
) -> PlainMerge:
    """Find the plain cameras and merge their reports.

    Args:
        arrivals: of the reports.
        made: their fixes, named and numbered.
        known: what is committed of cameras; see `LiveColumns.take`.
        rules: the numbers of the merge.
        barred: cameras that are not plain for another reason.
        alive: camera → its other signs of life.
    """
    by = ByCamera.of(arrivals, made)
    before = known(by.cameras)
    stillness = StillnessColumns.of(by, before, rules)
    fixes = _believable(by, before, rules) & ~stillness.unclear
    fixes &= stillness.signs < rules.stuck_after
    reports = _Reports.of(by, rules)
    plain = (
        np.logical_and.reduceat(fixes, by.first_fix)
        & reports.one_state
        & (reports.epoch == reports.lowest_epoch)
        & (reports.epoch >= before["epoch"])
        & (before["suspects"] == 0)
        & (before["flags"] & FLAG_DOUBTED == 0)
        & (before["signs"] < rules.stuck_after)
        & (before["heard_us"] == NEVER)
    )
    if barred:
        plain &= ~np.isin(by.cameras, list(barred))
    if alive:
        lowest = [
            alive[one].lowest_epoch if one in alive else _NEWEST_EPOCH
            for one in by.cameras.tolist()
        ]
        plain &= np.array(lowest, np.int64) >= reports.epoch
    after = _after(by, reports, stillness, before, rules, alive or {})
    kept = plain[by.camera_of_fix]
    new_bin = np.ones(len(kept), bool)
    bins = by.time_us // BIN_US
    new_bin[1:] = (bins[1:] != bins[:-1]) | (by.camera_of_fix[1:] != by.camera_of_fix[:-1])
    new_bin &= kept
    of_report = np.empty(len(arrivals.camera_id), bool)
    of_report[by.order] = plain[by.camera_of_report]
    return PlainMerge(
        plain=of_report,
        cameras=by.cameras[plain],
        after={name: column[plain] for name, column in after.items()},
        said=(reports.last_said >= 0)[plain],
        rows=by.fixes[kept],
        camera_id=by.cameras[by.camera_of_fix[kept]],
        received_us=by.received_of_fix[kept],
        coverage=(by.cameras[by.camera_of_fix[new_bin]], bins[new_bin] * BIN_US),
    )


def _believable(by: ByCamera, before: Columns, rules: MergeRules) -> Array:
    """(m,) whether each fix is newer than the one before, in time and within reach."""
    numbers, time_us, received_us = by.made.numbers, by.time_us, by.received_of_fix
    lat, lon = numbers["lat"][by.fixes], numbers["lon"][by.fixes]
    lat_before = by.before_each(lat, before["lat"])
    lon_before = by.before_each(lon, before["lon"])
    time_before = by.before_each(time_us, before["fix_us"])
    recorded = by.made.recording[by.fixes] == RECORDING
    keep_us = np.where(recorded, rules.keep_recording_us, rules.keep_other_us)
    well: Array = (
        (time_us > time_before)
        & ((np.abs(lat) >= ZERO_DEGREES) | (np.abs(lon) >= ZERO_DEGREES))
        & (time_us - received_us <= rules.clock_ahead_us)
        & (received_us - time_us <= keep_us)
    )
    near = (np.abs(lat - lat_before) < SAME_PLACE_DEGREES) & (
        np.abs(lon - lon_before) < SAME_PLACE_DEGREES
    )
    far = np.flatnonzero(well & ~near & ~np.isnan(lat_before))
    if len(far):
        accuracy = numbers["accuracy_m"][by.fixes]
        slack_m = sum(
            np.where(np.isnan(one[far]), rules.unknown_accuracy_m, one[far])
            for one in (accuracy, by.before_each(accuracy, before["accuracy_m"]))
        )
        way_m = _distance_m(lat_before[far], lon_before[far], lat[far], lon[far])
        seconds = np.maximum((time_us[far] - time_before[far]) / _SECOND, 1.0)
        well[far] = way_m - slack_m <= rules.max_speed_mps * seconds * _SURELY
    return well


def _distance_m(lat1: Array, lon1: Array, lat2: Array, lon2: Array) -> Array:
    """As `merge.distance_m`, of arrays."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half = (
        np.sin((phi2 - phi1) / 2) ** 2
        + np.cos(phi1) * np.cos(phi2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    )
    way: Array = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(half)))
    return way


@dataclass(slots=True)
class _Reports:
    """What the reports of each camera say of its recording state; (k,) each."""

    epoch: Array  # the highest
    lowest_epoch: Array
    seen_us: Array  # newest receipt
    last_said: Array  # report, sorted, that said the state last; -1: none did, all are backlog
    first_said: Array  # the first that said it
    one_state: Array  # whether all that said it said the same

    @classmethod
    def of(cls, by: ByCamera, rules: MergeRules) -> _Reports:
        made, first, places = by.made, by.first_report, np.arange(len(by.order))
        newest = by.fixes[by.last_fix]
        says = by.received_us - by.time_us[by.last_fix] <= rules.backlog_us
        state = made.recording[newest].astype(np.int64)
        lowest = np.minimum.reduceat(np.where(says, state, 99), first)
        highest = np.maximum.reduceat(np.where(says, state, -1), first)
        return cls(
            epoch=np.maximum.reduceat(by.epoch, first),
            lowest_epoch=np.minimum.reduceat(by.epoch, first),
            seen_us=np.maximum.reduceat(by.received_us, first),
            last_said=np.maximum.reduceat(np.where(says, places, -1), first),
            first_said=np.minimum.reduceat(np.where(says, places, len(places)), first),
            one_state=(lowest == highest) | (highest < 0),
        )


def _after(
    by: ByCamera,
    reports: _Reports,
    stillness: StillnessColumns,
    before: Columns,
    rules: MergeRules,
    alive: Mapping[int, Sign],
) -> Columns:
    """What is known of each camera afterwards; means something only where it is plain."""
    made = by.made
    after = dict(before)
    last = np.append(by.first_fix[1:], len(by.fixes)) - 1
    newest = by.fixes[last]
    seen_us = np.maximum(before["seen_us"], reports.seen_us)
    if alive:
        also = [alive[one].received_us if one in alive else NEVER for one in by.cameras.tolist()]
        seen_us = np.maximum(seen_us, np.array(also, np.int64))
    after["seen_us"] = seen_us
    after["fix_us"] = by.time_us[last]
    after["fix_received_us"] = by.received_of_fix[last]
    after["content"] = made.content[newest]
    for name in ("lat", "lon", *MOTION):
        after[name] = made.numbers[name][newest]
    after["flags"] = np.zeros_like(before["flags"])
    _rest(by, stillness, last, before, after)
    _say(by, reports, before, after)
    _charge(by, before, after, rules)
    _hear(by, before, after)
    return after


def _rest(
    by: ByCamera, stillness: StillnessColumns, last: Array, before: Columns, after: Columns
) -> None:
    """How often the newest position was repeated, and from which cell."""
    moved_at, named_at = stillness.moved_at[last], stillness.named_at[last]
    moved, named = moved_at >= by.first_fix, named_at >= by.first_fix
    repeats = last - moved_at
    after["repeats"] = np.where(moved, repeats, before["repeats"] + repeats)
    after["signs"] = stillness.signs[last]
    kept = np.where(moved, NO_ID, before["still_cell_id"])
    cell_id = by.made.cell_id[by.fixes[named_at]]
    after["still_cell_id"] = np.where(named & (named_at >= moved_at), cell_id, kept)


def _say(by: ByCamera, reports: _Reports, before: Columns, after: Columns) -> None:
    said, last = reports.last_said >= 0, reports.last_said
    first = np.minimum(reports.first_said, len(by.order) - 1)
    state = by.made.recording[by.fixes[by.last_fix[last]]]
    since_us = np.minimum(by.time_us[by.last_fix[first]], by.received_us[first])
    since_us = np.maximum(since_us, before["recording_us"])
    same = (state == before["recording"]) & (before["recording_us"] != NEVER)
    after["recording"] = np.where(said, state, before["recording"])
    after["recording_us"] = np.where(said, by.received_us[last], before["recording_us"])
    after["recording_since_us"] = np.where(said & ~same, since_us, before["recording_since_us"])
    after["epoch"] = np.where(said, reports.epoch, before["epoch"])


def _charge(by: ByCamera, before: Columns, after: Columns, rules: MergeRules) -> None:
    charge = by.made.numbers["battery_pct"][by.fixes]
    told = ~np.isnan(charge) & (by.received_of_fix - by.time_us <= rules.backlog_us)
    told_at = np.where(told, np.arange(len(by.fixes)), -1)
    at = np.maximum.reduceat(told_at, by.first_fix)
    time_us, known_us = by.time_us[at], before["battery_us"]
    newer = (at >= 0) & (
        (time_us > known_us) | ((time_us == known_us) & (charge[at] > before["battery_pct"]))
    )
    after["battery_pct"] = np.where(newer, charge[at], before["battery_pct"])
    after["battery_us"] = np.where(newer, time_us, known_us)


def _hear(by: ByCamera, before: Columns, after: Columns) -> None:
    made = by.made
    heard_at = np.where(made.heard[by.fixes], np.arange(len(by.fixes)), -1)
    at = np.maximum.reduceat(heard_at, by.first_fix)
    newer = (at >= 0) & (by.time_us[at] > before["signal_us"])
    fix = by.fixes[at]
    heard = {
        "signal_us": made.time_us,
        "bearer": made.bearer,
        "operator_id": made.operator_id,
        "cell_id": made.cell_id,
        **{name: made.numbers[name] for name in RADIO},
    }
    for name, column in heard.items():
        after[name] = np.where(newer, column[fix], before[name])
