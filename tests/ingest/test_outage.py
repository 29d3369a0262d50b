"""What must not be lost: the database stopped for seconds under traffic, and the gateway killed, with real processes."""

import asyncio
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from sightline.ingest import gateway
from sightline.sql import connect as connect_database
from sightline.sql.accounts import add_camera
from sightline.sql.settings import DatabaseSettings
from tests.ingest import camera_client
from tests.ingest.camera_client import RunningGateway, fix_now, free_port

pytestmark = pytest.mark.slow


class BufferingCamera:
    """Reports every tenth of a second, keeps what is not acknowledged, and sends it again on every new connection."""

    def __init__(self, url, token, number):
        self.url = url
        self.token = token
        self.number = number
        self.unacknowledged = {}
        self.acknowledged = set()
        self.longest_wait_s = 0.0
        self.stopped = False
        self._seq = 0
        self._north = 0

    def _fix(self):
        at = datetime.now(UTC)
        self._north += 1
        return {
            "time": at.isoformat(),
            "lat": 51 + self.number / 100 + self._north / 1e6,
            "lon": 0.5,
            "recording": "recording",
        }

    async def run(self):
        while not (self.stopped and not self.unacknowledged):
            try:
                async with connect(
                    self.url,
                    subprotocols=["sightline.camera.v1"],
                    additional_headers={"Authorization": f"Bearer {self.token}"},
                    proxy=None,
                    open_timeout=2,
                    close_timeout=1,
                ) as socket:
                    await self._converse(socket)
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, EOFError):
                await asyncio.sleep(0.2)

    async def _converse(self, socket):
        reading = asyncio.create_task(self._read(socket))
        try:
            for seq, (fixes, _) in list(self.unacknowledged.items()):
                await socket.send(json.dumps({"type": "report", "seq": seq, "fixes": fixes}))
            while not reading.done():
                if not self.stopped:
                    self._seq += 1
                    fixes = [self._fix()]
                    self.unacknowledged[self._seq] = (fixes, time.monotonic())
                    message = {"type": "report", "seq": self._seq, "fixes": fixes}
                    await socket.send(json.dumps(message))
                elif not self.unacknowledged:
                    return
                await asyncio.sleep(0.1)
        finally:
            reading.cancel()

    async def _read(self, socket):
        async for text in socket:
            message = json.loads(text)
            if message["type"] != "ack" or message["seq"] not in self.unacknowledged:
                continue
            assert message["rejected"] == []
            assert message["stored"] + message["duplicate"] == 1
            fixes, sent = self.unacknowledged.pop(message["seq"])
            self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - sent)
            self.acknowledged.update((self.number, fix["time"]) for fix in fixes)


@pytest.fixture
async def tokens(own_cluster):
    owner = await connect_database(DatabaseSettings(data_dir=own_cluster.data_dir), "owner")
    made = [(await add_camera(owner, f"CAM-{n}")).token for n in range(20)]
    await owner.close()
    return made


class Place:
    def __init__(self, data_dir):
        self.data_dir = data_dir


async def stored(data_dir):
    owner = await connect_database(DatabaseSettings(data_dir=data_dir), "owner")
    rows = await owner.fetch("select camera_id - 1, fix_time, count(*) from fix group by 1, 2")
    strange = await owner.fetchval(
        "select count(*) from live l where fix_time is distinct from"
        " (select max(f.fix_time) from fix f where f.camera_id = l.camera_id)"
    )
    await owner.close()
    assert all(row[2] == 1 for row in rows), "a fix was stored twice"
    assert strange == 0, "live state is not the newest of history"
    return {(row[0], row[1].isoformat()) for row in rows}


async def until_more_is_acknowledged(cameras):
    """A gateway takes its time to start on a busy machine."""

    def count():
        return sum(len(camera.acknowledged) for camera in cameras)

    before = count()
    async with asyncio.timeout(30):
        while count() == before:  # noqa: ASYNC110 - what is awaited has no event
            await asyncio.sleep(0.05)


async def finish(cameras, tasks):
    for camera in cameras:
        camera.stopped = True
    async with asyncio.timeout(60):
        await asyncio.gather(*tasks)
    return set().union(*(camera.acknowledged for camera in cameras))


@pytest.mark.parametrize("how", ["stop", "crash"])
async def test_the_database_goes_away_for_seconds_under_traffic(own_cluster, tokens, how):
    running = await RunningGateway(Place(own_cluster.data_dir)).start()
    cameras = [BufferingCamera(f"{running.url}/camera", t, n) for n, t in enumerate(tokens)]
    tasks = [asyncio.create_task(camera.run()) for camera in cameras]
    try:
        await asyncio.sleep(1.5)
        if how == "stop":
            await asyncio.to_thread(own_cluster.stop, mode="fast")
        else:
            await asyncio.to_thread(own_cluster.kill)
        down = time.monotonic()
        before = sum(len(camera.acknowledged) for camera in cameras)
        await asyncio.sleep(4)
        assert sum(len(camera.acknowledged) for camera in cameras) <= before + 20
        await asyncio.to_thread(own_cluster.start)
        away_s = time.monotonic() - down
        await asyncio.sleep(3)
        recovered = sum(len(camera.acknowledged) for camera in cameras)
        assert recovered > before + 20 * 30, "it did not come back by itself"
        acknowledged = await finish(cameras, tasks)
    finally:
        for task in tasks:
            task.cancel()
        await running.stop()
    found = await stored(own_cluster.data_dir)
    assert acknowledged - found == set(), "acknowledged and lost"
    assert len(acknowledged) > 20 * 60
    assert max(camera.longest_wait_s for camera in cameras) > away_s - 1
    assert not any(camera.unacknowledged for camera in cameras)


