"""What a plan stores, as columns in the order and the types of the database's tables. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.columns import MOTION, NO_ID, RADIO, Readings
from sightline.ingest.dictionary import SignalNames
from sightline.ingest.fields import RECORDING
from sightline.ingest.live_columns import NEVER, Columns, LiveColumns, columns_of, row_of, unheard
from sightline.ingest.merge import FLAG_STUCK, MergeRules
from sightline.ingest.messages import NOTHING_HEARD, Signal
from sightline.ingest.packed_copy import Kind, PackedCopy
from sightline.ingest.plain import PlainMerge
from sightline.ingest.planning import DoubtRow, FixKey, Plan, Row

Array = npt.NDArray[Any]

_NUMBERS: Final = ("lat", "lon", *MOTION, "battery_pct", *RADIO)
FIX_KINDS: Final[Mapping[str, Kind]] = {
    "camera_id": "int4",
    "retention_class": "char",
    "recording": "int2",
    "bearer": "int2",
    "fix_time": "timestamptz",
    "received_time": "timestamptz",
    "content_hash": "int8",
    "lat": "float8",
    "lon": "float8",
    "accuracy_m": "float4",
    "altitude_m": "float4",
    "speed_mps": "float4",
    "heading_deg": "float4",
    "battery_pct": "float4",
    "rsrp_dbm": "float4",
    "rsrq_db": "float4",
    "sinr_db": "float4",
    "rssi_dbm": "float4",
    "uplink_kbps": "float4",
    "operator_id": "int2",
    "cell_id": "int4",
    "flags": "int2",
}
_LIVE: Final[Mapping[str, Kind]] = {
    "camera_id": "int4",
    "gateway_id": "int4",
    "batch": "int8",
    "epoch": "int8",
    "seen_time": "timestamptz",
    "recording": "int2",
    "recording_time": "timestamptz",
    "recording_since": "timestamptz",
    "fix_time": "timestamptz",
    "fix_received_time": "timestamptz",
    "lat": "float8",
    "lon": "float8",
    "accuracy_m": "float4",
    "altitude_m": "float4",
    "speed_mps": "float4",
    "heading_deg": "float4",
    "flags": "int2",
    "battery_pct": "float4",
    "battery_time": "timestamptz",
    "signal_time": "timestamptz",
    "bearer": "int2",
    "operator_id": "int2",
    "cell_id": "int4",
    "rsrp_dbm": "float4",
    "rsrq_db": "float4",
    "sinr_db": "float4",
    "rssi_dbm": "float4",
    "uplink_kbps": "float4",
}
FIX_COPY: Final = PackedCopy(FIX_KINDS)
STAGED_FIX_COPY: Final = PackedCopy({**FIX_KINDS, "archive": "bool"})
LIVE_COPY: Final = PackedCopy(_LIVE)

_LIVE_NAMES: Final[Mapping[str, str]] = {
    "seen_time": "seen_us",
    "recording_time": "recording_us",
    "recording_since": "recording_since_us",
    "fix_time": "fix_us",
    "fix_received_time": "fix_received_us",
    "battery_time": "battery_us",
    "signal_time": "signal_us",
}
"""Column of the table → column of what is known of a camera, where they differ."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A plan as the tables take it.

    Attributes:
        fresh: rows of history that are surely new.
        checked: rows of history that may be stored already.
        archived: rows of the archive, which may be stored already.
        doubted: rows of the quarantine, which may be stored already.
        cameras: (k,) everybody whose state the plan touches.
        after: (k,) what is known of them once it commits.
        said: (k,) whether the plan says their recording state.
        coverage: camera and start of each five minutes whose coverage changes.
        unsettled: camera → times of its fixes that must be judged together with those around.
    """

    fresh: Columns
    checked: Columns
    archived: Columns
    doubted: Sequence[DoubtRow]
    cameras: Array
    after: Columns
    said: Array
    coverage: tuple[Array, Array]
    unsettled: Mapping[int, Iterable[int]]


def rows_of(plan: Plan, live: LiveColumns, names: SignalNames) -> Rows:
    """The rows of a plan.

    Args:
        plan: of names that were all learnt.
        live: what was known when it was made.
        names: numbers of networks and cells.
    """
    exact = [_exact_row(plan, camera_id, live, names) for camera_id in plan.states]
    said = [
        state.recording_us is not None and state.recording_us != plan.before[camera_id].recording_us
        for camera_id, state in plan.states.items()
    ]
    fresh = [fixes_of_rows(plan.fresh, names)]
    cameras = [np.array(list(plan.states), np.int64)]
    after = [columns_of(exact) if exact else unheard(0)]
    spoken = [np.array(said, bool)]
    pairs = np.array(sorted(plan.coverage), np.int64).reshape(-1, 2)
    coverage = [(pairs[:, 0], pairs[:, 1])]
    if plan.plain is not None and plan.batch.made is not None:
        fresh.append(fixes_of_plain(plan.plain, plan.batch.made))
        cameras.append(plan.plain.cameras)
        after.append(plan.plain.after)
        spoken.append(plan.plain.said)
        coverage.append(plan.plain.coverage)
    return Rows(
        fresh=joined(fresh),
        checked=fixes_of_rows(plan.checked, names),
        archived=fixes_of_rows(plan.archived, names),
        doubted=plan.doubted,
        cameras=np.concatenate(cameras),
        after=joined(after),
        said=np.concatenate(spoken),
        coverage=(
            np.concatenate([one[0] for one in coverage]),
            np.concatenate([one[1] for one in coverage]),
        ),
        unsettled=plan.unsettled,
    )


def _exact_row(
    plan: Plan, camera_id: int, live: LiveColumns, names: SignalNames
) -> dict[str, float | int]:
    state = plan.states[camera_id]

    def numbers(signal: Signal) -> tuple[int, int]:
        return names.numbers((signal.operator, signal.cell))

    cell = state.stillness.cell
    still_cell_id = NO_ID if cell is None else names.cell_number(cell)
    known = live.signal_numbers(camera_id)
    return row_of(state, plan.before[camera_id], known, numbers, still_cell_id)


def loaded_row(row: Mapping[str, Any], rules: MergeRules) -> dict[str, float | int]:
    """A live row of the database as a row of `LiveColumns`; it does not keep everything that those do."""
    signs = rules.stuck_after if row["flags"] & FLAG_STUCK else 0
    found: dict[str, float | int] = {
        "content": 0, "repeats": signs, "signs": signs, "suspects": 0, "still_cell_id": NO_ID,
        "heard_us": NEVER,
    }  # fmt: skip
    for name in _LIVE:
        if name in ("camera_id", "gateway_id", "batch"):
            continue
        value = row[name]
        if value is None:
            value = NEVER if name in _LIVE_NAMES else NO_ID if name.endswith("_id") else math.nan
        found[_LIVE_NAMES.get(name, name)] = value
    return found


def fixes_of_plain(plain: PlainMerge, made: Readings) -> Columns:
    """History's rows for the plain cameras' fixes, those of one retention class together."""
    order = np.argsort(made.recording[plain.rows] == RECORDING, kind="stable")
    rows = plain.rows[order]
    recording = made.recording[rows]
    return {
        "camera_id": plain.camera_id[order],
        "retention_class": _retention_class(recording),
        "recording": recording,
        "bearer": made.bearer[rows],
        "fix_time": made.time_us[rows],
        "received_time": plain.received_us[order],
        "content_hash": made.content[rows],
        **{name: made.numbers[name][rows] + 0.0 for name in _NUMBERS},  # no zero has a sign
        "operator_id": made.operator_id[rows],
        "cell_id": made.cell_id[rows],
        "flags": np.zeros(len(rows), np.int16),
    }


def fixes_of_rows(rows: Sequence[Row], names: SignalNames) -> Columns:
    """History's or the archive's rows for fixes of the exact merge."""
    fixes = [row.kept.fix for row in rows]
    heard = [fix.signal or NOTHING_HEARD for fix in fixes]
    numbers = [names.numbers((one.operator, one.cell)) for one in heard]
    recording = np.array([fix.recording for fix in fixes], np.int16)
    return {
        "camera_id": np.array([row.key.camera_id for row in rows], np.int64),
        "retention_class": _retention_class(recording),
        "recording": recording,
        "bearer": np.array([one.bearer for one in heard], np.int16),
        "fix_time": np.array([fix.time_us for fix in fixes], np.int64),
        "received_time": np.array([row.received_us for row in rows], np.int64),
        "content_hash": np.array([fix.content for fix in fixes], np.int64),
        **{
            name: np.array(
                [getattr(one, name) for one in (heard if name in RADIO else fixes)], float
            )
            + 0.0
            for name in _NUMBERS
        },
        "operator_id": np.array([operator_id for operator_id, _ in numbers], np.int32),
        "cell_id": np.array([cell_id for _, cell_id in numbers], np.int32),
        "flags": np.array([row.kept.flags for row in rows], np.int16),
    }


def _retention_class(recording: Array) -> Array:
    return np.where(recording == RECORDING, ord("r"), ord("o")).astype(np.uint8)


def live_of(
    camera_id: Array, after: Columns, said: Array, *, gateway_id: int, batch: int
) -> tuple[Columns, Columns]:
    """Values and NULLs of live rows.

    Args:
        camera_id: (k,) the cameras.
        after: (k,) what is known of them.
        said: (k,) whether this flush says their recording state.
        gateway_id: this gateway's run.
        batch: number of the flush.
    """
    count = len(camera_id)
    values: Columns = {
        "camera_id": camera_id,
        "gateway_id": np.full(count, gateway_id),
        "batch": np.full(count, batch),
    }
    for name in _LIVE:
        if name not in values:
            values[name] = after[_LIVE_NAMES.get(name, name)]
    nulls = nulls_of(values)
    for name in ("recording_time", "recording_since"):
        nulls[name] = ~said
    return values, nulls


def nulls_of(values: Columns) -> Columns:
    """Which values are unknown: NaN, a time of never, no number."""
    nulls: Columns = {}
    for name, column in values.items():
        if column.dtype.kind == "f":
            nulls[name] = np.isnan(column)
        elif name in ("operator_id", "cell_id"):
            nulls[name] = column == NO_ID
        elif name.endswith(("_time", "_since")):
            nulls[name] = column == NEVER
    return nulls


def joined(parts: Sequence[Columns]) -> Columns:
    """The same columns of several parts, one after the other."""
    filled = [part for part in parts if _length(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    return {name: np.concatenate([part[name] for part in filled]) for name in filled[0]}


def _length(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def columns_of_key(values: Columns) -> tuple[Array, Array, Array]:
    """What makes each fix the same fix: camera, time and content, as `FixKey` has them."""
    return values["camera_id"], values["fix_time"], values["content_hash"]


def fix_keys(values: Columns) -> Iterable[FixKey]:
    """The same, one by one."""
    return map(FixKey, *(column.tolist() for column in columns_of_key(values)))


def some(columns: Columns, which: Array | slice) -> Columns:
    """Rows of columns."""
    return {name: column[which] for name, column in columns.items()}
