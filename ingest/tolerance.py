"""How many messages that are none are borne from one sender."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from sightline.ingest import protocol

USUAL: Final = 20
"""Borne within a minute, where nobody has set it."""


class Tolerance:
    """Counts what one connection, or one camera of a bridge, sends that is no message."""

    def __init__(self, most: int = USUAL) -> None:
        """`most`: how many are too many within `protocol.ERROR_WINDOW_S`."""
        self._most = most
        self._times: deque[float] = deque(maxlen=most)

    def count(self) -> None:
        """One more, now."""
        self._times.append(time.monotonic())

    def exceeded_for_s(self) -> float:
        """Seconds until there were not too many within `protocol.ERROR_WINDOW_S`; 0: there are not."""
        if len(self._times) < self._most:
            return 0.0
        return max(0.0, self._times[0] + protocol.ERROR_WINDOW_S - time.monotonic())
