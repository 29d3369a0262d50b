"""A large force at one report a second, on one machine with its database, its dashboard and the load generator.

How large and how long comes from the environment: `BENCH_FLEET_CAMERAS` over one bridge, with a viewer on the feed, and
`BENCH_FLEET_SOCKETS` with a socket each, for `BENCH_FLEET_S` and `BENCH_FLEET_SOCKETS_S` seconds. Where that does not
hold, smaller forces are tried until one does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from benchmarks.ingest.force import running_force
from benchmarks.ingest.load import Run, run_load
from benchmarks.measure import Goal, Measure

CAMERAS: Final = int(os.environ.get("BENCH_FLEET_CAMERAS", "34000"))
SOCKETS: Final = int(os.environ.get("BENCH_FLEET_SOCKETS", "18000"))
SECONDS: Final = float(os.environ.get("BENCH_FLEET_S", "600"))
SOCKETS_S: Final = float(os.environ.get("BENCH_FLEET_SOCKETS_S", "120"))

_SEARCH_S: Final = 60.0
"""How long each smaller force is tried."""
_SMALLER: Final = 0.85
_SMALLEST: Final = 1_000
_MOST_GROWTH: Final = 1.1
_MOST_MS: Final = 1_000.0
_MOST_CORE: Final = 0.6


def measures() -> Iterator[Measure]:
    """Over a bridge, then with a socket each."""
    yield from _bridge()
    yield from _sockets()


def _bridge() -> Iterator[Measure]:
    run = _run(CAMERAS, SECONDS, bridge=True)
    words = f"{CAMERAS:,} cameras at 1 Hz over a bridge, {SECONDS:.0f} s"
    yield Measure("ingest", f"{words}: dropped", run.dropped, "fixes", Goal(0, at_least=False))
    yield from _latencies(run, "fix → feed", "to_feed")
    yield Measure(
        "ingest",
        "… gateway's memory at the end ÷ once settled",
        run.growth,
        "ratio",
        Goal(_MOST_GROWTH, at_least=False),
    )
    yield from _cores(run)
    yield from _largest(run, bridge=True)


def _sockets() -> Iterator[Measure]:
    run = _run(SOCKETS, SOCKETS_S, bridge=False)
    words = f"{SOCKETS:,} cameras at 1 Hz with a socket each, {SOCKETS_S:.0f} s"
    yield Measure("ingest", f"{words}: dropped", run.dropped, "fixes", Goal(0, at_least=False))
    yield from _latencies(run, "fix → acknowledgement", "to_ack")
    yield from _cores(run, Goal(_MOST_CORE, at_least=False))
    yield from _largest(run, bridge=False)


def _latencies(run: Run, words: str, name: str) -> Iterator[Measure]:
    for percent in (50, 95, 99):
        goal = Goal(_MOST_MS, at_least=False) if percent == 99 else None
        value = run.figures[f"{name}_p{percent}_ms"]
        yield Measure("ingest", f"… {words}, p{percent}", value, "ms", goal)


def _cores(run: Run, gateway_goal: Goal | None = None) -> Iterator[Measure]:
    for part, share in run.cores.items():
        goal = gateway_goal if part == "gateway" else None
        yield Measure("ingest", f"… {part}", share, "cores", goal)
    if run.figures["late_pace"]:
        yield Measure("ingest", "… the load generator could not keep its own pace", 1, "yes")


def smaller(cameras: int) -> int:
    """The force that is tried next, in whole hundreds."""
    return int(cameras * _SMALLER) // 100 * 100


def _largest(run: Run, *, bridge: bool) -> Iterator[Measure]:
    """The largest force that holds, where the one that was asked for does not."""
    while not _holds(run, bridge=bridge) and run.cameras > _SMALLEST:
        run = _run(smaller(run.cameras), _SEARCH_S, bridge=bridge)
    if run.cameras != (CAMERAS if bridge else SOCKETS):
        how = "over a bridge" if bridge else "with a socket each"
        yield Measure("ingest", f"… the largest force that holds {how}", run.cameras, "cameras")
        yield from _latencies(run, "of these", "to_feed" if bridge else "to_ack")
        yield from _cores(run)


def _holds(run: Run, *, bridge: bool) -> bool:
    late_ms = run.figures["to_feed_p99_ms" if bridge else "to_ack_p99_ms"]
    light = bridge or run.cores["gateway"] <= _MOST_CORE
    return run.dropped == 0 and late_ms is not None and late_ms <= _MOST_MS and light


def _run(cameras: int, seconds: float, *, bridge: bool) -> Run:
    with running_force(cameras, bridge=bridge) as force:
        return run_load(force, seconds)
