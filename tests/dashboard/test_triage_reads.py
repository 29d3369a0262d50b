"""What the triage page and the rota read, on the real database, as each role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sightline.dashboard.triage.decision.actions import available
from sightline.dashboard.triage.reads import (
    read_cameras,
    read_commanders,
    read_deployment,
    read_log,
    read_possible,
    read_queue,
    read_recommendations,
)
from tests.force import Force

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def force(database) -> Force:
    return await Force.create(database)


async def request(
    force: Force, person, incident: int, fields: str = '{"what": "on the parapet"}'
) -> int:
    async with force.acting(person) as connection:
        return await connection.fetchval(
            "select deployment_id from deployment_request($1, $2)", incident, fields
        )


async def act(
    force: Force, person, deployment: int, action: str, *, members=None, recommend=None, why="x"
):
    async with force.acting(person) as connection:
        row = await connection.fetchrow(
            "select * from deployment_act($1, $2, $3, $4, $5)",
            deployment,
            action,
            why,
            members,
            recommend,
        )
    assert row["outcome"] == "ok", row["message"]


async def test_a_request_reaches_the_queue_with_what_was_recommended(force):
    fim, negco = await force.user("fim"), await force.user("negco")
    incident = await force.incident("Man on the bridge")
    deployment = await request(force, fim, incident)
    await act(force, negco, deployment, "recommend", recommend="deploy")
    async with force.acting(negco) as connection:
        (waiting,) = await read_queue(connection, LONG_AGO)
        found = await read_deployment(connection, deployment)
    assert (waiting.id, waiting.state, waiting.recommended) == (deployment, "triage", "Deploy")
    assert waiting.title == "Man on the bridge"
    assert found.request == {"what": "on the parapet"}
    assert found.recommendation.code == "deploy"
    assert found.recommendation.by == "negco"
    assert found.requested_by.role_name == "FIM"
    assert found.commander is None
    assert not found.in_charge


async def test_what_was_settled_long_ago_has_left_the_queue(force):
    fim = await force.user("fim")
    deployment = await request(force, fim, await force.incident())
    await act(force, fim, deployment, "not_required")
    async with force.acting(fim) as connection:
        assert [w.id for w in await read_queue(connection, LONG_AGO)] == [deployment]
        later = datetime.now(UTC) + timedelta(minutes=1)
        assert await read_queue(connection, later) == []


async def test_a_restricted_incident_is_not_there_for_who_is_not_named(force):
    fim, other = await force.user("fim"), await force.user("fim", "other")
    incident = await force.incident(restricted=True)
    await force.assign(fim, incident)
    deployment = await request(force, fim, incident)
    async with force.acting(other) as connection:
        assert await read_queue(connection, LONG_AGO) == []
        assert await read_deployment(connection, deployment) is None
        assert await read_log(connection, incident) == []


async def test_every_button_that_is_offered_works_and_leads_to_cancelled_en_route(force):
    fim = await force.user("fim")
    one, two = await force.negotiator("Ash"), await force.negotiator("Birch")
    deployment = await request(force, fim, await force.incident())
    for action, members in (("dispatch", [one, two]), ("en_route", [one]), ("cancel", None)):
        async with force.acting(fim) as connection:
            found = await read_deployment(connection, deployment)
            possible = await read_possible(connection, found.state)
        can = {"deployment.decide": "all"}
        assert action in [a.code for a in available(found, possible, can, fim.user_id)]
        await act(force, fim, deployment, action, members=members)
    async with force.acting(fim) as connection:
        found = await read_deployment(connection, deployment)
        log = await read_log(connection, found.incident.id)
    assert found.state == "cancelled_en_route"
    assert found.team == ()
    assert [m.had_set_off for m in found.members] == [True, False]
    assert log[0].kind == "decision"
    assert log[0].text.startswith("Cancelled en route")
    assert log[0].role == "FIM"


async def test_the_commander_in_charge_is_named_and_knows_it(force):
    fim, commander = await force.user("fim"), await force.user("commander")
    incident = await force.incident()
    await force.assign(commander, incident, "commander")
    deployment = await request(force, fim, incident)
    async with force.acting(commander) as connection:
        found = await read_deployment(connection, deployment)
    assert found.in_charge
    assert found.commander.name == "commander"
    async with force.acting(fim) as connection:
        assert await read_commanders(connection) == {"commander": "commander, Commander"}


async def test_cameras_near_the_incident_are_ranked_and_named(force):
    fim = await force.user("fim")
    here = await force.camera("HERE")
    await force.camera("BUFFERING", "buffering")
    far = await force.camera("FAR")
    await force.camera("STALE", seen_s=600)
    indoors = await force.camera("INDOORS")
    await force.owner.execute(
        "update live set rsrp_dbm = -85, bearer = 1 where camera_id = $1", here
    )
    await force.owner.execute("update live set lat = 57.0117 where camera_id = $1", far)
    await force.owner.execute(
        "update live set lat = null, lon = null, fix_time = null where camera_id = $1", indoors
    )
    incident = await force.incident()
    await force.at_incident(indoors, incident)
    deployment = await request(force, fim, incident)
    async with force.acting(fim) as connection:
        found = await read_deployment(connection, deployment)
        cameras = await read_cameras(connection, found.incident)
    assert [c.camera for c in cameras] == ["HERE", "INDOORS", "FAR", "BUFFERING", "STALE"]
    assert cameras[0].quality == "good"
    assert cameras[1].quality == "unknown"
    assert cameras[1].attached
    assert cameras[2].distance_m == pytest.approx(1301, abs=5)
    assert cameras[2].direction == "north"
    assert cameras[3].why_not == "buffering, not recording"


async def test_wifi_level_is_not_taken_for_rsrp(force):
    fim = await force.user("fim")
    camera = await force.camera("WIFI")
    await force.owner.execute(
        "update live set rsrp_dbm = -50, bearer = 3 where camera_id = $1", camera
    )
    deployment = await request(force, fim, await force.incident())
    async with force.acting(fim) as connection:
        found = await read_deployment(connection, deployment)
        (near,) = await read_cameras(connection, found.incident)
    assert near.quality == "unknown"


async def test_cameras_that_are_not_the_readers_to_see_are_not_offered(force):
    fim, commander = await force.user("fim"), await force.user("commander")
    mine, _ = await force.camera("MINE"), await force.camera("OTHER")
    incident = await force.incident()
    await force.assign(commander, incident, "commander")
    await force.at_incident(mine, incident)
    deployment = await request(force, fim, incident)
    async with force.acting(commander) as connection:
        found = await read_deployment(connection, deployment)
        assert [c.camera for c in await read_cameras(connection, found.incident)] == ["MINE"]


async def test_an_incident_without_a_place_still_knows_its_own_cameras(force):
    fim = await force.user("fim")
    camera = await force.camera("MINE")
    incident = await force.incident()
    await force.owner.execute("update incident set lat = null, lon = null where id = $1", incident)
    await force.at_incident(camera, incident)
    deployment = await request(force, fim, incident)
    async with force.acting(fim) as connection:
        found = await read_deployment(connection, deployment)
        (near,) = await read_cameras(connection, found.incident)
    assert (near.camera, near.distance_m, near.direction) == ("MINE", None, None)


async def test_the_forces_recommendations_stand_in_their_order(force):
    negco = await force.user("negco")
    async with force.acting(negco) as connection:
        assert list(await read_recommendations(connection)) == [
            "deploy", "advice_only", "not_required", "cancel",
        ]  # fmt: skip
