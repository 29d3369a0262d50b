"""Fixes of every kind that a segment must hold, from a seed."""

import numpy as np

from sightline.ingest.columns import NO_ID
from sightline.ingest.history.segments import COLUMNS
from tests.ingest.history.test_segments import NOON_US, fixes

_ODD = np.array([-0.0, 0.0, 1e-45, -1e-30, 3.4e38, 0.1, 1 / 3, -2.5, 100.0, np.inf])


class _Columns:
    """Columns of `count` values, each of a kind that is drawn."""

    def __init__(self, rng, count):
        self.rng = rng
        self.count = count

    def whole(self, low, high):
        """Constant, wandering, rarely something, rising, or anything."""
        rng, count = self.rng, self.count
        kinds = (
            lambda: np.full(count, rng.integers(low, high + 1)),
            lambda: rng.integers(low, high + 1) + np.cumsum(rng.integers(-3, 4, count)),
            lambda: np.where(rng.random(count) < 0.05, rng.integers(low, high + 1, count), low),
            lambda: low + np.arange(count) * max(1, (high - low) // 1000),
            lambda: rng.integers(low, high, count, endpoint=True),
        )
        return np.clip(kinds[rng.integers(len(kinds))](), low, high)

    def number(self, low, high, dtype):
        """Decimals, a walk, all digits, or numbers that are hard to write."""
        rng, count = self.rng, self.count
        odd = _ODD if dtype == np.float32 else np.clip(_ODD, low, high)
        kinds = (
            lambda: self.whole(round(low * 10), round(high * 10)) / 10,
            lambda: np.round(
                np.clip(np.cumsum(rng.normal(0, 1, count)), low, high), rng.integers(8)
            ),
            lambda: rng.uniform(low, high, count),
            lambda: odd[rng.integers(0, len(odd), count)],
        )
        return kinds[rng.integers(len(kinds))]().astype(dtype)


def varied(seed, count=None):
    """`count` fixes (1 to 400 where it is not given) of columns of every kind, partly unknown."""
    rng = np.random.default_rng(seed)
    count = count or int(rng.integers(1, 400))
    columns = _Columns(rng, count)
    made = {
        "fix_time": np.sort(NOON_US + columns.whole(0, 40_000_000_000)),
        "received_time": NOON_US + columns.whole(-10_000_000, 90_000_000_000),
        "lat": columns.number(-90, 90, np.float64),
        "lon": columns.number(-180, 180, np.float64),
        "recording": columns.whole(0, 3),
        "bearer": columns.whole(0, 4),
        "operator_id": columns.whole(NO_ID, 32_767),
        "cell_id": columns.whole(NO_ID, 2**31 - 1),
        "flags": columns.whole(0, 7),
    }
    for name, kind in COLUMNS.items():
        if kind == "float4":
            values = columns.number(-150, 1_000_000, np.float32)
            share = rng.choice([0, 0, 0.02, 0.5, 1])
            made[name] = np.where(rng.random(count) < share, np.nan, values)
    return fixes(count, **made)
