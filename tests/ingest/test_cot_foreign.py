"""Cursor-on-Target with a TAK program that we did not write: pytak, connected plainly to a demonstration's gateway."""

import asyncio
from configparser import ConfigParser
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytak
import pytest

from sightline.sql.accounts import add_camera
from tests.force import Force
from tests.ingest.camera_client import RunningGateway, camera, fix_now, free_port, until
from tests.ingest.cot_client import auth, moment


@pytest.fixture
async def force(database):
    return await Force.create(database)


@pytest.fixture
async def demo(database, force):
    await force.owner.execute("update force_setting set value = 'true' where key = 'demo'")
    running = await RunningGateway(database, gateway_cot_port=free_port(), demo=True).start()
    yield running
    await running.stop()


@asynccontextmanager
async def pytak_client(gateway):
    """pytak's own workers on its own connection: a queue of what to send, and one of what came."""
    config = ConfigParser()
    config["pytak"] = {
        "COT_URL": f"tcp://127.0.0.1:{gateway.settings.gateway_cot_port}",
        "TAK_PROTO": "0",
    }
    section = config["pytak"]
    reader, writer = await pytak.protocol_factory(section)
    to_send, came = asyncio.Queue(), asyncio.Queue()
    workers = [
        asyncio.create_task(pytak.TXWorker(to_send, section, writer).run()),
        asyncio.create_task(pytak.RXWorker(came, section, reader).run()),
    ]
    try:
        yield to_send, came
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def of(came, uid):
    async with asyncio.timeout(8):
        while True:
            shown = ET.fromstring(await came.get())
            if shown.get("uid") == uid:
                return shown


async def test_a_tak_program_sees_the_officers_move_with_stale_and_ce(demo, force):
    token = (await add_camera(force.owner, "C1")).token
    async with camera(demo, token) as cam, pytak_client(demo) as (to_send, came):
        await to_send.put(pytak.gen_cot(lat=51, lon=0, uid="pytak-itself", callsign="me"))
        places = []
        for seq in range(1, 4):
            fix = fix_now(lat=51.2724 + seq / 1e4, accuracy_m=6.5, heading_deg=90, speed_mps=2)
            await cam.report(fix, seq=seq)
            shown = await of(came, "sightline.C1")
            places.append(float(shown.find("point").get("lat")))
            assert shown.find("point").get("ce") == "6.5"
            assert shown.find("detail/track").get("course") == "90.0"
            assert moment(shown.get("stale")) > datetime.now(UTC) + timedelta(seconds=100)
        assert places == sorted(set(places))
    assert await force.owner.fetchval("select count(*) from camera") == 1


async def test_what_a_tak_program_writes_is_a_fix(demo, force):
    token = (await add_camera(force.owner, "C1")).token
    async with pytak_client(demo) as (to_send, came):
        await to_send.put(auth(token))
        written = pytak.gen_cot(
            lat=51.5, lon=-0.25, ce=7, hae=12, uid="pytak-itself", cot_type="a-f-G-U-C"
        )
        await to_send.put(written)

        async def is_stored():
            return await force.owner.fetchval("select count(*) from fix") == 1

        await until(is_stored)
        assert (await of(came, "sightline.C1")).find("point").get("ce") == "7.0"
    row = await force.owner.fetchrow("select lat, lon, accuracy_m, altitude_m from fix")
    assert tuple(row) == (51.5, -0.25, 7, 12)
