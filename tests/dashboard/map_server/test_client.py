"""Tiles of a force's own server through the dashboard: real HTTP on both sides."""

from __future__ import annotations

import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from sightline.dashboard.access.cookies import SESSION_COOKIE
from sightline.dashboard.basemap import TileAddress
from sightline.dashboard.errors import MapServerAwayError, NotFoundError
from sightline.dashboard.map_server.client import MapServer
from sightline.dashboard.settings import load_settings
from tests.conftest import Database
from tests.dashboard.dashboard_server import serving
from tests.force import Force
from tests.tile_server import openmaptiles, picture, tile_server

RED = picture((200, 30, 30))
A_TILE = TileAddress(7, 63, 40)


@asynccontextmanager
async def asking(url: str, **settings: Any) -> AsyncIterator[MapServer]:
    async with MapServer(load_settings(basemap_url=url, **settings)) as server:
        yield server


async def test_a_picture_comes_as_it_is_and_is_asked_for_once() -> None:
    async with (
        tile_server(RED) as server,
        asking(server.url("{z}/{x}/{y}.png?key=k")) as map_server,
    ):
        for _ in range(3):
            tile = await map_server.tile(A_TILE)
            assert (tile.content, tile.media_type) == (RED, "image/png")
        assert server.asked == ["/7/63/40.png?key=k"]


async def test_numbers_may_be_counted_from_the_south() -> None:
    async with tile_server(RED) as server, asking(server.url("{z}/{x}/{-y}.png")) as map_server:
        await map_server.tile(A_TILE)
        assert server.asked == ["/7/63/87.png"]


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
async def test_what_a_picture_is_is_read_off_it(kind: str, media_type: str) -> None:
    async with tile_server(picture((1, 2, 3), kind)) as server, asking(server.url()) as map_server:
        assert (await map_server.tile(A_TILE)).media_type == media_type


async def test_the_dark_theme_may_have_tiles_of_its_own() -> None:
    async with tile_server(RED) as server:
        dark = server.url("dark/{z}/{x}/{y}.png")
        async with asking(server.url(), basemap_dark_url=dark) as map_server:
            await map_server.tile(A_TILE, "dark")
            await map_server.tile(A_TILE, "light")
            about = await map_server.about()
        assert server.asked == ["/dark/7/63/40.png", "/7/63/40.png"]
        assert about["tiles_dark"][0].startswith("/tiles/picture/dark/{z}/{x}/{y}?v=")
        async with asking(server.url()) as map_server:
            assert "tiles_dark" not in await map_server.about()


async def test_a_vector_tile_is_drawn_as_the_basemap_is_also_packed() -> None:
    packed = gzip.compress(openmaptiles())
    async with tile_server(openmaptiles()) as server:
        async with asking(server.url("{z}/{x}/{y}.pbf")) as map_server:
            plain = await map_server.tile(A_TILE)
        server.content = packed
        async with asking(server.url("{z}/{x}/{y}.pbf")) as map_server:
            assert await map_server.tile(A_TILE) == plain
        server.headers = {"Content-Encoding": "gzip"}
        async with asking(server.url("{z}/{x}/{y}.pbf")) as map_server:
            assert await map_server.tile(A_TILE) == plain
    assert plain.media_type == "application/vnd.mapbox-vector-tile"
    assert b"High Street" in plain.content


async def test_what_the_licence_of_a_scheme_wants_is_said() -> None:
    async with (
        tile_server(openmaptiles()) as server,
        asking(server.url("{z}/{x}/{y}.pbf")) as map_server,
    ):
        assert (await map_server.about())[
            "attribution"
        ] == "© OpenMapTiles © OpenStreetMap contributors"
    async with (
        tile_server(RED) as server,
        asking(server.url(), basemap_attribution="© Force") as map_server,
    ):
        assert (await map_server.about())["attribution"] == "© Force"


@pytest.mark.parametrize("status", [204, 404, 410])
async def test_where_there_is_nothing_the_tile_is_empty(status: int) -> None:
    async with tile_server(b"") as server, asking(server.url()) as map_server:
        server.status = status
        assert (await map_server.tile(A_TILE)).content == b""


