"""Fixes of closed hours on their way into history: which of them are packed already.

A row that is there already is found by the table's unique index; a packed one has no row. Who stores such fixes
therefore keeps the hours' packer away until its own transaction is over, and looks into the segments first.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import asyncpg
import numpy as np
import numpy.typing as npt

from sightline.ingest.history.locks import LOCKS
from sightline.ingest.history.segments import SegmentError, unpack
from sightline.ingest.history.texts import CellTexts
from sightline.sql import query

log = logging.getLogger(__name__)

Array = npt.NDArray[Any]

MAY_BE_PACKED_AFTER_S: Final = 600.0
"""After the end of an hour. Less than `locks.LEAST_AGE_S`, so that clocks may differ."""
_HOUR_US: Final = 3_600_000_000
_HOURS: Final = 1 << 24
"""More than there are hours from 1970 to any time that is taken."""


def may_be_packed(fix_time: Array) -> Array:
    """(n,) whether fixes of these times (microseconds since 1970 UTC) are of hours that may be packed."""
    over_us = time.time_ns() // 1000 - round(MAY_BE_PACKED_AFTER_S * 1e6)
    old: Array = fix_time < over_us // _HOUR_US * _HOUR_US
    return old


async def keep_packer_away(
    connection: asyncpg.Connection, camera_id: Array, fix_time: Array
) -> None:
    """Until the transaction is over, nobody packs these fixes; the next statement sees what was packed before."""
    locks = np.unique(camera_id[may_be_packed(fix_time)] % LOCKS).tolist()
    if locks:
        await connection.fetch(query("history.locks_to_store"), locks)


class PackedHistory:
    """What one connection knows of packed history."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        """`connection`: its codec gives timestamps as microseconds since 1970 UTC."""
        self._connection = connection
        self._texts = CellTexts()

    async def holds(self, camera_id: Array, fix_time: Array, content: Array) -> Array:
        """(n,) whether each of these fixes is packed; within a transaction that then stores the others."""
        held = np.zeros(len(camera_id), bool)
        old = np.flatnonzero(may_be_packed(fix_time))
        if not len(old):
            return held
        await keep_packer_away(self._connection, camera_id, fix_time)
        keys = np.unique(camera_id[old].astype(np.int64) * _HOURS + fix_time[old] // _HOUR_US)
        cameras, hours = keys // _HOURS, keys % _HOURS * _HOUR_US
        rows = await self._connection.fetch(
            query("history.segments_around"), cameras.tolist(), hours.tolist()
        )
        if not rows:
            return held
        wanted = set(
            zip(camera_id[old].tolist(), fix_time[old].tolist(), content[old].tolist(), strict=True)
        )
        found: set[tuple[int, int, int]] = set()
        for camera, packed, count in {(row[0], row[2], row[1]) for row in rows}:
            found |= wanted & await self._keys(camera, packed, count)
        for place in old.tolist():
            key = (int(camera_id[place]), int(fix_time[place]), int(content[place]))
            held[place] = key in found
        return held

    async def _keys(self, camera: int, packed: bytes, count: int) -> set[tuple[int, int, int]]:
        try:
            segment = unpack(packed, count)
        except SegmentError:
            log.exception("a segment of camera number %d", camera)
            return set()
        networks = segment.fixes["operator_id"], segment.fixes["cell_id"]
        await self._texts.learn(self._connection, *networks)
        contents = segment.contents(self._texts.of(*networks)).tolist()
        times = segment.fixes["fix_time"].tolist()
        return {(camera, *key) for key in zip(times, contents, strict=True)}
