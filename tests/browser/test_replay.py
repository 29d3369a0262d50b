"""Replay in Chromium: asked for with a purpose, shown in place of what is live, through a slider and a list, and left again."""

from __future__ import annotations

from typing import cast

import pytest
from playwright.async_api import expect

from sightline.ingest.rollup import roll_up
from tests.browser.conftest import Desk
from tests.browser.on_the_map import GREEN, LAT, LON, here, officer, said, until_middle_is
from tests.force import Force

pytestmark = pytest.mark.browser


async def walked(force: Force, camera: int, minutes_ago: int, seconds: int) -> None:
    """The camera went north, a metre a second, from so long ago on."""
    await force.owner.execute("select fix_partitions_ensure(current_date - 1, current_date + 1)")
    await force.owner.execute(
        "insert into fix (camera_id, retention_class, recording, fix_time, received_time, content_hash, lat, lon)"
        " select $1, 'r', 3, at, at, g, $2 + g * 0.000009, $3 from generate_series(0, $5 - 1) g cross join lateral"
        " (select date_trunc('second', now()) - make_interval(mins => $4) + make_interval(secs => g)) as t (at)",
        camera, LAT, LON, minutes_ago, seconds,
    )  # fmt: skip
    await force.owner.execute(
        "insert into coverage_todo (camera_id, bin_start)"
        " select distinct camera_id, date_bin('5 min', fix_time, '2000-01-01Z') from fix where camera_id = $1",
        camera,
    )
    await roll_up(await force.database.connect("keeper"))


async def test_what_happened_here_is_asked_for_shown_and_left(desk: Desk, force: Force) -> None:
    gone, here_now = await officer(force, 17, lat=LAT + 0.5), await officer(force, 18)
    await walked(force, gone, 40, 60)
    incident = await force.incident("Man on a roof")
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await until_middle_is(page, GREEN)
    await page.get_by_role("button", name="Replay: what happened here (r)").click()
    dialog = page.get_by_role("dialog", name="Replay")
    await expect(dialog).to_contain_text("in the part of the map in view")
    await dialog.get_by_label("Incident").select_option(str(incident))
    await dialog.get_by_label("Purpose").select_option(label="Negotiator triage")
    await dialog.get_by_role("button", name="Show").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Say in a few words")
    await dialog.get_by_label("Reason").fill("Who met him?")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)

    bar = page.get_by_role("region", name="Replay")
    await expect(bar).to_contain_text("Replay, not live")
    await expect(bar).to_contain_text("1 camera, 1 recording")
    await expect(page.locator("#live-map-list").get_by_role("option")).to_have_count(0)
    then = page.get_by_role("region", name="Cameras then").get_by_role("listitem")
    await expect(then).to_contain_text("RB17 · 4017")
    await expect(then).to_contain_text("recording")
    slider = bar.get_by_role("slider", name="Time of the replay")
    await expect(slider).to_be_focused()
    await page.keyboard.press("End")
    await expect(bar).to_contain_text("No camera was there then.")
    await expect(then).to_have_count(0)
    await page.keyboard.press("Home")
    await bar.get_by_label("Speed").select_option("300")
    await bar.get_by_role("button", name="Play").click()
    await expect(then).to_have_count(1, timeout=15_000)
    await bar.get_by_role("button", name="Pause").click()

    await page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    await expect(page.locator(".print-head h2")).to_contain_text("Replay, ")
    await page.evaluate("window.dispatchEvent(new Event('afterprint'))")

    await slider.focus()
    await page.keyboard.press("Escape")
    await expect(bar).to_have_count(0)
    await expect(page.locator("#live-map-list").get_by_role("option")).to_have_count(2)
    row = await force.owner.fetchrow(
        "select outcome, reason, detail -> 'cameras' as cameras from audit_entry where action = 'replay.view'"
    )
    assert tuple(cast("tuple[str, str, str]", row)) == ("allowed", "Who met him?", '["AB4-000017"]')
    assert here_now
    assert screen.problems == []


async def test_a_replay_of_the_scene_and_one_that_is_too_large(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    incident = await force.incident("Man on a roof")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    screen = await desk.open(await force.user("fim"), f"/map?incident={incident}")
    page = screen.page
    await page.wait_for_selector("#live-map-map[data-far]")
    await page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Replay")
    await expect(dialog).to_contain_text("within 500 m of “Man on a roof”")
    await expect(dialog.get_by_label("Incident")).to_have_value(str(incident))
    await dialog.get_by_label("Purpose").select_option(label="Negotiator triage")
    await dialog.get_by_label("Reason").fill("Who met him?")
    await dialog.get_by_role("button", name="Show").click()
    bar = page.get_by_role("region", name="Replay")
    await expect(bar).to_contain_text("No camera was there in this time.")
    await bar.get_by_role("button", name="Back to live").click()
    await expect(bar).to_have_count(0)
    assert screen.problems == []

    await page.goto(page.url.partition("?")[0] + f"?at={LAT},{LON},6")
    await page.wait_for_selector("#live-map-map[data-far]")
    await page.keyboard.press("r")
    await dialog.get_by_label("Incident").select_option(str(incident))
    await dialog.get_by_label("Purpose").select_option(label="Negotiator triage")
    await dialog.get_by_label("Reason").fill("Who met him?")
    await dialog.get_by_role("button", name="Show").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The area is too large")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)


async def test_a_replay_shows_no_camera_that_may_not_be_seen_any_more(
    desk: Desk, force: Force
) -> None:
    hidden, other = await officer(force, 17), await officer(force, 18)
    for camera in (hidden, other):
        await walked(force, camera, 40, 60)
    kidnap, fire = await force.incident("Kidnap at the harbour"), await force.incident("Fire")
    await force.at_incident(hidden, kidnap)
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await until_middle_is(page, GREEN)
    await page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Replay")
    await dialog.get_by_label("Incident").select_option(str(fire))
    await dialog.get_by_label("Purpose").select_option(label="Negotiator triage")
    await dialog.get_by_label("Reason").fill("Who met him?")
    await page.keyboard.press("Enter")
    then = page.get_by_role("region", name="Cameras then").get_by_role("listitem")
    await expect(then).to_have_count(2)
    await page.keyboard.press("n")
    assert "place" not in said(page), "what is live is not asked for meanwhile"
    await force.owner.execute("update incident set restricted = true where id = $1", kidnap)
    await expect(then).to_have_count(1, timeout=3500)
    await expect(then).to_contain_text("RB18 · 4018")
    assert screen.problems == []


async def test_a_dialog_about_an_incident_that_is_hidden_closes(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    kidnap, fire = await force.incident("Kidnap at the harbour"), await force.incident("Fire")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    page = (await desk.open(await force.user("fim"), f"/map?incident={fire}")).page
    await page.wait_for_selector("#live-map-map[data-far]")
    await page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Replay")
    choices = dialog.get_by_label("Incident").get_by_role("option")
    await expect(choices).to_have_count(3)
    await force.owner.execute("update incident set restricted = true where id = $1", kidnap)
    await expect(choices).to_have_count(2, timeout=2500)
    await force.owner.execute("update incident set restricted = true where id = $1", fire)
    await expect(dialog).to_have_count(0, timeout=2500)
