"""The keeper's duty to pack closed history: rows of the table → segments, a few cameras in each transaction.

Whatever moment it is killed at, a fix is either a row or in a segment: the segments are stored and the rows deleted
together, and the database refuses if it would delete other rows than those that were read. Writers that store fixes of
closed hours share a lock with it (see `sightline.ingest.history.late`).
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import numpy as np
import numpy.typing as npt

from sightline.ingest.history.locks import LOCKS
from sightline.ingest.history.segments import COLUMNS, MOST_FIXES, SegmentError, pack
from sightline.ingest.history.texts import CellTexts
from sightline.ingest.packed_copy import CopiedRows
from sightline.sql import query

log = logging.getLogger(__name__)

Array = npt.NDArray[Any]

_FIXES_AT_ONCE: Final = 10_000
_MOST_CAMERAS: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ROWS: Final = CopiedRows(
    {
        "camera_id": "int4",
        "recording": "int2",
        "bearer": "int2",
        "fix_time": "timestamptz",
        "received_time": "timestamptz",
        "content": "int8",
        "lat": "float8",
        "lon": "float8",
        **{name: "float4" for name, kind in COLUMNS.items() if kind == "float4"},
        "operator_id": "int2",
        "cell_id": "int4",
        "flags": "int2",
    }
)


@dataclass(frozen=True, slots=True)
class Segment:
    """Fixes of one camera in a row, packed. Times in microseconds since 1970 UTC, WGS 84 degrees."""

    camera_id: int
    start_us: int
    end_us: int
    fixes: int
    west: float
    south: float
    east: float
    north: float
    packed: bytes


def segments(rows: dict[str, Array], text: Array) -> Iterator[Segment]:
    """The segments of rows that are ordered by camera and time.

    Args:
        rows: as `_ROWS` reads them, n of each; unknown is NaN or −1.
        text: (n,) `content.text_word` of each.
    """
    camera_id = rows["camera_id"]
    ends = np.append(np.flatnonzero(np.diff(camera_id)) + 1, len(camera_id))
    start = 0
    for end in ends.tolist():
        while start < end:
            part = slice(start, min(start + MOST_FIXES, end))
            start = part.stop
            fixes = {name: column[part] for name, column in rows.items()}
            try:
                yield _segment(int(camera_id[part.start]), fixes, text[part])
            except SegmentError:
                log.exception("fixes of camera number %d stay rows", camera_id[part.start])


def _segment(camera_id: int, fixes: dict[str, Array], text: Array) -> Segment:
    lat, lon = fixes["lat"], fixes["lon"]
    return Segment(
        camera_id,
        int(fixes["fix_time"][0]),
        int(fixes["fix_time"][-1]),
        len(lat),
        _outward(lon.min(), -np.inf),
        _outward(lat.min(), -np.inf),
        _outward(lon.max(), np.inf),
        _outward(lat.max(), np.inf),
        pack(fixes, text),
    )


def _outward(degrees: float, towards: float) -> float:
    return float(np.nextafter(np.float32(degrees), np.float32(towards)))


class PackHistory:
    """Packs what is closed, once for each hour; what comes late to it is packed with the next."""

    def __init__(self, *, rest: float = 1.0) -> None:
        """`rest`: pause after each few cameras, as a share of what they took, so that half a core is left to the others."""
        self._rest = rest
        self._done_until: datetime | None = None
        self._texts = CellTexts()

    async def __call__(self, connection: asyncpg.Connection, *, after_s: float) -> int:
        """Pack whatever is older than the last full hour that ended `after_s` ago. Returns the fixes packed."""
        until = await connection.fetchval(query("history.closed_until"), after_s)
        if until == self._done_until:
            return 0
        started, packed = time.monotonic(), 0
        cameras = [
            row["id"] for row in await connection.fetch(query("history.cameras_by_lock"), LOCKS)
        ]
        for table in await connection.fetch(query("history.tables_to_pack"), until):
            packed += await self._pack_table(connection, table, cameras)
        for row in await connection.fetch(query("history.tidy")):
            log.info("%s is packed; its room is given back", row[0])
        self._done_until = until
        if packed:
            log.info("packed %d fixes in %.1f s", packed, time.monotonic() - started)
        return packed

    async def _pack_table(
        self, connection: asyncpg.Connection, table: asyncpg.Record, cameras: list[int]
    ) -> int:
        packed, at, size = 0, 0, 16
        while at < len(cameras):
            lock = cameras[at] % LOCKS
            some = [camera for camera in cameras[at : at + size] if camera % LOCKS == lock]
            at += len(some)
            began = time.monotonic()
            done = await self._pack_cameras(connection, table, some, lock)
            packed += done
            if done:
                await asyncio.sleep(self._rest * (time.monotonic() - began))
            each = max(done // len(some), _FIXES_AT_ONCE // _MOST_CAMERAS)
            size = max(1, _FIXES_AT_ONCE // each)
        return packed

    async def _pack_cameras(
        self, connection: asyncpg.Connection, table: asyncpg.Record, cameras: list[int], lock: int
    ) -> int:
        async with connection.transaction():
            await connection.fetch(query("history.lock_for_packing"), lock)
            copied = io.BytesIO()
            await connection.copy_from_query(
                query("history.closed_rows"),
                cameras,
                table["retention_class"],
                table["from_time"],
                table["until_time"],
                output=copied,
                format="binary",
            )
            rows = _ROWS.columns(copied.getvalue())
            if not len(rows["camera_id"]):
                return 0
            await self._texts.learn(connection, rows["operator_id"], rows["cell_id"])
            text = self._texts.of(rows["operator_id"], rows["cell_id"])
            made = list(segments(rows, text))
            if not made:
                return 0
            done: int = await connection.fetchval(
                query("history.pack"),
                table["name"],
                table["retention_class"],
                [one.camera_id for one in made],
                [_moment(one.start_us) for one in made],
                [_moment(one.end_us) for one in made],
                [one.fixes for one in made],
                [one.west for one in made],
                [one.south for one in made],
                [one.east for one in made],
                [one.north for one in made],
                [one.packed for one in made],
            )
            return done


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
