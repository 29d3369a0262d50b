"""A stream where UDP does not get through: the same picture over the dashboard's own line, chosen by itself, and said so."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import Screen
from tests.browser.scene import CAMERA, Scene, running_scene
from tests.browser.test_streams import PICTURES
from tests.force import Force

pytestmark = pytest.mark.browser

BLIND_PORT = 9  # discard: nobody listens there

COUNT_SOUND = """
window.heard = 0;
const Real = window.AudioDecoder;
if (Real) window.AudioDecoder = class extends Real {
  constructor(init) { super({ ...init, output: (data) => { window.heard += data.numberOfFrames; init.output(data); } }); }
};
"""
NO_DECODERS = "delete window.VideoDecoder; delete window.AudioDecoder;"
KEEP_SOUND = """
const make = Document.prototype.createElement;
Document.prototype.createElement = function (tag, ...more) {
  const made = make.call(this, tag, ...more);
  if (tag === "audio") window.sound = made;
  return made;
};
"""
NO_WEBRTC = "delete window.RTCPeerConnection;"
NO_GENERATOR = "delete window.MediaStreamTrackGenerator;"

LOUDNESS = """async () => {
  const context = new AudioContext();
  const meter = context.createAnalyser();
  context.createMediaStreamSource(document.querySelector(".tile-video").srcObject).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  let loudest = 0;
  for (let look = 0; look < 20; look += 1) {
    meter.getFloatTimeDomainData(samples);
    for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
    await new Promise((done) => setTimeout(done, 50));
  }
  await context.close();
  return loudest;
}"""


@pytest.fixture
async def scene(force: Force, chromium: str) -> AsyncIterator[Scene]:
    async with running_scene(force, chromium) as running:
        yield running


async def block_udp(page: Page) -> list[str]:
    """Have the browser told a port of the relay's at which nobody is; gives the offers that it made."""
    offers: list[str] = []

    async def answer_elsewhere(route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        offers.append(route.request.url)
        answer = await route.fetch()
        sdp = re.sub(
            r"(a=candidate:\S+ \d+ udp \d+ \S+) \d+ ", rf"\1 {BLIND_PORT} ", await answer.text()
        )
        await route.fulfill(response=answer, body=sdp)

    await page.route("**/whep/*", answer_elsewhere)
    return offers


async def watching(scene: Scene, *scripts: str, query: str = "", blocked: bool = True) -> Screen:
    """A FIM with the camera selected, in a browser in which things are as the scripts make them."""
    person = await scene.force.user("fim", "fim")
    screen = await scene.desk.open(person, "/sign-in")
    for script in scripts:
        await screen.page.add_init_script(script)
    if blocked:
        await block_udp(screen.page)
    await screen.page.goto(f"{scene.desk.url}/map?at=56.35,1.18,15&camera={CAMERA}{query}")
    await expect(screen.page.get_by_role("button", name="Open stream…")).to_be_enabled()
    return screen


async def opened(scene: Scene, page: Page) -> Locator:
    await scene.open_stream(page)
    tile = page.locator(".tile")
    await expect(tile).to_have_attribute("data-state", "playing", timeout=15_000)
    return tile


async def test_it_changes_over_by_itself_says_so_and_ends_with_the_recording(scene: Scene) -> None:
    screen = await watching(scene, COUNT_SOUND)
    page = screen.page
    tile = await opened(scene, page)
    await expect(tile).to_have_attribute("data-line", "dashboard")
    await expect(tile.locator(".tile-line")).to_have_text("by the dashboard’s line")
    await expect(tile.locator(".tile-line")).to_be_visible()
    assert await page.evaluate(PICTURES) > 3
    await expect(tile.locator(".tile-picture")).to_contain_text("picture", timeout=5000)
    await expect(page.get_by_role("option")).to_contain_text("watched")
    rows = await scene.force.owner.fetch("select frames_time, ended_time from stream_session")
    assert [(r["frames_time"] is not None, r["ended_time"]) for r in rows] == [(True, None)]
    assert await page.evaluate("window.heard") > 48_000

    await tile.get_by_role("button", name="Sound on").click()
    assert await page.evaluate(LOUDNESS) > 0.01

    began = time.monotonic()
    scene.camera.set_status("buffering", 79.0)
    await expect(tile).to_have_attribute("data-state", "ended", timeout=2500)
    assert time.monotonic() - began < 1.5  # of which the camera's own way to the gateway is a part
    await expect(tile).to_contain_text("the camera stopped recording")
    await expect(tile.locator(".tile-line")).to_be_hidden()
    assert await page.evaluate("document.querySelector('.tile-video').srcObject") is None
    assert screen.problems == []
    assert screen.elsewhere == []


async def test_without_decoders_of_its_own_a_page_plays_by_media_source(scene: Scene) -> None:
    screen = await watching(scene, NO_DECODERS, KEEP_SOUND)
    page = screen.page
    tile = await opened(scene, page)
    await expect(tile).to_have_attribute("data-line", "dashboard")
    assert await page.evaluate("document.querySelector('.tile-video').src.startsWith('blob:')")
    assert await page.evaluate(PICTURES) > 3
    await tile.get_by_role("button", name="Sound on").click()
    before = await page.evaluate("window.sound.webkitAudioDecodedByteCount")
    await asyncio.sleep(3)
    assert await page.evaluate("window.sound.webkitAudioDecodedByteCount") > before + 2000
    assert await page.evaluate("!sound.muted && !sound.paused && sound.error === null")
    await expect(tile).to_have_attribute("data-state", "playing")
    assert await behind(page) < 1.5
    scene.camera.set_status("buffering", 79.0)
    await expect(tile).to_have_attribute("data-state", "ended", timeout=2500)
    assert await page.evaluate("document.querySelector('.tile-video').videoWidth") == 0
    assert screen.problems == []


async def behind(page: Page) -> float:
    """Seconds that what is shown is behind what the player says of it."""
    words = await page.locator(".tile-picture").inner_text()
    found = re.search(r"live, ([0-9.]+) s behind", words)
    assert found is not None, words
    return float(found[1])


async def test_without_webrtc_nothing_is_waited_for(scene: Scene) -> None:
    screen = await watching(scene, NO_WEBRTC, NO_GENERATOR, blocked=False)
    asked: list[Any] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    tile = await opened(scene, screen.page)
    await expect(tile).to_have_attribute("data-line", "dashboard")
    assert await screen.page.evaluate(PICTURES) > 3
    assert not [url for url in asked if "/whep/" in url]


async def test_the_address_may_ask_for_it(scene: Scene) -> None:
    screen = await watching(scene, query="&line=dashboard", blocked=False)
    tile = await opened(scene, screen.page)
    await expect(tile).to_have_attribute("data-line", "dashboard")
    await tile.get_by_role("button", name="End").click()
    await expect(tile).to_have_count(0)
    assert screen.problems == []


async def test_where_udp_gets_through_it_stays_direct(scene: Scene) -> None:
    screen = await watching(scene, blocked=False)
    tile = await opened(scene, screen.page)
    await asyncio.sleep(3)
    await expect(tile).to_have_attribute("data-state", "playing")
    assert await tile.get_attribute("data-line") is None
    await expect(tile.locator(".tile-line")).to_be_hidden()
    assert await scene.force.owner.fetchval("select frames_time from stream_session") is None
