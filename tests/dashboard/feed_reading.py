"""Reads the feed's binary frames as somebody else would who has only the description of the format."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

ORDER = [
    ("fix_time_ms", "d"), ("seen_time_ms", "d"), ("recording_since_ms", "d"), ("lat_e7", "i"),
    ("lon_e7", "i"), ("n", "I"), ("uplink_kbps", "I"), ("accuracy_dm", "H"), ("heading_ddeg", "H"),
    ("interval_s", "H"), ("rsrp_dbm", "h"), ("recording", "B"), ("quality", "B"), ("flags", "B"),
    ("battery", "B"), ("bearer", "B"),
]  # fmt: skip


@dataclass
class Frame:
    kind: int
    seq: float
    server_time_ms: float
    cameras: dict[int, dict[str, Any]]
    removed: list[int]


def read_frame(data: bytes) -> Frame:
    magic, kind, n, r, seq, server_time = struct.unpack_from("<IBxxxIIdd", data)
    assert magic == 0x31464C53
    at, columns = 32, {}
    for name, code in ORDER:
        columns[name] = struct.unpack_from(f"<{n}{code}", data, at)
        at += n * struct.calcsize(code)
    at += -at % 4
    removed = struct.unpack_from(f"<{r}I", data, at)
    assert len(data) == at + 4 * r
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return Frame(kind, seq, server_time, {row["n"]: row for row in rows}, list(removed))
