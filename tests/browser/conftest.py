"""A dashboard that serves, and Chromium to look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from sightline.dashboard.access.cookies import CSRF_COOKIE, SESSION_COOKIE
from tests.conftest import Database
from tests.dashboard.dashboard_server import serving
from tests.force import Force, Person

# A page comes up late on a machine that draws with its processor and has other work to do. What has to be there within
# some time says so itself.
expect.set_options(timeout=20_000)


@dataclass
class Screen:
    """One person's browser.

    Attributes:
        page: the tab.
        problems: what the browser complained of: uncaught errors, and answers of the server that failed.
        elsewhere: requests to anybody but the dashboard.
    """

    page: Page
    problems: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


class Desk:
    """Opens pages of one running dashboard as different people."""

    def __init__(self, force: Force, url: str, browser: Browser) -> None:
        self.force, self.url, self._browser = force, url, browser

    async def open(self, person: Person, path: str = "/map", **context: Any) -> Screen:
        """A fresh browser in which this person is signed in, showing a page."""
        return await self._open(path, person, context)

    async def open_door(self) -> Screen:
        """A fresh browser in which nobody is signed in, showing the page to sign in on."""
        return await self._open("/sign-in", None, {})

    async def _open(self, path: str, person: Person | None, context: dict[str, Any]) -> Screen:
        options = {"viewport": {"width": 1280, "height": 800}, **context}
        opened = await self._browser.new_context(**options)
        if person is not None:
            await opened.add_cookies(
                [
                    {
                        "name": SESSION_COOKIE,
                        "value": person.token,
                        "url": self.url,
                        "httpOnly": True,
                    },
                    {"name": CSRF_COOKIE, "value": "csrf", "url": self.url},
                ]
            )
        screen = Screen(await opened.new_page())
        page = screen.page
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: screen.problems.append(f"uncaught: {error}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((self.url, "data:", "blob:"))
                else screen.elsewhere.append(request.url)
            ),
        )
        page.on(
            "response",
            lambda answer: (
                screen.problems.append(f"{answer.status} {answer.url}")
                if answer.status >= 400
                else None
            ),
        )
        await page.goto(self.url + path)
        return screen


@pytest.fixture
async def force(database: Database) -> Force:
    """Arranges what the pages show."""
    return await Force.create(database)


@asynccontextmanager
async def open_desk(force: Force, chromium: str, **settings: Any) -> AsyncIterator[Desk]:
    """The dashboard on a port of its own with these settings, and a browser."""
    async with serving(force, **settings) as url, async_playwright() as playwright:
        browser = await playwright.chromium.connect(chromium)
        yield Desk(force, url, browser)
        await browser.close()


@pytest.fixture
async def desk(force: Force, chromium: str) -> AsyncIterator[Desk]:
    """The dashboard alone, and a browser."""
    async with open_desk(force, chromium) as opened:
        yield opened
