"""How pictures came, from the times at which they did. Pure; times are seconds of any one clock, in order."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    rank = -(-percent * len(values) // 100)  # rounded up
    return sorted(values)[max(0, int(rank) - 1)]


def longest_pause(times: Sequence[float], begin: float, end: float) -> float:
    """The longest time in a span for which no picture came."""
    within = times[bisect_left(times, begin) : bisect_right(times, end)]
    return max(later - before for before, later in itertools.pairwise((begin, *within, end)))


def rate(times: Sequence[float], begin: float, end: float) -> float:
    """Pictures a second in a span."""
    return (bisect_left(times, end) - bisect_left(times, begin)) / (end - begin)


def recovered_after(
    times: Sequence[float], since: float, end: float, *, longest: float, for_s: float
) -> float | None:
    """How long after `since` pictures came again without a pause longer than `longest` for at least `for_s`.

    None: they did not before `end`.
    """
    first = bisect_left(times, since)
    begin = since
    for before, later in itertools.pairwise((since, *times[first:])):
        if later - before > longest:
            begin = later
        if begin + for_s > end:
            return None
        if later - begin >= for_s:
            return begin - since
    return None


def full_rate_after(
    times: Sequence[float], since: float, end: float, *, least: float, for_s: float
) -> float | None:
    """How long after `since` at least `least` pictures a second began to come, for `for_s` and more.

    None: they did not before `end`.
    """
    for begin in (since, *times[bisect_left(times, since) :]):
        if begin + for_s > end:
            return None
        if rate(times, begin, begin + for_s) >= least:
            return begin - since
    return None
