"""What is known of every camera, as columns: a camera is a row, its number in the database is looked up once. No I/O.

Rows are read and written for many cameras at a time (`take`, `put`), or for one as a `CameraState`, which is what the
exact merge of `sightline.ingest.merge` works on; both see the same values. Times are integer microseconds since 1970
UTC with `NEVER` for none; numbers are NaN where unknown, numbers of networks and cells `NO_ID`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.merge import CameraState, Place, Stillness
from sightline.ingest.messages import Fix, Signal

Array = npt.NDArray[Any]
Columns = dict[str, Array]

NEVER: Final = np.iinfo(np.int64).min
NO_ID: Final = -1

_KINDS: Final[Mapping[str, tuple[str, float | int]]] = {
    "seen_us": ("i8", NEVER),
    "fix_us": ("i8", NEVER),
    "fix_received_us": ("i8", NEVER),
    "lat": ("f8", math.nan),
    "lon": ("f8", math.nan),
    "accuracy_m": ("f8", math.nan),
    "altitude_m": ("f8", math.nan),
    "speed_mps": ("f8", math.nan),
    "heading_deg": ("f8", math.nan),
    "content": ("i8", 0),  # 0: read back from the database, which does not keep it
    "recording": ("i2", 0),
    "recording_us": ("i8", NEVER),
    "recording_since_us": ("i8", NEVER),
    "epoch": ("i8", 0),
    "battery_pct": ("f8", math.nan),
    "signal_us": ("i8", NEVER),
    "bearer": ("i2", 0),
    "operator_id": ("i4", NO_ID),
    "cell_id": ("i4", NO_ID),
    "rsrp_dbm": ("f8", math.nan),
    "rsrq_db": ("f8", math.nan),
    "sinr_db": ("f8", math.nan),
    "rssi_dbm": ("f8", math.nan),
    "uplink_kbps": ("f8", math.nan),
    "flags": ("i2", 0),
    "repeats": ("i4", 0),
    "signs": ("i4", 0),
    "suspects": ("i4", 0),  # how many there are; they themselves are kept apart
}
"""Column → type and what it holds of a camera that nobody has heard of."""
