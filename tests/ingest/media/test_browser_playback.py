"""The dashboard's player in headless Chromium, through the relay's internal API.

A small page stands in for the dashboard's front door: same origin, one POST and one DELETE passed
on to the relay. Pictures are recognised and their age is read by the strip burnt into them.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from sightline.ingest.media.relay import Relay
from tests.ingest.media.conftest import SDP_HEADERS, RelayBench
from tests.serving import serving

pytestmark = pytest.mark.browser

ASSETS = Path(__file__).parents[3] / "dashboard" / "assets"

PAGE = """<!doctype html><title>player</title><video muted autoplay playsinline></video>
<script type="module">
import { WhepPlayer } from "/assets/whep.js";
const CELL = 16, CELLS = 30;
const strip = new OffscreenCanvas(CELL * CELLS, CELL).getContext("2d", { willReadFrequently: true });
window.video = document.querySelector("video");
window.states = []; window.stats = []; window.ages = []; window.unread = 0;
function read(now) {
  if (video.readyState < video.HAVE_CURRENT_DATA) return; // the first picture is announced before it can be drawn
  strip.drawImage(video, 0, 0, CELL * CELLS, CELL, 0, 0, CELL * CELLS, CELL);
  const row = strip.getImageData(0, CELL / 2, CELL * CELLS, 1).data;
  const bits = Array.from({ length: CELLS }, (_, i) => (row[(i * CELL + CELL / 2) * 4] > 127 ? 1 : 0));
  const number = (from, to) => bits.slice(from, to).reduce((sum, bit) => sum * 2 + bit, 0);
  const time = number(2, 26);
  let check = 0;
  for (let i = 0; i < 6; i += 1) check += (time >> (4 * i)) & 15;
  if (bits[0] !== 1 || bits[1] !== 0 || (check & 15) !== number(26, 30)) { unread += 1; return; }
  ages.push((now % 0x1000000 - time + 0x1000000) % 0x1000000);
}
function watch() { video.requestVideoFrameCallback(() => { read(Date.now()); watch(); }); }
window.open_stream = async (url, iceServers) => {
  window.player = new WhepPlayer(video);
  player.addEventListener("state", (e) => states.push(e.detail));
  player.addEventListener("stats", (e) => stats.push(e.detail));
  window.clicked = Date.now();
  watch();
  await player.open({ url, token: "shown once", iceServers });
};
window.until = (state) => new Promise((resolve) => {
  if (player.state === state) resolve(Date.now());
  player.addEventListener("state", (e) => { if (e.detail.state === state) resolve(Date.now()); });
});
window.ready = true;
</script>"""


class FrontDoor:
    """What the dashboard does for a viewer, without its rules."""

    def __init__(self, bench: RelayBench, publication: UUID) -> None:
        self.deleted: list[str] = []
        self._bench, self._publication = bench, publication

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self.page),
                web.static("/assets", ASSETS),
                web.post("/whep/{stream}", self.view),
                web.delete("/whep/{stream}", self.leave),
            ]
        )
        return app

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def view(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer shown once"
        stream = request.match_info["stream"]
        url = self._bench.url(f"viewings/{stream}?publication={self._publication}")
        offer = await request.text()
        async with self._bench.http.post(url, data=offer, headers=SDP_HEADERS) as answer:
            return web.Response(
                status=answer.status,
                text=await answer.text(),
                content_type=answer.content_type,
                headers={"Location": request.path},
            )

    async def leave(self, request: web.Request) -> web.Response:
        stream = request.match_info["stream"]
        self.deleted.append(stream)
        async with self._bench.http.delete(self._bench.url(f"viewings/{stream}")) as answer:
            return web.Response(status=answer.status)


@pytest.fixture
async def page(chromium: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect(chromium)
        yield await browser.new_page()
        await browser.close()


async def serve(bench: RelayBench, door: FrontDoor) -> str:
    return await bench._stack.enter_async_context(serving(door.app())) + "/"


async def opened(page: Page, base: str) -> UUID:
    """Opens the player on a fresh page; its first picture is there."""
    await page.goto(base)
    await page.wait_for_function("() => window.ready")
    stream = uuid4()
    await page.evaluate(f"open_stream('/whep/{stream}')")
    await page.evaluate("until('playing')")
    return stream


async def evaluate(page: Page, expression: str) -> Any:
    return await page.evaluate(expression)


async def test_it_plays_live_and_says_how_it_does(bench: RelayBench, page: Page) -> None:
    publication = await bench.camera()
    base = await serve(bench, FrontDoor(bench, publication))
    first_pictures = []
    for _ in range(3):
        await opened(page, base)
        since = await evaluate(page, "player.since - clicked")
        first_pictures.append(since)
    await asyncio.sleep(3)

    ages = await evaluate(page, "ages")
    assert len(ages) > 40
    assert await evaluate(page, "unread") == 0
    assert statistics.median(ages) < 500
    assert statistics.median(first_pictures) < 2000
    stats = (await evaluate(page, "stats"))[-1]
    assert (stats["width"], stats["height"]) == (1280, 720)
    assert stats["fps"] > 15
    assert 300 < stats["kbps"] < 4000
    assert 0 < stats["ageMs"] < 500
    assert stats["word"] in ("good", "fair")
    assert [s["state"] for s in await evaluate(page, "states")] == ["connecting", "playing"]


async def test_a_dead_stream_is_frozen_and_an_ended_one_shows_nothing(
    bench: RelayBench, page: Page
) -> None:
    publication = await bench.camera()
    door = FrontDoor(bench, publication)
    stream = await opened(page, await serve(bench, door))
    bench.relay.end("viewing", stream, "the camera stopped recording")

    frozen_at = await asyncio.wait_for(evaluate(page, "until('frozen')"), 4)
    since = await evaluate(page, "player.since")
    assert 1000 <= frozen_at - since < 2500
    await evaluate(page, "player.ended('the camera stopped recording')")
    assert await evaluate(page, "video.srcObject === null && player.state === 'ended'")
    assert await evaluate(page, "video.videoWidth") == 0
    assert door.deleted == []


@pytest.mark.parametrize("how", ["player.close()", "location.assign('about:blank')"])
async def test_leaving_tells_the_server(bench: RelayBench, page: Page, how: str) -> None:
    publication = await bench.camera()
    door = FrontDoor(bench, publication)
    stream = await opened(page, await serve(bench, door))
    await evaluate(page, how)
    # Its goodbye over the connection and the one over HTTP arrive in either order.
    await bench.wait_until(lambda: not bench.relay.viewings and bool(door.deleted))
    assert door.deleted == [str(stream)]
    assert bench.end_reason(stream) == "the viewer closed it"


async def test_a_browser_that_is_killed_is_noticed(bench: RelayBench, page: Page) -> None:
    publication = await bench.camera()
    stream = await opened(page, await serve(bench, FrontDoor(bench, publication)))
    relay: Relay = bench.relay
    client = await page.context.new_cdp_session(page)
    crash = asyncio.ensure_future(client.send("Page.crash"))
    await bench.wait_until(lambda: stream not in relay.viewings, 15)
    assert bench.end_reason(stream) is not None
    crash.cancel()
    await asyncio.gather(crash, return_exceptions=True)
