"""Rows of the database as one numpy array. Pure.

Reading 34,000 live rows by binary COPY takes a few milliseconds; as records of the driver it would hold the event loop
for a hundred.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.packed_copy import MINUS_INFINITY_US, CopiedRows, Kind


class CopyReader:
    """Reads one shape of row; `timestamptz` as milliseconds since 1970 UTC, -infinity as NaN.

    The database would need longer to work these out than for everything else in the row.
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        """`kinds`: type of each column, in the order of the query; none may be NULL."""
        self._copied = CopiedRows(kinds)
        self.dtype = np.dtype([(name, _KEPT_AS[kind]) for name, kind in kinds.items()])

    def rows(self, data: bytes) -> npt.NDArray[np.void]:
        """The rows in native byte order, shape (rows,).

        Raises:
            CopyError: truncated, a NULL, or a column of another width.
        """
        columns = self._copied.columns(data)
        found = np.empty(len(next(iter(columns.values()))), self.dtype)
        for name, kind in self._copied.kinds.items():
            found[name] = _ms(columns[name]) if kind == "timestamptz" else columns[name]
        return found


_KEPT_AS: Final[Mapping[Kind, str]] = {
    "int2": "i2",
    "int4": "i4",
    "int8": "i8",
    "float4": "f4",
    "float8": "f8",
    "timestamptz": "f8",
}


def _ms(time_us: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    ms: npt.NDArray[np.float64] = time_us / 1000
    ms[time_us == MINUS_INFINITY_US] = np.nan
    return ms


LIVE_ROWS: Final = CopyReader(
    {
        "camera_id": "int4",
        "gateway_id": "int4",
        "batch": "int8",
        "fix_time_ms": "timestamptz",
        "seen_time_ms": "timestamptz",
        "recording_since_ms": "timestamptz",
        "lat": "float8",
        "lon": "float8",
        "accuracy_m": "float4",
        "heading_deg": "float4",
        "battery_pct": "float4",
        "rsrp_dbm": "float4",
        "rsrq_db": "float4",
        "sinr_db": "float4",
        "uplink_kbps": "float4",
        "recording": "int2",
        "bearer": "int2",
        "flags": "int2",
        "speed_mps": "float4",
        "rssi_dbm": "float4",
        "signal_time_ms": "timestamptz",
        "operator_id": "int4",
        "cell_id": "int4",
    }
)
"""Rows of the query ``feed.changed_since``."""

DIRECTORY_MARKS: Final = CopyReader({"camera_id": "int4", "mark": "int8"})
"""Rows of the query ``feed.directory_marks``."""
