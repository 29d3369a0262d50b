"""A bad line between relay and browser: the real page with 2% and with 10% of packets lost, and 40 ms more each way.

`BENCH_VIDEO_LOSS_S` says for how long the first of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Route

from benchmarks.measure import Goal, Measure
from benchmarks.video.cameras import painting_camera, warm_studio
from benchmarks.video.desk import Tile, seated
from benchmarks.video.line import Quality
from benchmarks.video.pictures import full_rate_after, longest_pause, rate, recovered_after
from benchmarks.video.place import LAT, LON, Place, running_place, stage
from benchmarks.video.udp_line import UdpLine, udp_line, with_port

SECONDS: Final = float(os.environ.get("BENCH_VIDEO_LOSS_S", "60"))
_DELAY_S: Final = 0.04
_LIGHT: Final = Quality(loss=0.02, delay_s=_DELAY_S)
_HEAVY: Final = Quality(loss=0.10, delay_s=_DELAY_S)
_NONE: Final = Quality(delay_s=_DELAY_S)
_BETWEEN_S: Final = 6.0
"""For the page to call the picture good again."""
_HEAVY_S: Final = 20.0
_AFTER_S: Final = 10.0
_SETTLE_S: Final = 3.0
_CAMERA: Final = "AB4-000001"
_MOST_PAUSE_S: Final = 1.0
_RECOVERS_WITHIN_S: Final = 2.0
_SMOOTH_PAUSE_S: Final = 0.25
"""Longer than a frame that had to be sent again, much shorter than a freeze."""
_SMOOTH_S: Final = 2.0
_FULL_SHARE: Final = 0.9
_BEFORE_S: Final = 4.0
_WORDS: Final = {"good": 0, "fair": 1}
_WORST: Final = 2
"""Of every other word: *poor*, *none*, *frozen*."""


@dataclass(frozen=True)
class Lossy:
    """What was seen, and when the line was what; in seconds since 1970."""

    tile: Tile
    light: tuple[float, float]
    heavy: tuple[float, float]
    end: float


def measures() -> Iterator[Measure]:
    """The longest freeze at 2%; how 10% looked, what was said of it, and how soon it was over."""
    with running_place() as place:
        seen = asyncio.run(_watched(place))
    shown = [at_ms / 1000 for at_ms in seen.tile.shown_ms]
    words = f"2% loss, 40 ms each way, {SECONDS:.0f} s: longest freeze"
    pause = longest_pause(shown, *seen.light)
    yield Measure("video", words, pause, "s", Goal(_MOST_PAUSE_S, at_least=False))
    yield Measure("video", "… pictures", rate(shown, *seen.light), "a second")
    words = f"10% loss, 40 ms each way, {_HEAVY_S:.0f} s: longest freeze"
    yield Measure("video", words, longest_pause(shown, *seen.heavy), "s")
    yield Measure("video", "… pictures", rate(shown, *seen.heavy), "a second")
    said = said_after(seen.tile.words, *seen.heavy)
    yield Measure("video", "… until the page says that it is worse", said, "s", Goal(5, at_least=False))  # fmt: skip
    _, ended = seen.heavy
    smooth = recovered_after(shown, ended, seen.end, longest=_SMOOTH_PAUSE_S, for_s=_SMOOTH_S)
    goal = Goal(_RECOVERS_WITHIN_S, at_least=False)
    yield Measure("video", "… after the loss ended: moves without a pause again", smooth, "s", goal)
    least = _FULL_SHARE * rate(shown, seen.heavy[0] - _BEFORE_S, seen.heavy[0])
    full = full_rate_after(shown, ended, seen.end, least=least, for_s=1.0)
    yield Measure("video", "… as many pictures as before again", full, "s", goal)
    good = good_again(seen.tile.words, ended)
    yield Measure("video", "… the page says that it is good again", good, "s")


def said_after(words: list[tuple[str, float]], begin: float, end: float) -> float | None:
    """Seconds from the beginning until a worse word was said than before; None: none was before the end.

    Args:
        words: (word, milliseconds since 1970).
        begin: seconds since 1970.
        end: likewise.
    """
    latest = [word for word, at_ms in words if at_ms / 1000 <= begin][-1:]
    before = _badness(*latest) if latest else 0
    if before == _WORST:
        return 0.0
    return next(
        (at_ms / 1000 - begin for word, at_ms in words
         if begin < at_ms / 1000 <= end and _badness(word) > before),
        None,
    )  # fmt: skip


def _badness(word: str) -> int:
    return _WORDS.get(word, _WORST)


def good_again(words: list[tuple[str, float]], since: float) -> float | None:
    """Seconds until *good* is said for good; None: what was said last is another word."""
    if not words or words[-1][0] != "good":
        return None
    return max(0.0, words[-1][1] / 1000 - since)


async def _watched(place: Place) -> Lossy:
    async with (
        stage(place) as arranged,
        udp_line(await _relay_address(place)) as line,
        warm_studio() as studio,
        painting_camera(arranged, _CAMERA, studio),
        seated(arranged, "watcher", _CAMERA) as desk,
    ):

        async def through_the_line(route: Route) -> None:
            answer = await route.fetch()
            await route.fulfill(response=answer, body=with_port(await answer.text(), line.port))

        await desk.page.route("**/whep/*", through_the_line)
        other = await arranged.person("fim", "other")
        await desk.ask(_CAMERA, await other.incident("Man on the bridge", LAT, LON))
        await desk.open()
        await asyncio.sleep(_SETTLE_S)
        light_s = await _bad(line, _LIGHT, SECONDS)
        between_s = await _bad(line, _NONE, _BETWEEN_S)
        heavy_s = await _bad(line, _HEAVY, _HEAVY_S)
        ended_s = await _bad(line, _NONE, _AFTER_S)
        tile = await desk.tile()
        return Lossy(tile, (light_s, between_s), (heavy_s, ended_s), ended_s + _AFTER_S)


async def _bad(line: UdpLine, quality: Quality, seconds: float) -> float:
    """Make the line so for a while; when that began."""
    began_s = await line.set(quality, quality)
    await asyncio.sleep(seconds)
    return began_s


async def _relay_address(place: Place) -> tuple[str, int]:
    status = await asyncio.to_thread(place.relay_status)
    host, port = status["udp"]["address"]
    return host, port
