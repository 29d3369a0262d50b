"""The latest of every camera, as columns in memory, and which of them changed. Pure.

A camera keeps its *place* (index into all columns) for as long as the process lives; `numbers[place]` is its key in the
database. Times are milliseconds since 1970 UTC, positions degrees × 10⁷ (EPSG:4326). Codes of recording, quality and
bearer, and what stands for unknown, are those of the binary feed (see `docs/feed.md`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from sightline.dashboard.live_map.visibility import NO_ID
from sightline.dashboard.signal_columns import quality_codes
from sightline.ingest.freshness import AGEING_AFTER_S, STALE_AFTER_S

_Kind = TypeVar("_Kind", bound=np.generic)

Places = npt.NDArray[np.intp]
"""Indices into the columns, ascending, each once."""

COLUMNS: Final = np.dtype(
    [
        ("fix_time_ms", "<f8"),
        ("seen_time_ms", "<f8"),
        ("recording_since_ms", "<f8"),
        ("lat_e7", "<i4"),
        ("lon_e7", "<i4"),
        ("number", "<u4"),
        ("uplink_kbps", "<u4"),
        ("accuracy_dm", "<u2"),
        ("heading_ddeg", "<u2"),
        ("interval_s", "<u2"),
        ("rsrp_dbm", "<i2"),
        ("recording", "u1"),
        ("quality", "u1"),
        ("flags", "u1"),
        ("battery_pct", "u1"),
        ("bearer", "u1"),
    ]
)
"""The columns in the order of the binary feed."""

MORE_COLUMNS: Final = np.dtype(
    [
        ("signal_time_ms", "<f8"),
        ("speed_mps", "<f4"),
        ("rsrq_db", "<f4"),
        ("sinr_db", "<f4"),
        ("rssi_dbm", "<f4"),
        ("operator_id", "<i4"),
        ("cell_id", "<i4"),
    ]
)
"""What only the JSON feed says; NaN and 0 are unknown."""

HAS_POSITION: Final = 1
STUCK: Final = 2
STREAMED: Final = 4
EYES_ON: Final = 8
FIX_FLAGGED: Final = 16
_FROM_GATEWAY: Final = HAS_POSITION | STUCK | FIX_FLAGGED

NO_UPLINK: Final = 0xFFFFFFFF
NO_U16: Final = 0xFFFF
NO_RSRP: Final = -32768
NO_BATTERY: Final = 255


@dataclass(frozen=True, slots=True)
class CameraEntry:
    """What people call a camera.

    Attributes:
        number: key in the database, which the binary feed uses.
        camera: its id in messages.
        kind: ``body_worn`` or ``tracker``.
        officer: shoulder number of the wearer, None for nobody.
        name: the wearer's rank and name, None for nobody.
        call_sign: of the present duty, if any.
        unit: code of the wearer's unit, if any.
        unit_name: its name.
        unit_id: its key.
        officer_id: the wearer's key.
        audio_out: where its sound goes, if known.
    """

    number: int
    camera: str
    kind: str
    officer: str | None = None
    name: str | None = None
    call_sign: str | None = None
    unit: str | None = None
    unit_name: str | None = None
    unit_id: int | None = None
    officer_id: int | None = None
    audio_out: str | None = None


class LiveState:
    """Columns of all cameras in use; every change says which places it touched.

    Attributes:
        entries: by place, what people call the camera.
        in_use, unit_ids, officer_ids: columns that decide who sees it.
        operators: number of an operator → its PLMN.
        cells: number of a radio cell → its name.
        ageing_after_s, stale_after_s: the force's, see `sightline.ingest.freshness`.
    """

    def __init__(self) -> None:
        self._size = 0
        self._table = np.zeros(0, COLUMNS)
        self._more = np.zeros(0, MORE_COLUMNS)
        self._place_of = np.full(1, NO_ID, np.intp)
        self.entries: list[CameraEntry] = []
        self.in_use = np.zeros(0, bool)
        self.unit_ids = np.zeros(0, np.int64)
        self.officer_ids = np.zeros(0, np.int64)
        self.operators: dict[int, str] = {}
        self.cells: dict[int, str] = {}
        self.ageing_after_s, self.stale_after_s = AGEING_AFTER_S, STALE_AFTER_S
        self._marked: dict[int, frozenset[int]] = {STREAMED: frozenset(), EYES_ON: frozenset()}

    def __len__(self) -> int:
        """Number of places, cameras no longer in use included."""
        return self._size

    @property
    def table(self) -> npt.NDArray[np.void]:
        """The columns; a view of shape (places,) with the fields of `COLUMNS`."""
        return self._table[: self._size]

    @property
    def more(self) -> npt.NDArray[np.void]:
        """The columns beside; a view of shape (places,) with the fields of `MORE_COLUMNS`."""
        return self._more[: self._size]

    def places_of(self, numbers: npt.ArrayLike) -> Places:
        """Place of each camera number, `NO_ID` where there is none; any shape."""
        wanted = np.asarray(numbers, np.int64)
        known = (wanted >= 0) & (wanted < len(self._place_of))
        return np.where(known, self._place_of[np.where(known, wanted, 0)], NO_ID).astype(np.intp)

    def put_entries(self, entries: Iterable[CameraEntry], interval_s: int) -> Places:
        """Take new or changed directory entries; a camera not known before has never reported.

        Args:
            entries: of the cameras in use that are new or have changed.
            interval_s: seconds expected between reports of a camera in unknown state.

        Returns:
            The places of these entries.
        """
        places = []
        for entry in entries:
            place = self._place(entry.number, interval_s)
            self.entries[place] = entry
            self.in_use[place] = True
            self.unit_ids[place] = NO_ID if entry.unit_id is None else entry.unit_id
            self.officer_ids[place] = NO_ID if entry.officer_id is None else entry.officer_id
            places.append(place)
        return np.unique(np.asarray(places, np.intp))

    def drop(self, numbers: Iterable[int]) -> Places:
        """Cameras that are no longer in use. Returns the places that were."""
        places = self.places_of(list(numbers))
        places = np.unique(places[places != NO_ID])
        places = places[self.in_use[places]]
        self.in_use[places] = False
        return places

    def put_live(self, rows: npt.NDArray[np.void], intervals_s: Mapping[int, int]) -> Places:
        """Take live rows as the database has them; rows of cameras not in the directory are passed over.

        Args:
            rows: fields ``camera_id``, ``fix_time_ms``, ``seen_time_ms``, ``recording_since_ms``, ``lat``, ``lon``,
                ``accuracy_m``, ``heading_deg``, ``battery_pct``, ``rsrp_dbm``, ``rsrq_db``, ``sinr_db``,
                ``uplink_kbps`` (NaN where unknown), ``recording``, ``bearer``, ``flags``, and those of `MORE_COLUMNS`.
            intervals_s: recording code → seconds expected between two reports.

        Returns:
            The places whose columns are different now.
        """
        places = self.places_of(rows["camera_id"])
        rows, places = rows[places != NO_ID], places[places != NO_ID]
        wanted = quantised(rows, intervals_s)
        kept_marks = self._table["flags"][places] & ~np.uint8(_FROM_GATEWAY)
        wanted["flags"] |= kept_marks
        more = np.empty(len(rows), MORE_COLUMNS)
        for name in MORE_COLUMNS.names or ():
            more[name] = rows[name]
        different = (_as_bytes(wanted) != _as_bytes(self._table[places])) | (
            _as_bytes(more) != _as_bytes(self._more[places])
        )
        self._table[places[different]] = wanted[different]
        self._more[places[different]] = more[different]
        return np.unique(places[different])

    def mark(self, flag: int, numbers: Iterable[int]) -> Places:
        """Set `flag` (`STREAMED` or `EYES_ON`) on exactly these cameras. Returns the places that changed."""
        wanted = frozenset(numbers)
        changed = self.places_of(sorted(wanted ^ self._marked[flag]))
        self._marked[flag] = wanted
        places = np.unique(changed[changed != NO_ID])
        self._table["flags"][places] ^= np.uint8(flag)
        return places

    def _place(self, number: int, interval_s: int) -> int:
        if number >= len(self._place_of):
            grown = np.full(max(number + 1, 2 * len(self._place_of)), NO_ID, np.intp)
            grown[: len(self._place_of)] = self._place_of
            self._place_of = grown
        place = int(self._place_of[number])
        if place == NO_ID:
            place = self._size
            if place == len(self._table):
                self._grow(max(1024, 2 * place))
            self._size += 1
            self._place_of[number] = place
            self.entries.append(CameraEntry(number, "", ""))
            self._table[place] = _never_reported(number, interval_s)
            self._more[place] = (*(math.nan,) * 5, 0, 0)
            for flag, numbers in self._marked.items():
                if number in numbers:
                    self._table["flags"][place] |= flag
        return place

    def _grow(self, capacity: int) -> None:
        self._table = _extended(self._table, capacity)
        self._more = _extended(self._more, capacity)
        self.in_use = _extended(self.in_use, capacity)
        self.unit_ids = _extended(self.unit_ids, capacity)
        self.officer_ids = _extended(self.officer_ids, capacity)


def _as_bytes(rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Rows as plain bytes, in which NaN equals NaN."""
    return rows.view(f"V{rows.dtype.itemsize}")


