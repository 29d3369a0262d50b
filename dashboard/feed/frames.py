"""What the feed sends, encoded: binary columns for the map, JSON for everybody else. Pure; see `docs/feed.md`."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from sightline.dashboard.camera_feature import (
    BEARERS,
    RECORDING,
    CameraProperties,
    CameraSignal,
    Feature,
    camera_feature,
)
from sightline.dashboard.live_state import (
    COLUMNS,
    EYES_ON,
    FIX_FLAGGED,
    HAS_POSITION,
    NO_BATTERY,
    NO_RSRP,
    NO_U16,
    NO_UPLINK,
    STREAMED,
    STUCK,
    CameraEntry,
    LiveState,
    Places,
)
from sightline.ingest.freshness import AGEING_INTERVALS, STALE_INTERVALS
from sightline.ingest.quality import from_code

Form = Literal["binary", "json"]
Kind = Literal["snapshot", "delta", "more"]
"""``more``: of the snapshot before it, or of a delta, whose other parts are still to come."""

MAGIC: Final = 0x31464C53
"""``SLF1`` as the first four bytes of a frame."""
KIND_CODES: Final[dict[Kind, int]] = {"snapshot": 1, "delta": 2, "more": 3}
_HEADER: Final = struct.Struct("<IBxxxIIdd")
DIRECTORY_CHUNK: Final = 500
FRAME_CHUNK: Final[dict[Kind, int]] = {"snapshot": 2_000, "delta": 8_000}
"""Cameras in one message: so many that a slow line carries it in a second or two, packed, and a fast one is not asked too often."""
NOT_TO_RESUME_FROM: Final = 0
"""In place of a seq, where other parts are still to come."""

_json = msgspec.json.Encoder()


def binary_frames(
    kind: Kind,
    seq: int,
    server_time_ms: float,
    rows: npt.NDArray[np.void],
    removed: npt.NDArray[np.uint32],
) -> list[bytes]:
    """A snapshot or delta in messages that a slow line carries; see `binary_frame` for the arguments.

    Only the last has the number to resume from: whoever breaks off before has not heard everything.
    """
    chunk = FRAME_CHUNK[kind]
    parts = [rows[start : start + chunk] for start in range(0, len(rows), chunk)] or [rows]
    found: list[bytes] = []
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        found.append(
            binary_frame(
                kind if number == 0 else "more",
                seq if is_last else NOT_TO_RESUME_FROM,
                server_time_ms,
                part,
                removed if is_last else removed[:0],
            )
        )
    return found


def binary_frame(
    kind: Kind,
    seq: int,
    server_time_ms: float,
    rows: npt.NDArray[np.void],
    removed: npt.NDArray[np.uint32],
) -> bytes:
    """A snapshot or delta: header, one column after the other, removed camera numbers; little-endian.

    Args:
        kind: a snapshot replaces all that the reader has.
        seq: number to resume from.
        server_time_ms: the server's clock, ms since 1970 UTC.
        rows: fields of `live_state.COLUMNS`.
        removed: numbers of cameras that are no longer there for this reader.
    """
    parts = [
        _HEADER.pack(MAGIC, KIND_CODES[kind], len(rows), len(removed), float(seq), server_time_ms)
    ]
    parts += [np.ascontiguousarray(rows[name]).tobytes() for name in COLUMNS.names or ()]
    odd = sum(map(len, parts)) % 4
    if odd:
        parts.append(bytes(4 - odd))
    parts.append(removed.astype("<u4").tobytes())
    return b"".join(parts)


def directory_messages(entries: Sequence[CameraEntry]) -> list[str]:
    """Text messages that give the readers of binary frames the names behind the numbers."""
    chunks = [
        entries[start : start + DIRECTORY_CHUNK]
        for start in range(0, len(entries), DIRECTORY_CHUNK)
    ]
    return [
        _text({"type": "directory", "cameras": [_directory_entry(entry) for entry in chunk]})
        for chunk in chunks
    ]


def _directory_entry(entry: CameraEntry) -> dict[str, Any]:
    return {
        "n": entry.number,
        "camera": entry.camera,
        "officer": entry.officer,
        "name": entry.name,
        "call_sign": entry.call_sign,
        "unit": entry.unit,
        "unit_name": entry.unit_name,
        "kind": entry.kind,
    }


def json_snapshot(seq: int, server_time_ms: float, cameras: list[Feature]) -> str:
    """All cameras a reader of JSON sees."""
    return _text(
        {"type": "snapshot", "seq": seq, "server_time": server_time_ms, "cameras": cameras}
    )


def json_delta(seq: int, server_time_ms: float, cameras: list[Feature], removed: list[str]) -> str:
    """What changed since the reader's last message; `removed` are camera ids."""
    return _text(
        {
            "type": "delta",
            "seq": seq,
            "server_time": server_time_ms,
            "cameras": cameras,
            "removed": removed,
        }
    )


