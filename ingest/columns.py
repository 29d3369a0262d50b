"""Plain reports of many cameras → columns of readings, one row a fix. Pure.

A Python object for every value of every fix costs more than everything else that happens to it, so reports without
anything special stay as they were decoded until a flush lays them out here. Unknown numbers are NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.content import contents_of
from sightline.ingest.fields import BEARER_CODES, RECORDING_CODES
from sightline.ingest.wire import PlainReport, PlainSignal

Array = npt.NDArray[Any]
Pair = tuple[str | None, str | None]
"""Network and cell, as a camera names them; None is unknown."""

NO_ID: Final = -1
"""Where a name has no number."""

MOTION: Final = ("accuracy_m", "altitude_m", "speed_mps", "heading_deg")
RADIO: Final = ("rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "uplink_kbps")

_IN_CACHE: Final = 1_000
"""Fixes that are taken apart together: each is looked at once for every column, and is better still in the cache then."""

_RECORDING: Final = dict[str | None, int](((None, 0), *RECORDING_CODES.items()))
_BEARER: Final = dict[str | None, int](((None, 0), *BEARER_CODES.items()))
_SILENT: Final = PlainSignal()


@dataclass(slots=True)
class Readings:
    """n reports with m fixes in all, both in order of arrival.

    Attributes:
        starts: (n,) place of each report's first fix.
        sizes: (n,) how many fixes each has.
        time_us: (m,) the device's time, microseconds since 1970 UTC.
        recording: (m,) codes of `fields.RECORDING_CODES`.
        bearer: (m,) codes of `fields.BEARER_CODES`.
        numbers: name → (m,) of lat and lon (WGS 84 degrees), `MOTION`, battery_pct and `RADIO`; NaN is unknown.
        pairs: (m,) network and cell.
        heard: (m,) whether anything of the signal is known.
        operator_id: (m,) number of the network in the database, `NO_ID` where it has none; set by `named`.
        cell_id: (m,) number of the cell; likewise.
        content: (m,) see `sightline.ingest.content`; likewise.
    """

    starts: Array
    sizes: Array
    time_us: Array
    recording: Array
    bearer: Array
    numbers: dict[str, Array]
    pairs: list[Pair]
    heard: Array
    operator_id: Array
    cell_id: Array
    content: Array


def readings(reports: Sequence[PlainReport]) -> Readings:
    """The columns of these reports; `content` is still to come."""
    parts: list[Readings] = []
    start = size = 0
    for end, report in enumerate(reports, 1):
        size += len(report.fixes)
        if size >= _IN_CACHE or end == len(reports):
            parts.append(_readings(reports[start:end]))
            start, size = end, 0
    if len(parts) == 1:
        return parts[0]
    sizes = np.concatenate([part.sizes for part in parts])
    return Readings(
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        time_us=np.concatenate([part.time_us for part in parts]),
        recording=np.concatenate([part.recording for part in parts]),
        bearer=np.concatenate([part.bearer for part in parts]),
        numbers={
            name: np.concatenate([part.numbers[name] for part in parts])
            for name in parts[0].numbers
        },
        pairs=[pair for part in parts for pair in part.pairs],
        heard=np.concatenate([part.heard for part in parts]),
        operator_id=np.empty(0, np.int32),
        cell_id=np.empty(0, np.int32),
        content=np.empty(0, np.int64),
    )


def _readings(reports: Sequence[PlainReport]) -> Readings:
    fixes = [fix for report in reports for fix in report.fixes]
    signals = [fix.signal or _SILENT for fix in fixes]
    sizes = np.array([len(report.fixes) for report in reports], np.int64)
    numbers = {
        "lat": _numbers([fix.lat for fix in fixes]),
        "lon": _numbers([fix.lon for fix in fixes]),
        "accuracy_m": _numbers([fix.accuracy_m for fix in fixes]),
        "altitude_m": _numbers([fix.altitude_m for fix in fixes]),
        "speed_mps": _numbers([fix.speed_mps for fix in fixes]),
        "heading_deg": _numbers([fix.heading_deg for fix in fixes]),
        "battery_pct": _numbers([fix.battery_pct for fix in fixes]),
        "rsrp_dbm": _numbers([signal.rsrp_dbm for signal in signals]),
        "rsrq_db": _numbers([signal.rsrq_db for signal in signals]),
        "sinr_db": _numbers([signal.sinr_db for signal in signals]),
        "rssi_dbm": _numbers([signal.rssi_dbm for signal in signals]),
        "uplink_kbps": _numbers([signal.uplink_kbps for signal in signals]),
    }
    pairs = [(signal.operator, signal.cell) for signal in signals]
    bearer = np.array([_BEARER[signal.bearer] for signal in signals], np.int16)
    heard = bearer != 0
    for name in RADIO:
        heard |= ~np.isnan(numbers[name])
    return Readings(
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        time_us=np.array([fix.time for fix in fixes], np.int64) * 1000,
        recording=np.array([_RECORDING[fix.recording] for fix in fixes], np.int16),
        bearer=bearer,
        numbers=numbers,
        pairs=pairs,
        heard=heard,
        operator_id=np.empty(0, np.int32),
        cell_id=np.empty(0, np.int32),
        content=np.empty(0, np.int64),
    )


def _numbers(values: list[float | None]) -> Array:
    """Numbers as an array, None as NaN."""
    try:
        return np.fromiter(values, np.float64, len(values))
    except TypeError:  # there is a None among them: somebody wrote null
        return np.array(values, np.float64)


def named(made: Readings, operator_id: Array, cell_id: Array, text: Array) -> None:
    """Put the numbers of networks and cells in, and number each reading.

    Args:
        made: the readings.
        operator_id: (m,) of each fix.
        cell_id: (m,) of each fix.
        text: (m,) `content.text_word` of each fix's network and cell.
    """
    made.operator_id, made.cell_id = operator_id, cell_id
    made.heard |= text != 0
    made.content = contents_of(
        made.time_us, made.recording + 256 * made.bearer.astype(np.int64), text, made.numbers
    )
