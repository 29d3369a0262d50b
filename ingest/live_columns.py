"""What is known of every camera, as columns: a camera is a row, its number in the database is looked up once. No I/O.

Rows are read and written for many cameras at a time (`take`, `put`), or for one as a `CameraState`, which is what the
exact merge of `sightline.ingest.merge` works on; both see the same values. Times are integer microseconds since 1970
UTC with `NEVER` for none; numbers are NaN where unknown, numbers of networks and cells `NO_ID`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.columns import MOTION, NO_ID, RADIO
from sightline.ingest.merge import CameraState, Place, Stillness
from sightline.ingest.messages import NOTHING_HEARD, Fix, Signal

Array = npt.NDArray[Any]
Columns = dict[str, Array]

NEVER: Final = np.iinfo(np.int64).min

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
    "battery_us": ("i8", NEVER),
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
    "heard_us": ("i8", NEVER),
    "repeats": ("i4", 0),
    "signs": ("i4", 0),
    "still_cell_id": ("i4", NO_ID),  # cell of the newest fix
    "suspects": ("i4", 0),  # how many there are; they themselves are kept apart
}
"""Column → type and what it holds of a camera that nobody has heard of."""

_FIRST_ROOM: Final = 1024


def unheard(count: int) -> Columns:
    """Columns of cameras that nobody has heard of."""
    return {name: np.full(count, empty, dtype) for name, (dtype, empty) in _KINDS.items()}


class LiveColumns:
    """Every camera that this gateway has heard of since it connected to the database."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._known: set[int] = set()
        self._columns = unheard(_FIRST_ROOM)
        self._suspects: dict[int, tuple[Place, ...]] = {}

    def __contains__(self, camera_id: object) -> bool:
        return camera_id in self._known

    def __len__(self) -> int:
        return len(self._known)

    def signal_numbers(self, camera_id: int) -> tuple[int, int]:
        """Numbers of the network and the cell of a camera's signal."""
        place = self._places[camera_id]
        return self._columns["operator_id"].item(place), self._columns["cell_id"].item(place)

    def recording_us(self, camera_id: int) -> int | None:
        """When the recording state that is known of one camera was set; None: never."""
        return _time(int(self._columns["recording_us"][self._places[camera_id]]))

    def missing(self, camera_ids: Iterable[int]) -> set[int]:
        """Those of the cameras that must be read from the database first."""
        return set(camera_ids) - self._known

    def forget(self, camera_id: int | None = None) -> None:
        """What is known of a camera, or of all, must be read again before it is used."""
        if camera_id is None:
            self._known.clear()
            self._suspects.clear()
        else:
            self._known.discard(camera_id)
            self._suspects.pop(camera_id, None)

    # --- many cameras

    def take(self, camera_ids: Array) -> Columns:
        """What is known of these cameras, in their order; a copy."""
        places = self._rows(camera_ids)
        return {name: column[places] for name, column in self._columns.items()}

    def put(self, camera_ids: Array, columns: Mapping[str, Array]) -> None:
        """What is known of these cameras from now on."""
        self._make_room(camera_ids)
        self._known.update(camera_ids.tolist())
        places = self._rows(camera_ids)
        for name, column in columns.items():
            self._columns[name][places] = column

    def _rows(self, camera_ids: Array) -> Array:
        places = map(self._places.__getitem__, camera_ids.tolist())
        return np.fromiter(places, np.int64, len(camera_ids))

    def _make_room(self, camera_ids: Array) -> None:
        for camera_id in camera_ids.tolist():
            self._places.setdefault(camera_id, len(self._places))
        room = len(self._columns["seen_us"])
        if len(self._places) > room:
            more = unheard(max(room, len(self._places) - room))
            for name, column in self._columns.items():
                self._columns[name] = np.concatenate([column, more[name]])

    # --- one camera, for the exact merge

    def state(self, camera_id: int, cell_name: Callable[[int], str | None]) -> CameraState:
        """What is known of one camera, as the exact merge takes it.

        The names of network and cell of its signal are not told, since nothing depends on them.

        Args:
            camera_id: the camera.
            cell_name: name of a cell by its number.
        """
        place = self._places[camera_id]
        row = {name: column.item(place) for name, column in self._columns.items()}
        signal_us = _time(row["signal_us"])
        heard: dict[str, Any] = {name: _number(row[name]) for name in RADIO}
        return CameraState(
            seen_us=_time(row["seen_us"]),
            fix=_fix(row),
            fix_received_us=_time(row["fix_received_us"]),
            recording=row["recording"],
            recording_us=_time(row["recording_us"]),
            recording_since_us=_time(row["recording_since_us"]),
            epoch=row["epoch"],
            battery_pct=_number(row["battery_pct"]),
            battery_us=_time(row["battery_us"]),
            signal=None if signal_us is None else Signal(row["bearer"], **heard),
            signal_us=signal_us,
            flags=row["flags"],
            suspects=self._suspects.get(camera_id, ()),
            stillness=Stillness(row["repeats"], row["signs"], cell_name(row["still_cell_id"])),
            heard_us=_time(row["heard_us"]),
        )

    def put_suspects(self, camera_id: int, suspects: tuple[Place, ...]) -> None:
        """Remember places in quarantine that agree with each other; none are forgotten."""
        if suspects:
            self._suspects[camera_id] = suspects
        else:
            self._suspects.pop(camera_id, None)


