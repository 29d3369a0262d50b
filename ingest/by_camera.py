"""The reports of a flush and their fixes, sorted by camera. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from sightline.ingest.columns import Readings

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """n reports in order of arrival: camera, number of the connection, receipt in microseconds since 1970 UTC, `seq`."""

    camera_id: Array
    epoch: Array
    received_us: Array
    seq: Array

    @classmethod
    def one_after_the_other(cls, parts: Sequence[Arrivals]) -> Arrivals:
        """All reports of several, at least one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def some(self, which: Array) -> Arrivals:
        """Reports by their places."""
        return Arrivals(*(getattr(self, field.name)[which] for field in fields(self)))


def fixes_of(starts: Array, sizes: Array) -> Array:
    """Places of the fixes of reports, one report after the other.

    Args:
        starts: (n,) place of each report's first fix.
        sizes: (n,) how many it has; at least one altogether.
    """
    ends = np.cumsum(sizes)
    places: Array = np.repeat(starts - (ends - sizes), sizes) + np.arange(ends[-1])
    return places


@dataclass(slots=True)
class ByCamera:
    """Reports and fixes sorted by camera, within a camera by arrival.

    n reports, m fixes, k cameras.
    """

    made: Readings
    order: Array  # (n,) places of the reports
    cameras: Array  # (k,)
    first_report: Array  # (k,)
    camera_of_report: Array  # (n,) into cameras
    epoch: Array  # (n,)
    received_us: Array  # (n,)
    last_fix: Array  # (n,) of each report, into fixes
    fixes: Array  # (m,) places of the fixes
    first_fix: Array  # (k,) into fixes
    camera_of_fix: Array  # (m,) into cameras
    received_of_fix: Array  # (m,)
    time_us: Array  # (m,)

    @classmethod
    def of(cls, arrivals: Arrivals, made: Readings) -> ByCamera:
        order = np.argsort(arrivals.camera_id, kind="stable")
        camera_id = arrivals.camera_id[order]
        new = np.ones(len(camera_id), bool)
        new[1:] = camera_id[1:] != camera_id[:-1]
        first_report = np.flatnonzero(new)
        camera_of_report = np.cumsum(new) - 1
        sizes = made.sizes[order]
        ends = np.cumsum(sizes)
        fixes = fixes_of(made.starts[order], sizes)
        received_us = arrivals.received_us[order]
        return cls(
            made=made,
            order=order,
            cameras=camera_id[first_report],
            first_report=first_report,
            camera_of_report=camera_of_report,
            epoch=arrivals.epoch[order],
            received_us=received_us,
            last_fix=ends - 1,
            fixes=fixes,
            first_fix=(ends - sizes)[first_report],
            camera_of_fix=np.repeat(camera_of_report, sizes),
            received_of_fix=np.repeat(received_us, sizes),
            time_us=made.time_us[fixes],
        )

    def newest(self, which: Array) -> Array:
        """(m,) place of the newest fix of the same camera, up to each fix, that is one of these; first fix - 1: none."""
        none = self.first_fix[self.camera_of_fix] - 1
        found: Array = np.maximum.accumulate(np.where(which, np.arange(len(which)), none))
        return found

    def before_each(self, column: Array, before: Array) -> Array:
        """A value of the fix before each fix: of this flush, or else what is committed."""
        shifted = np.empty_like(column)
        shifted[1:] = column[:-1]
        shifted[self.first_fix] = before
        return shifted
