"""A force reports while somebody holds a snapshot of the database, as a backup or a long report does.

`BENCH_SNAPSHOT_CAMERAS` says how many over a bridge, `BENCH_SNAPSHOT_S` for how many seconds, once without and once with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from typing import Final

from benchmarks.ingest.force import Force, running_force
from benchmarks.ingest.load import Run, run_load
from benchmarks.measure import Goal, Measure
from sightline.sql import connect, query

CAMERAS: Final = int(os.environ.get("BENCH_SNAPSHOT_CAMERAS", "12000"))
SECONDS: Final = float(os.environ.get("BENCH_SNAPSHOT_S", "90"))

_MOST_SLOWER: Final = 2.0
_MOST_GROWTH: Final = 1.5


def measures() -> Iterator[Measure]:
    """What live state takes on the disk and how long acknowledgements take, with and without."""
    with running_force(CAMERAS, bridge=True) as force, asyncio.Runner() as runner:
        looking = runner.run(connect(force.settings, "owner"))

        def live_mb() -> float:
            return float(runner.run(looking.fetchval(query("bench.live_bytes")))) / 1e6

        usual = run_load(force, SECONDS, live_mb)
        with _held(force, runner):
            held = run_load(force, SECONDS, live_mb)
        runner.run(looking.close())
    words = f"snapshot: {CAMERAS:,} cameras at 1 Hz for {SECONDS:.0f} s"
    yield from _told(f"{words} without one", usual)
    yield from _told(f"{words} with every table locked, as a backup does", held)
    late = [run.figures["to_ack_p99_ms"] for run in (usual, held)]
    yield Measure(
        "endurance",
        "… acknowledgement p99 with ÷ without",
        late[1] / late[0],
        "ratio",
        Goal(_MOST_SLOWER, at_least=False),
    )
    half = len(held.looked) // 2
    yield Measure(
        "endurance",
        "… live state's most on the disk, second half ÷ first",
        max(held.looked[half:]) / max(held.looked[:half]),
        "ratio",
        Goal(_MOST_GROWTH, at_least=False),
    )


def _told(words: str, run: Run) -> Iterator[Measure]:
    yield Measure("endurance", f"{words}: dropped", run.dropped, "fixes", Goal(0, at_least=False))
    yield Measure("endurance", "… acknowledgement p99", run.figures["to_ack_p99_ms"], "ms")
    yield Measure("endurance", "… live state on the disk at the most", max(run.looked), "MB")


@contextlib.contextmanager
def _held(force: Force, runner: asyncio.Runner) -> Iterator[None]:
    """A transaction that looks at the state of now, and has locked what a backup locks, until the end of the block."""
    connection = runner.run(connect(force.settings, "owner"))
    try:
        transaction = connection.transaction(isolation="repeatable_read", readonly=True)
        runner.run(transaction.start())
        runner.run(connection.execute(query("bench.lock_all")))
        runner.run(connection.fetchval(query("bench.count_cameras")))
        yield
        runner.run(transaction.rollback())
    finally:
        runner.run(connection.close())
