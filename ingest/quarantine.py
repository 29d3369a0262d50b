"""Fixes put aside, on the writer's connection: stored with their reason, and taken out when they are believed after all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg
import msgspec
import numpy as np

from sightline.ingest.answers import Stored
from sightline.ingest.history.late import PackedHistory
from sightline.ingest.live_columns import Array, Columns
from sightline.ingest.planning import DoubtKey, DoubtRow, FixKey
from sightline.ingest.rows import columns_of_key, fix_keys, some
from sightline.sql import query

_PASSING: Final = ("clock_ahead", "refused_by_database")
"""Reasons that may be none when a fix is sent again."""
_LONGEST_DETAIL: Final = 500


class Quarantine:
    """The quarantine, as part of a flush's transaction."""

    def __init__(self, connection: asyncpg.Connection, packed: PackedHistory) -> None:
        self._connection = connection
        self._packed = packed
        self._passing: set[int] = set()  # cameras with fixes in it that may yet be taken

    def learn(self, camera_ids: Iterable[int], passing: Iterable[int]) -> None:
        """What was read of cameras: which of them have fixes that were put aside for a reason that passes."""
        self._passing.difference_update(camera_ids)
        self._passing.update(passing)

    async def take_after_all(self, values: Columns, stored: Stored, *, unchecked: bool) -> None:
        """What was put aside when it came first, and is in history now, is in quarantine no more, and no news.

        Args:
            values: fixes that are in history or archive now.
            stored: what this flush stored, where they count no more as new.
            unchecked: they were taken for new without having been checked one by one.
        """
        if not self._passing:
            return
        again = some(values, np.isin(values["camera_id"], list(self._passing)))
        moved = await self._leave(*columns_of_key(again))
        if moved and stored.all_fresh and unchecked:
            stored.all_fresh = False
            stored.fixes.update(fix_keys(values))
        stored.fixes.difference_update(moved)

    async def put(self, doubted: Sequence[DoubtRow], stored: Stored) -> None:
        """Store what is not believed, unless history or archive has it; `stored` learns what was new."""
        if not doubted:
            return
        held = await self._packed.holds(*_columns_of_key(doubted))
        new = [row for row, is_packed in zip(doubted, held.tolist(), strict=True) if not is_packed]
        if not new:
            return
        # What was put aside for a reason that passes stands in quarantine for this one now, and is no news.
        lasting = [row for row in new if row.doubted.reason not in _PASSING]
        moved = await self._leave(*_columns_of_key(lasting))
        columns = zip(
            *(
                (
                    row.key.camera_id,
                    row.received_us,
                    row.doubted.fix.time_us,
                    row.doubted.reason,
                    row.doubted.detail[:_LONGEST_DETAIL],
                    row.key.content,
                    msgspec.json.encode(row.doubted.fix).decode(),
                )
                for row in new
            ),
            strict=True,
        )
        for row in await self._connection.fetch(query("writer.store_doubted"), *columns):
            stored.doubts.add(DoubtKey(*row))
        again = {(key.camera_id, key.content) for key in moved}
        stored.doubts.difference_update(
            row.key for row in lasting if (row.key.camera_id, row.key.content) in again
        )
        self._passing.update(row.key.camera_id for row in new if row.doubted.reason in _PASSING)

    async def _leave(self, camera_id: Array, fix_time: Array, content: Array) -> list[FixKey]:
        """Those that were there for a reason that passes, and are there no more."""
        if not len(camera_id):
            return []
        keys = (camera_id.tolist(), fix_time.tolist(), content.tolist())
        rows = await self._connection.fetch(query("writer.taken_after_all"), *keys)
        return [FixKey(*row) for row in rows]


def _columns_of_key(doubted: Sequence[DoubtRow]) -> tuple[Array, Array, Array]:
    keys = ((row.key.camera_id, row.doubted.fix.time_us, row.key.content) for row in doubted)
    camera_id, fix_time, content = np.array(list(keys), np.int64).reshape(-1, 3).T
    return camera_id, fix_time, content
