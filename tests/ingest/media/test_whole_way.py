"""From the dashboard's wish to a picture, with every real part of ingest between.

stream_open, publication_ensure → camera_command → gateway → reference client → studio
→ WHIP at the gateway → relay → viewer
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.messages import (
    Fix,
    Identity,
    Incoming,
    StreamStart,
    StreamStop,
    Watched,
)
from sightline.ingest.camera.studio_process import StudioProcess
from sightline.ingest.media import process
from sightline.ingest.settings import MediaSettings
from sightline.sql.accounts import add_camera, new_token, token_hash
from tests.conftest import Database
from tests.force import Force, Person
from tests.ingest.camera_client import RunningGateway
from tests.ingest.media.conftest import RelayBench, Viewer

CAMERA = "AB4-000123"


class Way:
    """A camera that records, connected to a gateway, beside a relay. While it is `forgetful`, it does not what it is told."""

    def __init__(self, force: Force, bench: RelayBench, gateway: RunningGateway) -> None:
        self.force, self.bench, self.gateway = force, bench, gateway
        self.heard: list[Incoming] = []
        self.ended: list[str] = []
        self.forgetful = False
        self.studio = StudioProcess(on_ended=lambda _publication, why: self.ended.append(why))
        self.client: CameraClient | None = None

    def hear(self, message: Incoming) -> None:
        self.heard.append(message)
        if self.forgetful:
            return  # as one that is switched off a moment later
        if isinstance(message, StreamStart):
            self.studio.start(
                message.stream, message.whip, message.token, call_sign="RB31", camera=CAMERA
            )
        elif isinstance(message, StreamStop):
            self.studio.stop(message.stream)

    async def open(self, person: Person, incident: int) -> tuple[UUID, UUID]:
        async with self.force.acting(person) as connection:
            opened = await connection.fetchrow(
                "select * from stream_open($1, 'officer_safety', 'shouting heard', $2, $3)",
                CAMERA, incident, token_hash(new_token()),
            )  # fmt: skip
            assert opened["http"] == 201, opened["message"]
            publication = await connection.fetchval(
                "select publication_id from publication_ensure($1, $2, $3)",
                opened["stream_id"], self.gateway.http, new_token(),
            )  # fmt: skip
        return opened["stream_id"], publication

    async def until(self, statement: str, timeout: float = 10) -> None:
        async with asyncio.timeout(timeout):
            while not await self.force.owner.fetchval(statement):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@pytest.fixture
async def way(database: Database, bench: RelayBench) -> AsyncIterator[Way]:
    force = await Force.create(database)
    added = await add_camera(force.owner, CAMERA)
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        gateway = await RunningGateway(database).start()
        stack.push_async_callback(gateway.stop)
        secret = gateway.settings.internal_secret
        settings = MediaSettings(
            data_dir=database.data_dir, internal_secret=secret, media_port=0, media_internal_port=0
        )
        relay = asyncio.create_task(process.run(settings, stop))
        stack.push_async_callback(asyncio.wait_for, relay, 10)
        stack.callback(stop.set)
        way = Way(force, bench, gateway)
        await stack.enter_async_context(way.studio)
        await asyncio.wait_for(way.studio.ready.wait(), 30)
        identity = Identity(CAMERA, "Reference", "1.0", "earpiece")
        way.client = CameraClient(f"{gateway.url}/camera", added.token, identity, way.hear)
        running = asyncio.create_task(way.client.run())
        stack.callback(running.cancel)
        way.client.set_status("recording", 80.0)
        way.client.add_fix(
            Fix(time=int(time.time() * 1000), lat=57.1, lon=2.2, recording="recording")
        )
        await way.until("select true from live where recording = 3 and fix_time is not null")
        await way.until("select true from relay")
        bench.base = await force.owner.fetchval("select internal_url from relay")
        bench.http.headers["Authorization"] = f"Bearer {secret.get_secret_value()}"
        yield way


async def test_a_wish_becomes_a_picture_and_an_end_reaches_the_camera(way: Way) -> None:
    fim, incident = await way.force.user("fim"), await way.force.incident()
    waits = []
    for _ in range(3):
        began = time.monotonic()
        stream, publication = await way.open(fim, incident)
        viewer: Viewer = await way.bench.viewer(publication, stream=stream)
        assert (await viewer.picture()).strip_ms is not None
        waits.append(time.monotonic() - began)

        await way.force.owner.execute("select publication_end($1, 'the test is over')", publication)
        assert await viewer.sees_end(3)
        async with asyncio.timeout(5):
            while way.studio.active:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert statistics.median(waits) < 2
    assert len(way.ended) == 3


async def test_when_the_camera_stops_recording_the_picture_is_gone_within_a_second(
    way: Way,
) -> None:
    fim, incident = await way.force.user("fim"), await way.force.incident()
    stream, publication = await way.open(fim, incident)
    viewer = await way.bench.viewer(publication, stream=stream)
    await viewer.picture()

    began = time.monotonic()
    way.client.set_status("buffering", 79.0)
    last = await viewer.last_picture_at()
    assert last is not None
    assert last - began < 1
    await way.until(
        "select true from stream_session where end_reason = 'the camera stopped recording'"
    )
    async with asyncio.timeout(5):
        while not any(isinstance(message, StreamStop) for message in way.heard):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_camera_that_restarts_when_it_is_told_to_send_sends_all_the_same(way: Way) -> None:
    fim, incident = await way.force.user("fim"), await way.force.incident()
    way.forgetful = True
    stream, publication = await way.open(fim, incident)
    async with asyncio.timeout(5):
        while not any(isinstance(message, StreamStart) for message in way.heard):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    waiting = asyncio.create_task(way.bench.viewer(publication, stream=stream))
    way.client.lose_signal()
    way.heard.clear()
    way.forgetful = False
    way.client.regain_signal()
    viewer = await asyncio.wait_for(waiting, 10)
    assert (await viewer.picture()).strip_ms is not None
    assert Watched(["FIM"]) in way.heard
