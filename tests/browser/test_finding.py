"""Finding on the live map: incidents, places, areas that are drawn, in view, or the force's own; who is heard of."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.on_the_map import LAT, LON, here, map_is_drawn, officer, report, said, until_said
from tests.force import Force

pytestmark = pytest.mark.browser


async def test_a_search_finds_incidents_too(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    incident = await force.incident("Man on the bridge")
    await force.owner.execute("update incident set log_number = 'HC-7'")
    fim = await force.user("fim")
    page = (await desk.open(fim, here())).page
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.locator("#live-map-search").fill("hc-7")
    found = page.locator(".found-incident")
    await expect(found).to_contain_text("Man on the bridge")
    await expect(page.locator("#live-map-list")).to_contain_text("the incident above is")
    await found.click()
    await expect(page.locator("#live-map-search")).to_have_value("")
    await expect(found).to_have_count(0)
    await until_said(page, "incident", str(incident))


async def settlement(force: Force, name: str, lat: float, lon: float) -> None:
    await force.owner.execute(
        "insert into basemap_feature (layer, kind, name, geom)"
        " values ('place', 'town', $1, st_transform(st_setsrid(st_makepoint($3, $2), 4326), 3857))",
        name, lat, lon,
    )  # fmt: skip


async def test_a_place_that_is_searched_for_ranks_the_recording_cameras_near_it(
    desk: Desk, force: Force
) -> None:
    await settlement(force, "Kirkwick", LAT + 0.1, LON + 0.2)
    await officer(force, 1)
    await officer(force, 2, lat=LAT + 0.101, lon=LON + 0.2, state="buffering")
    await officer(force, 3, lat=LAT + 0.11, lon=LON + 0.2)
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await expect(page.locator(".row-name").first).to_have_text("RB01")
    await page.locator("#live-map-search").fill("kirkw")
    await expect(page.locator(".found-place")).to_contain_text("Kirkwick")
    await expect(page.locator("#live-map-list")).to_contain_text("the place above is")
    await page.locator("#live-map-search").press("Enter")
    await expect(page.locator(".place-marker")).to_have_text("Kirkwick")
    await expect(page.locator("#live-map-near")).to_have_text(
        "recording first, nearest to Kirkwick"
    )
    await expect(page.locator(".row-name").first).to_have_text("RB03")
    await expect(page.locator(".row-flag").first).to_have_text("untested by this force")
    await expect(page.locator("#live-map-search")).to_have_value("")
    await until_said(page, "called", "Kirkwick")
    await until_said(page, "place", f"{LAT + 0.1:.5f},{LON + 0.2:.5f}")

    again = await desk.open(await force.user("fim", "fim2"), page.url.removeprefix(desk.url))
    await expect(again.page.locator(".place-marker")).to_have_text("Kirkwick")
    await expect(again.page.locator(".row-name").first).to_have_text("RB03")
    assert (screen.problems, again.problems) == ([], [])

    await page.locator("#live-map-forget").click()
    await expect(page.locator(".place-marker")).to_have_count(0)
    assert "place" not in said(page)


async def test_a_place_called_just_so_comes_before_an_incident_that_has_the_word(
    desk: Desk, force: Force
) -> None:
    await settlement(force, "Kirkwick", LAT + 0.1, LON + 0.2)
    await officer(force, 1)
    incident = await force.incident("Fire in Kirkwick")
    page = (await desk.open(await force.user("fim"), here())).page
    search = page.locator("#live-map-search")
    await expect(page.locator(".strip-item")).to_have_count(1)
    await search.fill("kirkwick")
    await search.press("Enter")
    await expect(page.locator(".place-marker")).to_have_text("Kirkwick")
    await search.fill("fire kirkwick")
    await search.press("Enter")
    await until_said(page, "incident", str(incident))


async def test_a_grid_reference_typed_in_a_hurry_is_a_place(desk: Desk, force: Force) -> None:
    await officer(force, 1)
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await expect(page.locator(".row")).to_have_count(1)
    await page.keyboard.press("/")
    await page.keyboard.type("tr148578")
    await page.keyboard.press("Enter")
    await expect(page.locator(".place-marker")).to_have_text("TR 148 578")
    await page.locator("#live-map-search").fill("TR 148 57")
    await expect(page.locator("#live-map-list")).to_contain_text("is not a grid reference")
    assert screen.problems == []


async def test_a_place_by_right_click_or_by_key(desk: Desk, force: Force) -> None:
    await officer(force, 1, lat=LAT + 0.01)
    await officer(force, 2, state="buffering")
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await expect(page.locator(".row-name").first).to_have_text("RB02")
    await page.locator("#live-map-map canvas").click(button="right", position={"x": 200, "y": 200})
    await expect(page.locator(".place-marker")).to_be_visible()
    await expect(page.locator(".row-name").first).to_have_text("RB01")
    view = [float(part) for part in said(page)["at"].split(",")]
    assert view == [LAT, LON, 15], "the view stays"
    await page.keyboard.press("Escape")
    await expect(page.locator(".place-marker")).to_have_count(0)
    await page.wait_for_url(lambda url: "place=" not in url)
    await page.keyboard.press("n")
    await page.wait_for_url("**place=**")
    lat, lon = said(page)["place"].split(",")
    assert (float(lat), float(lon)) == pytest.approx((LAT, LON), abs=0.001)
    assert screen.problems == []


async def test_an_incident_and_a_place_take_turns(desk: Desk, force: Force) -> None:
    incident = await force.incident("Man on a roof")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    await officer(force, 1)
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await page.locator("#live-map-map canvas").focus()
    await page.keyboard.press("n")
    await expect(page.locator(".place-marker")).to_be_visible()
    await page.locator(".incident-marker").click()
    await expect(page.locator(".place-marker")).to_have_count(0)
    await until_said(page, "incident", str(incident))
    assert "place" not in said(page)
    assert screen.problems == []


async def draw(page: Page, *corners: tuple[int, int]) -> None:
    await page.get_by_role("button", name="Draw an area").click()
    await expect(page.locator("#live-map-drawing")).to_be_visible()
    for x, y in corners:
        await page.locator("#live-map-map canvas").click(position={"x": x, "y": y})


async def test_an_area_that_is_drawn_leaves_out_what_is_outside(desk: Desk, force: Force) -> None:
    await officer(force, 1)
    await officer(force, 2, lat=LAT + 0.004)
    mover = await officer(force, 3, lat=LAT - 0.02)
    screen = await desk.open(await force.user("fim"), here(14))
    page = screen.page
    await map_is_drawn(page)
    rows = page.get_by_role("option")
    await expect(rows).to_have_count(3)
    box = await page.locator("#live-map-map").bounding_box()
    x, y = box["width"] / 2, box["height"] / 2
    await draw(page, (x - 60, y - 40), (x + 60, y - 40), (x + 60, y + 40), (x - 60, y + 40))
    await page.keyboard.press("Enter")
    await expect(page.locator("#live-map-drawing")).to_be_hidden()
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("RB01")
    await expect(page.locator("#live-map-count")).to_have_text("1 of 3")
    await expect(page.locator("#live-map-near")).to_contain_text("in the area")
    await until_said(page, "area", r"[^;]+(;[^;]+){3}")

    await report(force, mover, lat=LAT + 0.0005)
    await expect(rows).to_have_count(2)

    again = await desk.open(await force.user("fim", "fim2"), page.url.removeprefix(desk.url))
    await expect(again.page.get_by_role("option")).to_have_count(2)
    assert (screen.problems, again.problems) == ([], [])

    await page.locator("#live-map-clear").click()
    await expect(rows).to_have_count(3)
    assert "area" not in said(page)


async def test_only_what_is_in_view_is_one_press_and_stays_where_the_map_goes(
    desk: Desk, force: Force
) -> None:
    await officer(force, 1)
    await officer(force, 2, lat=LAT + 0.5)
    screen = await desk.open(await force.user("fim"), here(14))
    page = screen.page
    await map_is_drawn(page)
    rows = page.get_by_role("option")
    await expect(rows).to_have_count(2)
    in_view = page.get_by_role("button", name="In view")
    await in_view.focus()
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("RB01")
    await expect(in_view).to_be_hidden()
    clear = page.get_by_role("button", name="Clear", exact=True)
    await expect(clear).to_be_focused()
    await until_said(page, "area", r"[^;]+(;[^;]+){3}")
    await page.get_by_role("button", name="Show all cameras").click()
    await expect(rows).to_have_count(1)
    await clear.click()
    await expect(rows).to_have_count(2)
    assert screen.problems == []


async def test_an_area_can_be_given_up_taken_back_and_drawn_by_keyboard(
    desk: Desk, force: Force
) -> None:
    await officer(force, 1)
    screen = await desk.open(await force.user("fim"), here(14))
    page = screen.page
    await map_is_drawn(page)
    await draw(page, (100, 100), (200, 100))
    await page.keyboard.press("Escape")
    await expect(page.locator("#live-map-drawing")).to_be_hidden()
    assert "area" not in said(page)

    await draw(page)
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        await page.keyboard.press("Space")
        before = said(page)["at"]
        await page.keyboard.press(key)
        await page.wait_for_function(
            "at => new URLSearchParams(location.search).get('at') !== at", arg=before
        )
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Enter")
    await expect(page.locator("#live-map-drawing")).to_be_hidden()
    await until_said(page, "area", r"[^;]+(;[^;]+){2}")
    assert screen.problems == []


async def test_the_forces_own_areas_are_filtered_by_outlined_and_in_the_address(
    desk: Desk, force: Force
) -> None:
    await officer(force, 17)
    await officer(force, 18, lat=LAT + 0.2)
    await force.owner.execute(
        "insert into area (code, name, geom) values ('N', 'North Division', st_multi(st_makeenvelope($1, $2, $3, $4, 4326)))",
        LON - 0.1, LAT + 0.1, LON + 0.1, LAT + 0.3,
    )  # fmt: skip
    page = (await desk.open(await force.user("fim"), here())).page
    await expect(page.get_by_role("option")).to_have_count(2)
    await page.locator("#live-map-division").click()
    await page.get_by_role("option", name="North Division").click()
    await expect(page.get_by_role("listbox", name="Cameras")).to_contain_text("RB18")
    await expect(page.locator("#live-map-count")).to_have_text("1 of 2")
    await until_said(page, "in", "N")
    await expect(page.locator("#live-map-near")).to_contain_text("in North Division")
    # asked for, it is looked at
    await until_said(page, "at", rf"{LAT + 0.2:.2f}.*")
    await page.reload()
    await expect(page.locator("#live-map-count")).to_have_text("1 of 2")
    await expect(page.locator("#live-map-division")).to_have_value("North Division")
    await page.get_by_role("button", name="Clear", exact=True).click()
    await expect(page.locator("#live-map-count")).to_have_text("2 cameras")
    await expect(page.locator("#live-map-division")).to_have_value("")
    await page.goto(f"{desk.url}/map?in=X")
    await expect(page.locator(".list-empty")).to_contain_text("The force has no area “X”.")


async def test_who_was_not_heard_of_is_found(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    silent = await officer(force, 18)
    await force.owner.execute(
        "update live set seen_time = now() - interval '1 hour', fix_time = now() - interval '1 hour' where camera_id = $1",
        silent,
    )
    page = (await desk.open(await force.user("fim"), here())).page
    await expect(page.locator("#live-map-count")).to_have_text("2 cameras")
    await page.locator("#live-map-heard").click()
    await page.get_by_role("option", name="Stale", exact=True).click()
    await expect(page.locator("#live-map-count")).to_have_text("1 of 2")
    await expect(page.get_by_role("listbox", name="Cameras")).to_contain_text("RB18")
    await until_said(page, "heard", "stale")
    # it turns up again, and is none of them any more; a list that is pointed at would stand still
    await page.mouse.move(900, 500)
    await report(force, silent)
    await expect(page.locator("#live-map-count")).to_have_text("0 of 2")