class Wire:
    """What stands between gateway and database, and can be cut so that neither end hears of it."""

    def __init__(self, url):
        self._to = urlsplit(url)
        self._pumps = set()
        self._ends = []

    async def open(self):
        """Begin to forward; the database's address through it."""
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self._ends.append(server)
        login = self._to.netloc.rpartition("@")[0]
        port = server.sockets[0].getsockname()[1]
        return self._to._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()

    async def _forward(self, reader, writer):
        other_reader, other_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._ends += [writer, other_writer]
        for source, sink in ((reader, other_writer), (other_reader, writer)):
            self._pumps.add(asyncio.create_task(self._pump(source, sink)))

    async def _pump(self, source, sink):
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()

    def cut(self):
        """Every connection goes dead without being closed; new ones work."""
        for pump in self._pumps:
            pump.cancel()
        self._pumps.clear()

    def close(self):
        self.cut()
        for end in self._ends:
            end.close()


async def test_a_database_that_vanished_without_a_word_is_looked_for_anew(database):
    """As after a failover: what is sent to the old address is answered by nobody, not even with a refusal."""
    owner = await database.connect()
    token = (await add_camera(owner, "CAM-1")).token
    wire = Wire(json.loads((database.data_dir / "database.json").read_text())["gateway"])
    running = await RunningGateway(
        database, database_url=await wire.open(), database_statement_timeout_s=1
    ).start()
    try:
        async with camera_client.camera(running, token) as cam:
            assert (await cam.report(fix_now(), seq=1))["stored"] == 1
            wire.cut()
            await cam.say({"type": "report", "seq": 2, "fixes": [fix_now()]})
            assert (await cam.expect("ack", within_s=15, seq=2))["stored"] == 1
            assert (await cam.report(fix_now(), seq=3))["stored"] == 1
    finally:
        await running.stop()
        wire.close()
    assert await owner.fetchval("select count(*) from fix") == 3


GATEWAY_PROCESS = """
import asyncio, sys
from pathlib import Path
from sightline.ingest import gateway
from sightline.ingest.settings import GatewaySettings
settings = GatewaySettings(data_dir=Path(sys.argv[1]), gateway_port=int(sys.argv[2]),
                           gateway_http_port=int(sys.argv[3]), gateway_cot_port=0, gateway_flush_ms=50)
asyncio.run(gateway.run(settings, asyncio.Event()))
"""


async def test_the_gateway_is_killed_again_and_again(own_cluster, tokens):
    port, http_port = free_port(), free_port()

    async def spawn():
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", GATEWAY_PROCESS, own_cluster.data_dir, str(port), str(http_port)
        )

    process = await spawn()
    cameras = [BufferingCamera(f"ws://127.0.0.1:{port}/camera", t, n) for n, t in enumerate(tokens)]
    tasks = [asyncio.create_task(camera.run()) for camera in cameras]
    try:
        for _ in range(3):
            await until_more_is_acknowledged(cameras)
            await asyncio.sleep(2)
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            process = await spawn()
        await until_more_is_acknowledged(cameras)
        await asyncio.sleep(2)
        acknowledged = await finish(cameras, tasks)
    finally:
        for task in tasks:
            task.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
    found = await stored(own_cluster.data_dir)
    assert acknowledged - found == set(), "acknowledged and lost"
    assert len(acknowledged) > 20 * 40


async def test_the_database_may_come_later_than_the_gateway(own_cluster, tokens):
    await asyncio.to_thread(own_cluster.stop, mode="fast")
    running = RunningGateway(Place(own_cluster.data_dir))
    starting = asyncio.create_task(running.start())
    await asyncio.sleep(1)
    assert not starting.done()
    await asyncio.to_thread(own_cluster.start)
    await starting
    camera = BufferingCamera(f"{running.url}/camera", tokens[0], 0)
    task = asyncio.create_task(camera.run())
    await asyncio.sleep(1)
    assert await finish([camera], [task])
    await running.stop()


async def test_a_gateway_that_waits_for_the_database_can_be_stopped(own_cluster):
    await asyncio.to_thread(own_cluster.stop, mode="fast")
    running = RunningGateway(Place(own_cluster.data_dir))
    running._task = asyncio.create_task(gateway.run(running.settings, running.stopping))
    await asyncio.sleep(0.5)
    started = time.monotonic()
    await running.stop()
    assert time.monotonic() - started < 2
