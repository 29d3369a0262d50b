"""The whole path (socket → parse → merge → committed → acknowledged) against other servers that take the same positions.

What is compared, and what is not comparable, stands in docs/benchmarks.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.ingest.peers import signalk, taky
from benchmarks.ingest.peers.load import Rate
from benchmarks.ingest.peers.place import PeerError, throw_away
from benchmarks.ingest.throughput import figures
from benchmarks.measure import Goal, Measure

GOAL: Final = Goal(5)
PEERS: Final[dict[str, Callable[[Path], dict[str, Rate]]]] = {
    taky.REQUIREMENT: taky.measured,
    signalk.REQUIREMENT: signalk.measured,
}
"""Each measures itself in an empty directory: in what way → what it took. The first way is the one whose every fix is confirmed."""


def measures() -> Iterator[Measure]:
    """Fixes per second of processor time, ours and theirs, and the ratios."""
    ours = 1e6 / figures().path_us
    yield Measure("ingest", "whole path, stored and acknowledged", ours, "fixes/CPU s")
    for name, measured in PEERS.items():
        ratio = f"whole path ÷ {name}, per processor second"
        try:
            with throw_away() as root:
                rates = measured(root)
        except PeerError as error:
            sys.stderr.write(f"{name} is not measured: {error}\n")
            yield Measure("ingest", ratio, None, "ratio", GOAL)
            continue
        for way, rate in rates.items():
            yield Measure("ingest", f"{name}, {way}", rate.per_cpu_s, "fixes/CPU s")
            yield Measure("ingest", "… fixes a second of the clock", rate.per_s, "fixes/s")
        confirmed = next(iter(rates.values()))
        yield Measure("ingest", ratio, ours / confirmed.per_cpu_s, "ratio", GOAL)
