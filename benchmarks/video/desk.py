"""The real page in real Chromium: somebody who is signed in, and opens streams with the buttons that people press."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, async_playwright, expect

from benchmarks.map.render import FLAGS, chromium
from benchmarks.video.people import PURPOSE, REASON
from benchmarks.video.place import LAT, LON, Stage
from sightline.sql import accounts

_FLAGS: Final = (*FLAGS, "--allow-loopback-in-peer-connection")
_READY_WITHIN_MS: Final = 60_000
_PLAYS_WITHIN_MS: Final = 15_000
_SETTLES_MS: Final = 150
_NOTES: Final = Path(__file__).with_name("page.js")
_ASK: Final = """([camera, incident]) => dispatchEvent(
  new CustomEvent("sightline:open-stream", { detail: { camera, incident } }))"""
_CHOOSE: Final = (
    """([purpose]) => dash_clientside.set_props("stream-purpose", { value: purpose })"""
)


@dataclass(frozen=True)
class Tile:
    """What was noted of one stream; times in milliseconds since 1970.

    Attributes:
        pressed_ms: when the button was pressed.
        added_ms: when the server had opened it, and the page added its tile.
        answered_ms: when the relay had answered the browser's offer.
        shown_ms: of each picture.
        strips: (time, the 30 cells' brightness) of each picture whose clock was read.
        states: (state, since when) of the player.
        words: (word, since when) for how the picture does.
    """

    pressed_ms: float
    added_ms: float
    answered_ms: float
    shown_ms: list[float]
    strips: list[tuple[float, list[int]]]
    states: list[tuple[str, float]]
    words: list[tuple[str, float]]


class Desk:
    """One page, on which one stream at a time is open."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def until_offered(self) -> None:
        """Wait until the page knows that the selected camera can be streamed."""
        await expect(self.page.get_by_role("button", name="Open stream…")).to_be_enabled(
            timeout=_READY_WITHIN_MS
        )

    async def ask(self, camera: str, incident: int) -> None:
        """Have the dialog open and filled in, as the button of an incident's camera does, and somebody who types."""
        page = self.page
        await page.evaluate(_ASK, [camera, incident])
        purpose = page.locator("#stream-purpose")
        # The dialog empties its fields as it opens, which may come after what was chosen at once.
        await page.wait_for_timeout(_SETTLES_MS)
        while not await purpose.input_value():
            await page.evaluate(_CHOOSE, [PURPOSE])
            await page.wait_for_timeout(_SETTLES_MS)
        await expect(page.locator("#stream-incident")).not_to_have_value("")
        await page.locator("#stream-reason").fill(REASON)

    async def open(self) -> None:
        """Press the dialog's button, and wait until the picture is there."""
        page = self.page
        await page.locator("#stream-open").click()
        await expect(page.locator(".tile")).to_have_attribute(
            "data-state", "playing", timeout=_PLAYS_WITHIN_MS
        )

    async def end(self) -> None:
        """Press the tile's button, and wait until the tile is gone."""
        tile = self.page.locator(".tile")
        await tile.get_by_role("button", name="End").click()
        await expect(tile).to_have_count(0)

    async def close_ended(self) -> None:
        """Take the tile of a stream away that has ended by itself."""
        tile = self.page.locator(".tile")
        await tile.get_by_role("button", name="Close").click()
        await expect(tile).to_have_count(0)

    async def tile(self) -> Tile:
        """What has been noted of the newest stream."""
        noted: dict[str, Any]
        pressed_ms, noted = await self.page.evaluate(
            "[sightlineBench.pressedMs, sightlineBench.tiles.at(-1)]"
        )
        return Tile(
            pressed_ms,
            noted["addedMs"],
            noted["answeredMs"],
            noted["shown"],
            [(at_ms, cells) for at_ms, cells in noted["strip"]],
            [(state, at_ms) for state, at_ms in noted["states"]],
            [(word, at_ms) for word, at_ms in noted["words"]],
        )

    async def read_strips(self) -> None:
        """Read the clock in each picture from now on."""
        await self.page.evaluate("sightlineBench.readStrips = true")


@contextlib.asynccontextmanager
async def seated(stage: Stage, username: str, camera: str) -> AsyncIterator[Desk]:
    """A new FIM before the live map, with a camera selected, until the end of the block."""
    user = await accounts.add_user(stage.owner, username, "fim")
    url = stage.place.dashboard_url
    async with async_playwright() as playwright:
        with tempfile.TemporaryDirectory() as profile:
            context = await playwright.chromium.launch_persistent_context(
                profile, executable_path=chromium(), args=list(_FLAGS),
                viewport={"width": 1280, "height": 800},
            )  # fmt: skip
            try:
                page = context.pages[0]
                page.set_default_timeout(_READY_WITHIN_MS)
                await page.goto(url)
                await page.fill("#username", user.username)
                await page.fill("#password", user.password)
                await page.press("#password", "Enter")
                await page.wait_for_url("**/map*")
                await page.goto(f"{url}/map?at={LAT},{LON},15&camera={camera}")
                desk = Desk(page)
                await desk.until_offered()
                await page.evaluate(_NOTES.read_text(encoding="utf-8"))
                yield desk
            finally:
                await context.close()
