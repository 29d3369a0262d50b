"""How often cameras repeat a position, and whether they move by other signs: `merge.Stillness` of many at once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sightline.ingest.by_camera import ByCamera
from sightline.ingest.columns import NO_ID
from sightline.ingest.live_columns import Columns
from sightline.ingest.merge import MergeRules

Array = npt.NDArray[Any]


@dataclass(slots=True)
class StillnessColumns:
    """How often each camera repeated its position, and whether it moved by other signs; see `merge.Stillness`."""

    moved_at: Array  # (m,) the newest fix up to each that was elsewhere than the one before; first fix - 1: none
    named_at: Array  # (m,) the newest fix up to each that named a cell; likewise
    signs: Array  # (m,) repetitions that spoke of moving, up to each fix, since the camera was elsewhere
    unclear: Array  # (m,) whether a position was repeated from another cell, of which only the exact merge knows the name

    @classmethod
    def of(cls, by: ByCamera, before: Columns, rules: MergeRules) -> StillnessColumns:
        lat, lon = (by.made.numbers[name][by.fixes] for name in ("lat", "lon"))
        moved = (lat != by.before_each(lat, before["lat"])) | (
            lon != by.before_each(lon, before["lon"])
        )
        cell_id = by.made.cell_id[by.fixes]
        moved_at, named_at = by.newest(moved), by.newest(cell_id != NO_ID)
        first = by.first_fix[by.camera_of_fix]
        fast = ~moved & (by.made.numbers["speed_mps"][by.fixes] >= rules.moving_mps)
        told = np.append(0, np.cumsum(fast))
        signs = told[1:] - told[moved_at + 1]
        signs += np.where(moved_at < first, before["signs"][by.camera_of_fix], 0)
        # The cell before each fix: of this flush since the camera moved, or else what is committed if it never did.
        moved_before = by.before_each(moved_at, by.first_fix - 1)
        named_before = by.before_each(named_at, by.first_fix - 1)
        committed = before["still_cell_id"][by.camera_of_fix]
        cell_before = np.where(moved_before < first, committed, NO_ID)
        here = named_before >= np.maximum(moved_before, first)
        cell_before = np.where(here, cell_id[named_before], cell_before)
        changed = (cell_id != NO_ID) & (cell_before != NO_ID) & (cell_id != cell_before)
        return cls(moved_at, named_at, signs, ~moved & ~fast & changed)
