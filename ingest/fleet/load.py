"""What a load generator sends and measures: messages as bytes, latencies in a histogram, counts. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from sightline.ingest.camera import messages as m

MIDDLE: Final = (56.43, 1.08)
"""Latitude and longitude around which the load moves: the invented county."""

_LEAST_MS: Final = 0.1
_STEPS_TO_TEN: Final = 400
"""Buckets to a power of ten: a percentile is right to 0.6%."""
_BUCKETS: Final = 6 * _STEPS_TO_TEN
_COUNTED_AT_ONCE: Final = 4096


class Latencies:
    """Any number of latencies in the same little memory, from 0.1 ms to 100 s."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BUCKETS + 1, np.int64)
        self._new: list[float] = []  # not counted yet: many at once cost a tenth
        self._counted = 0
        self._longest_ms = 0.0

    @property
    def count(self) -> int:
        """How many there are."""
        return self._counted + len(self._new)

    def add(self, ms: float) -> None:
        """One more."""
        self._new.append(ms)
        if len(self._new) >= _COUNTED_AT_ONCE:
            self._count()

    def _count(self) -> None:
        if not self._new:
            return
        ms = np.maximum(self._new, _LEAST_MS)
        steps = np.log10(ms / _LEAST_MS) * _STEPS_TO_TEN
        buckets = np.minimum(np.ceil(steps).astype(np.int64), _BUCKETS)
        self._counts += np.bincount(buckets, minlength=_BUCKETS + 1)
        self._counted += len(self._new)
        self._longest_ms = max(self._longest_ms, *self._new)
        self._new = []

    def percentile_ms(self, percent: float) -> float | None:
        """A percentile by nearest rank, never told smaller than it is; None of nothing."""
        self._count()
        if not self.count:
            return None
        rank = max(1, math.ceil(percent / 100 * self.count))
        bucket = int(np.searchsorted(np.cumsum(self._counts), rank))
        upper_ms = _LEAST_MS * 10 ** (bucket / _STEPS_TO_TEN)
        return float(min(upper_ms, self._longest_ms))

    def __str__(self) -> str:
        return ", ".join(
            f"p{percent} {value:.0f} ms"
            for percent in (50, 95, 99)
            if (value := self.percentile_ms(percent)) is not None
        )


@dataclass
class Load:
    """What was sent and what came back.

    Attributes:
        due: reports that were to be sent, one fix each.
        sent: reports that were sent; those of a lost connection were not.
        acked: reports acknowledged.
        rejected: entries of acknowledgements that refuse a fix or a value.
        errors: messages of type error, and connections lost.
        to_ack: from when each fix was due to its acknowledgement.
        to_feed: from when each fix was due to its appearance on the feed; empty without one.
        is_late: the generator could not keep its own pace, and the figures are partly its own.
    """

    due: int = 0
    sent: int = 0
    acked: int = 0
    rejected: int = 0
    errors: int = 0
    to_ack: Latencies = field(default_factory=Latencies)
    to_feed: Latencies = field(default_factory=Latencies)
    is_late: bool = False

    def sentence(self, seconds: float) -> str:
        """The figures in words."""
        told = (
            f"{self.sent:,} sent ({self.sent / max(seconds, 1e-9):,.0f}/s) of {self.due:,} due,"
            f" {self.acked:,} acknowledged, {self.rejected:,} rejected, {self.errors:,} errors;"
            f" to acknowledgement {self.to_ack if self.to_ack.count else 'unknown'}"
        )
        return f"{told}; to feed {self.to_feed}" if self.to_feed.count else told

    def figures(self, seconds: float) -> dict[str, float | None]:
        """The figures as JSON takes them; times in milliseconds."""
        figures: dict[str, float | None] = {
            "seconds": round(seconds, 3),
            "due": self.due,
            "sent": self.sent,
            "acknowledged": self.acked,
            "rejected": self.rejected,
            "errors": self.errors,
            "late_pace": int(self.is_late),
        }
        for name, latencies in (("to_ack", self.to_ack), ("to_feed", self.to_feed)):
            for percent in (50, 95, 99):
                figures[f"{name}_p{percent}_ms"] = latencies.percentile_ms(percent)
        return figures


class Walks:
    """Where every camera of a load is: on a circle of its own, walked in ten minutes (WGS 84 degrees)."""

    def __init__(self, cameras: int) -> None:
        number = np.arange(cameras)
        away = 0.02 + 0.12 * ((number * 0.381966) % 1.0)
        self._start = number * 0.618
        self._lat = MIDDLE[0] + away * np.sin(number)
        self._lon = MIDDLE[1] + 2 * away * np.cos(number)

    def at(
        self, cameras: npt.NDArray[np.int64], time_s: npt.NDArray[np.float64]
    ) -> tuple[list[float], list[float]]:
        """Latitude and longitude of each of some cameras at a time of its own, seconds since 1970 UTC."""
        turn = 2 * np.pi * ((time_s / 600.0 + self._start[cameras]) % 1.0)
        lat = self._lat[cameras] + 0.003 * np.sin(turn)
        lon = self._lon[cameras] + 0.005 * np.cos(turn)
        return lat.tolist(), lon.tolist()


def beginnings(refs: list[str], *, bridge: bool) -> Iterator[str]:
    """Of each camera's messages, what comes before the number of the report."""
    for ref in refs:
        named = f'"camera":"{ref}",' if bridge else ""
        yield f'{{"type":"report",{named}"seq":'


def ending(number: int) -> str:
    """Of each camera's messages, what comes after the position."""
    signal = m.Signal("lte", "234-30", "LOAD", -90 - number % 20, -11.0, 9.5, None, 6100)
    return (
        ',"recording":"recording","accuracy_m":5.0,"speed_mps":2.0,"battery_pct":80,"signal":'
        + m.encode(signal).decode()
        + "}]}"
    )
