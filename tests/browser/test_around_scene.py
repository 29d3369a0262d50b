"""What lies around a scene, in Chromium: the RVP, negotiators on their way, and being told when somebody records."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Desk
from tests.browser.on_the_map import (
    LAT,
    LON,
    click_middle,
    here,
    map_is_drawn,
    officer,
    report,
    until_said,
)
from tests.force import RECORDING, Force

pytestmark = pytest.mark.browser


async def test_a_place_becomes_the_rvp_of_an_incident_and_is_on_everybodys_map(
    desk: Desk, force: Force
) -> None:
    await officer(force, 17)
    incident = await force.incident("Man on a roof")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT + 0.005, LON)
    fim, negco = await force.user("fim"), await force.user("negco")
    await force.negotiator("C1", "negco", negco)
    screen = await desk.open(fim, here())
    other = await desk.open(negco, f"/map?incident={incident}&at={LAT},{LON},15")
    page = screen.page
    await map_is_drawn(page)
    await expect(other.page.locator(".card-facts")).to_contain_text(
        "not told; right click its place"
    )
    await page.keyboard.press("n")
    card = page.locator("#live-map-card")
    await expect(card).to_contain_text("1 camera within 500 m now")
    await card.get_by_role("button", name="Make it an RVP…").click()
    dialog = page.get_by_role("dialog", name="Rendezvous point")
    await expect(dialog.get_by_label("Of the incident")).to_have_value(str(incident))
    await dialog.get_by_label("What is it called?").fill("Mill Lane car park")
    await dialog.get_by_role("button", name="Make it the RVP").click()
    for tab in (page, other.page):
        await expect(tab.locator(".scene-mark[data-kind=rvp]")).to_have_text("RVP")
        await expect(tab.locator(".card-facts")).to_contain_text("Mill Lane car park")
    await until_said(page, "incident", str(incident))
    await expect(card.get_by_role("button", name="Close")).to_be_focused()
    await page.get_by_role("button", name="Mill Lane car park").click()
    await until_said(page, "at", rf"{LAT:.2f}.*")
    await card.get_by_role("button", name="Change the RVP…").click()
    await dialog.get_by_label("What is it called?").fill("Mill Lane, north gate")
    await dialog.get_by_role("button", name="Change its name").click()
    await expect(other.page.locator(".card-facts")).to_contain_text("Mill Lane, north gate")
    await card.get_by_role("button", name="Change the RVP…").click()
    await dialog.get_by_role("button", name="Take it away").click()
    for tab in (page, other.page):
        await expect(tab.locator(".scene-mark[data-kind=rvp]")).to_have_count(0)
    assert screen.problems == []
    assert other.problems == []


async def test_negotiators_on_their_way_are_on_the_map_with_their_arrival(
    desk: Desk, force: Force
) -> None:
    incident = await force.incident("Man on a roof")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    fim = await force.user("fim")
    first, second = await force.negotiator("Ash"), await force.negotiator("Birch")
    phone = await officer(force, 90, lat=LAT + 0.004, state="unknown")
    await force.owner.execute("delete from duty where camera_id = $1", phone)
    await force.owner.execute(
        "update camera set kind = 'tracker', officer_id = (select officer_id from negotiator where id = $2) where id = $1",
        phone, second,
    )  # fmt: skip
    screen = await desk.open(fim, f"/map?incident={incident}&at={LAT},{LON},15")
    page = screen.page
    await map_is_drawn(page)
    async with force.acting(fim) as connection:
        made = await connection.fetchval(
            "select deployment_id from deployment_request($1, '{}')", incident
        )
        for action in ("dispatch", "en_route"):
            row = await connection.fetchrow(
                "select * from deployment_act($1, $2, 'go', $3)", made, action, [first, second]
            )
            assert row["outcome"] == "ok", row["message"]
        await connection.fetchrow(
            "select * from deployment_arrival($1, $2, now() + interval '25 minutes')", made, [first]
        )
    card = page.locator("#live-map-card")
    await expect(card).to_contain_text("as they said")
    await expect(card).to_contain_text("by a straight line")
    mark = page.locator(".scene-mark[data-kind=negotiator]")
    await expect(mark).to_have_count(1)  # nobody knows where the other one is
    await expect(mark).to_contain_text("PC Birch · about ")
    before = await mark.bounding_box()
    await report(force, phone, lat=LAT + 0.002)
    async with asyncio.timeout(5):
        while await mark.bounding_box() == before:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    async with force.acting(fim) as connection:
        await connection.fetchrow("select * from deployment_act($1, 'cancel', 'came down')", made)
    await expect(mark).to_have_count(0)
    await expect(card.get_by_text("En route", exact=True)).to_be_hidden()
    assert screen.problems == []


async def test_somebody_is_told_when_a_camera_begins_to_record_on_whichever_page(
    desk: Desk, force: Force
) -> None:
    camera = await officer(force, 17, state="buffering")
    incident = await force.incident("Man on a roof")
    await force.owner.execute(
        "update incident set lat = $1, lon = $2, talkgroup = 'RESPONSE 3'", LAT, LON
    )
    screen = await desk.open(await force.user("fim"), f"/map?incident={incident}&at={LAT},{LON},15")
    page = screen.page
    card = page.locator("#live-map-card")
    await expect(card).to_contain_text(
        "Nobody within 500 m records. Ask by radio on RESPONSE 3 for it."
    )
    await page.get_by_role("option").click()
    await expect(card).to_contain_text("Ask the officer by radio on RESPONSE 3 to record.")
    await card.get_by_role("button", name="Tell me when it starts").click()
    notices = page.get_by_role("region", name="Told when it records")
    await expect(notices).to_contain_text("RB17 · 4017")
    await page.get_by_role("link", name="Triage").click()
    await page.reload()
    await expect(notices).to_contain_text("RB17 · 4017")
    await report(force, camera, recording=RECORDING["recording"])
    await expect(notices).to_contain_text("RB17 · 4017 records now", timeout=3000)
    await notices.get_by_role("button", name="Show on the map").click()
    await until_said(page, "camera", "AB4-000017")
    await report(force, camera, recording=RECORDING["off"])
    await expect(notices).to_contain_text("has begun to record, and stopped again")
    await notices.get_by_role("button", name="Tell me when it starts again").click()
    await report(force, camera, recording=RECORDING["recording"])
    # a notice stays until its stream plays, or it is taken away
    await notices.get_by_role("button", name="Open stream…").click()
    dialog = page.get_by_role("dialog").filter(has_text="RB17 · PC Officer 17 4017")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await notices.get_by_role("button", name="Close").press("Enter")
    await expect(notices).to_be_hidden()
    await expect(page.locator("#page")).to_be_focused()
    assert screen.problems == []


async def test_waits_are_on_one_line_and_go_with_their_user(desk: Desk, force: Force) -> None:
    for number in range(6):
        await officer(force, number, state="buffering")
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    await expect(page.get_by_role("option")).to_have_count(6)
    for row in await page.get_by_role("option").all():
        await row.click()
        await page.get_by_role("button", name="Tell me when it starts").click()
    notices = page.get_by_role("region", name="Told when it records")
    await expect(notices).to_contain_text("and 2 more")
    await notices.get_by_role("button", name="Stop waiting for", exact=False).first.press("Enter")
    await expect(notices).to_contain_text("and 1 more")
    await expect(
        notices.get_by_role("button", name="Stop waiting for", exact=False).first
    ).to_be_focused()
    kept = "Object.keys(sessionStorage).filter((key) => key.startsWith('sightline:waits:')).length"
    assert await page.evaluate(kept) == 1
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/sign-in*")
    assert await page.evaluate(kept) == 0


async def test_a_scene_waits_for_whoever_records_first_and_forgets_what_is_hidden(
    desk: Desk, force: Force
) -> None:
    camera = await officer(force, 17, state="buffering")
    incident = await force.incident("Man on a roof")
    await force.owner.execute("update incident set lat = $1, lon = $2", LAT, LON)
    screen = await desk.open(await force.user("fim"), f"/map?incident={incident}&at={LAT},{LON},15")
    page = screen.page
    card = page.locator("#live-map-card")
    await card.get_by_role("button", name="Tell me when one starts").click()
    await expect(card.get_by_role("button", name="You will be told · Stop waiting")).to_be_visible()
    notices = page.get_by_role("region", name="Told when it records")
    await report(force, camera, recording=RECORDING["recording"])
    await expect(notices).to_contain_text(
        "RB17 · 4017 records now, at “Man on a roof”", timeout=3000
    )
    hidden = await force.incident("Covert", restricted=True)
    await force.at_incident(camera, hidden)
    await expect(notices).to_be_hidden()
    assert screen.problems == []


async def test_an_officer_who_records_need_not_be_asked(desk: Desk, force: Force) -> None:
    await officer(force, 17)
    page = (await desk.open(await force.user("fim"), here())).page
    await map_is_drawn(page)
    await click_middle(page)
    await expect(page.locator("#live-map-card")).to_contain_text("Recording")
    await expect(page.get_by_role("button", name="Tell me when it starts")).to_have_count(0)