def text_message(kind: str, body: dict[str, Any]) -> str:
    """Any other message, ``{"type": kind, …body}``."""
    return _text({"type": kind, **body})


def features(state: LiveState, places: Places, now_ms: float) -> list[Feature]:
    """The cameras at these places as the API's GeoJSON features, with ages as of `now_ms`.

    Column by column, so that even a snapshot of all cameras holds the event loop for no longer than it must.
    """
    table, more = state.table[places], state.more[places]
    flags = table["flags"]
    has_position = (flags & HAS_POSITION) != 0
    age_s = _ages(now_ms, table["seen_time_ms"])
    entries = [state.entries[place] for place in places.tolist()]
    columns = zip(
        entries,
        _or_none(table["lat_e7"] / 1e7, has_position),
        _or_none(table["lon_e7"] / 1e7, has_position),
        [RECORDING[code] for code in table["recording"].tolist()],
        _times(table["recording_since_ms"]),
        _freshness(state, table, np.where(has_position, age_s, np.nan)),
        _times(table["seen_time_ms"]),
        _measured(age_s),
        _times(table["fix_time_ms"]),
        _measured(_ages(now_ms, table["fix_time_ms"])),
        _known(table["accuracy_dm"], NO_U16, 10),
        _measured(more["speed_mps"]),
        _known(table["heading_ddeg"], NO_U16, 10),
        [from_code(code) for code in table["quality"].tolist()],
        _signals(state, table, more),
        _known(table["battery_pct"], NO_BATTERY),
        *[((flags & flag) != 0).tolist() for flag in (STUCK, FIX_FLAGGED, STREAMED, EYES_ON)],
        [entry.audio_out for entry in entries],
        strict=True,
    )
    return [
        camera_feature(
            lat,
            lon,
            CameraProperties(
                entry.camera, entry.kind, entry.officer, entry.name, entry.call_sign, entry.unit, entry.unit_name,
                *said,
            ),
        )
        for entry, lat, lon, *said in columns
    ]  # fmt: skip


def _signals(
    state: LiveState, table: npt.NDArray[np.void], more: npt.NDArray[np.void]
) -> list[CameraSignal]:
    columns = zip(
        [BEARERS[code] for code in table["bearer"].tolist()],
        _times(more["signal_time_ms"]),
        map(state.operators.get, more["operator_id"].tolist()),
        map(state.cells.get, more["cell_id"].tolist()),
        _known(table["rsrp_dbm"], NO_RSRP),
        _measured(more["rsrq_db"]),
        _measured(more["sinr_db"]),
        _measured(more["rssi_dbm"]),
        _known(table["uplink_kbps"], NO_UPLINK),
        strict=True,
    )
    return [CameraSignal(*signal) for signal in columns]


def _freshness(
    state: LiveState, table: npt.NDArray[np.void], age_s: npt.NDArray[np.float64]
) -> list[str]:
    """`sightline.ingest.freshness.freshness` for a whole column; NaN is never."""
    interval_s = table["interval_s"].astype(float)
    stale = age_s > np.maximum(state.stale_after_s, STALE_INTERVALS * interval_s)
    ageing = age_s > np.maximum(state.ageing_after_s, AGEING_INTERVALS * interval_s)
    words: list[str] = np.select(
        [np.isnan(age_s), stale, ageing], ["never", "stale", "ageing"], "live"
    ).tolist()
    return words


def _ages(now_ms: float, time_ms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Seconds since, to the tenth, never below 0; NaN where the time is not known."""
    return np.round(np.maximum((now_ms - time_ms) / 1000, 0), 1).astype(np.float64)


def _or_none(column: npt.NDArray[Any], known: npt.NDArray[np.bool_]) -> list[Any]:
    found = column.astype(object)
    found[~known] = None
    values: list[Any] = found.tolist()
    return values


def _known(column: npt.NDArray[np.integer], unknown: int, parts: int = 1) -> list[Any]:
    """Values in whole units of which each has this many parts."""
    return _or_none(column if parts == 1 else column / parts, column != unknown)


def _measured(column: npt.NDArray[np.floating]) -> list[Any]:
    """As they were sent: single precision adds digits."""
    return _or_none(np.round(column.astype(np.float64), 2), ~np.isnan(column))


def _times(time_ms: npt.NDArray[np.float64]) -> list[Any]:
    """As `sightline.dashboard.camera_feature.time_words` writes them, None for NaN."""
    known = ~np.isnan(time_ms)
    whole = np.floor(np.where(known, time_ms, 0) + 0.5).astype("datetime64[ms]")
    return _or_none(np.datetime_as_string(whole, timezone="UTC"), known)


def _text(message: dict[str, Any]) -> str:
    return _json.encode(message).decode()
