"""The live map in Chromium, on the real feed of the real database."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.async_api import Route, expect

from tests.browser.conftest import Desk
from tests.browser.on_the_map import (
    GREEN,
    LAT,
    LON,
    YELLOW,
    beats,
    click_middle,
    colour_of_middle,
    gateway,
    here,
    is_like,
    map_is_drawn,
    officer,
    report,
    said,
    until_middle_is,
    until_said,
)
from tests.force import RECORDING, Force, Person

pytestmark = pytest.mark.browser


async def test_a_camera_is_on_the_map_in_the_list_and_on_the_card(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    await officer(force, 18, state="buffering", lat=LAT + 0.01)
    fim = await force.user("fim")
    screen = await desk.open(fim, here())
    page = screen.page
    rows = page.get_by_role("option")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("RB17")
    await expect(rows.nth(0)).to_contain_text("Response B3")
    await until_middle_is(page, GREEN)
    await click_middle(page)
    card = page.locator("#live-map-card")
    await expect(card.get_by_role("heading", name="RB17")).to_be_visible()
    await expect(card).to_contain_text("PC Officer 17 4017")
    await expect(card).to_contain_text("±5 m")
    await expect(card).to_contain_text("OL 965 220")
    await expect(card).to_contain_text("4G −80 dBm")
    await expect(card).to_contain_text("71 %")
    await until_said(page, "camera", "AB4-000017")
    await expect(page.get_by_role("option", selected=True)).to_contain_text("RB17")
    await rows.nth(1).click()
    await expect(card.get_by_role("heading", name="RB18")).to_be_visible()
    await until_said(page, "camera", "AB4-000018")
    assert screen.problems == []
    assert screen.elsewhere == []


async def test_a_link_opens_the_same_selection_filters_and_view(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    await officer(force, 18, state="buffering")
    fim = await force.user("fim")
    screen = await desk.open(fim, f"{here(16.25)}&camera=AB4-000018&recording=buffering&q=rb")
    page = screen.page
    await expect(page.locator("#live-map-card").get_by_role("heading", name="RB18")).to_be_visible()
    await expect(page.get_by_role("option")).to_have_count(1)
    await expect(page.locator("#live-map-search")).to_have_value("rb")
    await map_is_drawn(page)
    await until_said(page, "at", r".*,16\.25")


async def test_reports_move_marks_and_never_the_view(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    fim = await force.user("fim")
    page = (await desk.open(fim, f"{here()}&camera=AB4-000017")).page
    await until_middle_is(page, GREEN)
    before = page.url
    for step in range(1, 5):
        await report(force, camera, lat=LAT + step * 2e-3, rsrp_dbm=-95)
        await asyncio.sleep(0.3)
    card = page.locator("#live-map-card")
    await expect(card).to_contain_text("OL 965 229")
    await expect(card).to_contain_text("Fair: carries 360p")
    assert page.url == before
    assert not is_like(await colour_of_middle(page), GREEN)
    await report(force, camera, lat=LAT)
    await until_middle_is(page, YELLOW)
    assert page.url == before


async def test_an_off_reaches_the_card_within_a_second(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    fim = await force.user("fim")
    page = (await desk.open(fim, f"{here()}&camera=AB4-000017")).page
    button = page.get_by_role("button", name="Open stream…")
    await expect(button).to_be_enabled()
    await report(force, camera, recording=RECORDING["buffering"])
    await expect(button).to_be_disabled(timeout=1500)
    await expect(page.locator("#card-why")).to_have_text(
        "Buffering, not recording: only a recording camera streams."
    )


async def test_filters_narrow_list_and_map_and_say_when_nothing_is_left(
    desk: Desk, force: Force
) -> None:
    for number in range(10, 16):
        await officer(
            force, number, state="recording" if number % 2 else "buffering", lat=LAT + number / 1000
        )
    fim = await force.user("fim")
    page = (await desk.open(fim)).page
    rows = page.get_by_role("option")
    await expect(rows).to_have_count(6)
    await page.get_by_text("Recording", exact=True).click()
    await expect(rows).to_have_count(3)
    await expect(page.locator("#live-map-count")).to_have_text("3 of 6")
    await page.locator("#live-map-search").fill("4011")
    await expect(rows).to_have_count(1)
    assert (said(page)["recording"], said(page)["q"]) == ("recording", "4011")
    await page.locator("#live-map-search").fill("nobody")
    await expect(page.get_by_text("No camera passes these filters.")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(rows).to_have_count(6)
    assert "q" not in said(page)


async def test_a_unit_in_the_address_is_kept_and_all_units_are_offered(
    desk: Desk, force: Force
) -> None:
    for number in (10, 11, 12):
        await officer(force, number, lat=LAT + number / 1000)
    await force.owner.execute(
        "with made as (insert into unit (code, name) values ('D1', 'Dog Section') returning id)"
        " update officer set unit_id = (select id from made) where shoulder_number = '4012'"
    )
    fim = await force.user("fim")
    for _ in range(3):
        page = (await desk.open(fim, "/map?unit=D1")).page
        unit = page.locator("#live-map-unit")
        await expect(page.get_by_role("option")).to_have_count(1)
        await expect(unit).to_have_value("Dog Section")
        await expect(page.locator("#live-map-count")).to_have_text("1 of 3")
        assert said(page)["unit"] == "D1"
        await unit.click()
        offered = page.locator(".mantine-Select-option:visible")
        await expect(offered).to_have_text(["Dog Section", "Response B3"])
        await unit.fill("resp")
        await page.keyboard.press("Enter")
        await expect(unit).to_have_value("Response B3")
        await expect(page.locator("#live-map-count")).to_have_text("2 of 3")
        await page.context.close()


async def test_everything_by_keyboard(desk: Desk, force: Force) -> None:
    for number in (10, 11, 12):
        await officer(force, number, lat=LAT + (number - 10) * 0.002)
    fim = await force.user("fim")
    page = (await desk.open(fim, here())).page
    await expect(page.get_by_role("option")).to_have_count(3)
    await map_is_drawn(page)
    await page.keyboard.press("/")
    await expect(page.locator("#live-map-search")).to_be_focused()
    await page.keyboard.type("RB1")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", selected=True)).to_contain_text("RB10")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", selected=True)).to_contain_text("RB11")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"at=56\.352"))
    await page.keyboard.press("o")
    await expect(page.get_by_role("dialog")).to_contain_text("RB11")
    await expect(page.locator("#stream-incident")).to_be_focused()
    for field in ("provisional", "purpose", "reason"):
        await page.keyboard.press("Tab")
        await expect(page.locator(f"#stream-{field}")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    # a closed dialog has the keyboard for another moment
    await page.wait_for_function("() => !document.activeElement.closest('[role=dialog]')")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Nobody is selected.")).to_be_visible()


async def test_a_crowd_is_a_number_that_opens(desk: Desk, force: Force) -> None:
    await force.owner.execute(
        "insert into camera (ref) select 'X' || n from generate_series(1, 60) n"
    )
    await force.owner.execute(
        "insert into live (camera_id, gateway_id, batch, seen_time, recording, fix_time, lat, lon)"
        " select id, 1, 1, now(), case when id % 4 = 0 then 3 else 2 end, now(), $1 + id / 40000.0, $2 from camera",
        LAT, LON,
    )  # fmt: skip
    fim = await force.user("fim")
    page = (await desk.open(fim, here(9))).page
    await expect(page.locator("#live-map-count")).to_have_text("60 cameras")
    await map_is_drawn(page)
    await asyncio.sleep(1)
    await click_middle(page)
    await expect(page).to_have_url(re.compile(r",1[3-9]\.\d\d$"))
    await expect(page.get_by_text("Nobody is selected.")).to_be_visible()


async def test_marks_survive_the_loss_of_the_graphics_card(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    fim = await force.user("fim")
    screen = await desk.open(fim, here())
    page = screen.page
    await until_middle_is(page, GREEN)
    for lost_ms in (400, 0, 100, 1200, 30, 250):
        await page.evaluate(
            """async (lostMs) => {
              const gl = document.querySelector(".maplibregl-canvas").getContext("webgl2");
              const lose = gl.getExtension("WEBGL_lose_context");
              lose.loseContext();
              await new Promise((done) => setTimeout(done, lostMs));
              // Whoever has looked away from the map while it is lost must not keep it from coming back.
              window.dispatchEvent(new Event("resize"));
              lose.restoreContext();
              await new Promise((done) => setTimeout(done, 300));
            }""",
            lost_ms,
        )
        await until_middle_is(page, GREEN)
    await click_middle(page)
    await expect(page.locator("#live-map-card").get_by_role("heading", name="RB17")).to_be_visible()
    assert screen.problems == []


async def test_themes_change_everything_and_are_kept(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    fim = await force.user("fim")
    page = (await desk.open(fim, here())).page
    await until_middle_is(page, GREEN)
    await page.get_by_role("button", name="Light theme").click()
    await until_middle_is(page, (0, 158, 115))
    background = "getComputedStyle(document.body).backgroundColor"
    assert await page.evaluate(background) == "rgb(230, 235, 238)"
    await page.reload()
    await until_middle_is(page, (0, 158, 115))
    assert await page.evaluate(background) == "rgb(230, 235, 238)"
    await expect(page.get_by_role("button", name="Dark theme")).to_be_visible()


async def test_a_theme_that_changes_before_the_map_is_drawn_is_the_maps_too(
    desk: Desk, force: Force
) -> None:
    await officer(force, 17)
    page = (await desk.open(await force.user("fim"), here())).page
    said_by_page: list[str] = []
    page.on(
        "console", lambda said: said_by_page.append(said.text) if said.type == "error" else None
    )
    asked, painted = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await painted.wait()
        await route.continue_()

    await page.route("**/tiles/**", hold)
    await page.reload(wait_until="commit")
    await asyncio.wait_for(asked.wait(), 20)
    await page.get_by_role("button", name="Light theme").click()
    painted.set()
    await until_middle_is(page, (0, 158, 115))
    assert said_by_page == []


async def test_a_restricted_incident_takes_its_camera_off_the_map(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    await officer(force, 18, lat=LAT + 0.01)
    fim, named = await force.user("fim"), await force.user("fim", "named")
    kidnap = await force.incident("Kidnap at the harbour", restricted=True)
    await force.assign(named, kidnap)
    outside = (await desk.open(fim, f"{here()}&camera=AB4-000017")).page
    inside = (await desk.open(named, here())).page
    for page in (outside, inside):
        await expect(page.get_by_role("option")).to_have_count(2)
    await force.at_incident(camera, kidnap)
    await expect(outside.get_by_role("option")).to_have_count(1, timeout=3000)
    await expect(outside.get_by_text("AB4-000017 is not on your map.")).to_be_visible()
    await expect(outside.get_by_text("Kidnap")).to_have_count(0)
    await expect(inside.get_by_role("option")).to_have_count(2)
    await expect(inside.locator(".strip-item")).to_contain_text("Kidnap at the harbour")


async def test_an_incident_frames_its_place_and_ranks_recording_cameras(
    desk: Desk, force: Force
) -> None:
    await officer(force, 17, state="buffering", lat=57.0001, lon=2)
    await officer(force, 18, lat=57.003, lon=2)
    await officer(force, 19, lat=57.001, lon=2)
    incident = await force.incident("Man on the bridge")
    fim = await force.user("fim")
    page = (await desk.open(fim, here(9))).page
    await map_is_drawn(page)
    await page.locator(".strip-item").click()
    rows = page.get_by_role("option")
    for place, name in enumerate(("RB19", "RB18", "RB17")):
        await expect(page.locator(f"[aria-posinset='{place + 1}']")).to_contain_text(name)
    await expect(rows).to_have_count(3)
    await expect(page).to_have_url(re.compile(r"at=57\.000"))
    await until_said(page, "incident", str(incident))
    await expect(page.locator("#live-map-near")).to_contain_text("Man on the bridge")


async def test_the_browsers_back_goes_back_to_the_incident_before(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    first, second = await force.incident("Man on a roof"), await force.incident("Woman on a bridge")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    await force.owner.execute("update incident set lat = lat + 0.1 where id = $1", second)
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await map_is_drawn(page)
    strip = page.locator(".strip-item")
    for title, number in (("Man on a roof", first), ("Woman on a bridge", second)):
        await strip.filter(has_text=title).click()
        await until_said(page, "incident", str(number))
    await until_said(page, "at", rf"{LAT + 0.1:.2f}.*")
    await page.go_back()
    await until_said(page, "incident", str(first))
    await until_said(page, "at", rf"{LAT:.2f}.*")
    await expect(page.locator("#live-map-card")).to_contain_text("Man on a roof")
    await page.go_back()
    await expect(page.locator("#live-map-card")).to_contain_text("Nobody is selected")
    await page.go_forward()
    await until_said(page, "incident", str(first))
    await expect(page.locator("#live-map-card")).to_contain_text("Man on a roof")
    assert screen.problems == []


async def test_a_new_incident_is_on_the_strip_at_once(desk: Desk, force: Force) -> None:
    fim = await force.user("fim")
    page = (await desk.open(fim)).page
    await expect(page.get_by_text("No open incidents.")).to_be_visible()
    async with force.acting(fim) as connection:
        await connection.fetchrow(
            "select * from incident_put($1)",
            '{"title": "Woman on the pier", "grade": "immediate", "lat": 57, "lon": 2}',
        )
    await expect(page.locator(".strip-item")).to_contain_text("Woman on the pier", timeout=3000)


async def test_the_pill_says_within_three_seconds_that_the_database_is_lost(
    desk: Desk, force: Force
) -> None:
    await gateway(force)
    camera = await officer(force, 17)
    beating = await beats(force)
    fim = await force.user("fim")
    page = (await desk.open(fim, f"{here()}&camera=AB4-000017")).page
    pill = page.locator("#health")
    await expect(pill).to_contain_text("1 camera")
    assert await pill.get_attribute("data-state") == "ok"
    superuser = await force.database.superuser()
    await superuser.execute("alter role sightline_dashboard nologin")
    try:
        await superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'sightline-dashboard' and datname = current_database()"
        )
        await expect(pill).to_contain_text("Database lost", timeout=3000)
        assert await pill.get_attribute("data-state") == "lost"
        await expect(page.locator("#banner")).to_contain_text("The database does not answer since")
        aged = re.compile(r"(?<!\d)([3-9]|1\d) s ago")  # it ticks on although nothing is heard
        await expect(page.locator("#live-map-card")).to_contain_text(aged, timeout=6000)
    finally:
        await superuser.execute("alter role sightline_dashboard login")
    await expect(page.locator("#banner")).to_be_hidden(timeout=6000)
    await report(force, camera, battery_pct=42)
    await expect(page.locator("#live-map-card")).to_contain_text("42 %", timeout=3000)
    beating.cancel()


async def test_the_pill_says_within_three_seconds_that_the_gateway_is_gone(
    desk: Desk, force: Force
) -> None:
    await gateway(force)
    await officer(force, 17)
    beating = await beats(force)
    fim = await force.user("fim")
    page = (await desk.open(fim)).page
    pill = page.locator("#health")
    await expect(pill).to_contain_text("1 camera")
    beating.cancel()
    await expect(pill).to_contain_text("Gateway west lost", timeout=3600)
    await expect(page.locator("#banner")).to_contain_text("Cameras cannot report.")


async def test_whoever_is_signed_out_sees_nothing_more(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    fim = await force.user("fim")
    page = (await desk.open(fim)).page
    await expect(page.get_by_role("option")).to_have_count(1)
    await force.owner.execute("select session_end(id, 'signed out elsewhere') from session")
    await expect(
        page.get_by_text("Your sign-in is over. It ended: signed out elsewhere.")
    ).to_be_visible(timeout=4000)
    await expect(page.get_by_text("RB17")).to_have_count(0)
    await page.get_by_role("link", name="Sign in again").click()
    await page.wait_for_url("**/sign-in?next=**")


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("fim", "No camera is registered yet."),
        ("negco", "You see cameras while you are on call"),
        ("commander", "You see the cameras of incidents that you are assigned to"),
        ("officer", "You see your own camera"),
    ],
)
async def test_an_empty_map_says_why(desk: Desk, force: Force, role: str, words: str) -> None:
    page = (await desk.open(await force.user(role))).page
    await expect(page.locator("#live-map-list")).to_contain_text(words)


async def test_the_dialog_says_what_is_missing_and_what_the_gate_says(
    desk: Desk, force: Force
) -> None:
    await officer(force, 17)
    incident = await force.incident("Man on the bridge")
    fim = await force.user("fim")
    screen = await desk.open(fim, f"{here()}&camera=AB4-000017")
    page = screen.page
    await page.get_by_role("button", name="Open stream…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("RB17 · PC Officer 17 4017")
    await expect(page.locator("#stream-incident")).to_have_value("")
    await expect(page.locator("#stream-purpose")).to_have_value("")
    await expect(dialog).to_contain_text("within 10 minutes")
    await page.locator("#stream-open").click()
    await expect(page.locator("#stream-answer")).to_have_text(
        "Choose the incident, or open now for officer safety."
    )
    await page.get_by_label("No incident yet").check()
    await expect(page.locator("#stream-answer")).to_have_text("")
    await expect(page.locator("#stream-purpose")).to_have_value("Officer safety")
    await expect(page.locator("#stream-incident")).to_be_disabled()
    await page.get_by_label("No incident yet").uncheck()
    await page.locator("#stream-incident").click()
    await page.get_by_role("option", name="Man on the bridge").click()
    await page.locator("#stream-open").click()
    await expect(page.locator("#stream-answer")).to_have_text("Choose the purpose.")
    await page.locator("#stream-purpose").click()
    await page.get_by_role("option", name="Officer safety").click()
    await page.locator("#stream-open").click()
    await expect(page.locator("#stream-answer")).to_have_text(
        "Say in a few words why you need to see this camera."
    )
    await page.locator("#stream-reason").fill("See the subject")
    await page.locator("#stream-open").click()
    await expect(page.locator("#stream-answer")).to_contain_text("The media relay does not answer")
    refused = await force.audit("stream.open")
    assert [(row["outcome"], row["reason"], row["incident_id"]) for row in refused] == [
        ("refused", "See the subject", incident)
    ]
    assert screen.problems == [f"503 {desk.url}/api/streams"]


async def test_nothing_is_carried_over_into_the_next_stream(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    await officer(force, 18)
    await force.at_incident(camera, await force.incident("Man on the bridge"))
    fim = await force.user("fim")
    page = (await desk.open(fim, f"{here()}&camera=AB4-000017")).page
    await page.get_by_role("button", name="Open stream…").click()
    await expect(page.locator("#stream-incident")).to_have_value(
        "no log number · Man on the bridge"
    )
    await expect(page.locator("#stream-purpose")).to_be_focused()
    await page.locator("#stream-purpose").click()
    await page.get_by_role("option", name="Negotiator triage").click()
    await page.locator("#stream-reason").fill("See the subject")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("option").filter(has_text="RB18").click()
    await page.get_by_role("button", name="Open stream…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("RB18")
    for field in ("incident", "purpose", "reason"):
        await expect(page.locator(f"#stream-{field}")).to_have_value("")


async def test_why_not_is_said_before_the_form(desk: Desk, force: Force) -> None:
    await officer(force, 17, state="buffering")
    fim = await force.user("fim")
    page = (await desk.open(fim, f"{here()}&camera=AB4-000017")).page
    await expect(page.locator("#card-why")).to_contain_text("Buffering, not recording")
    await page.keyboard.press("o")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Buffering, not recording: only a recording camera")
    await expect(page.locator("#stream-reason")).to_be_hidden()
    await expect(page.locator("#stream-open")).to_be_hidden()
    await expect(dialog.get_by_role("button", name="Close").last).to_be_focused()


async def test_asking_for_negotiators_has_an_address_of_its_own(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    fim = await force.user("fim")
    page = (await desk.open(fim, here())).page
    await map_is_drawn(page)
    await page.get_by_role("option").click()
    await page.keyboard.press("ArrowDown")
    await page.get_by_role("button", name="Show on the map").click()
    await page.get_by_role("button", name="Request negotiators…").click()
    queue = page.get_by_role("navigation", name="Requests for negotiators")
    await expect(queue).to_be_attached()
    for _ in range(10):  # also once the map has come to rest
        assert urlsplit(await page.evaluate("location.href")).path == "/triage"
        await asyncio.sleep(0.1)
    await page.reload()
    await expect(queue).to_be_attached()
    await page.go_back()
    await expect(page.locator("#live-map-card").get_by_role("heading", name="RB17")).to_be_visible()


async def test_a_provisional_incident_is_linked_from_the_strip(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    bridge = await force.incident("Man on the bridge")
    fim = await force.user("fim")
    provisional = await force.owner.fetchval(
        "insert into incident (title, lat, lon, grade, provisional, link_by, created_by)"
        " values ('Officer safety: PC 4017', 57, 2, 'immediate', true, now() + interval '9 minutes', $1) returning id",
        fim.user_id,
    )  # fmt: skip
    await force.at_incident(camera, provisional)
    screen = await desk.open(fim, here())
    page = screen.page
    cell = page.locator(".strip-cell").filter(has_text="Officer safety")
    await expect(cell).to_contain_text("provisional · 9 min to link")
    await cell.get_by_role("button", name="Link Officer safety: PC 4017…").click()
    dialog = page.get_by_role("dialog").filter(has_text="Its cameras, open streams")
    await dialog.get_by_role("button", name="Link", exact=True).click()
    await expect(dialog).to_contain_text("Choose the incident, or give its log number.")
    await dialog.get_by_label("Open incident").select_option(str(bridge))
    await dialog.get_by_role("button", name="Link", exact=True).click()
    await expect(dialog).to_have_count(0)
    await expect(cell).to_have_count(0)
    await until_said(page, "incident", str(bridge))
    linked = await force.owner.fetchval("select linked_to from incident where id = $1", provisional)
    assert linked == bridge
    assert screen.problems == []


async def test_an_overdue_link_is_amber(desk: Desk, force: Force) -> None:
    await force.owner.execute(
        "insert into incident (title, lat, lon, grade, provisional, link_by)"
        " values ('Officer safety', 57, 2, 'immediate', true, now() - interval '1 s')"
    )
    page = (await desk.open(await force.user("fim"))).page
    await expect(page.locator(".strip-log[data-over]")).to_have_text("provisional · overdue")


async def test_pill_and_list_count_the_same_cameras(desk: Desk, force: Force) -> None:
    await gateway(force)
    await officer(force, 17)
    silent = await officer(force, 18)
    await force.owner.execute(
        "update live set seen_time = now() - interval '1 h' where camera_id = $1", silent
    )
    beating = await beats(force)
    page = (await desk.open(await force.user("fim"))).page
    await expect(page.locator("#live-map-count")).to_have_text("2 cameras")
    await expect(page.locator("#health-words")).to_contain_text("1 of 2 cameras heard")
    beating.cancel()


@pytest.mark.slow
async def test_twenty_thousand_cameras(desk: Desk, force: Force) -> None:
    await force.owner.execute(
        "insert into camera (ref) select 'X' || n from generate_series(1, 20000) n"
    )
    await force.owner.execute(
        "insert into live (camera_id, gateway_id, batch, seen_time, recording, fix_time, lat, lon)"
        " select id, 1, 1, now(), 1 + id % 3, now(), $1 + (id % 200) / 500.0, $2 + (id / 200) / 150.0 from camera",
        LAT, LON,
    )  # fmt: skip
    fim: Person = await force.user("fim")
    screen = await desk.open(fim)
    page = screen.page
    await expect(page.locator("#live-map-count")).to_have_text("20,000 cameras", timeout=30_000)
    await map_is_drawn(page)
    assert await page.locator(".row").count() < 60
    await page.locator("#live-map-search").fill("X19999")
    await expect(page.locator("#live-map-count")).to_have_text("1 of 20,000")
    await page.keyboard.press("Enter")
    await expect(
        page.locator("#live-map-card").get_by_role("heading", name="X19999")
    ).to_be_visible()
    await force.owner.execute("update live set recording = 3, batch = 2, seen_time = now()")
    await force.owner.execute("notify sightline_live")
    await expect(page.locator(".card-state")).to_contain_text("Recording", timeout=5000)
    assert screen.problems == []


async def test_opening_and_resizing_the_map_is_no_move(desk: Desk, force: Force) -> None:
    await officer(force, 1)
    fim = await force.user("fim")
    page = (await desk.open(fim, "/map")).page
    await map_is_drawn(page)
    await page.set_viewport_size({"width": 1100, "height": 700})
    await page.wait_for_function(
        "() => { const canvas = document.querySelector('#live-map-map canvas');"
        " return canvas.clientWidth === document.getElementById('live-map-map').clientWidth; }"
    )
    await asyncio.sleep(1)  # for what would come late
    assert urlsplit(page.url).query == ""
    await page.get_by_role("button", name="Nearer").click()
    await expect(page).to_have_url(re.compile(r"at="))


async def test_where_a_camera_has_been_is_asked_for_and_shown(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    incident = await force.incident("Man on a roof")
    await force.owner.execute(
        "insert into fix (camera_id, retention_class, recording, fix_time, received_time, content_hash, lat, lon)"
        " select $1, 'r', case when g < 20 then 2 else 3 end, at, at, g, $2 + g * 0.0001, $3"
        " from generate_series(0, 39) g cross join lateral"
        " (select now() - interval '10 min' + make_interval(secs => g + case when g > 29 then 240 else 0 end)) as t (at)",
        camera, LAT, LON,
    )  # fmt: skip
    fim = await force.user("fim")
    screen = await desk.open(fim, here() + "&camera=AB4-000017")
    page = screen.page
    card = page.locator("#live-map-card")
    await expect(card.get_by_role("heading", name="RB17")).to_be_visible()
    await card.get_by_role("button", name="Where it has been…").click()
    dialog = page.get_by_role("dialog", name="Where RB17 · 4017 has been")
    await dialog.get_by_role("button", name="Show").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Choose the incident.")
    assert not await force.owner.fetchval(
        "select count(*) from audit_entry where action = 'track.view'"
    )
    await dialog.get_by_label("Incident").select_option(str(incident))
    await dialog.get_by_label("Purpose").select_option(label="Negotiator triage")
    await dialog.get_by_label("Reason").fill("Which way did he come?")
    await dialog.get_by_role("button", name="Show").click()
    await expect(dialog).to_have_count(0)
    await expect(card).to_contain_text("40 fixes,")
    await expect(card).to_contain_text("with a gap of 4 min.")
    assert await force.owner.fetchval(
        "select count(*) from audit_entry where action = 'track.view' and outcome = 'allowed'"
    )

    then = card.locator(".track-then")
    await expect(then).to_contain_text("· recording")
    await card.get_by_role("slider", name="Time on the track").focus()
    await page.keyboard.press("Home")
    await expect(then).to_contain_text("not recording")
    await card.get_by_role("button", name="Hide").click()
    await expect(then).to_be_hidden()
    assert screen.problems == []


async def test_the_view_is_printed_with_time_and_legend(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await until_middle_is(page, GREEN)
    await page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    await page.emulate_media(media="print")
    await expect(page.get_by_role("heading", name="Live map")).to_have_count(2)
    await expect(page.locator(".print-head")).to_contain_text("FIM")
    await expect(page.locator(".print-head")).to_contain_text("1 camera")
    await expect(page.locator("#live-map-legend")).to_be_visible()
    await expect(page.locator("#live-map-list")).to_be_hidden()
    picture = await page.locator(".print-map").get_attribute("src")
    assert picture is not None
    drawn = Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2]))).convert("RGB")
    middle = drawn.getpixel((drawn.width // 2 - 4, drawn.height // 2 - 4))
    assert is_like(middle, GREEN), middle  # type: ignore[arg-type]
    await page.emulate_media(media="screen")
    await page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    await expect(page.locator(".print-head")).to_have_count(0)
    await until_middle_is(page, GREEN)
    pages = await page.pdf(prefer_css_page_size=True, print_background=True)
    assert pages.count(b"/Type /Page\n") == 1
    assert screen.problems == []
