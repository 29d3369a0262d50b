"""The whole main job of a FIM with the keyboard alone: from signing in, over a stream, to negotiators who are turned round."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from sightline.sql.accounts import add_user
from tests.browser.on_the_map import until_said
from tests.browser.scene import CAMERA, running_scene
from tests.force import Force

pytestmark = pytest.mark.browser

_MOST_TABS = 60
_LOOK_MS = 300
_KEY_MS = 60
"""Between two keys of somebody who types well."""


async def has_keyboard(target: Locator) -> bool:
    return bool(await target.evaluate("(element) => element === document.activeElement"))


async def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """As somebody does who only has the keyboard; wherever it stops on the way, it is seen."""
    await expect(target).to_be_visible()
    for _ in range(_MOST_TABS):
        if await has_keyboard(target):
            return
        await page.keyboard.press(key)
        assert await page.evaluate(IS_SEEN), await page.evaluate(
            "document.activeElement.outerHTML.slice(0, 200)"
        )
    raise AssertionError(f"{_MOST_TABS} times {key}, and the keyboard is not on {target}")


IS_SEEN = """() => {
  const { activeElement: at } = document;
  if (at === document.body) return true;  // between the end of the page and its beginning
  // A radio button that is drawn as its label has the ring there.
  return [at, ...(at.labels ?? [])].some((element) => {
    const { width, height } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return width > 0 && height > 0 && (ring || style.boxShadow !== "none" || element.matches("input, textarea"));
  });
}"""


async def press(
    page: Page, name: str | re.Pattern[str], key: str = "Tab", within: Locator | None = None
) -> None:
    """Go to a button and press it."""
    exact = isinstance(name, str)
    await tab_to(
        page, (within or page.locator("body")).get_by_role("button", name=name, exact=exact), key
    )
    await page.keyboard.press("Enter")


async def take_first(page: Page) -> None:
    """Enter, once the first of the choices that are left is marked, and somebody has seen that.

    Choices that come at this very moment are marked anew, and Enter hits none of them: whoever sees that presses again.
    """
    marked = page.locator("[data-combobox-selected]:visible")
    await page.wait_for_timeout(_LOOK_MS)
    await expect(marked).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.wait_for_timeout(_LOOK_MS)
    if await marked.count():
        await page.keyboard.press("Enter")


async def test_the_whole_main_job(force: Force, chromium: str) -> None:
    fim = await add_user(force.owner, "fim", "fim", password="long enough for a FIM")
    incident = await force.incident("Man on the bridge")
    await force.owner.execute(
        "update incident set log_number = 'L-1', lat = 56.3502, lon = 1.1803 where id = $1",
        incident,
    )
    for name in ("Neg One", "Neg Two"):
        await force.negotiator(name)
    await force.negotiator("Co Ordinator", "negco")
    async with running_scene(force, chromium) as scene:
        officer = await force.owner.fetchval(
            "insert into officer (shoulder_number, name) values ('4417', 'Jane Doe') returning id"
        )
        await force.owner.execute(
            "insert into duty (camera_id, officer_id, call_sign, during)"
            " select id, $2, 'RB31', tstzrange(now() - interval '1 h', null) from camera where ref = $1",
            CAMERA, officer,
        )  # fmt: skip
        page = (await scene.desk.open_door()).page

        # in
        await expect(page.locator("#username")).to_be_focused()
        await page.keyboard.type(fim.username)
        await page.keyboard.press("Tab")
        await page.keyboard.type("long enough for a FIM")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/map**")
        await expect(page.get_by_role("option")).to_contain_text("RB31", timeout=20_000)

        # the officer
        await page.keyboard.press("/")
        await page.keyboard.type("4417")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        card = page.locator("#live-map-card")
        await expect(card).to_contain_text("Jane Doe")
        await expect(card.get_by_role("button", name="Open stream…")).to_be_enabled()

        # the stream: incident, purpose, reason
        await page.keyboard.press("o")
        await expect(page.locator("#stream-incident")).to_be_focused()
        await page.keyboard.type("L-1", delay=_KEY_MS)
        await take_first(page)
        await expect(page.locator("#stream-incident")).to_have_value("L-1 · Man on the bridge")
        await tab_to(page, page.locator("#stream-purpose"))
        await page.keyboard.type("Officer", delay=_KEY_MS)
        await take_first(page)
        await expect(page.locator("#stream-purpose")).to_have_value("Officer safety")
        await page.keyboard.press("Tab")
        await page.keyboard.type("See the subject")
        await tab_to(page, page.locator("#stream-open"))
        await page.keyboard.press("Enter")
        tile = page.locator(".tile")
        await expect(tile).to_have_attribute("data-state", "playing", timeout=15_000)
        await expect(page.get_by_role("dialog")).to_be_hidden()

        # and its end
        await press(page, re.compile("^End"), within=tile)
        await expect(tile).to_have_count(0)

        # the incident, by its log number
        await page.keyboard.press("/")
        await page.keyboard.press("Control+a")
        await page.keyboard.type("L-1")
        await page.keyboard.press("Enter")
        await until_said(page, "at", r"56\.35.*")
        await expect(page.locator(".strip-item")).to_contain_text("Man on the bridge")

        # negotiators for it
        await press(page, "Request negotiators…", within=card)
        await page.wait_for_url("**/triage**")
        what = page.get_by_label("What is happening?")
        await tab_to(page, what)
        await page.keyboard.type("On the wrong side of the rail")
        await press(page, "Send the request")
        state = page.locator(".state")
        await expect(state).to_have_text("Requested")
        await press(page, "Dispatch…")
        await tab_to(page, page.locator(".second-step textarea"))
        await page.keyboard.type("Alone, and talking.")
        await press(page, "Dispatch")
        await expect(state).to_have_text("Deployed")
        await press(page, "Cancel…")
        await tab_to(page, page.locator(".second-step textarea"))
        await page.keyboard.type("Came down by himself.")
        await press(page, re.compile("^Cancel "), within=page.locator(".second-step"))
        await expect(state).to_have_text("Cancelled")

        # out
        await press(page, "Sign out", "Shift+Tab")
        await expect(page.locator("#username")).to_be_visible()
