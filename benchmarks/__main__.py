"""`python -m benchmarks [NAME …] [--json]`; a name is a group, or a group and one of its parts: `video`, `video.opens`."""

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
from benchmarks.video import (
    cycles,
    ends,
    glass,
    loss,
    opens,
    refusals,
    relay_cost,
    uplink,
)

Part = Callable[[], Iterator[Measure]]

BENCHES: dict[str, tuple[Part, ...]] = {
    "ingest": (throughput.measures, comparison.measures, packing.measures, fleet.measures),
    "endurance": (
        fuzz.measures,
        crash.measures,
        fairness.measures,
        storm.measures,
        snapshot.measures,
    ),
    "map": (render.measures, viewers.measures, pixel.measures),
    "video": (
        opens.measures,
        glass.measures,
        relay_cost.measures,
        cycles.measures,
        ends.measures,
        loss.measures,
        uplink.measures,
        refusals.measures,
    ),
}


def by_name() -> dict[str, tuple[Part, ...]]:
    """The groups, and each of their parts by the name of its module."""
    parts = {
        f"{group}.{part.__module__.rpartition('.')[2]}": (part,)
        for group, all_ in BENCHES.items()
        for part in all_
    }
    return {**BENCHES, **parts}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sightline bench")
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help=f"of {', '.join(BENCHES)}, or a part of one, such as video.opens (default: all)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args(arguments)
    known = by_name()
    unknown = set(given.names) - known.keys()
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: {', '.join(known)}")
    # What a benchmark has started and made goes with it, also when it is told to end.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    well = True
    for name in given.names or BENCHES:
        for measures in known[name]:
            well &= show(measures(), as_json=given.json)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
