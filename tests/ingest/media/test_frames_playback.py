"""The dashboard's player of frames in headless Chromium, through the relay's internal API: how soon, how old, how even.

A small page stands in for the dashboard: it passes on what the relay's socket says, and what the browser answers. Ages are
read from the strip that is burnt into the pictures.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from playwright.async_api import Page, async_playwright

from tests.ingest.media.conftest import RelayBench
from tests.ingest.media.test_browser_playback import ASSETS, PAGE
from tests.serving import serving

pytestmark = pytest.mark.browser

PLAYER = (
    PAGE.replace(
        'import { WhepPlayer } from "/assets/whep.js";',
        'import { FramePlayer } from "/assets/frame_player.js";',
    )
    .replace("new WhepPlayer(video)", "new FramePlayer(video)")
    .replace("shown once", "shown-once")
)

WITHOUT = {
    "webcodecs": "",
    "canvas": "delete window.MediaStreamTrackGenerator;",
    "mse": "delete window.VideoDecoder; delete window.AudioDecoder;",
}
"""What is taken from the browser, by how it then plays."""
MOST_BEHIND_MS = {"webcodecs": 300, "canvas": 400, "mse": 800}


class FrontDoor:
    """What the dashboard does for a viewer, without its rules. While it is `stuck`, nothing passes."""

    def __init__(self, bench: RelayBench, publication: UUID) -> None:
        self.moving = asyncio.Event()
        self.moving.set()
        self._bench, self._publication = bench, publication

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self.page),
                web.static("/assets", ASSETS),
                web.get("/frames/{stream}", self.frames),
            ]
        )
        return app

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text=PLAYER, content_type="text/html")

    async def frames(self, request: web.Request) -> web.WebSocketResponse:
        browser = web.WebSocketResponse(protocols=["sightline.frames.v1"])
        await browser.prepare(request)
        stream = request.match_info["stream"]
        url = self._bench.url(f"viewings/{stream}/frames?publication={self._publication}")
        async with self._bench.http.ws_connect(url, max_msg_size=0) as line:
            passing = asyncio.create_task(self._pass_on(line, browser))
            async for message in browser:
                await line.send_str(message.data)
            passing.cancel()
        return browser

    async def _pass_on(
        self, line: ClientWebSocketResponse, browser: web.WebSocketResponse
    ) -> None:  # fmt: skip
        while (message := await line.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            await self.moving.wait()
            if message.type is WSMsgType.TEXT:
                await browser.send_str(message.data)
            else:
                await browser.send_bytes(message.data)
        await browser.close(code=message.data or 1006, message=(message.extra or "").encode())


@pytest.fixture
async def page(chromium: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect(chromium)
        yield await browser.new_page()
        await browser.close()


async def opened(page: Page, bench: RelayBench, door: FrontDoor) -> UUID:
    base = await bench._stack.enter_async_context(serving(door.app())) + "/"
    await page.goto(base)
    await page.wait_for_function("() => window.ready")
    stream = uuid4()
    await page.evaluate(f"open_stream('/frames/{stream}')")
    await page.evaluate("until('playing')")
    return stream


async def evaluate(page: Page, expression: str) -> Any:
    return await page.evaluate(expression)


@pytest.mark.parametrize("by", WITHOUT)
async def test_it_plays_live_and_says_how_it_does(bench: RelayBench, page: Page, by: str) -> None:
    await page.add_init_script(WITHOUT[by])
    publication = await bench.camera()
    await opened(page, bench, FrontDoor(bench, publication))
    first = await evaluate(page, "player.since - clicked")
    await asyncio.sleep(2.5)
    await evaluate(page, "ages.length = 0")
    await asyncio.sleep(3)

    assert first < 2000
    assert await evaluate(page, "player.by") == by.replace("canvas", "webcodecs")
    ages = await evaluate(page, "ages")
    assert len(ages) > 40
    assert await evaluate(page, "unread") == 0
    assert statistics.median(ages) < MOST_BEHIND_MS[by]
    stats = (await evaluate(page, "stats"))[-1]
    assert (stats["width"], stats["height"]) == (1280, 720)
    assert stats["fps"] > 15
    assert 300 < stats["kbps"] < 4000
    assert stats["loss"] == 0
    assert abs(stats["ageMs"] - statistics.median(ages)) < 250, "what it says of its age is so"
    assert stats["word"] in ("good", "fair")
    assert await evaluate(page, "player.sounds") > 100
    assert [s["state"] for s in await evaluate(page, "states")] == ["connecting", "playing"]


async def test_what_stops_is_frozen_and_what_was_dropped_meanwhile_is_told(
    bench: RelayBench, page: Page
) -> None:
    publication = await bench.camera()
    door = FrontDoor(bench, publication)
    stream = await opened(page, bench, door)
    door.moving.clear()
    frozen_at = await asyncio.wait_for(evaluate(page, "until('frozen')"), 4)
    since = await evaluate(page, "player.since")
    assert 1000 <= frozen_at - since < 2500
    await bench.wait_until(lambda: bench.relay.viewings[stream].status()["dropped"] > 10)  # type: ignore[union-attr]
    door.moving.set()
    await asyncio.wait_for(evaluate(page, "until('playing')"), 2)
    await asyncio.sleep(2)
    assert max(s["loss"] for s in await evaluate(page, "stats")) > 0.1
    await evaluate(page, "ages.length = 0")
    await asyncio.sleep(1)
    assert statistics.median(await evaluate(page, "ages")) < 500, "nothing old is caught up with"


@pytest.mark.parametrize("by", ["webcodecs", "mse"])
async def test_an_ended_one_shows_nothing_and_says_why(
    bench: RelayBench, page: Page, by: str
) -> None:
    await page.add_init_script(WITHOUT[by])
    publication = await bench.camera()
    stream = await opened(page, bench, FrontDoor(bench, publication))
    bench.relay.end("viewing", stream, "the camera stopped recording")
    await asyncio.wait_for(evaluate(page, "until('ended')"), 1)
    assert await evaluate(page, "player.reason") == "the camera stopped recording"
    await page.wait_for_function("() => video.videoWidth === 0", timeout=1000)
    assert await evaluate(page, "video.srcObject === null")


@pytest.mark.parametrize("how", ["player.close()", "location.assign('about:blank')"])
async def test_leaving_ends_it(bench: RelayBench, page: Page, how: str) -> None:
    publication = await bench.camera()
    stream = await opened(page, bench, FrontDoor(bench, publication))
    await evaluate(page, how)
    await bench.wait_until(lambda: not bench.relay.viewings)
    assert bench.end_reason(stream) == "the viewer closed it"


async def test_a_browser_that_is_killed_is_noticed(bench: RelayBench, page: Page) -> None:
    publication = await bench.camera()
    stream = await opened(page, bench, FrontDoor(bench, publication))
    client = await page.context.new_cdp_session(page)
    crash = asyncio.ensure_future(client.send("Page.crash"))
    await bench.wait_until(lambda: stream not in bench.relay.viewings, 15)
    assert bench.end_reason(stream) is not None
    crash.cancel()
    await asyncio.gather(crash, return_exceptions=True)
