"""Device-bins of many readings at once: the definition of `sightline.ingest.coverage`, in columns.

Pure. The same result as `device_bins` for readings without a silence between them (a test compares
them); fast enough for the week that a demo begins with.
"""

from __future__ import annotations

from itertools import repeat
from typing import NamedTuple

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from sightline.ingest.coverage import BIN_US, DEFAULT_RULES, RESOLUTION
from sightline.ingest.fleet.noise import Floats
from sightline.ingest.fleet.readings import Ints, Readings


class Bins(NamedTuple):
    """Device-bins as columns.

    Attributes:
        officer: number of the officer whose camera it is.
        start_us: start of the five minutes.
        operator: number in `radio.OPERATORS`; -1 where there was no network.
        samples: readings in the bin.
        rsrp_dbm: lower median of the known values; NaN where there are none. So for the others.
        gap: the camera was silent there and did not say what it heard.
    """

    officer: Ints
    start_us: Ints
    cell: Ints
    operator: Ints
    bearer: Ints
    samples: Ints
    rsrp_dbm: Floats
    rsrq_db: Floats
    sinr_db: Floats
    uplink_kbps: Floats
    gap: NDArray[np.bool_]


def bins_of(readings: Readings, received_ms: Ints) -> Bins:
    """All device-bins of some readings."""
    start = readings.time_ms * 1000 // BIN_US * BIN_US
    cell = _cells(readings.lat, readings.lon)
    known = readings.service
    operator = np.where(known, readings.operator, -1)
    bearer = np.where(known, readings.bearer, 0)
    order = np.lexsort((bearer, operator, cell, start, readings.officer))
    keys = np.column_stack([readings.officer, start, cell, operator, bearer])[order]
    new = np.concatenate([[True], np.any(keys[1:] != keys[:-1], axis=1)])
    group = np.empty(len(keys), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    first = keys[new]
    silence = np.array([DEFAULT_RULES.silence_us(code) // 1000 for code in range(4)])
    late = received_ms - readings.time_ms > silence[readings.recording]
    count = len(first)

    def median(values: Floats) -> Floats:
        return _lower_median(np.where(known, values, np.nan), group, count)

    of, begins, within, by, on = first.T
    return Bins(
        of,
        begins,
        within,
        by,
        on,
        np.bincount(group, minlength=count),
        median(readings.rsrp_dbm),
        median(readings.rsrq_db),
        median(readings.sinr_db),
        median(readings.uplink_kbps),
        np.bincount(group, weights=late & ~known, minlength=count) > 0,
    )


def _cells(lat: Floats, lon: Floats) -> Ints:
    found = map(h3.latlng_to_cell, lat.tolist(), lon.tolist(), repeat(RESOLUTION))
    return np.fromiter(found, dtype=np.int64, count=len(lat))


def _lower_median(values: Floats, group: Ints, count: int) -> Floats:
    """For each group the lower median of its known values; NaN where none is known."""
    order = np.lexsort((values, group))  # NaN sorts last within its group
    known = np.bincount(group, weights=~np.isnan(values), minlength=count).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=count))[:-1]])
    middle = start + np.maximum(known - 1, 0) // 2
    return np.where(known > 0, values[order][middle], np.nan)
