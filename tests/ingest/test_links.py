"""A camera that comes back while it is watched: over real sockets, on whichever gateway."""

import pytest

from sightline.sql.accounts import add_bridge, add_camera, new_token, token_hash
from tests.force import Force
from tests.ingest.camera_client import RunningGateway, camera, fix_now

REF = "AB4-000123"


@pytest.fixture
async def force(database):
    force = await Force.create(database)
    await force.relay()
    return force


@pytest.fixture
async def gateway(database):
    running = await RunningGateway(database).start()
    yield running
    await running.stop()


@pytest.fixture
async def token(force):
    """Of the camera REF."""
    return (await add_camera(force.owner, REF)).token


async def watch(force, gateway):
    """A FIM opens a stream of the camera, which records: the publication that is to carry it."""
    fim, incident = await force.user("fim"), await force.incident()
    async with force.acting(fim) as connection:
        opened = await connection.fetchrow(
            "select * from stream_open($1, 'officer_safety', 'shouting heard', $2, $3)",
            REF, incident, token_hash(new_token()),
        )  # fmt: skip
        assert opened["http"] == 201, opened["message"]
        return await connection.fetchval(
            "select publication_id::text from publication_ensure($1, $2, 'first')",
            opened["stream_id"],
            gateway.http,
        )


async def redeems(force, start):
    connection = await force.database.connect("gateway")
    return await connection.fetchval(
        "select camera from publication_redeem($1::text::uuid, $2)",
        start["stream"],
        token_hash(start["token"]),
    )


async def hears_again(force, cam, gateway, publication):
    """The camera on its new connection is told who watches and where to send."""
    assert (await cam.expect("watched"))["roles"] == ["FIM"]
    start = await cam.expect("stream_start")
    assert start["stream"] == publication
    assert start["whip"] == f"{gateway.http}/whip/{publication}"
    assert start["token"] != "first"
    assert await redeems(force, start) == REF
    return start


async def test_a_camera_that_reconnects_hears_that_it_is_watched_and_to_send(force, gateway, token):
    async with camera(gateway, token, REF) as cam:
        await cam.report(fix_now())
        publication = await watch(force, gateway)
        await cam.expect("watched")
        assert (await cam.expect("stream_start"))["token"] == "first"
    async with camera(gateway, token) as cam:
        await hears_again(force, cam, gateway, publication)
    async with camera(gateway, token, REF) as cam:  # it sends by now
        await cam.expect("watched")
        await cam.report(fix_now(), seq=2)
        assert cam.heard == []


async def test_on_another_gateway_too(force, gateway, database, token):
    other = await RunningGateway(database, gateway_name="other").start()
    try:
        async with camera(gateway, token, REF) as cam:
            await cam.report(fix_now())
            publication = await watch(force, gateway)
            await cam.expect("stream_start")
            async with camera(other, token) as back:
                await hears_again(force, back, other, publication)
    finally:
        await other.stop()


async def test_on_a_bridge_with_the_cameras_first_message(force, gateway, token):
    bridge_token = (await add_bridge(force.owner, "cloud")).token
    async with camera(gateway, token, REF) as cam:
        await cam.report(fix_now())
        publication = await watch(force, gateway)
        await cam.expect("stream_start")
    async with camera(gateway, bridge_token, path="/bridge") as bridge:
        await bridge.report(fix_now(), seq=3, camera=REF)
        assert (await bridge.expect("watched"))["camera"] == REF
        start = await bridge.expect("stream_start")
        assert (start["camera"], start["stream"]) == (REF, publication)
        assert await redeems(force, start) == REF


async def test_nothing_is_said_where_nobody_watches(force, gateway, token):
    for seq in (1, 2):
        async with camera(gateway, token, REF) as cam:
            await cam.report(fix_now(), seq=seq)
            assert cam.heard == []
    assert await force.owner.fetchval("select count(*) from camera_command") == 0
