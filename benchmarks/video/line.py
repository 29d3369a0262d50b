"""A bad line: what becomes of each datagram. Pure; times are seconds of any one clock.

A datagram is lost by chance, or waits in a queue for its turn at the line's rate and is dropped where that is full, and
then takes the line's delay. Nothing overtakes anything.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Quality:
    """How bad a line is, in one direction.

    Attributes:
        loss: share of datagrams that is lost, 0 to 1.
        delay_s: that each takes.
        kbps: kilobits a second that it carries; None: any.
        queue_s: of waiting at that rate, beyond which a datagram is dropped.
    """

    loss: float = 0.0
    delay_s: float = 0.0
    kbps: float | None = None
    queue_s: float = 0.3


class Line:
    """One direction."""

    def __init__(self, quality: Quality, seed: int) -> None:
        self.quality = quality
        self._draw = random.Random(seed)
        self._free_s = 0.0
        self._last_s = 0.0

    def arrival(self, size: int, at_s: float) -> float | None:
        """When a datagram of so many bytes that is sent now comes out; None: never."""
        quality = self.quality
        if quality.loss and self._draw.random() < quality.loss:
            return None
        leaves_s = at_s
        if quality.kbps is not None:
            begins_s = max(at_s, self._free_s)
            if begins_s - at_s > quality.queue_s:
                return None
            leaves_s = self._free_s = begins_s + size * 8 / (1000 * quality.kbps)
        self._last_s = max(self._last_s, leaves_s + quality.delay_s)
        return self._last_s
