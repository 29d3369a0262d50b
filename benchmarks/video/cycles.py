"""Streams opened and closed over and over: no socket, task, peer or memory of the relay is left behind.

Each is opened at the dashboard, watched until its first packet, and closed; after every fifth the camera stops, too, and
sends anew. `BENCH_VIDEO_CYCLES` says how often.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psutil

from benchmarks.measure import Goal, Measure
from benchmarks.processes import memory_mb
from benchmarks.video.cameras import looped_cameras
from benchmarks.video.people import Person
from benchmarks.video.place import LAT, LON, Place, Stage, running_place, stage
from benchmarks.video.watcher import Watcher, prepare

CYCLES: Final = int(os.environ.get("BENCH_VIDEO_CYCLES", "300"))
_WARM: Final = CYCLES // 3
"""After so many, memory is what it is in use: what a closed connection refers to in circles is found by and by."""
_CAMERA_ANEW_EVERY: Final = 5
_CAME_WITHIN_S: Final = 10.0
_REST_S: Final = 3.0
"""For goodbyes."""
_KEPT_S: Final = 20.0
"""How long connections of HTTP are kept for a next request, at most."""
_MOST_KB_EACH: Final = 20.0
"""A viewing that stays behind whole is some hundred kilobytes."""
_PARTS: Final = ("relay", "gateway", "dashboard")


@dataclass(frozen=True)
class Held:
    """What is held with nobody watching.

    Attributes:
        sockets: open files and sockets of a part.
        tasks: of the relay.
        peers: publications, viewings and ICE agents of the relay.
        memory_mb: of the relay.
    """

    sockets: dict[str, int]
    tasks: int
    peers: int
    memory_mb: float


def measures() -> Iterator[Measure]:
    """What is there at the end against what was there after the first third."""
    with running_place() as place:
        before, after = asyncio.run(_cycled(place))
    none = Goal(0, at_least=False)
    words = f"{CYCLES} streams opened and closed: peers left in the relay"
    yield Measure("video", words, after.peers, "peers", none)
    for part in _PARTS:
        more = after.sockets[part] - before.sockets[part]
        goal = none if part == "relay" else None
        words = f"… open files and sockets of the {part}, more than after {_WARM}"
        yield Measure("video", words, more, "files", goal)
    more = after.tasks - before.tasks
    yield Measure("video", f"… tasks of the relay, more than after {_WARM}", more, "tasks", none)
    yield Measure("video", "… memory of the relay at the end", after.memory_mb, "MB")
    grown_kb = 1000 * (after.memory_mb - before.memory_mb) / (CYCLES - _WARM)
    goal = Goal(_MOST_KB_EACH, at_least=False)
    yield Measure("video", f"… grown for each since {_WARM}", grown_kb, "kB", goal)


async def _cycled(place: Place) -> tuple[Held, Held]:
    await prepare()
    async with stage(place) as arranged, looped_cameras(arranged, ["AB4-000001"]):
        fim = await arranged.person("fim")
        incident = await fim.incident("Man on the bridge", LAT, LON)
        before = None
        for number in range(1, CYCLES + 1):
            await _cycle(fim, incident)
            if number % _CAMERA_ANEW_EVERY == 0:
                await arranged.end_publications()
            if number == _WARM:
                before = await _held(place, arranged)
        assert before is not None
        after = await _held(place, arranged)
        until_s = time.monotonic() + _KEPT_S
        while after.sockets["relay"] > before.sockets["relay"] and time.monotonic() < until_s:
            after = await _held(place, arranged)
        return before, after


async def _cycle(fim: Person, incident: int) -> None:
    watcher = Watcher(fim.http, await fim.open("AB4-000001", incident))
    await watcher.watch()
    await asyncio.wait_for(watcher.came.wait(), _CAME_WITHIN_S)
    await watcher.leave()


async def _held(place: Place, arranged: Stage) -> Held:
    await arranged.end_publications()
    await asyncio.sleep(_REST_S)
    status: dict[str, Any] = await arranged.relay_status()
    peers = len(status["publications"]) + len(status["viewings"]) + status["udp"]["peers"]
    sockets = {part: psutil.Process(place.pids[part]).num_fds() for part in _PARTS}
    return Held(sockets, status["tasks"], peers, memory_mb(place.pids["relay"]))