def _extended(column: npt.NDArray[_Kind], capacity: int) -> npt.NDArray[_Kind]:
    grown: npt.NDArray[_Kind] = np.zeros(capacity, column.dtype)
    grown[: len(column)] = column
    return grown


def _never_reported(number: int, interval_s: int) -> npt.NDArray[np.void]:
    row = np.zeros((), COLUMNS)
    for time in ("fix_time_ms", "seen_time_ms", "recording_since_ms"):
        row[time] = np.nan
    row["number"], row["interval_s"] = number, interval_s
    row["uplink_kbps"], row["rsrp_dbm"], row["battery_pct"] = NO_UPLINK, NO_RSRP, NO_BATTERY
    row["accuracy_dm"] = row["heading_ddeg"] = NO_U16
    return row


def quantised(rows: npt.NDArray[np.void], intervals_s: Mapping[int, int]) -> npt.NDArray[np.void]:
    """Live rows (as of `LiveState.put_live`) in the units and codes of the feed; shape kept."""
    made = np.zeros(len(rows), COLUMNS)
    made["number"] = rows["camera_id"]
    for name in ("fix_time_ms", "seen_time_ms", "recording_since_ms"):
        made[name] = rows[name]
    made["lat_e7"] = _whole(rows["lat"] * 1e7, 0, -(2**31), 2**31 - 1)
    made["lon_e7"] = _whole(rows["lon"] * 1e7, 0, -(2**31), 2**31 - 1)
    made["uplink_kbps"] = _whole(rows["uplink_kbps"], NO_UPLINK, 0, NO_UPLINK - 1)
    made["accuracy_dm"] = _whole(rows["accuracy_m"] * np.float64(10), NO_U16, 0, NO_U16 - 1)
    made["heading_ddeg"] = _whole(rows["heading_deg"] * np.float64(10), NO_U16, 0, 3600)
    made["rsrp_dbm"] = _whole(rows["rsrp_dbm"], NO_RSRP, NO_RSRP + 1, 32767)
    made["battery_pct"] = _whole(rows["battery_pct"], NO_BATTERY, 0, 100)
    made["recording"] = rows["recording"]
    made["bearer"] = rows["bearer"]
    most = max([*intervals_s, 3])
    lookup = np.array([intervals_s.get(code, 0) for code in range(most + 1)], np.uint16)
    made["interval_s"] = lookup[rows["recording"]]
    made["quality"] = quality_codes(
        rows["rsrp_dbm"], rows["rsrq_db"], rows["sinr_db"], rows["uplink_kbps"]
    )
    has_position = ~np.isnan(rows["lat"])
    made["flags"] = (rows["flags"] & (STUCK | FIX_FLAGGED)) | np.where(
        has_position, HAS_POSITION, 0
    )
    return made


def _whole(
    values: npt.NDArray[np.floating], unknown: int, low: int, high: int
) -> npt.NDArray[np.int64]:
    """Rounded and kept within bounds; `unknown` where NaN."""
    known = ~np.isnan(values)
    clipped = np.clip(np.rint(np.where(known, values, 0).astype(np.float64)), low, high)
    return np.where(known, clipped.astype(np.int64), unknown)
