"""Each way in which a stream must end: how long pictures go on coming after what ends it.

Cameras that paint and encode, viewers that count packets, and for two of the ways the real page, of which it is told when
it took the picture away. Each way is tried `BENCH_VIDEO_ENDS` times, and the slowest counts.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import psutil

from benchmarks.measure import Goal, Measure
from benchmarks.video.cameras import PaintingCamera, painting_camera, warm_studio
from benchmarks.video.desk import Desk, seated
from benchmarks.video.people import Opened, Person
from benchmarks.video.place import LAT, LON, Place, Stage, running_place, stage
from benchmarks.video.watcher import Watcher, prepare
from sightline.ingest.camera.studio_process import STUDIO_MODULE, StudioProcess
from sightline.sql import accounts, query

TRIES: Final = int(os.environ.get("BENCH_VIDEO_ENDS", "3"))
_MOST_MS: Final = 1000.0
_PLAYS_S: Final = 0.5
"""Pictures come for so long before the end is caused."""
_GOES_ON_AFTER_S: Final = 4.0
_QUIET_S: Final = 1.0
_CAME_WITHIN_S: Final = 10.0
_PROVED_S: Final = 3.0
"""Until the relay has told the database that media comes."""
_STALE_WITHIN_S: Final = 15.0
_STALE: Final = "nothing is heard from the camera"


@dataclass
class Scene:
    """One stream that is watched, and all who have to do with it."""

    arranged: Stage
    person: Person
    camera: PaintingCamera
    incident: int
    opened: Opened
    watcher: Watcher


Cause = Callable[[Scene], Awaitable[None]]


async def _recording_stops(scene: Scene) -> None:
    scene.camera.set_recording("buffering")


async def _session_ends(scene: Scene) -> None:
    await scene.person.sign_out()


async def _role_withdrawn(scene: Scene) -> None:
    await scene.arranged.owner.execute(query("bench.set_role"), scene.person.username, "planner")


async def _account_disabled(scene: Scene) -> None:
    await accounts.disable_user(scene.arranged.owner, scene.person.username)


async def _camera_disabled(scene: Scene) -> None:
    await accounts.disable_camera(scene.arranged.owner, scene.camera.ref)


async def _viewer_ends(scene: Scene) -> None:
    await scene.person.end(scene.opened.stream)


async def _incident_closed(scene: Scene) -> None:
    await scene.person.call("POST", f"/api/incidents/{scene.incident}/close", {"reason": "over"})


_WAYS: Final[dict[str, Cause]] = {
    "the camera stops recording": _recording_stops,
    "the viewer signs out": _session_ends,
    "the viewer's role is withdrawn": _role_withdrawn,
    "the viewer's account is disabled": _account_disabled,
    "the camera is disabled": _camera_disabled,
    "the viewer ends it": _viewer_ends,
    "the incident is closed": _incident_closed,
}


@dataclass
class Ends:
    """Milliseconds from what ended a stream to its last picture, the slowest of each way; and what the page did."""

    last_ms: dict[str, float] = field(default_factory=dict)
    stale_ms: float = 0.0
    page_last_ms: float = 0.0
    page_told_ms: float = 0.0


def measures() -> Iterator[Measure]:
    """The slowest of each way."""
    # A camera that falls silent is to be found by the rule, not by the relay, which is quicker where it is left to it.
    with running_place(media_stall_s="60") as place:
        ends = asyncio.run(_ends(place))
    goal = Goal(_MOST_MS, at_least=False)
    words = f"last picture, the slowest of {TRIES}, after"
    for way, late_ms in ends.last_ms.items():
        yield Measure("video", f"{words} {way}", late_ms, "ms", goal)
        words = "… after"
    words = "… end of the stream after the rules call a silent camera stale"
    yield Measure("video", words, ends.stale_ms, "ms", goal)
    words = "… on the real page, after the camera stops recording"
    yield Measure("video", words, ends.page_last_ms, "ms", goal)
    words = "… until the page took the picture away, and said why"
    yield Measure("video", words, ends.page_told_ms, "ms", goal)


async def _ends(place: Place) -> Ends:
    await prepare()
    ends = Ends()
    numbers = count(1)
    async with stage(place) as arranged, warm_studio() as studio:
        for way, cause in _WAYS.items():
            late = []
            for _ in range(TRIES):
                async with _scene(arranged, studio, next(numbers)) as scene:
                    late.append(1000 * await _seconds_until_dark(scene, cause))
            ends.last_ms[way] = max(late)
        async with _scene(arranged, studio, next(numbers)) as scene:
            ends.stale_ms = 1000 * await _seconds_until_stale_ends(scene)
        await _on_the_page(arranged, studio, next(numbers), ends)
    return ends


@asynccontextmanager
async def _scene(arranged: Stage, studio: StudioProcess, number: int) -> AsyncIterator[Scene]:
    """A new person who watches a new camera."""
    async with painting_camera(arranged, f"AB4-{number:06d}", studio) as camera:
        person = await arranged.person("fim", f"fim{number}")
        incident = await person.incident(f"Man on bridge {number}", LAT, LON)
        opened = await person.open(camera.ref, incident)
        watcher = Watcher(person.http, opened)
        await watcher.watch()
        try:
            await asyncio.wait_for(watcher.came.wait(), _CAME_WITHIN_S)
            await asyncio.sleep(_PLAYS_S)
            yield Scene(arranged, person, camera, incident, opened, watcher)
        finally:
            await watcher.close()
            await arranged.owner.execute(query("bench.end_streams"))
            await arranged.end_publications()


async def _seconds_until_dark(scene: Scene, cause: Cause) -> float:
    """From the cause to the last packet of picture.

    Raises:
        RuntimeError: it goes on.
    """
    began_s = time.monotonic()
    await cause(scene)
    while time.monotonic() - began_s < _GOES_ON_AFTER_S:
        last_s = scene.watcher.video.last_s
        assert last_s is not None
        if time.monotonic() - max(last_s, began_s) > _QUIET_S:
            return max(0.0, last_s - began_s)
        await asyncio.sleep(0.05)
    raise RuntimeError(f"pictures go on {_GOES_ON_AFTER_S} s after {cause.__name__}")


async def _seconds_until_stale_ends(scene: Scene) -> float:
    """From when the rules call the camera stale, which sends and says nothing any more, to the end of its stream."""
    owner = scene.arranged.owner
    encoding = _studio_process()
    await asyncio.sleep(_PROVED_S)
    scene.camera.client.lose_signal()
    encoding.suspend()
    try:
        # Two minutes of silence on its socket, at once; its media goes on proving that it records for five seconds.
        await owner.execute(query("bench.unheard_for_long"), scene.camera.ref)
        async with asyncio.timeout(_STALE_WITHIN_S):
            while (ended := await owner.fetchrow(query("bench.ended_after_stale"))) is None:  # noqa: ASYNC110 - what is awaited has no event
                await asyncio.sleep(0.05)
    finally:
        encoding.resume()
    if ended["end_reason"] != _STALE:
        raise RuntimeError(f"the stream of a silent camera ended since {ended['end_reason']}")
    return float(ended["late_s"])


def _studio_process() -> psutil.Process:
    return next(child for child in psutil.Process().children() if STUDIO_MODULE in child.cmdline())


async def _on_the_page(arranged: Stage, studio: StudioProcess, number: int, ends: Ends) -> None:
    """The same as a person sees it: the last picture, and when the page says that there is none."""
    ref = f"AB4-{number:06d}"
    async with (
        painting_camera(arranged, ref, studio) as camera,
        seated(arranged, "watcher", ref) as desk,
    ):
        other = await arranged.person("fim", "other")
        incident = await other.incident("Man on the bridge", LAT, LON)
        for _ in range(TRIES):
            camera.set_recording("recording")
            await desk.until_offered()
            last_ms, told_ms = await _dark_on_page(desk, camera, incident)
            ends.page_last_ms = max(ends.page_last_ms, last_ms)
            ends.page_told_ms = max(ends.page_told_ms, told_ms)
            await desk.close_ended()


async def _dark_on_page(desk: Desk, camera: PaintingCamera, incident: int) -> tuple[float, float]:
    await desk.ask(camera.ref, incident)
    await desk.open()
    await asyncio.sleep(_PLAYS_S)
    caused_ms = time.time() * 1000
    camera.set_recording("buffering")
    await asyncio.sleep(_GOES_ON_AFTER_S)
    tile = await desk.tile()
    ended_ms = next((at_ms for state, at_ms in tile.states if state == "ended"), float("inf"))
    return max(0.0, tile.shown_ms[-1] - caused_ms), ended_ms - caused_ms
