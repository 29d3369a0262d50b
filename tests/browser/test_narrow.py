"""The frame and the live map on small screens and at 200 % zoom: nothing is out of reach sideways."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import Desk
from tests.browser.on_the_map import (
    GREEN,
    LAT,
    LON,
    click_middle,
    here,
    map_is_drawn,
    officer,
    said,
    until_middle_is,
    until_said,
)
from tests.force import Force

pytestmark = pytest.mark.browser

PHONE, ZOOMED, SMALL = (360, 740), (720, 450), (1024, 768)


def size(of: tuple[int, int]) -> dict[str, dict[str, int]]:
    return {"viewport": {"width": of[0], "height": of[1]}}


async def box(part: Locator) -> FloatRect:
    """Where a part of the page is."""
    found = await part.bounding_box()
    assert found is not None
    return found


async def is_within(page: Page, selector: str) -> bool:
    """Whether the whole element is in the window."""
    box = await page.locator(selector).bounding_box()
    window = page.viewport_size
    assert box is not None
    assert window is not None
    return box["x"] >= 0 and box["x"] + box["width"] <= window["width"] and box["width"] > 0


@pytest.mark.parametrize("screen_size", [PHONE, ZOOMED, SMALL], ids=["phone", "zoomed", "small"])
async def test_no_page_runs_out_sideways(
    desk: Desk, force: Force, screen_size: tuple[int, int]
) -> None:
    for number in range(6):
        await force.incident(f"Man on the wrong side of a bridge parapet {number}")
    await officer(force, 17)
    page = (await desk.open(await force.user("fim"), here(), **size(screen_size))).page
    await map_is_drawn(page)
    await expect(page.locator(".strip-item")).to_have_count(6)
    assert await page.evaluate("document.documentElement.scrollWidth") == screen_size[0]
    for part in ("#health", "#live-map-incidents", "#live-map-map"):
        assert await is_within(page, part), part
    await page.mouse.wheel(400, 0)
    assert await page.evaluate("[scrollX, document.querySelector('#page').scrollLeft]") == [0, 0]


async def test_a_framed_incident_has_its_card_beside_its_place_on_a_small_screen(
    desk: Desk, force: Force
) -> None:
    await force.incident()
    page = (await desk.open(await force.user("fim"), here(), **size(SMALL))).page
    await map_is_drawn(page)
    card = page.locator("#live-map-card")
    await expect(card).to_be_hidden()
    await page.locator(".strip-item").click()
    await expect(card.get_by_role("heading", name="Man on the bridge")).to_be_visible()
    marker, frame = page.locator(".incident-marker"), page.locator("#live-map-map")
    async with asyncio.timeout(5):
        while True:  # the map is on its way there
            scene, over, whole = [await box(part) for part in (marker, card, frame)]
            if whole["x"] < scene["x"] and scene["x"] + scene["width"] < over["x"]:
                break
            await asyncio.sleep(0.05)
    controls = await box(page.locator(".map-controls"))
    assert controls["x"] + controls["width"] <= over["x"]
    await card.get_by_role("button", name="Close").click()
    await expect(card).to_be_hidden()
    await until_said(page, "incident", "")


@pytest.mark.parametrize("screen_size", [PHONE, ZOOMED], ids=["phone", "zoomed"])
async def test_the_menu_opens_by_keyboard_and_leads_on(
    desk: Desk, force: Force, screen_size: tuple[int, int]
) -> None:
    page = (await desk.open(await force.user("fim"), "/map", **size(screen_size))).page
    menu = page.get_by_role("button", name="Menu: Live map")
    await expect(menu).to_have_attribute("aria-expanded", "false")
    await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    await menu.focus()
    await page.keyboard.press("Enter")
    for part in ("#navigation", "#sign-out", "#theme-switch", "#clock", "#health"):
        assert await is_within(page, part), part
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Triage")).to_be_hidden()
    await expect(menu).to_be_focused()
    await page.keyboard.press("Space")
    await page.get_by_role("link", name="Triage").press("Enter")
    await expect(page.get_by_role("button", name="Menu: Triage")).to_have_attribute(
        "aria-expanded", "false"
    )


async def test_a_phone_shows_map_or_list_and_the_card_over_both(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    page = (await desk.open(await force.user("fim"), here(), **size(PHONE))).page
    await map_is_drawn(page)
    row = page.get_by_role("option")
    await expect(row).to_be_hidden()
    await page.get_by_role("button", name="List", exact=True).click()
    await expect(page.locator("#live-map-map")).to_be_hidden()
    await row.click()
    card = page.locator("#live-map-card")
    box = await card.bounding_box()
    assert box is not None
    assert box["width"] == PHONE[0]
    await card.get_by_role("button", name="Show on the map").click()
    await expect(card).to_be_hidden()
    await expect(page.locator("#live-map-map")).to_be_visible()
    await until_said(page, "camera", "AB4-000017")
    await until_middle_is(page, GREEN)
    await click_middle(page)
    await expect(card).to_be_visible()


async def test_the_card_does_not_lie_on_the_mark_that_was_chosen(desk: Desk, force: Force) -> None:
    await officer(force, 17, lon=LON)
    west = LON - 0.012  # of the middle of the map, so that the camera is under the card
    page = (
        await desk.open(await force.user("fim"), f"/map?at={LAT},{west},14", **size(SMALL))
    ).page
    await map_is_drawn(page)
    await page.get_by_role("option").click()
    await expect(page.locator("#live-map-card")).to_be_visible()
    # The map moves the camera out from under the card, and says so once it is at rest.
    middle = west
    async with asyncio.timeout(8):
        while middle <= west:
            await asyncio.sleep(0.1)
            middle = float(said(page)["at"].split(",")[1])
    card = await page.locator("#live-map-card").bounding_box()
    map_frame = await page.locator("#live-map-map").bounding_box()
    assert card is not None
    assert map_frame is not None
    degrees_per_px = 360 / (512 * 2**14)
    x = map_frame["x"] + map_frame["width"] / 2 + (LON - middle) / degrees_per_px
    assert map_frame["x"] < x < card["x"]


async def test_the_legend_says_what_colours_mean_on_small_screens(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    page = (await desk.open(await force.user("fim"), here(), **size(SMALL))).page
    await map_is_drawn(page)
    for word in ("recording", "stale", "good", "poor", "unknown"):
        await expect(page.locator("#live-map-legend").get_by_text(word, exact=True)).to_be_visible()
