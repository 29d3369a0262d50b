"""Counts of the newest acknowledged reports, so that a resent `seq` gets the same answer. No I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.messages import Rejection, Report

_MASK: Final = 2**64 - 1
Counts = tuple[int, int, list[Rejection]]
"""Stored, duplicate and rejected of a report."""


class AckMemory:
    """Bounded; what fell out, and what another gateway acknowledged, is counted as duplicates when it comes again."""

    def __init__(self, size: int = 100_000, most_rejected: int = 300_000) -> None:
        """Args:
        size: reports that are remembered at most.
        most_rejected: entries in `rejected` that they may have together; some 200 bytes each.
        """
        self._size = size
        self._most_rejected = most_rejected
        self._rejected = 0
        self._known: OrderedDict[tuple[int, int], int | tuple[int, Counts]] = OrderedDict()

    def recall(self, camera_id: int, report: Report) -> Counts | None:
        """What was answered to the same report; None: not seen, or not the same."""
        known = self._known.get((camera_id, report.seq))
        if known is None:
            return None
        mark, counts = (known, (report.total, 0, [])) if isinstance(known, int) else known
        return counts if mark == fingerprint(report) else None

    def remember(self, camera_id: int, seq: int, mark: int, counts: Counts) -> None:
        """Keep what was acknowledged; `mark` is the report's fingerprint."""
        key = (camera_id, seq)
        self._forget(self._known.pop(key, 0))
        self._known[key] = (mark, counts)
        self._rejected += len(counts[2])
        self._make_room()

    def remember_stored(self, reports: Iterable[tuple[tuple[int, int], int]]) -> None:
        """Keep reports of which everything was stored: camera and seq, and the fingerprint, of each."""
        marks = dict(reports)
        for key in self._known.keys() & marks.keys():
            self._forget(self._known.pop(key))
        self._known.update(marks)
        self._make_room()

    def _make_room(self) -> None:
        while len(self._known) > self._size or self._rejected > self._most_rejected:
            self._forget(self._known.popitem(last=False)[1])

    def _forget(self, known: int | tuple[int, Counts]) -> None:
        if not isinstance(known, int):
            self._rejected -= len(known[1][2])


def fingerprint(report: Report) -> int:
    """What tells two reports with the same `seq` apart, within one process."""
    total = sum(fix.content * (2 * place + 1) for place, fix in enumerate(report.fixes)) & _MASK
    wrong = tuple((entry.index, entry.field, entry.code) for entry in report.rejected)
    return hash((report.total, total, wrong))


def fingerprints(
    content: npt.NDArray[Any], starts: npt.NDArray[Any], sizes: npt.NDArray[Any]
) -> Sequence[int]:
    """The same of many reports without anything rejected.

    Args:
        content: (m,) of all fixes.
        starts: (n,) first fix of each report.
        sizes: (n,) number of fixes of each report.
    """
    place = np.arange(len(content)) - np.repeat(starts, sizes)
    weighted = content.view(np.uint64) * (2 * place + 1).astype(np.uint64)
    totals = np.add.reduceat(weighted, starts)
    return [
        hash((size, total, ())) for size, total in zip(sizes.tolist(), totals.tolist(), strict=True)
    ]
