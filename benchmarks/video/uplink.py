"""A camera's uplink that is cut from 4 Mbit/s to 600 kbit/s while somebody watches: what the real page shows then.

The line lies between camera and relay: the camera sends its offer to a small HTTP door, which passes it on to the gateway,
and whose answers lead to the line instead of the relay.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web

from benchmarks.installation import free_port
from benchmarks.measure import Goal, Measure
from benchmarks.video.cameras import painting_camera, warm_studio
from benchmarks.video.desk import Tile, seated
from benchmarks.video.line import Quality
from benchmarks.video.pictures import longest_pause, rate
from benchmarks.video.place import LAT, LON, Place, running_place, stage
from benchmarks.video.udp_line import UdpLine, udp_line, with_port

SECONDS: Final = float(os.environ.get("BENCH_VIDEO_UPLINK_S", "40"))
_WIDE: Final = Quality(kbps=4000, delay_s=0.02, queue_s=0.5)
_NARROW: Final = Quality(kbps=600, delay_s=0.02, queue_s=0.5)
_BACK: Final = Quality(delay_s=0.02)
_BEFORE_S: Final = 8.0
_STEPS_DOWN_S: Final = 10.0
"""For so long the camera may be finding out."""
_CAMERA: Final = "AB4-000001"
_MOST_PAUSE_S: Final = 1.0
_LEAST_RATE: Final = 5.0
_KEPT: Final = ("Authorization", "Content-Type")
_TOLD: Final = ("Location", "ETag")


@dataclass(frozen=True)
class Cut:
    """What was seen, and when the uplink was cut; in seconds since 1970.

    Attributes:
        octets: of picture that the relay had from the camera by when: (seconds since 1970, octets), each second.
    """

    tile: Tile
    began: float
    cut: float
    end: float
    octets: list[tuple[float, int]]


def measures() -> Iterator[Measure]:
    """How the picture moved before the cut, while the camera found out, and after."""
    door_port = free_port()
    with running_place(gateway_public_url=f"http://127.0.0.1:{door_port}") as place:
        seen = asyncio.run(_watched(place, door_port))
    for state, at_ms in seen.tile.states:
        if state == "ended":
            after_s = at_ms / 1000 - seen.cut
            sys.stderr.write(f"found: the stream ended {after_s:.1f} s after the cut\n")
    shown = [at_ms / 1000 for at_ms in seen.tile.shown_ms]
    settled = seen.cut + _STEPS_DOWN_S
    words = "uplink of 4 Mbit/s: pictures"
    yield Measure("video", words, rate(shown, seen.began, seen.cut), "a second")
    yield Measure("video", "… the camera sends", kbps(seen.octets, seen.began, seen.cut), "kbit/s")
    words = f"uplink cut to 600 kbit/s: longest freeze in the first {_STEPS_DOWN_S:.0f} s"
    yield Measure("video", words, longest_pause(shown, seen.cut, settled), "s")
    words = f"… longest freeze in the {SECONDS - _STEPS_DOWN_S:.0f} s after"
    goal = Goal(_MOST_PAUSE_S, at_least=False)
    yield Measure("video", words, longest_pause(shown, settled, seen.end), "s", goal)
    moving = rate(shown, settled, seen.end)
    yield Measure("video", "… pictures", moving, "a second", Goal(_LEAST_RATE))
    arriving = kbps(seen.octets, settled, seen.end)
    yield Measure("video", "… of picture arrives at the relay", arriving, "kbit/s")


def kbps(octets: list[tuple[float, int]], begin: float, end: float) -> float | None:
    """Kilobits a second of picture in a span, from counts that were read now and then; None: too few were."""
    within = [(at, count) for at, count in octets if begin <= at <= end]
    if len(within) < 2:
        return None
    (first_at, first), (last_at, last) = within[0], within[-1]
    return (last - first) * 8 / 1000 / (last_at - first_at)


async def _watched(place: Place, door_port: int) -> Cut:
    status = await asyncio.to_thread(place.relay_status)
    host, port = status["udp"]["address"]
    async with (
        stage(place) as arranged,
        udp_line((host, port)) as line,
        _door(place.gateway_http, door_port, line),
        warm_studio() as studio,
        painting_camera(arranged, _CAMERA, studio),
        seated(arranged, "watcher", _CAMERA) as desk,
    ):
        await line.set(_WIDE, _BACK)
        other = await arranged.person("fim", "other")
        await desk.ask(_CAMERA, await other.incident("Man on the bridge", LAT, LON))
        await desk.open()
        octets: list[tuple[float, int]] = []
        counting = asyncio.create_task(_count(place, octets))
        try:
            await asyncio.sleep(_BEFORE_S / 2)
            began_s = time.time()
            await asyncio.sleep(_BEFORE_S)
            cut_s = await line.set(_NARROW, _BACK)
            await asyncio.sleep(SECONDS)
        finally:
            counting.cancel()
            await asyncio.gather(counting, return_exceptions=True)
        return Cut(await desk.tile(), began_s, cut_s, time.time(), octets)


async def _count(place: Place, octets: list[tuple[float, int]]) -> None:
    """Read once a second what the relay has had of the camera's picture."""
    while True:
        status = await asyncio.to_thread(place.relay_status)
        now_s = time.time()
        octets += [(now_s, one["tracks"]["video"]["octets"]) for one in status["publications"]]
        await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def _door(gateway: str, port: int, line: UdpLine) -> AsyncIterator[None]:
    """Where the camera sends its offer: answers are the gateway's, but for the port that they lead to."""
    async with aiohttp.ClientSession() as http:

        async def pass_on(request: web.Request) -> web.Response:
            headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
            async with http.request(
                request.method, gateway + request.path, data=await request.read(), headers=headers
            ) as answer:
                told = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
                text = await answer.text()
                if answer.status == web.HTTPCreated.status_code:
                    text = with_port(text, line.port)
                kind = answer.content_type
                return web.Response(
                    status=answer.status, text=text, content_type=kind, headers=told
                )

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield
        finally:
            await runner.cleanup()
