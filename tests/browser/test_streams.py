"""Streams in the browser, with every real part: gateway, relay, a camera that encodes and publishes, the dashboard."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Screen
from tests.browser.scene import CAMERA, Scene, running_scene
from tests.force import Force

pytestmark = pytest.mark.browser


@pytest.fixture
async def scene(force: Force, chromium: str) -> AsyncIterator[Scene]:
    async with running_scene(force, chromium) as running:
        yield running


async def watching(scene: Scene, name: str = "fim") -> Screen:
    """A FIM with the camera selected."""
    person = await scene.force.user("fim", name)
    screen = await scene.desk.open(person, f"/map?at=56.35,1.18,15&camera={CAMERA}")
    await expect(screen.page.get_by_role("button", name="Open stream…")).to_be_enabled()
    return screen


PICTURES = """async () => {
  const video = document.querySelector(".tile-video");
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 36;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const seen = new Set();
  for (let look = 0; look < 12; look += 1) {
    pen.drawImage(video, 0, 0, 64, 36);
    seen.add(pen.getImageData(0, 0, 64, 36).data.join());
    await new Promise((done) => setTimeout(done, 120));
  }
  return seen.size;
}"""


async def test_a_stream_opens_moves_and_ends_with_the_recording(scene: Scene) -> None:
    screen = await watching(scene)
    page = screen.page
    await scene.open_stream(page)
    tile = page.locator(".tile")
    await expect(tile).to_have_attribute("data-state", "playing", timeout=10_000)
    assert await page.evaluate(PICTURES) > 3
    await expect(tile.locator(".tile-picture")).to_contain_text("picture", timeout=5000)
    await expect(page.get_by_role("option")).to_contain_text("watched")
    await expect(page.locator(".card-watchers")).to_have_text("Watched by you")
    await expect(page.locator(".strip-item")).to_contain_text("Officer safety")
    await expect(page.locator(".strip-log")).to_contain_text("to link")

    scene.camera.set_status("buffering", 79.0)
    await expect(tile).to_have_attribute("data-state", "ended", timeout=2500)
    await expect(tile).to_contain_text("the camera stopped recording")
    assert await page.evaluate("document.querySelector('.tile-video').srcObject") is None
    await expect(page.get_by_role("button", name="Open stream…")).to_be_disabled()
    await tile.get_by_role("button", name="Open again…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Buffering, not recording")
    await page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    scene.camera.set_status("recording", 79.0)
    await expect(page.get_by_role("button", name="Open stream…")).to_be_enabled()
    await tile.get_by_role("button", name="Open again…").click()
    await expect(page.locator("#stream-incident")).to_have_value(
        re.compile("provisional · Officer safety")
    )
    await expect(page.locator("#stream-purpose")).to_have_value("")
    await expect(page.locator("#stream-reason")).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await tile.get_by_role("button", name="Close").click()
    await expect(tile).to_have_count(0)
    assert screen.problems == []


async def test_the_viewer_ends_it_and_the_tile_goes(scene: Scene) -> None:
    page = (await watching(scene)).page
    await scene.open_stream(page)
    tile = page.locator(".tile")
    await expect(tile).to_have_attribute("data-state", "playing", timeout=10_000)
    await tile.get_by_role("button", name="End").click()
    await expect(tile).to_have_count(0)
    ended = await scene.force.owner.fetchval("select end_reason from stream_session")
    assert ended == "ended by the viewer"


async def test_each_sees_who_else_watches_and_streams_stay_from_page_to_page(scene: Scene) -> None:
    one, other = await watching(scene), await watching(scene, "second")
    for page in (one.page, other.page):
        await scene.open_stream(page)
        await expect(page.locator(".tile")).to_have_attribute(
            "data-state", "playing", timeout=10_000
        )
    await expect(one.page.locator(".tile-others")).to_have_text(
        "also watching: second", timeout=5000
    )
    await expect(other.page.locator(".tile-others")).to_have_text(
        "also watching: fim", timeout=5000
    )
    await expect(other.page.locator(".card-watchers")).to_have_text("Watched by you, fim")
    await one.page.get_by_role("link", name="Triage").click()
    await expect(one.page).to_have_url(f"{scene.desk.url}/triage")
    await expect(one.page.locator(".tile")).to_have_attribute("data-state", "playing")
    assert await one.page.evaluate(PICTURES) > 3
    await one.page.context.close()
    await expect(other.page.locator(".tile-others")).to_have_text("", timeout=5000)