async def test_zooms_it_does_not_have_are_not_asked_for() -> None:
    async with tile_server(RED) as server, asking(server.url(), basemap_max_zoom=6) as map_server:
        with pytest.raises(NotFoundError):
            await map_server.tile(A_TILE)
        assert server.asked == []
        assert (await map_server.about())["maxzoom"] == 6


@pytest.mark.parametrize(
    ("path", "content", "status", "words"),
    [
        ("{z}/{x}/{y}.png", RED, 500, "answers 500"),
        ("{z}/{x}/{y}.png", b"<html>", 200, "does not answer with a PNG, JPEG or WebP"),
        ("{z}/{x}/{y}.pbf", b"<html>", 200, "no tile that can be drawn: what it gives is no vector tile"),
        ("{z}/{x}/{y}.pbf", gzip.compress(bytes(5 << 20)), 200, "unpacks to more than 4 MiB"),
        ("{z}/{x}/{y}.pbf", gzip.compress(openmaptiles())[:40], 200, "it is cut short"),
        ("{z}/{x}/{y}.png", b"\x89PNG" + bytes(5 << 20), 200, "more than 4 MiB"),
    ],
    ids=["error", "page", "no-tile", "bomb", "cut", "large"],
)  # fmt: skip
async def test_what_is_wrong_is_said_without_the_key(
    path: str, content: bytes, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with (
        tile_server(content) as server,
        asking(server.url(path + "?key=hidden")) as map_server,
    ):
        server.status = status
        for _ in range(2):  # nothing of it is kept
            with pytest.raises(MapServerAwayError, match=words) as away:
                await map_server.tile(A_TILE)
            assert "hidden" not in str(away.value)
            assert "127.0.0.1" in str(away.value)
        assert len(server.asked) == 2
    assert len(caplog.records) == 1
    assert "hidden" not in caplog.text


async def test_a_server_that_is_gone_and_comes_back() -> None:
    async with tile_server(RED) as server:
        url = server.url()
    async with asking(url) as map_server:
        with pytest.raises(MapServerAwayError, match="does not answer"):
            await map_server.tile(A_TILE)


@pytest.fixture
async def force(database: Database) -> Force:
    return await Force.create(database)


async def _answered(base: str, path: str, token: str | None) -> tuple[int, bytes, dict[str, str]]:
    cookies = {SESSION_COOKIE: token} if token else {}
    async with (
        aiohttp.ClientSession(cookies=cookies) as session,
        session.get(base + path) as answer,
    ):
        return answer.status, await answer.read(), dict(answer.headers)


async def test_the_dashboard_hands_on_pictures_to_whoever_is_signed_in(force: Force) -> None:
    token = (await force.user("fim")).token
    async with tile_server(RED) as server, serving(force, basemap_url=server.url()) as base:
        status, content, headers = await _answered(base, "/tiles/picture/light/7/63/40", token)
        assert (status, content, headers["Content-Type"]) == (200, RED, "image/png")
        assert "private" in headers["Cache-Control"]
        assert (await _answered(base, "/tiles/picture/light/7/63/40", None))[0] == 401
        for wrong in (
            "/tiles/picture/pink/7/63/40",
            "/tiles/picture/light/7/63/x",
            "/tiles/basemap/7/63/40.mvt",
        ):
            assert (await _answered(base, wrong, token))[0] == 404
        server.status = 500
        status, content, _ = await _answered(base, "/tiles/picture/dark/7/1/1", token)
        assert status == 503
        assert b"map_server_away" in content
        assert server.asked == ["/7/63/40.png", "/7/1/1.png"]


async def test_without_a_server_there_are_no_pictures(force: Force) -> None:
    token = (await force.user("fim")).token
    async with serving(force) as base:
        assert (await _answered(base, "/tiles/picture/light/7/63/40", token))[0] == 404
        status, content, _ = await _answered(base, "/tiles/basemap.json", token)
        assert status == 200
        assert b'"kind":"vector"' in content
