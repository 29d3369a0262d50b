"""Counts of the newest acknowledged reports, so that a resent `seq` gets the same answer. No I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.messages import Rejection, Report

_MASK: Final = 2**64 - 1
_SIZE_FACTOR: Final = 0x9E37_79B9_7F4A_7C15
_CAMERA_FACTOR: Final = 0xBF58_476D_1CE4_E5B9
_SEQ_FACTOR: Final = 0x94D0_49BB_1331_11EB
_Key = tuple[int, int]
Counts = tuple[int, int, list[Rejection]]
"""Stored, duplicate and rejected of a report."""


class AckMemory:
    """Bounded; what fell out, and what another gateway acknowledged, is counted as duplicates when it comes again."""

    def __init__(self, size: int = 100_000, most_rejected: int = 300_000) -> None:
        """Args:
        size: reports that are surely remembered; those of which everything was stored may be twice as many.
        most_rejected: entries in `rejected` that reports may have together; some 200 bytes each.
        """
        self._size = size
        self._most_rejected = most_rejected
        self._rejected = 0
        self._known: OrderedDict[_Key, tuple[int, Counts]] = OrderedDict()
        # Of which everything was stored, as nearly always: marks alone, and forgotten by the generation.
        self._young: set[int] = set()
        self._old: set[int] = set()

    def recall(self, camera_id: int, report: Report) -> Counts | None:
        """What was answered to the same report; None: not seen, or not the same."""
        mark = fingerprint(report)
        whole = (mark + camera_id * _CAMERA_FACTOR + report.seq * _SEQ_FACTOR) & _MASK
        if not report.rejected and (whole in self._young or whole in self._old):
            return report.total, 0, []
        known_mark, counts = self._known.get((camera_id, report.seq), (None, None))
        return counts if known_mark == mark else None

    def remember(self, camera_id: int, seq: int, mark: int, counts: Counts) -> None:
        """Keep what was acknowledged; `mark` is the report's fingerprint."""
        key = (camera_id, seq)
        self._forget(key)
        self._known[key] = (mark, counts)
        self._rejected += len(counts[2])
        while len(self._known) > self._size or self._rejected > self._most_rejected:
            self._forget(next(iter(self._known)))

    def remember_stored(self, marks: Iterable[int]) -> None:
        """Keep reports of which everything was stored; `marks` are of `marks_of_stored`."""
        self._young.update(marks)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()

    def _forget(self, key: _Key) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._rejected -= len(known[1][2])


def fingerprint(report: Report) -> int:
    """What tells two reports with the same `seq` apart, within one process."""
    total = sum(fix.content * (2 * place + 1) for place, fix in enumerate(report.fixes))
    mark = (total + report.total * _SIZE_FACTOR) & _MASK
    if not report.rejected:
        return mark
    return hash((mark, *((entry.index, entry.field, entry.code) for entry in report.rejected)))


def fingerprints(
    content: npt.NDArray[Any], starts: npt.NDArray[Any], sizes: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """The same of many reports without anything rejected.

    Args:
        content: (m,) of all fixes.
        starts: (n,) first fix of each report.
        sizes: (n,) number of fixes of each report, none of them 0.
    """
    first = np.cumsum(sizes) - sizes
    place = np.arange(first[-1] + sizes[-1]) - np.repeat(first, sizes)
    weight = (2 * place + 1).astype(np.uint64)
    weighted = content.view(np.uint64)[np.repeat(starts, sizes) + place] * weight
    totals = np.add.reduceat(weighted, first)
    marks: npt.NDArray[Any] = totals + sizes.astype(np.uint64) * np.uint64(_SIZE_FACTOR)
    return marks


def marks_of_stored(
    fingerprints_: npt.NDArray[Any], camera_id: npt.NDArray[Any], seq: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """By what reports are remembered of which everything was stored: once in 2**64 two of them have the same."""
    marks: npt.NDArray[Any] = (
        fingerprints_
        + camera_id.astype(np.uint64) * np.uint64(_CAMERA_FACTOR)
        + seq.astype(np.uint64) * np.uint64(_SEQ_FACTOR)
    )
    return marks
