"""`python -m benchmarks [NAME …] [--json]`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator

from benchmarks.endurance import crash, fairness, fuzz, snapshot, storm
from benchmarks.ingest import fleet, packing, throughput
from benchmarks.ingest.peers import comparison
from benchmarks.map import pixel, render, viewers
from benchmarks.measure import Measure, show

BENCHES: dict[str, tuple[Callable[[], Iterator[Measure]], ...]] = {
    "ingest": (throughput.measures, comparison.measures, packing.measures, fleet.measures),
    "endurance": (
        fuzz.measures,
        crash.measures,
        fairness.measures,
        storm.measures,
        snapshot.measures,
    ),
    "map": (render.measures, viewers.measures, pixel.measures),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sightline bench")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)} (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args(arguments)
    unknown = set(given.names) - BENCHES.keys()
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: {', '.join(BENCHES)}")
    # What a benchmark has started and made goes with it, also when it is told to end.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    well = True
    for name in given.names or BENCHES:
        for measures in BENCHES[name]:
            well &= show(measures(), as_json=given.json)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
