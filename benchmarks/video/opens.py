"""From the click to the first picture, on the real page: from a camera that sends nothing yet, and from one that is watched.

`BENCH_VIDEO_OPENS` says how often each.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from benchmarks.measure import Goal, Measure
from benchmarks.video.cameras import painting_camera, warm_studio
from benchmarks.video.desk import Desk, seated
from benchmarks.video.pictures import percentile
from benchmarks.video.place import LAT, LON, Place, running_place, stage
from benchmarks.video.watcher import Watcher, prepare

OPENS: Final = int(os.environ.get("BENCH_VIDEO_OPENS", "50"))
_CAMERA: Final = "AB4-000001"
_CAME_WITHIN_S: Final = 10.0
_COLD: Final = {50: 800.0, 95: 1500.0}
_WATCHED: Final = {50: 250.0, 95: 500.0}


@dataclass
class Opens:
    """Milliseconds of each open.

    Attributes:
        picture: from the click to the first picture.
        gate: of that, until the server had opened the stream.
        relay: after that, until the relay had answered, for which the camera must send.
    """

    picture: list[float] = field(default_factory=list)
    gate: list[float] = field(default_factory=list)
    relay: list[float] = field(default_factory=list)

    async def add(self, desk: Desk) -> None:
        """Take what the page noted of the stream that was just opened."""
        tile = await desk.tile()
        self.picture.append(tile.shown_ms[0] - tile.pressed_ms)
        self.gate.append(tile.added_ms - tile.pressed_ms)
        self.relay.append(tile.answered_ms - tile.added_ms)


def measures() -> Iterator[Measure]:
    """Both, with the part of the gate."""
    with running_place() as place:
        cold, watched = asyncio.run(_opens(place))
    yield from _told(f"click → first picture, {OPENS} opens, camera sends nothing yet", cold, _COLD)
    yield from _told(f"click → first picture, {OPENS} opens, watched already", watched, _WATCHED)


def _told(words: str, opens: Opens, goals: dict[int, float]) -> Iterator[Measure]:
    for percent, name in ((50, "median"), (95, "p95")):
        goal = Goal(goals[percent], at_least=False)
        value = percentile(opens.picture, percent)
        yield Measure("video", f"{words}, {name}", value, "ms", goal)
        words = "…"
    gate = percentile(opens.gate, 50)
    yield Measure("video", "… of that the stream gate, median", gate, "ms")
    relay = percentile(opens.relay, 50)
    yield Measure("video", "… then the relay's answer to the browser's offer", relay, "ms")


async def _opens(place: Place) -> tuple[Opens, Opens]:
    await prepare()
    async with (
        stage(place) as arranged,
        warm_studio() as studio,
        painting_camera(arranged, _CAMERA, studio),
        seated(arranged, "watcher", _CAMERA) as desk,
    ):
        other = await arranged.person("fim", "other")
        incident = await other.incident("Man on the bridge", LAT, LON)
        # What the browser and the server do only the first time is nobody's wait but the first one's.
        await _open(desk, incident, Opens())
        cold = Opens()
        for _ in range(OPENS):
            await arranged.end_publications()
            await _open(desk, incident, cold)
        watcher = Watcher(other.http, await other.open(_CAMERA, incident))
        await watcher.watch()
        try:
            await asyncio.wait_for(watcher.came.wait(), _CAME_WITHIN_S)
            watched = Opens()
            for _ in range(OPENS):
                await _open(desk, incident, watched)
        finally:
            await watcher.close()
    return cold, watched


async def _open(desk: Desk, incident: int, opens: Opens) -> None:
    await desk.ask(_CAMERA, incident)
    await desk.open()
    await opens.add(desk)
    await desk.end()
