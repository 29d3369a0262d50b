"""`kill -9` of the gateway, of PostgreSQL and of single connections of it, at random moments under load, while history is packed.

`BENCH_CRASHES` says how many, `BENCH_CRASH_SEED` when and which.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import psutil

from benchmarks.endurance.fuzz import register
from benchmarks.endurance.keeping import Keeper
from benchmarks.endurance.stored import cameras_not_at_their_newest, stored
from benchmarks.installation import GatewayProcess, Installation, installation
from benchmarks.measure import Goal, Measure
from sightline.ingest.history.packing import PackHistory
from sightline.sql import AWAY, connect
from sightline.sql.errors import ClusterError

CRASHES: Final = int(os.environ.get("BENCH_CRASHES", "12"))
SEED: Final = int(os.environ.get("BENCH_CRASH_SEED", "1"))
_CAMERAS: Final = 8
_BRIDGED: Final = 4
_PACK_AFTER_S: Final = 900.0
_PACK_EVERY_S: Final = 2.0
"""Far more often than the keeper's hour, and yet not so often that a segment holds only a few fixes."""
_RECOVERS_WITHIN_S: Final = 60.0
_NOTHING: Final = Goal(0, at_least=False)


@dataclass
class Ended:
    """What was found after the last crash.

    Attributes:
        slowest_s: longest time from a crash until something was acknowledged again.
    """

    crashes: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    astray: int = 0
    packed: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def measures() -> Iterator[Measure]:
    """Nothing acknowledged is lost, nothing is stored twice."""
    with installation() as place:
        ended = asyncio.run(crash(place, CRASHES, SEED))
    for finding in ended.wrong[:20]:
        sys.stderr.write(f"found: {finding}\n")

    def measure(words: str, value: float, unit: str, goal: Goal | None = None) -> Measure:
        return Measure("endurance", f"kill -9: {words}", value, unit, goal)

    for what, times in sorted(ended.crashes.items()):
        yield measure(what, times, "crashes")
    yield measure("fixes acknowledged under load", ended.acknowledged, "fixes")
    yield measure("fixes packed meanwhile", ended.packed, "fixes", Goal(1))
    yield measure("acknowledged and missing", ended.lost, "fixes", _NOTHING)
    yield measure("stored twice, in all places together", ended.twice, "rows", _NOTHING)
    yield measure("live place is not the newest believed", ended.astray, "cameras", _NOTHING)
    yield measure("answers that were not as they had to be", len(ended.wrong), "answers", _NOTHING)
    yield measure(
        "longest until something was acknowledged again",
        ended.slowest_s,
        "s",
        Goal(20, at_least=False),
    )


async def crash(place: Installation, crashes: int, seed: int) -> Ended:
    """Kill so often, then see what there is."""
    tokens, bridge = await register(place.settings, _CAMERAS + _BRIDGED)
    process = GatewayProcess(
        place, gateway_flush_ms="50", gateway_connections_a_minute="1000", log_level="error"
    )
    await asyncio.to_thread(process.start)
    refs = list(tokens)
    keepers = [
        Keeper(f"{process.url}/camera", tokens[ref], [ref], seed * 100 + number)
        for number, ref in enumerate(refs[:_CAMERAS])
    ]
    keepers.append(Keeper(f"{process.url}/bridge", bridge, refs[_CAMERAS:], seed * 100 + 99))
    running = [asyncio.create_task(keeper.run()) for keeper in keepers]
    ended = Ended()
    over = asyncio.Event()
    packing = asyncio.create_task(_pack_all_the_time(place, ended, over))
    try:
        await _until_acknowledged(keepers, process)
        draw = random.Random(seed)
        for _ in range(crashes):
            await asyncio.sleep(draw.uniform(0.05, 2.5))
            began_s = time.monotonic()
            ended.crashes[await _one(place, process, draw)] += 1
            await _until_acknowledged(keepers, process)
            ended.slowest_s = max(ended.slowest_s, time.monotonic() - began_s)
        for keeper in keepers:
            keeper.stopped = True
        async with asyncio.timeout(_RECOVERS_WITHIN_S):
            await asyncio.gather(*running)
    finally:
        over.set()  # a cancellation alone may be lost where it meets a time that is up
        packing.cancel()
        await asyncio.gather(packing, return_exceptions=True)
        for task in running:
            task.cancel()
        process.stop()
    await _look(place, keepers, ended)
    return ended


async def _look(place: Installation, keepers: list[Keeper], ended: Ended) -> None:
    found = await stored(place.settings)
    for keeper in keepers:
        ended.wrong += keeper.wrong
        for ref, fixes in keeper.acknowledged.items():
            ended.acknowledged += len(fixes)
            ended.lost += len(fixes - found[ref].keys())
    for ref, rows in found.items():
        for reading, times in rows.items():
            if times > 1:
                ended.twice += times - 1
                sys.stderr.write(f"found: {ref} {times} times {reading}\n")
    ended.astray = len(await cameras_not_at_their_newest(place.settings))


async def _one(place: Installation, process: GatewayProcess, draw: random.Random) -> str:
    """One crash, and the start of what crashed; what it was."""
    how = draw.random()
    if how < 0.4:
        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(process.start, wait=False)
        return "gateway"
    if how < 0.6:
        await asyncio.to_thread(place.cluster.kill)
        await _start(place)
        return "PostgreSQL, all its processes at once"
    postmaster = place.cluster.pid()
    assert postmaster is not None
    if how < 0.8:
        _kill(postmaster)
        while place.cluster.is_running():  # noqa: ASYNC110 - or it would be taken for one that need not be started
            await asyncio.sleep(0.01)
        await _start(place)
        return "PostgreSQL's first process alone"
    with contextlib.suppress(psutil.NoSuchProcess):
        busy = [
            child.pid
            for child in psutil.Process(postmaster).children()
            if "sightline" in " ".join(child.cmdline())
        ]
        if busy:
            _kill(draw.choice(busy))
    return "a single connection's process"


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def _start(place: Installation) -> None:
    """Start the cluster, however long what is left of the old one hinders."""
    deadline = time.monotonic() + _RECOVERS_WITHIN_S
    while True:
        try:
            await asyncio.to_thread(place.cluster.start)
        except ClusterError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def _until_acknowledged(keepers: list[Keeper], process: GatewayProcess) -> None:
    """Wait until every connection has had something acknowledged."""
    before = [keeper.fixes for keeper in keepers]
    try:
        async with asyncio.timeout(_RECOVERS_WITHIN_S):
            while any(keeper.fixes == fixes for keeper, fixes in zip(keepers, before, strict=True)):  # noqa: ASYNC110 - what is awaited has no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        silent = [
            keeper.state
            for keeper, fixes in zip(keepers, before, strict=True)
            if keeper.fixes == fixes
        ]
        said = await asyncio.to_thread(process.readiness)
        raise RuntimeError(
            f"not acknowledged for a minute: {silent}; the gateway says {said}"
        ) from None


async def _pack_all_the_time(place: Installation, ended: Ended, over: asyncio.Event) -> None:
    """As the keeper does at every hour, but at once again."""
    logging.getLogger("sightline.ingest.history").setLevel(logging.ERROR)
    while not over.is_set():
        try:
            connection = await connect(place.settings, "keeper")
            try:
                while not over.is_set():
                    # A new one each time: the keeper's looks at an hour once.
                    ended.packed += await PackHistory()(connection, after_s=_PACK_AFTER_S)
                    await asyncio.sleep(_PACK_EVERY_S)
            finally:
                connection.terminate()
        except AWAY:
            await asyncio.sleep(0.2)
