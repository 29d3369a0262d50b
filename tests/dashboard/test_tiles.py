"""Vector tiles of the basemap, cut by the real PostGIS."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import httpx
import pytest

from sightline.dashboard.access.cookies import SESSION_COOKIE
from sightline.dashboard.basemap import TileAddress, TileCache
from tests.conftest import Database
from tests.dashboard.dashboard_server import serving
from tests.force import Force

LAT, LON = 56.35, 1.18


def address(zoom: int) -> str:
    """The tile that holds the place."""
    across = 2**zoom
    x = int((LON + 180) / 360 * across)
    y = int((1 - math.log(math.tan(math.pi / 4 + math.radians(LAT) / 2)) / math.pi) / 2 * across)
    return f"/tiles/basemap/{zoom}/{x}/{y}.mvt"


@pytest.fixture
async def force(database: Database) -> Force:
    return await Force.create(database)


async def feature(force: Force, layer: str, kind: str, name: str, rank: int, shape: str) -> None:
    """One feature of the basemap; `shape` in metres around the place."""
    await force.owner.execute(
        "insert into basemap_feature (layer, kind, name, rank, geom) select $1, $2, $3, $4,"
        " st_translate(st_geomfromtext($5, 3857), st_x(p), st_y(p))"
        " from (select st_transform(st_setsrid(st_makepoint($6, $7), 4326), 3857) p) x",
        layer, kind, name, rank, shape, LON, LAT,
    )  # fmt: skip


@pytest.fixture
async def client(force: Force) -> AsyncIterator[httpx.AsyncClient]:
    box = "POLYGON((-9000 -9000, 9000 -9000, 9000 9000, -9000 9000, -9000 -9000))"
    await feature(force, "land", "island", "Haldersey", 0, box)
    await feature(force, "road", "residential", "Quay Street", 4, "LINESTRING(-300 0, 300 10)")
    await feature(force, "place", "city", "Haldermouth", 0, "POINT(0 0)")
    fim = await force.user("fim")
    cookies = {SESSION_COOKIE: fim.token}
    async with serving(force) as url, httpx.AsyncClient(base_url=url, cookies=cookies) as client:
        yield client


async def test_a_tile_has_what_is_drawn_at_its_zoom(client: httpx.AsyncClient) -> None:
    far, near = (await client.get(address(9))).content, (await client.get(address(14))).content
    for tile in (far, near):
        assert b"land" in tile
        assert b"Haldermouth" in tile
    assert b"Quay Street" not in far
    assert b"Quay Street" in near


async def test_a_tile_says_what_it_is_and_is_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get(address(12))
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["cache-control"] == "private, max-age=3600"


async def test_another_map_has_other_addresses_and_what_is_to_be_said_on_it(
    client: httpx.AsyncClient, force: Force
) -> None:
    before = await client.get("/tiles/basemap.json")
    assert before.headers["cache-control"] == "no-store"
    told = before.json()
    assert (told["maxzoom"], told["attribution"]) == (14, "")
    query = told["tiles"][0].partition("?")[2]
    assert (await client.get(f"{address(12)}?{query}")).status_code == 200
    await feature(force, "road", "a_road", "A1", 1, "LINESTRING(-300 0, 300 10)")
    await force.owner.execute(
        "update force_setting set value = '\"© OS\"' where key = 'basemap_attribution'"
    )
    after = (await client.get("/tiles/basemap.json")).json()
    assert after["tiles"] != told["tiles"]
    assert after["attribution"] == "© OS"


async def test_the_open_sea_is_empty_and_no_error(client: httpx.AsyncClient) -> None:
    answer = await client.get("/tiles/basemap/12/1/1.mvt")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/basemap/15/1/1.mvt", "/tiles/basemap/2/4/0.mvt", "/tiles/basemap/a/1/1.mvt", "/tiles/secrets/1/1/1.mvt",
        "/tiles/basemap/1/1.mvt", "/tiles/basemap/99999999999999999999/1/1.mvt", "/tiles/basemap/1/-1/0.mvt",
    ],
)  # fmt: skip
async def test_there_is_no_such_tile(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_nobody_gets_tiles_unless_signed_in(client: httpx.AsyncClient) -> None:
    client.cookies.clear()
    assert (await client.get(address(12))).status_code == 401


def test_the_cache_forgets_what_was_not_asked_for_longest() -> None:
    cache = TileCache(most=2)
    one, two, three = (TileAddress(3, n, 0) for n in range(3))
    cache.put(one, b"1")
    cache.put(two, b"2")
    assert cache.get(one) == b"1"
    cache.put(three, b"3")
    assert (cache.get(one), cache.get(two), cache.get(three)) == (b"1", None, b"3")


def test_another_basemap_empties_the_cache() -> None:
    cache = TileCache()
    cache.use_version(5)
    cache.put(TileAddress(0, 0, 0), b"tile")
    cache.use_version(5)
    assert cache.get(TileAddress(0, 0, 0)) == b"tile"
    cache.use_version(6)
    assert cache.get(TileAddress(0, 0, 0)) is None
