"""The sign-in page in a real browser: by password, by the demo's buttons, and what it says when it does not work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright, expect

pytestmark = pytest.mark.browser


@pytest.fixture
async def url(force: Any) -> AsyncIterator[str]:
    """The demonstration, served."""
    force.services.settings = force.services.settings.model_copy(update={"demo": True})
    await force.owner.execute("update force_setting set value = 'true' where key = 'demo'")
    config = uvicorn.Config(
        force.app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
async def page(chromium: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect(chromium)
        yield await browser.new_page()
        await browser.close()


async def test_by_password_and_on_to_where_one_wanted_to_go(url: str, page: Page) -> None:
    await page.goto(f"{url}/triage?deployment=3")
    await expect(page).to_have_title("Sign in · Sightline · Sightline")
    await page.keyboard.type("fim")  # the first field has the focus
    await page.keyboard.press("Tab")
    await page.keyboard.type("correct horse battery")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{url}/triage?deployment=3")
    await expect(page.get_by_text("page")).to_be_visible()


async def test_a_wrong_password_is_said_and_one_may_try_again(url: str, page: Page) -> None:
    await page.goto(f"{url}/sign-in")
    await page.get_by_label("User name").fill("fim")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(f"{url}/")


async def test_a_demos_button_signs_in_and_a_refused_page_says_so(
    url: str, page: Page, force: Any
) -> None:
    await page.goto(f"{url}/audit")
    await expect(page.get_by_text("An invented force in an invented county")).to_be_visible()
    await page.get_by_role("button", name="NegCo").click()
    await page.wait_for_url(f"{url}/audit")
    await expect(page.get_by_role("heading")).to_have_text("Not for your role")
    (row,) = await force.audit("page.view")
    assert (row["outcome"], row["actor"], row["object_id"]) == ("refused", "negco", "/audit")


async def test_nothing_on_the_page_breaks_its_policy_and_it_follows_the_theme(
    url: str, page: Page
) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    await page.goto(f"{url}/sign-in")
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.evaluate("localStorage.setItem('sightline.theme', 'light')")
    await page.reload()
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark, light) == ("rgb(13, 19, 25)", "rgb(238, 241, 244)")
    assert told == []
