"""How fast connections are let in, and when those who must wait are told to come back. No I/O, no clock.

After a gateway or a mobile network comes back, all cameras come at once. Letting them all in at the same moment would
take the loop, and the database, from those that are in already. So there is a pace; whoever comes beyond it is given a
place in a queue that nobody has to keep: the seconds until its turn, with a random part.
"""

from __future__ import annotations

import math
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Final

LONGEST_WAIT_S: Final = 120.0
"""Longest advice: a queue beyond that is joined again."""
_SPREAD: Final = 0.25
"""Random part of an advice, as a share of it; at least `_LEAST_SPREAD_S`."""
_LEAST_SPREAD_S: Final = 2.0
_WINDOW_S: Final = 60.0
_MOST_SENDERS: Final = 100_000


def advice(wait_s: float, draw: Callable[[], float] = random.random) -> str:
    """Whole seconds after which to come back: no earlier than `wait_s`, with a random part.

    Args:
        wait_s: seconds.
        draw: gives numbers from 0 to 1.
    """
    spread_s = max(_LEAST_SPREAD_S, _SPREAD * wait_s)
    return str(max(1, math.ceil(wait_s + draw() * spread_s)))


class Pace:
    """So many a second, and as many at once after a pause."""

    def __init__(self, per_s: float) -> None:
        """`per_s`: how many come in within a second."""
        self._per_s = per_s
        self._room = per_s
        self._filled_s = 0.0
        self._booked_s = 0.0

    def take(self, now_s: float) -> bool:
        """Whether one more may come in now.

        Args:
            now_s: seconds of a clock that never goes back.
        """
        self._room = min(self._per_s, self._room + (now_s - self._filled_s) * self._per_s)
        self._filled_s = now_s
        if self._room < 1:
            return False
        self._room -= 1
        return True

    def turn_s(self, now_s: float) -> float:
        """Book the next free turn for one who may not come in now; seconds until then."""
        self._booked_s = max(now_s, self._booked_s) + 1 / self._per_s
        if self._booked_s - now_s > LONGEST_WAIT_S:
            self._booked_s = now_s  # who comes this late is mixed among those that come back first
        return self._booked_s - now_s

    def spread_s(self, count: int) -> float:
        """Seconds within which so many can come in."""
        return min(LONGEST_WAIT_S, count / self._per_s)


class Reconnects:
    """How often each sender connected within the last minute."""

    def __init__(self, most: int) -> None:
        """`most`: connections of one sender within a minute."""
        self._most = most
        self._times: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def wait_s(self, sender: Hashable, now_s: float) -> float:
        """Seconds until this sender may connect again; 0: now."""
        times = self._times.get(sender)
        if times is None or len(times) < self._most:
            return 0.0
        return max(0.0, times[0] + _WINDOW_S - now_s)

    def note(self, sender: Hashable, now_s: float) -> None:
        """This sender is let in now."""
        times = self._times.pop(sender, None)
        if times is None:
            times = deque(maxlen=self._most)
        times.append(now_s)
        self._times[sender] = times
        self._forget(now_s)

    def _forget(self, now_s: float) -> None:
        """The one that connected longest ago goes, once that is over or there are too many."""
        oldest = next(iter(self._times))
        if now_s - self._times[oldest][-1] > _WINDOW_S or len(self._times) > _MOST_SENDERS:
            del self._times[oldest]
