"""What the feed sends, encoded: binary columns for the map, JSON for everybody else. Pure; see `docs/feed.md`."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from sightline.dashboard.live_state import (
    COLUMNS,
    HAS_POSITION,
    NO_BATTERY,
    NO_RSRP,
    NO_U16,
    NO_UPLINK,
    CameraEntry,
    LiveState,
    Places,
)
from sightline.ingest.freshness import freshness
from sightline.ingest.quality import from_code

Form = Literal["binary", "json"]
Kind = Literal["snapshot", "delta"]

MAGIC: Final = 0x31464C53
"""``SLF1`` as the first four bytes of a frame."""
KIND_CODES: Final[dict[Kind, int]] = {"snapshot": 1, "delta": 2}
_HEADER: Final = struct.Struct("<IBxxxIIdd")
_DIRECTORY_CHUNK: Final = 4000
_RECORDING: Final = ("unknown", "off", "buffering", "recording")
_BEARER: Final = (None, "lte", "nr", "wifi", "other")

_json = msgspec.json.Encoder()


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
        entries[start : start + _DIRECTORY_CHUNK]
        for start in range(0, len(entries), _DIRECTORY_CHUNK)
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


def json_snapshot(seq: int, server_time_ms: float, cameras: list[dict[str, Any]]) -> str:
    """All cameras a reader of JSON sees."""
    return _text(
        {"type": "snapshot", "seq": seq, "server_time": server_time_ms, "cameras": cameras}
    )


def json_delta(
    seq: int, server_time_ms: float, cameras: list[dict[str, Any]], removed: list[str]
) -> str:
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


def features(state: LiveState, places: Places, now_ms: float) -> list[dict[str, Any]]:
    """The cameras at these places as GeoJSON features, with ages as of `now_ms`."""
    return [
        camera_feature(state.entries[place], row, now_ms)
        for place, row in zip(places.tolist(), state.table[places], strict=True)
    ]


def camera_feature(entry: CameraEntry, row: np.void, now_ms: float) -> dict[str, Any]:
    """One camera as a GeoJSON feature: what is not known is null, its geometry too.

    Args:
        entry: what people call it.
        row: its columns, fields of `live_state.COLUMNS`.
        now_ms: ms since 1970 UTC as of which ages are given.
    """
    has_position = bool(row["flags"] & HAS_POSITION)
    lat, lon = int(row["lat_e7"]) / 1e7, int(row["lon_e7"]) / 1e7
    seen_ms = float(row["seen_time_ms"])
    age_s = None if math.isnan(seen_ms) else max(0.0, (now_ms - seen_ms) / 1000)
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]} if has_position else None,
        "properties": {
            "camera": entry.camera,
            "kind": entry.kind,
            "officer": entry.officer,
            "name": entry.name,
            "call_sign": entry.call_sign,
            "unit": entry.unit,
            "recording": _RECORDING[row["recording"]],
            "recording_since": _time(row["recording_since_ms"]),
            "freshness": freshness(age_s, float(row["interval_s"])),
            "age_s": None if age_s is None else round(age_s, 1),
            "seen_time": _time(seen_ms),
            "fix_time": _time(row["fix_time_ms"]),
            "accuracy_m": _known(row["accuracy_dm"], NO_U16, 0.1),
            "heading_deg": _known(row["heading_ddeg"], NO_U16, 0.1),
            "quality": from_code(int(row["quality"])),
            "bearer": _BEARER[row["bearer"]],
            "rsrp_dbm": _known(row["rsrp_dbm"], NO_RSRP),
            "uplink_kbps": _known(row["uplink_kbps"], NO_UPLINK),
            "battery_pct": _known(row["battery_pct"], NO_BATTERY),
            "stuck": bool(row["flags"] & 2),
            "streamed": bool(row["flags"] & 4),
            "eyes_on": bool(row["flags"] & 8),
            "fix_flagged": bool(row["flags"] & 16),
        },
    }


def _known(value: np.integer, unknown: int, scale: float = 1) -> float | int | None:
    number = int(value)
    if number == unknown:
        return None
    return number if scale == 1 else round(number * scale, 1)


def _time(time_ms: float) -> str | None:
    """RFC 3339 in UTC with milliseconds, None for NaN."""
    if math.isnan(time_ms):
        return None
    return str(np.datetime64(round(time_ms), "ms")) + "Z"


def _text(message: dict[str, Any]) -> str:
    return _json.encode(message).decode()
