"""Glass to glass: from the moment that the camera painted into a picture until that picture is shown on the real page.

Camera and browser are on one machine, so that their clocks are the same. `BENCH_VIDEO_GLASS_S` says for how long.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.measure import Goal, Measure
from benchmarks.video.cameras import painting_camera, warm_studio
from benchmarks.video.desk import Tile, seated
from benchmarks.video.pictures import percentile
from benchmarks.video.place import LAT, LON, Place, running_place, stage
from sightline.ingest.camera import time_strip

SECONDS: Final = float(os.environ.get("BENCH_VIDEO_GLASS_S", "20"))
_SETTLED_S: Final = 3.0
"""Once the stream has begun; what comes before is what the opening costs."""
_CAMERA: Final = "AB4-000001"
_GOALS: Final = {50: 150.0, 95: 300.0}


def measures() -> Iterator[Measure]:
    """Percentiles of the age of pictures as they are shown, and how many were shown whole."""
    with running_place() as place:
        tile = asyncio.run(_watched(place))
    ages = [age for age in map(age_ms, *_transposed(tile)) if age is not None]
    words = f"glass to glass, 720p25, {SECONDS:.0f} s"
    for percent, name in ((50, "median"), (95, "p95"), (99, "p99")):
        goal = Goal(_GOALS[percent], at_least=False) if percent in _GOALS else None
        value = percentile(ages, percent) if ages else None
        yield Measure("video", f"{words}, {name}", value, "ms", goal)
        words = "…"
    rate = len(tile.strips) / SECONDS
    yield Measure("video", "… pictures shown", rate, "a second")
    unread = len(tile.strips) - len(ages)
    yield Measure("video", "… pictures whose clock could not be read", unread, "pictures")


def age_ms(shown_ms: float, cells: list[int]) -> int | None:
    """How old a picture was when it was shown, from its strip; None: there is no whole strip in it."""
    luma = np.repeat(np.array(cells, np.uint8), time_strip.CELL_PX)
    painted_ms = time_strip.read(np.tile(luma, (time_strip.CELL_PX, 1)))
    return None if painted_ms is None else time_strip.age_ms(painted_ms, shown_ms)


def _transposed(tile: Tile) -> tuple[list[float], list[list[int]]]:
    return [shown_ms for shown_ms, _ in tile.strips], [cells for _, cells in tile.strips]


async def _watched(place: Place) -> Tile:
    async with (
        stage(place) as arranged,
        warm_studio() as studio,
        painting_camera(arranged, _CAMERA, studio),
        seated(arranged, "watcher", _CAMERA) as desk,
    ):
        other = await arranged.person("fim", "other")
        await desk.ask(_CAMERA, await other.incident("Man on the bridge", LAT, LON))
        await desk.open()
        await asyncio.sleep(_SETTLED_S)
        await desk.read_strips()
        await asyncio.sleep(SECONDS)
        return await desk.tile()
