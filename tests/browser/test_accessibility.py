"""What axe-core finds on every page, and in the states and dialogs of the live map: nothing, in both themes."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from sightline.ingest.rollup import roll_up
from tests.browser.conftest import Desk
from tests.browser.on_the_map import LAT, LON, here, map_is_drawn, officer
from tests.force import Force

pytestmark = pytest.mark.browser

AXE = Axe()


async def nothing_is_found(page: Page, state: str) -> None:
    """In the dark and the light theme. axe waits for no transition, so there must be none."""
    await page.emulate_media(reduced_motion="reduce")
    for theme in ("dark", "light"):
        await page.evaluate(
            "async (theme) => { const { setTheme } = await import('/static/theme.js'); setTheme(theme); }",
            theme,
        )
        await page.wait_for_timeout(300)
        results = await AXE.run(page)
        assert results.violations_count == 0, f"{state}, {theme}: {results.generate_report()}"


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("fim", "/map"), ("fim", "/triage"), ("fim", "/triage?request=1"), ("fim", "/on-call"), ("planner", "/coverage"), ("auditor", "/audit"),
        ("admin", "/admin"), ("officer", "/watched-me"),
    ],
)  # fmt: skip
async def test_pages(desk: Desk, force: Force, role: str, path: str) -> None:
    await officer(force, 17)
    await force.incident()
    await force.negotiator("N1")
    page = (await desk.open(await force.user(role), path)).page
    await page.get_by_role("main").wait_for()
    await page.wait_for_timeout(1000)
    await nothing_is_found(page, path)


async def test_signing_in(desk: Desk, force: Force) -> None:
    screen = await desk.open(await force.user("fim"))
    page = screen.page
    await page.context.clear_cookies()
    await page.goto(desk.url + "/sign-in")
    for theme in ("dark", "light"):
        await page.emulate_media(color_scheme=theme)
        results = await AXE.run(page)
        assert results.violations_count == 0, f"{theme}: {results.generate_report()}"


async def test_the_live_map_with_its_card_alerts_and_search(desk: Desk, force: Force) -> None:
    await force.relay()
    camera = await officer(force, 17)
    await officer(force, 18, state="buffering", lat=LAT + 0.002)
    incident = await force.incident("Man on a roof")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    await force.at_incident(camera, incident)
    await force.negotiator("N1")
    fim = await force.user("fim")
    async with force.acting(fim) as connection:
        await connection.fetchrow(
            "select * from stream_open('AB4-000017', 'pursuit', 'to see', $1, sha256('x'))",
            incident,
        )
    await force.owner.execute("update stream_session set opened_time = now() - interval '20 s'")
    await force.owner.execute(
        "select alert_eyes_on($1), alerts_of_signal(), alerts_of_cover()", camera
    )
    page = (await desk.open(fim, here() + f"&camera=AB4-000017&incident={incident}")).page
    await map_is_drawn(page)
    await expect(page.locator(".alert")).to_have_count(3)
    await expect(page.locator("#live-map-card").get_by_role("heading", name="RB17")).to_be_visible()
    await nothing_is_found(page, "card and alerts")
    await page.locator("#live-map-search").fill("TR 148 578")
    await expect(page.locator("#live-map-places")).to_contain_text("TR 148 578")
    await nothing_is_found(page, "search with a place and an empty list")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Draw an area: what is inside it").click()
    await nothing_is_found(page, "drawing an area")


async def test_the_dialogs_of_the_live_map(desk: Desk, force: Force) -> None:
    await force.relay()
    await force.owner.execute(
        "insert into post (code, name, role, alert_turn) values ('oscar_1', 'Oscar 1', 'fim', 1)"
    )
    camera = await officer(force, 17)
    await force.incident("Man on a roof")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    fim = await force.user("fim")
    await force.owner.execute(
        "insert into incident (title, lat, lon, grade, provisional, link_by, created_by)"
        " values ('Officer safety', 57, 2, 'immediate', true, now() + interval '9 minutes', $1)", fim.user_id
    )  # fmt: skip
    await force.owner.execute("select alert_eyes_on($1)", camera)
    page = (await desk.open(fim, here() + "&camera=AB4-000017")).page
    await map_is_drawn(page)
    card = page.locator("#live-map-card")
    dialog = page.get_by_role("dialog")
    for name, opener in (
        ("stream", card.get_by_role("button", name="Open stream…")),
        ("track", card.get_by_role("button", name="Where it has been…")),
        ("replay", page.get_by_role("button", name="Replay: what happened here (r)")),
        ("link", page.get_by_role("button", name="Link Officer safety…")),
        ("posts", page.locator("#post")),
        ("past alerts", page.locator(".alert").get_by_role("button", name="Past alerts…")),
        ("keys", page.get_by_role("button", name="Keys (?)")),
    ):
        await opener.click()
        await expect(dialog.first).to_be_visible()
        await page.wait_for_timeout(300)
        await nothing_is_found(page, f"dialog: {name}")
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0) if name != "stream" else await expect(
            dialog.first
        ).to_be_hidden()
    await page.locator(".strip-item").last.click()
    await page.keyboard.press("Escape")
    await expect(card.locator(".scene-name")).to_be_visible()
    await nothing_is_found(page, "a framed incident")


async def test_a_scene_with_rvp_and_negotiators_where_nobody_records(
    desk: Desk, force: Force
) -> None:
    await officer(force, 18, state="buffering", lat=LAT + 0.002)
    incident = await force.incident("Man on a roof")
    await force.owner.execute(
        "update incident set lat = $1, lon = $2, rvp = 'Mill Lane', rvp_lat = $1::float8 - 0.003, rvp_lon = $2",
        LAT, LON,
    )  # fmt: skip
    phone = await officer(force, 90, state="unknown", lat=LAT + 0.004)
    fim = await force.user("fim")
    sent = await force.negotiator("N1")
    await force.owner.execute("delete from duty where camera_id = $1", phone)
    await force.owner.execute(
        "update camera set officer_id = (select officer_id from negotiator where id = $2) where id = $1",
        phone, sent,
    )  # fmt: skip
    async with force.acting(fim) as connection:
        made = await connection.fetchval(
            "select deployment_id from deployment_request($1, '{}')", incident
        )
        for action in ("dispatch", "en_route"):
            await connection.fetchrow(
                "select * from deployment_act($1, $2, 'go', $3)", made, action, [sent]
            )
    page = (await desk.open(fim, here() + f"&incident={incident}")).page
    await map_is_drawn(page)
    card = page.locator("#live-map-card")
    await card.get_by_role("button", name="Tell me when one starts").click()
    await expect(page.locator(".scene-mark")).to_have_count(2)
    await nothing_is_found(page, "a scene")
    await page.keyboard.press("n")
    await expect(card).to_contain_text("0 cameras within 500 m now")
    await nothing_is_found(page, "a chosen place")
    await card.get_by_role("button", name="Make it an RVP…").click()
    await expect(page.get_by_role("dialog", name="Rendezvous point")).to_be_visible()
    await nothing_is_found(page, "dialog: RVP")
    await page.keyboard.press("Escape")
    await page.get_by_role("option", name="RB18").click()
    await card.get_by_role("button", name="Tell me when it starts").click()
    await force.owner.execute(
        "update live set recording = 3, seen_time = now(), batch = batch + 1 where camera_id = (select id from camera where ref = 'AB4-000018')"
    )
    await force.owner.execute("notify sightline_live")
    await expect(page.locator(".alert")).to_have_count(2)
    await nothing_is_found(page, "told that it records")


async def test_a_replay(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    incident = await force.incident("Man on a roof")
    await force.owner.execute("select fix_partitions_ensure(current_date - 1, current_date + 1)")
    await force.owner.execute(
        "insert into fix (camera_id, retention_class, recording, fix_time, received_time, content_hash, lat, lon)"
        " select $1, 'r', 3, now() - make_interval(mins => 20, secs => g), now(), g, $2, $3 from generate_series(0, 60) g",
        camera, LAT, LON,
    )  # fmt: skip
    await force.owner.execute(
        "insert into coverage_todo (camera_id, bin_start)"
        " select distinct camera_id, date_bin('5 min', fix_time, '2000-01-01Z') from fix"
    )
    await roll_up(await force.database.connect("keeper"))
    page = (await desk.open(await force.user("fim"), here())).page
    await map_is_drawn(page)
    await page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Replay")
    await dialog.get_by_label("Incident").select_option(str(incident))
    await dialog.get_by_label("Purpose").select_option(label="Negotiator triage")
    await dialog.get_by_label("Reason").fill("Who met him?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Replay")).to_contain_text("1 camera")
    await nothing_is_found(page, "replay")
    requested = page.get_by_role("slider", name="Time of the replay")
    await requested.press("End")
    await nothing_is_found(page, "replay without anybody")
