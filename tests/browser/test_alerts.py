"""Alerts and posts in Chromium: what stands at the top of every page, who hears it, what can be done, and what was."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Desk
from tests.browser.on_the_map import here, officer, until_said
from tests.force import Force

pytestmark = pytest.mark.browser


async def test_eyes_on_stands_at_the_top_until_it_is_answered(desk: Desk, force: Force) -> None:
    camera = await officer(force, 17)
    fim = await force.user("fim")
    page = (await desk.open(fim, here())).page
    await expect(page.get_by_role("option")).to_have_count(1)
    await force.owner.execute("select alert_eyes_on($1)", camera)
    alert = page.locator(".alert")
    await expect(alert).to_contain_text("RB17 Officer 17 4017 asks for eyes on", timeout=3000)
    await expect(page.get_by_role("option")).to_contain_text("asks for eyes on")
    await alert.get_by_role("button", name="RB17 Officer 17 4017 asks for eyes on").click()
    await until_said(page, "camera", "AB4-000017")
    await alert.get_by_role("button", name="Seen").click()
    await expect(alert).to_contain_text("seen by fim")
    await alert.get_by_role("button", name="Over").click()
    await expect(alert).to_have_count(0)


async def test_a_post_is_handed_over_with_a_call_for_eyes_on_and_the_next_one_hears_it(
    desk: Desk, force: Force
) -> None:
    await force.owner.execute(
        "insert into post (code, name, role, alert_turn) values ('oscar_1', 'Oscar 1', 'fim', 1), ('oscar_2', 'Oscar 2', 'fim', 2)"
    )
    camera = await officer(force, 17)
    ann, bob = await force.user("fim", "ann"), await force.user("fim", "bob")
    first, second = await desk.open(ann, here()), await desk.open(bob, here())
    post_of = [screen.page.locator("#post") for screen in (first, second)]
    await expect(post_of[0]).to_have_text("FIM without a post")
    await post_of[0].click()
    await (
        first.page.get_by_role("region", name="Oscar 1")
        .get_by_role("button", name="Take it")
        .click()
    )
    await expect(post_of[0]).to_have_text("FIM Oscar 1")

    await force.owner.fetchval("select alert_eyes_on($1)", camera)
    await expect(first.page.locator(".alert")).to_contain_text("with Oscar 1")
    await post_of[0].click()
    dialog = first.page.get_by_role("dialog", name="Posts")
    await expect(dialog).to_contain_text("1 open alert")
    await expect(dialog.get_by_role("button", name="Offer")).to_be_disabled()
    await dialog.get_by_label("Hand Oscar 1 over to").select_option("bob")
    await dialog.get_by_role("button", name="Offer").click()
    await expect(post_of[0]).to_contain_text("Oscar 1: offered to")
    await expect(post_of[1]).to_contain_text("Oscar 1 is offered to you")
    await post_of[1].click()
    await second.page.get_by_role("button", name="Accept").click()
    await expect(post_of[1]).to_have_text("FIM Oscar 1")
    await expect(post_of[0]).to_have_text("FIM without a post")

    await post_of[0].click()
    await (
        first.page.get_by_role("region", name="Oscar 2")
        .get_by_role("button", name="Take it")
        .click()
    )
    await expect(post_of[0]).to_have_text("FIM Oscar 2")
    await force.owner.execute("update alert_turn set from_time = from_time - interval '31 s'")
    keeper = await force.database.connect("keeper")
    assert await keeper.fetchval("select alerts_pass_on()") == 1
    for screen in (first, second):
        await expect(screen.page.locator(".alert")).to_contain_text("with Oscar 2")
    await first.page.locator(".alert").get_by_role("button", name="Seen").click()
    await expect(second.page.locator(".alert")).to_contain_text("seen by ")

    await post_of[0].click()
    await dialog.get_by_role("button", name="Leave it").click()
    await expect(post_of[0]).to_have_text("FIM Oscar 2")
    await dialog.get_by_role("button", name="Leave it with nobody there").click()
    await expect(post_of[0]).to_have_text("FIM without a post")
    assert first.problems == []
    assert second.problems == []


async def test_a_lost_picture_leads_to_the_cameras_of_its_incident(
    desk: Desk, force: Force
) -> None:
    await force.relay()
    camera = await officer(force, 17)
    incident = await force.incident("Man on a roof")
    fim = await force.user("fim")
    async with force.acting(fim) as connection:
        await connection.fetchrow(
            "select * from stream_open('AB4-000017', 'pursuit', 'to see', $1, sha256('x'))",
            incident,
        )
    await force.owner.execute(
        "update stream_session set opened_time = now() - interval '20 s', token_used_time = now()"
    )
    screen = await desk.open(fim, "/triage")
    keeper = await force.database.connect("keeper")
    await keeper.fetchval("select alerts_of_signal()")
    page = screen.page
    alert = page.locator(".alert")
    await expect(alert).to_contain_text(
        "RB17 Officer 17 4017: no picture arrives, at Man on a roof", timeout=3000
    )
    await alert.get_by_role("button", name="Cameras there").click()
    await expect(page).to_have_url(re.compile(rf"/map\?.*incident={incident}"))
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.locator(".strip-item").click()
    await expect(page).not_to_have_url(re.compile("incident="))
    await alert.get_by_role("button", name="Cameras there").click()
    await expect(page).to_have_url(re.compile(f"incident={incident}"))

    await alert.get_by_role("button", name="Seen").click()
    await expect(alert).to_contain_text("seen by fim")
    await force.owner.execute("select stream_end(id, 'ended by its viewer') from stream_session")
    assert await keeper.fetchval("select alerts_of_signal()") == 1
    await expect(alert).to_have_count(0)
    assert camera
    assert screen.problems == []


async def test_short_cover_is_gone_on_with_for_a_reason_and_stands_in_the_history(
    desk: Desk, force: Force
) -> None:
    await force.owner.execute(
        "insert into post (code, name, role, alert_turn) values ('oscar_1', 'Oscar 1', 'fim', 1)"
    )
    await force.negotiator("N1")
    keeper = await force.database.connect("keeper")
    await keeper.fetchval("select alerts_of_cover()")
    screen = await desk.open(await force.user("fim"), here())
    page = screen.page
    alert = page.locator(".alert")
    await expect(alert).to_contain_text("one NegCo short")
    await alert.get_by_role("button", name="Acknowledge").click()
    await expect(alert).to_contain_text("Not answered: Say in a few words")
    await alert.get_by_label("Why the force goes on with short cover").fill("Kent stands in")
    await page.keyboard.press("Enter")
    await expect(alert).to_contain_text("seen by fim")
    await alert.get_by_role("button", name="On call").click()
    await expect(page.get_by_role("heading", name="On call").first).to_be_visible()
    await force.owner.execute("update negotiator set active = false")
    await keeper.fetchval("select alerts_of_cover()")
    await expect(alert).to_have_count(0)

    await page.locator("#post").click()
    await page.get_by_role("button", name="Past alerts…").click()
    history = page.get_by_role("dialog", name="Alerts of the last 24 hours")
    await expect(history.get_by_role("listitem")).to_have_count(1)
    await expect(history).to_contain_text("“Kent stands in”")
    await expect(history).to_contain_text("over at")
    assert screen.problems == []


async def test_an_alert_of_a_camera_that_may_not_be_seen_any_more_goes_at_once(
    desk: Desk, force: Force
) -> None:
    hidden = await officer(force, 17)
    other = await officer(force, 18)
    kidnap = await force.incident("Kidnap at the harbour")
    await force.at_incident(hidden, kidnap)
    page = (await desk.open(await force.user("fim"), here())).page
    for camera in (hidden, other):
        await force.owner.fetchval("select alert_eyes_on($1)", camera)
    alert = page.locator(".alert")
    await expect(alert).to_have_count(2, timeout=3000)
    await alert.first.get_by_role("button", name="Past alerts…").click()
    history = page.get_by_role("dialog", name="Alerts of the last 24 hours")
    await expect(history.get_by_role("listitem")).to_have_count(2)
    await force.owner.execute("update incident set restricted = true where id = $1", kidnap)
    await expect(alert).to_have_count(1, timeout=2500)
    await expect(history.get_by_role("listitem")).to_have_count(1, timeout=2500)
    await expect(page.get_by_text("4017")).to_have_count(0, timeout=2500)


async def test_many_alerts_leave_the_map_its_room_and_who_waits_is_above(
    desk: Desk, force: Force
) -> None:
    cameras = [await officer(force, number) for number in range(1, 13)]
    size = {"viewport": {"width": 1024, "height": 768}}
    page = (await desk.open(await force.user("fim"), here(), **size)).page
    for camera in cameras:
        await force.owner.fetchval("select alert_eyes_on($1)", camera)
    alert = page.locator(".alert")
    await expect(alert).to_have_count(12, timeout=3000)
    await alert.first.get_by_role("button", name="Seen").click()
    await expect(alert.last).to_contain_text("RB01 Officer 1 4001")
    await expect(alert.last).to_contain_text("seen by fim")
    frame = await page.locator("#live-map-map").bounding_box()
    assert frame is not None
    assert frame["height"] > 250
    assert frame["y"] + frame["height"] <= 768
