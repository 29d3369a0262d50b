"""The framed incident beside the map, areas by dragging, the keys in words, and positions that are old."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Desk
from tests.browser.on_the_map import LAT, LON, here, map_is_drawn, officer, report, said, until_said
from tests.force import Force

pytestmark = pytest.mark.browser


async def _incident(force: Force, title: str, lat: float, lon: float = LON) -> int:
    made = await force.incident(title)
    await force.owner.execute(
        "update incident set log_number = 'L-' || id, lat = $2, lon = $3, talkgroup = 'HC 4' where id = $1", made, lat, lon
    )  # fmt: skip
    return made


async def test_a_framed_incident_says_what_it_is_and_what_can_be_done(
    desk: Desk, force: Force
) -> None:
    await officer(force, 1, lat=LAT + 0.001)
    away = await officer(force, 2, lat=LAT + 0.2)
    bridge = await _incident(force, "Man on the wrong side of the bridge's rail", LAT)
    screen = await desk.open(await force.user("fim"), f"{here()}&camera=AB4-000002&q=RB02")
    page = screen.page
    card = page.locator("#live-map-card")
    await expect(card).to_contain_text("RB02")
    await page.locator(".strip-item").click()
    # the officer in another town, and the search for them, are let go of
    await expect(card.get_by_role("heading", level=2)).to_have_text(
        "Man on the wrong side of the bridge's rail"
    )
    await expect(page.get_by_role("option")).to_have_count(2)
    for words in (f"L-{bridge} · Immediate", "OL 965 220", "HC 4", "1 camera within 500 m"):
        await expect(card).to_contain_text(words)
    await expect(card.get_by_role("button", name="Open in Triage")).to_be_hidden()
    await report(force, away, lat=LAT + 0.002)
    await expect(card).to_contain_text("2 cameras within 500 m")

    await card.get_by_role("button", name="Request negotiators…").click()
    await expect(page).to_have_url(re.compile(rf"/triage\?request=1&incident={bridge}"))
    await page.go_back()
    await expect(card.get_by_role("heading", level=2)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Nobody is selected.")).to_be_visible()
    assert "incident" not in said(page)
    assert screen.problems == []


async def test_a_request_is_for_the_incident_that_the_officer_may_be_at(
    desk: Desk, force: Force
) -> None:
    await officer(force, 1)
    near = await _incident(force, "Man on the bridge", LAT + 0.005)
    far = await _incident(force, "Crowd at the harbour", LAT + 0.3)
    page = (
        await desk.open(await force.user("fim"), f"{here()}&camera=AB4-000001&incident={far}")
    ).page
    request = page.locator("#live-map-card").get_by_role("button", name="Request negotiators…")
    await expect(page.locator("#live-map-card")).to_contain_text("RB01")
    await request.click()
    await expect(page).to_have_url(re.compile(r"/triage\?request=1&camera=AB4-000001$"))
    await page.goto(f"{desk.url}{here()}&camera=AB4-000001&incident={near}")
    await expect(page.locator("#live-map-card")).to_contain_text("RB01")
    await request.click()
    await expect(page).to_have_url(re.compile(rf"request=1&camera=AB4-000001&incident={near}"))


async def test_a_rectangle_is_dragged(desk: Desk, force: Force) -> None:
    await officer(force, 1)
    await officer(force, 2, lat=LAT + 0.004)
    screen = await desk.open(await force.user("fim"), here(14))
    page = screen.page
    await map_is_drawn(page)
    await page.get_by_role("button", name="Draw an area").click()
    box = await page.locator("#live-map-map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x - 60, y - 40)
    await page.mouse.down()
    await page.mouse.move(x, y, steps=3)
    await page.mouse.move(x + 60, y + 40, steps=3)
    await page.mouse.up()
    await expect(page.locator("#live-map-drawing")).to_be_hidden()
    await expect(page.get_by_role("option")).to_have_count(1)
    await until_said(page, "area", r"[^;]+(;[^;]+){3}")
    assert [float(one) for one in said(page)["at"].split(",")] == [LAT, LON, 14]
    before = said(page)["at"]
    # afterwards the map is moved by hand again
    await page.mouse.move(x, y + 120)
    await page.mouse.down()
    await page.mouse.move(x + 80, y + 160, steps=4)
    await page.mouse.up()
    await page.wait_for_function(
        "at => new URLSearchParams(location.search).get('at') !== at", arg=before
    )
    assert screen.problems == []


async def test_the_keys_are_told_and_can_be_switched_off(desk: Desk, force: Force) -> None:
    page = (await desk.open(await force.user("fim"), here())).page
    await map_is_drawn(page)
    await page.keyboard.press("?")
    help_of = page.get_by_role("dialog", name="Keys of the live map")
    await expect(help_of).to_contain_text("Open the stream of the selected camera")
    await help_of.get_by_role("checkbox").uncheck()
    await help_of.get_by_role("button", name="Close").click()
    await page.keyboard.type("/nr")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator("#live-map-search")).not_to_be_focused()
    assert "place" not in said(page)
    await page.keyboard.press("?")
    await help_of.get_by_role("checkbox").check()
    await help_of.get_by_role("button", name="Close").click()
    await page.keyboard.press("/")
    await expect(page.locator("#live-map-search")).to_be_focused()


async def test_an_old_position_is_not_shown_as_if_it_were_new(desk: Desk, force: Force) -> None:
    camera = await officer(force, 1)
    await force.owner.execute(
        "update live set fix_time = now() - interval '10 min', seen_time = now() where camera_id = $1", camera
    )  # fmt: skip
    page = (await desk.open(await force.user("fim"), f"{here()}&camera=AB4-000001")).page
    row = page.get_by_role("option")
    await expect(row).to_contain_text("position old")
    await expect(row.locator(".row-age")).to_have_text("10 min")
    await expect(row).to_contain_text(
        re.compile(r"position 10 min ago, heard (just now|\d+ s ago)")
    )
    await expect(page.locator(".card-warnings")).to_contain_text(
        "The position is 10 min old: it may be elsewhere by now."
    )
    await expect(page.get_by_role("button", name="Open stream…")).to_be_enabled()
    await report(force, camera)
    await expect(row.locator(".row-age")).to_have_text(re.compile(r"now|\d s"))
    await expect(page.locator(".card-warnings")).to_have_text("")


async def test_an_officer_without_a_position_is_not_on_the_map(desk: Desk, force: Force) -> None:
    camera = await officer(force, 1)
    await force.owner.execute(
        "update live set fix_time = null, lat = null, lon = null where camera_id = $1", camera
    )
    page = (await desk.open(await force.user("fim"), f"{here()}&camera=AB4-000001")).page
    await expect(page.locator(".card-warnings")).to_contain_text("No position was reported")
    await expect(page.get_by_role("button", name="Show on the map")).to_be_disabled()


async def test_incidents_out_of_sight_have_no_keyboard(desk: Desk, force: Force) -> None:
    await _incident(force, "Here", LAT)
    await _incident(force, "Far away", LAT + 0.3)
    page = (await desk.open(await force.user("fim"), here())).page
    await map_is_drawn(page)
    await expect(page.locator(".incident-marker")).to_have_count(2)
    await expect(page.get_by_role("button", name=re.compile("Here.*show it"))).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("Far away.*show it"))).to_have_count(0)


async def test_what_somebody_may_not_see_any_more_goes_at_once(desk: Desk, force: Force) -> None:
    camera = await officer(force, 1)
    kidnap = await _incident(force, "Kidnap at the harbour", LAT)
    fim = await force.user("fim")
    page = (await desk.open(fim, f"{here()}&incident={kidnap}&camera=AB4-000001")).page
    await expect(page.locator(".strip-item")).to_contain_text("Kidnap")
    await force.at_incident(camera, kidnap)
    await force.owner.execute("update incident set restricted = true where id = $1", kidnap)
    await expect(page.get_by_text("Kidnap")).to_have_count(0, timeout=2500)
    await expect(page.get_by_text("AB4-000001 is not on your map.")).to_be_visible(timeout=2500)
