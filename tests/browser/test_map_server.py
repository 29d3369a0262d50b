"""The live map over a force's own tile server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import open_desk
from tests.browser.on_the_map import gateway, here, map_is_drawn, until_middle_is
from tests.force import Force
from tests.tile_server import TileServer, openmaptiles, picture, tile_server

pytestmark = pytest.mark.browser

PINK = (230, 120, 170)
DARK_PINK = (94, 62, 76)
NAVY = (20, 30, 90)
NOTE = "No background map"


@pytest.fixture
async def server() -> AsyncIterator[TileServer]:
    async with tile_server(picture(PINK)) as running:
        yield running


async def turn_light(page: Page) -> None:
    await page.get_by_role("button", name="Light theme").click()


async def test_pictures_are_as_they_are_by_day_and_darkened_by_night(
    force: Force, chromium: str, server: TileServer
) -> None:
    await gateway(force)
    async with open_desk(
        force, chromium, basemap_url=server.url(), basemap_attribution="© Force maps"
    ) as desk:
        screen = await desk.open(await force.user("fim"), here())
        page = screen.page
        await map_is_drawn(page)
        await expect(page.get_by_text("© Force maps")).to_be_visible()
        await until_middle_is(page, DARK_PINK)
        await turn_light(page)
        await until_middle_is(page, PINK)
        assert screen.elsewhere == []
        assert screen.problems == []


async def test_pictures_of_the_dark_theme_are_taken_where_there_are_some(
    force: Force, chromium: str, server: TileServer
) -> None:
    await gateway(force)
    async with tile_server(picture(NAVY)) as night:
        settings = {"basemap_url": server.url(), "basemap_dark_url": night.url()}
        async with open_desk(force, chromium, **settings) as desk:
            page = (await desk.open(await force.user("fim"), here())).page
            await map_is_drawn(page)
            await until_middle_is(page, NAVY)
            await turn_light(page)
            await until_middle_is(page, PINK)


async def test_vector_tiles_are_drawn_in_our_own_colours(
    force: Force, chromium: str, server: TileServer
) -> None:
    server.content = openmaptiles()
    await gateway(force)
    async with open_desk(force, chromium, basemap_url=server.url("{z}/{x}/{y}.pbf")) as desk:
        page = (await desk.open(await force.user("fim"), here(12))).page
        await map_is_drawn(page)
        await expect(
            page.get_by_text("© OpenMapTiles © OpenStreetMap contributors")
        ).to_be_visible()
        await turn_light(page)
        await until_middle_is(page, (243, 243, 239))


async def test_a_server_that_does_not_answer_is_said_until_it_does(
    force: Force, chromium: str, server: TileServer
) -> None:
    server.status = 500
    await gateway(force)
    async with open_desk(force, chromium, basemap_url=server.url()) as desk:
        page = (await desk.open(await force.user("fim"), here())).page
        await expect(page.get_by_text(NOTE)).to_be_visible()
        await turn_light(page)
        server.status = 200
        await until_middle_is(page, PINK, within_s=20)
        await expect(page.get_by_text(NOTE)).to_be_hidden()
