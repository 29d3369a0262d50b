"""A map into the real PostGIS: in place of the old one or beside it, all of it or nothing, found by its names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from sightline.ingest.basemap.reading import MapFile, read_map
from sightline.ingest.basemap.storing import store_map
from sightline.sql import query
from tests.conftest import Database

OSM = Path(__file__).with_name("island.osm")


@pytest.fixture(scope="module")
def island() -> MapFile:
    return read_map(OSM, lambda _layer, _drawn: None)


@pytest.fixture
async def owner(database: Database) -> asyncpg.Connection:
    connection = await database.connect()
    await connection.execute(
        "insert into basemap_feature (layer, kind, name, rank, geom)"
        " values ('place', 'city', 'Old Town', 0, st_setsrid(st_makepoint(0, 0), 3857))"
    )
    return connection


async def drawn(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch("select layer, count(*) from basemap_feature group by 1")
    return dict(map(tuple, rows))


async def attribution(connection: asyncpg.Connection) -> str:
    said: str = await connection.fetchval(
        "select value #>> '{}' from force_setting where key = 'basemap_attribution'"
    )
    return said


async def test_in_place_of_the_old_one_and_twice_is_once(
    owner: asyncpg.Connection, island: MapFile
) -> None:
    assert await store_map(owner, island, keep=False) == 8
    first = await drawn(owner)
    assert await store_map(owner, island, keep=False) == 8
    assert await drawn(owner) == first
    assert first == {"land": 1, "road": 3, "building": 1, "urban": 1, "place": 1, "poi": 1}
    assert await attribution(owner) == "© OpenStreetMap contributors"


async def test_beside_the_old_one(owner: asyncpg.Connection, island: MapFile) -> None:
    await owner.execute(
        "update force_setting set value = '\"© Haldersey\"' where key = 'basemap_attribution'"
    )
    await store_map(owner, island, keep=True)
    assert (await drawn(owner))["place"] == 2
    assert await attribution(owner) == "© Haldersey, © OpenStreetMap contributors"
    await store_map(owner, island, keep=True)
    assert await attribution(owner) == "© Haldersey, © OpenStreetMap contributors"


async def test_what_fails_changes_nothing_and_the_old_one_is_seen_meanwhile(
    database: Database, owner: asyncpg.Connection, island: MapFile
) -> None:
    dashboard = await database.connect("dashboard")
    before = await drawn(owner)

    async def seen() -> int:
        count: int = await dashboard.fetchval("select count(*) from basemap_feature")
        return count

    async with owner.transaction():
        await store_map(owner, island, keep=False)
        assert await asyncio.wait_for(seen(), 5) == 1, "nobody waits, and nobody sees half a map"
    assert await seen() == 8
    broken = MapFile(island.scheme, [*island.features, None], 0)  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        await store_map(owner, broken, keep=True)
    assert sum((await drawn(owner)).values()) == 8
    assert before == {"place": 1}


async def test_streets_are_found_and_on_the_tiles(
    owner: asyncpg.Connection, island: MapFile
) -> None:
    await store_map(owner, island, keep=False)
    (street,) = await owner.fetch(
        query("places.named"), "quay:* & str:*", "quay street", 51.05, 1.03, 6
    )
    assert (street["name"], street["settlement"]) == ("Quay Street", "Salthaven")
    assert (street["lat"], street["lon"]) == pytest.approx((51.05, 1.03), abs=0.01)
    tile = await owner.fetchval(query("tiles.basemap"), 12, 2059, 1370)
    assert b"Quay Street" in bytes(tile)