def row_of(
    state: CameraState,
    before: CameraState,
    known: tuple[int, int],
    numbers: Callable[[Signal], tuple[int, int]],
    still_cell_id: int,
) -> dict[str, float | int]:
    """A camera's row after the exact merge.

    Args:
        state: what is known now.
        before: what was known, as it came from `LiveColumns.state`.
        known: numbers of its network and cell then.
        numbers: numbers of the network and cell of a signal.
        still_cell_id: number of `state.stillness.cell`.
    """
    heard = state.signal or NOTHING_HEARD
    operator_id, cell_id = known if state.signal is before.signal else numbers(heard)
    return {
        "seen_us": _or_never(state.seen_us),
        "fix_received_us": _or_never(state.fix_received_us),
        **_fix_row(state.fix),
        "recording": state.recording,
        "recording_us": _or_never(state.recording_us),
        "recording_since_us": _or_never(state.recording_since_us),
        "epoch": state.epoch,
        "battery_pct": _or_nan(state.battery_pct),
        "battery_us": _or_never(state.battery_us),
        "signal_us": _or_never(state.signal_us),
        "bearer": heard.bearer,
        "operator_id": operator_id,
        "cell_id": cell_id,
        **{name: _or_nan(getattr(heard, name)) for name in RADIO},
        "flags": state.flags,
        "heard_us": _or_never(state.heard_us),
        "repeats": state.stillness.repeats,
        "signs": state.stillness.signs,
        "still_cell_id": still_cell_id,
        "suspects": len(state.suspects),
    }


def columns_of(rows: Sequence[Mapping[str, float | int]]) -> Columns:
    """Rows as columns."""
    return {
        name: np.array([row[name] for row in rows], dtype) for name, (dtype, _) in _KINDS.items()
    }


def _fix(row: Mapping[str, Any]) -> Fix | None:
    if row["fix_us"] == NEVER:
        return None
    motion: dict[str, Any] = {name: _number(row[name]) for name in MOTION}
    return Fix(0, row["fix_us"], row["lat"], row["lon"], row["content"], **motion)


def _fix_row(fix: Fix | None) -> dict[str, float | int]:
    if fix is None:
        return {name: _KINDS[name][1] for name in ("fix_us", "lat", "lon", "content", *MOTION)}
    return {
        "fix_us": fix.time_us,
        "lat": fix.lat,
        "lon": fix.lon,
        "content": fix.content,
        **{name: _or_nan(getattr(fix, name)) for name in MOTION},
    }


def _time(us: int) -> int | None:
    return None if us == NEVER else us


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _or_never(us: int | None) -> int:
    return NEVER if us is None else us


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
