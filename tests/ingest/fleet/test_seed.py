"""The demo in the database: complete, consistent, and made only once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from sightline.ingest.fleet import seed as seeding
from sightline.ingest.fleet.county import County
from sightline.ingest.fleet.errors import DemoIncompleteError
from sightline.ingest.fleet.files import FleetFiles
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.seed import seed_demo
from sightline.ingest.fleet.store_cases import DEMO_ROLES
from sightline.sql import accounts, connect
from sightline.sql.cluster import PrivateCluster, drop_database
from sightline.sql.settings import DatabaseSettings
from tests.conftest import _TEMPLATE, Database, _copy_database

CAMERAS = 30


@pytest.fixture(scope="module")
def made(
    cluster: PrivateCluster,
    county: County,
    ground: Ground,
    tmp_path_factory: pytest.TempPathFactory,
) -> DatabaseSettings:
    """A database with a small demo, made once; the county is the one that the other tests use."""
    settings = asyncio.run(_make(cluster, county, ground, tmp_path_factory.mktemp("demo")))
    yield settings
    asyncio.run(drop_database(cluster.urls["superuser"], "test_seeded"))


async def _make(
    cluster: PrivateCluster, county: County, ground: Ground, data_dir: Path
) -> DatabaseSettings:
    await _copy_database(cluster, "test_seeded", _TEMPLATE)
    urls = cluster.secrets_file.read_text().replace('/sightline"', '/test_seeded"')
    (data_dir / "database.json").write_text(urls)
    settings = DatabaseSettings(data_dir=data_dir)
    owner = await connect(settings, "owner")
    for role in DEMO_ROLES:
        await accounts.add_user(owner, role, role)
    await owner.close()
    steps: list[tuple[str, float]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeding, "build_county", lambda _seed: county)
        patch.setattr(seeding, "build_ground", lambda _county: ground)
        await seed_demo(
            settings, cameras=CAMERAS, seed=1, progress=lambda *step: steps.append(step)
        )
    assert steps[-1] == ("Writing the past week", 1.0)
    return settings


@pytest.fixture
async def owner(made: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the seeded database."""
    connection = await connect(made, "owner")
    yield connection
    await connection.close()


async def test_the_force_is_there(owner: asyncpg.Connection):
    assert await owner.fetchval("select count(*) from camera") == CAMERAS
    assert await owner.fetchval("select count(*) from duty where upper_inf(during)") == CAMERAS
    assert await owner.fetchval("select count(distinct o.unit_id) from officer o") > 10
    assert await owner.fetchval("select count(*) from area where st_isvalid(geom)") == 4
    name = await owner.fetchval("select value #>> '{}' from force_setting where key = 'force_name'")
    assert name == "Haldersey Demo Constabulary"
    olive = await owner.fetchrow(
        "select o.name, c.ref from app_user u join officer o on o.id = u.officer_id"
        " join camera c on c.officer_id = o.id where u.username = 'officer'"
    )
    assert olive["name"] == "Olive Fisher"
    post = (
        "select p.name from post_holding h join post p on p.code = h.post where h.to_time is null"
    )
    assert await owner.fetchval(post) == "Oscar 1"


async def test_only_hashes_of_the_tokens_are_in_the_database(
    owner: asyncpg.Connection, made: DatabaseSettings
):
    _, plan, tokens = FleetFiles(made.data_dir).read()
    assert plan.cameras == CAMERAS
    rows = await owner.fetch("select ref, token_hash from camera")
    assert {r["ref"]: r["token_hash"] for r in rows} == {
        ref: hashlib.sha256(token.encode()).digest() for ref, token in tokens.items()
    }


async def test_the_past_week_is_there_as_far_as_retention_allows(owner: asyncpg.Connection):
    rows = await owner.fetch(
        "select retention_class::text as kind, count(*) as n, now() - min(fix_time) as oldest,"
        " bool_and(recording = 3) as recorded from fix group by 1"
    )
    kinds = {r["kind"]: r for r in rows}
    assert kinds["r"]["recorded"]
    assert not kinds["o"]["recorded"]
    assert kinds["r"]["n"] > 20_000
    assert kinds["r"]["oldest"].days >= 5
    assert kinds["o"]["oldest"].total_seconds() < 24 * 3_600 + 600
    stray = await owner.fetchval(
        "select count(*) from fix f where not exists (select from duty d"
        " where d.camera_id = f.camera_id and d.during @> f.fix_time)"
    )
    assert stray < 10  # rounding at the very ends of a shift
    sound = await owner.fetchrow(
        "select bool_and(received_time > fix_time) as received,"
        " bool_and(rsrp_dbm between -140 and -44 or rsrp_dbm is null) as rsrp,"
        " bool_and((rsrp_dbm is null) = (operator_id is null)) as heard,"
        " bool_and(lat between 56 and 57 and lon between 0 and 2) as placed from fix"
    )
    assert all(sound.values())


