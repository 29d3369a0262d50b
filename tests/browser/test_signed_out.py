"""The end of a sign-in on pages without a feed: nothing of it stays on the screen, and nothing is asked any more."""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Desk
from tests.force import Force

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("role", "path", "shown"),
    [
        ("auditor", "/audit", "Audit"),
        ("coordinator", "/on-call", "On call"),
        ("planner", "/coverage", "Coverage"),
        ("admin", "/admin", "Administration"),
    ],
)
async def test_a_role_without_a_feed_sees_nothing_more(
    desk: Desk, force: Force, role: str, path: str, shown: str
) -> None:
    screen = await desk.open(await force.user(role), path)
    page = screen.page
    await expect(page.get_by_role("link", name=shown)).to_be_visible()
    await expect(page.locator("#health-words")).to_have_text("Working")
    await force.owner.execute("select session_end(id, 'signed out') from session")
    await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=4000)
    assert await page.title() == "Signed out · Sightline"
    await expect(page.get_by_role("link", name=shown)).to_have_count(0)
    await asyncio.sleep(0.5)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await asyncio.sleep(4)
    assert asked == []
    assert [problem for problem in screen.problems if problem.startswith("uncaught")] == []
    await page.get_by_role("link", name="Sign in again").click()
    await page.wait_for_url("**/sign-in?next=**")


async def test_a_callback_that_is_refused_ends_it_too(desk: Desk, force: Force) -> None:
    screen = await desk.open(await force.user("auditor"), "/audit")
    page = screen.page
    await expect(page.locator("#health-words")).to_have_text("Working")
    await page.route("**/readyz", lambda route: route.abort())  # so that only the button can tell
    await force.owner.execute("select session_end(id, 'signed out') from session")
    began = time.monotonic()
    await page.get_by_role("button", name="Show", exact=True).first.click()
    await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert time.monotonic() - began < 4
    assert [problem for problem in screen.problems if problem.startswith("uncaught")] == []


async def test_polls_of_the_server_are_read_to_their_end(desk: Desk, force: Force) -> None:
    page = (await desk.open(await force.user("auditor"), "/audit")).page
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    await expect(page.locator("#health-words")).to_have_text("Working")
    await asyncio.sleep(4)
    assert failed == []


async def test_signing_out_leads_to_the_sign_in_page(desk: Desk, force: Force) -> None:
    for role, path in (("auditor", "/audit"), ("fim", "/map")):
        page = (await desk.open(await force.user(role), path)).page
        await expect(page.locator("#health-words")).not_to_have_text("Connecting…")
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in")
