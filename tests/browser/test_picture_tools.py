"""What can be done with the picture of a stream: keep one, a window of its own, the whole screen."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import av
import numpy as np
import pytest
from playwright.async_api import Page, expect

from sightline.ingest.camera import time_strip
from tests.browser.conftest import Screen
from tests.browser.scene import CAMERA, Scene, running_scene
from tests.browser.test_streams import PICTURES, watching
from tests.force import Force

pytestmark = pytest.mark.browser


@pytest.fixture
async def scene(force: Force, chromium: str) -> AsyncIterator[Scene]:
    async with running_scene(force, chromium) as running:
        yield running


async def playing(scene: Scene) -> Screen:
    screen = await watching(scene)
    await scene.open_stream(screen.page)
    await expect(screen.page.locator(".tile")).to_have_attribute(
        "data-state", "playing", timeout=10_000
    )
    return screen


async def test_a_snapshot_is_kept_with_the_incident_and_seen_in_its_log(scene: Scene) -> None:
    screen = await playing(scene)
    page = screen.page
    await page.get_by_role("button", name="Snapshot").click()
    await expect(page.locator(".tool-note")).to_contain_text("in the log", timeout=8000)
    row = await scene.force.owner.fetchrow("select * from snapshot")
    with av.open(io.BytesIO(row["picture"])) as container:
        (frame, *_) = container.decode(video=0)
    luma = frame.to_ndarray(format="gray")
    assert (frame.width, frame.height) == (1280, 720)
    strip = time_strip.read(luma.astype(np.uint8))
    assert strip is not None, "it is the camera's own picture"
    assert time_strip.age_ms(strip, row["taken_time"].timestamp() * 1000) < 3000
    (entry,) = await scene.force.owner.fetch(
        "select author, text from incident_log where kind = 'snapshot'"
    )
    assert (entry["author"], entry["text"]) == ("fim", f"Snapshot of {CAMERA} kept")
    (taken,) = await scene.force.audit("snapshot.take")
    assert (taken["operation"], taken["outcome"], taken["actor"]) == ("collection", "allowed", "fim")  # fmt: skip
    answer = await page.request.get(f"{scene.desk.url}/api/snapshots/{row['id']}")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    assert await answer.body() == row["picture"]
    assert len(await scene.force.audit("snapshot.view")) == 1
    assert screen.problems == []


async def test_no_picture_of_an_ended_stream_or_one_of_others_is_kept(scene: Scene) -> None:
    page = (await playing(scene)).page
    stream = await scene.force.owner.fetchval("select id from stream_session")
    other = await scene.force.user("fim", "other")
    elsewhere = (await scene.desk.open(other)).page
    for asking, change, status in ((elsewhere, None, 404), (page, "buffering", 409)):
        if change:
            scene.camera.set_status(change, 79.0)
            await expect(page.locator(".tile")).to_have_attribute("data-state", "ended")
            await expect(page.get_by_role("button", name="Snapshot")).to_be_hidden()
        answer = await asking.request.post(
            f"{scene.desk.url}/api/streams/{stream}/snapshot", headers={"X-CSRF-Token": "csrf"}
        )
        assert answer.status == status, await answer.text()
    assert await scene.force.owner.fetchval("select count(*) from snapshot") == 0
    refused = [row["outcome"] for row in await scene.force.audit("snapshot.take")]
    assert refused == ["refused", "refused"]


async def test_a_window_of_its_own_says_when_the_stream_has_ended(scene: Scene) -> None:
    page = (await playing(scene)).page
    async with page.context.expect_page() as opening:
        await page.get_by_role("button", name="A window of its own").click()
    window: Page = await opening.value
    await expect(page.locator(".tile")).to_contain_text("In a window of its own")
    await expect(window.locator(".tile-video")).to_be_visible()
    assert await window.evaluate(PICTURES) > 3
    scene.camera.set_status("buffering", 79.0)
    await expect(window.locator(".tile-cover")).to_contain_text("the camera stopped recording")
    assert await window.evaluate("document.querySelector('.tile-video').srcObject") is None
    await expect(window.get_by_role("button", name="A window of its own")).to_be_visible()
    async with window.expect_event(
        "close"
    ):  # it closes under the press, which the press itself would not survive
        await window.evaluate(
            "() => setTimeout(() => document.querySelector('.tool-window').click(), 50)"
        )
    await expect(page.locator(".tile .tile-cover")).to_contain_text("the camera stopped recording")


async def test_the_picture_comes_back_alive_from_its_window(scene: Scene) -> None:
    page = (await playing(scene)).page
    async with page.context.expect_page() as opening:
        await page.get_by_role("button", name="A window of its own").click()
    window: Page = await opening.value
    await expect(window.locator(".tile-video")).to_be_visible()
    await window.close()
    await expect(page.locator(".tile")).not_to_contain_text("In a window of its own")
    assert await page.evaluate(PICTURES) > 3


async def test_the_whole_screen_shows_what_covers_the_picture_too(scene: Scene) -> None:
    page = (await playing(scene)).page
    await page.get_by_role("button", name="Full screen").click()
    await page.wait_for_function("() => document.fullscreenElement?.className === 'tile-frame'")
    scene.camera.set_status("buffering", 79.0)
    await expect(page.locator(":fullscreen .tile-cover")).to_contain_text("stopped recording")
    await page.get_by_role("button", name="Full screen").click()
    await page.wait_for_function("() => document.fullscreenElement === null")