async def test_every_camera_is_on_the_map_from_the_start(owner: asyncpg.Connection):
    rows = await owner.fetch(
        "select l.*, f.recording as newest from live l join lateral (select recording from fix f"
        " where f.camera_id = l.camera_id order by fix_time desc limit 1) f on true"
    )
    assert len(rows) == CAMERAS
    for row in rows:
        assert row["recording"] == row["newest"]
        assert row["recording_since"] <= row["fix_time"] <= row["seen_time"]
        assert row["lat"] is not None


async def test_coverage_knows_more_days_than_the_tracks(owner: asyncpg.Connection):
    row = await owner.fetchrow(
        "select count(*) as n, count(distinct bin_start::date) as days, count(distinct cell) as cells,"
        " bool_and(extract(epoch from bin_start)::int % 300 = 0) as aligned from coverage_bin"
    )
    assert row["n"] > 10_000
    assert row["days"] >= 7
    assert row["cells"] > 300
    assert row["aligned"]


async def test_deployments_took_only_steps_that_the_rules_allow(owner: asyncpg.Connection):
    wrong = await owner.fetch(
        "select t.* from deployment_transition t where t.action <> 'request' and not exists ("
        "  select from deployment_rule r where r.from_state = t.from_state and r.action = t.action"
        "  and (r.to_state = t.to_state or t.action = 'recommend'))"
    )
    assert wrong == []
    broken = await owner.fetch(
        "select d.id from deployment d where d.state is distinct from (select to_state"
        " from deployment_transition t where t.deployment_id = d.id order by t.id desc limit 1)"
    )
    assert broken == []
    states = {r["state"] for r in await owner.fetch("select state from deployment")}
    assert {"requested", "cancelled_en_route", "advice_only", "returned"} <= states
    busy = "select count(*) from deployment_member where state in ('mobilising', 'en_route', 'on_scene')"
    assert await owner.fetchval(busy) == 0


async def test_the_negotiators_are_on_call(owner: asyncpg.Connection):
    rows = await owner.fetch(
        "select n.capacity, n.user_id is not null as is_user from rota_shift s"
        " join negotiator n on n.id = s.negotiator_id where s.during @> now()"
    )
    capacities = [r["capacity"] for r in rows]
    assert capacities.count("negotiator") >= 2
    assert any(r["capacity"] == "negco" and r["is_user"] for r in rows)


async def test_the_basemap_can_be_cut_into_tiles(owner: asyncpg.Connection):
    rows = await owner.fetch("select layer, count(*) as n from basemap_feature group by 1")
    assert {r["layer"] for r in rows} >= {"land", "road", "place", "building"}
    srid = "select bool_and(st_srid(geom) = 3857 and st_isvalid(geom)) from basemap_feature"
    assert await owner.fetchval(srid)


async def test_a_second_start_changes_nothing(owner: asyncpg.Connection, made: DatabaseSettings):
    count = "select (select count(*) from fix) + (select count(*) from incident) + (select count(*) from duty)"
    before = await owner.fetchval(count)
    _, _, tokens = FleetFiles(made.data_dir).read()
    said: list[str] = []
    async with asyncio.timeout(5):
        await seed_demo(made, cameras=CAMERAS, seed=1, progress=lambda what, _: said.append(what))
    assert said == []
    assert await owner.fetchval(count) == before
    assert FleetFiles(made.data_dir).read()[2] == tokens


async def test_another_demo_does_not_fit_into_the_same_database(made: DatabaseSettings):
    with pytest.raises(DemoIncompleteError, match="30 cameras and seed 1, not of 31 cameras"):
        await seed_demo(made, cameras=31, seed=1, progress=lambda *_: None)


async def test_without_the_demo_users_nothing_is_made(database: Database):
    with pytest.raises(DemoIncompleteError, match="commander, coordinator"):
        await seed_demo(database.settings, cameras=3, seed=1, progress=lambda *_: None)
    owner = await database.connect()
    assert await owner.fetchval("select count(*) from camera") == 0
