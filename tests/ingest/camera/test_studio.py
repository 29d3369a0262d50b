"""The studio: a warm process that publishes for many cameras, and is never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from sightline.ingest.camera.studio_process import STUDIO_LOST, STUDIO_MODULE, StudioProcess
from tests.ingest.media.conftest import SECRET, RelayBench


class Fleet:
    """Gives jobs, and keeps what it hears of them."""

    def __init__(self, bench: RelayBench) -> None:
        self.bench = bench
        self.sending: dict[str, int] = {}
        self.ended: dict[str, str] = {}
        self.studio = StudioProcess(self.sending.__setitem__, self.ended.__setitem__)

    def start(self, n: int = 0, token: str = SECRET) -> UUID:
        publication = uuid4()
        self.studio.start(
            str(publication),
            self.bench.url(f"publications/{publication}"),
            token,
            call_sign=f"RB{n}",
            camera=f"AB4-{n:06}",
        )
        return publication

    async def until(self, condition: Callable[[], bool], timeout: float = 15) -> None:
        await self.bench.wait_until(condition, timeout)


@asynccontextmanager
async def working(bench: RelayBench) -> AsyncIterator[Fleet]:
    fleet = Fleet(bench)
    async with fleet.studio:
        await asyncio.wait_for(fleet.studio.ready.wait(), 30)
        yield fleet


async def test_a_job_becomes_a_picture_and_ends_when_it_is_stopped(bench: RelayBench) -> None:
    async with working(bench) as fleet:
        publication = fleet.start()
        viewer = await bench.viewer(publication)
        assert (await viewer.picture()).strip_ms is not None
        await fleet.until(lambda: str(publication) in fleet.sending)
        assert fleet.sending[str(publication)] < 2000
        assert fleet.studio.active == {str(publication)}

        fleet.studio.stop(str(publication))
        await fleet.until(lambda: bool(fleet.ended))
        assert fleet.ended == {str(publication): "stopped"}
        assert fleet.studio.active == frozenset()
        assert await viewer.sees_end()
        assert bench.end_reason(publication) == "the camera stopped sending"


async def test_several_cameras_at_once_each_with_a_picture_of_its_own(bench: RelayBench) -> None:
    async with working(bench) as fleet:
        publications = [fleet.start(n) for n in range(3)]
        viewers = await asyncio.gather(*map(bench.viewer, publications))
        pictures = await asyncio.gather(*(viewer.picture() for viewer in viewers))
        assert all(picture.strip_ms is not None for picture in pictures)
        names = {picture.luma[680:720, 20:300].tobytes() for picture in pictures}
        assert len(names) == 3


async def test_a_job_that_is_refused_ends_with_the_reason(bench: RelayBench) -> None:
    async with working(bench) as fleet:
        refused = fleet.start(token="wrong")
        await fleet.until(lambda: str(refused) in fleet.ended)
        assert fleet.ended[str(refused)] == "our offer was refused with HTTP 401"
        nowhere = uuid4()
        fleet.studio.start(
            str(nowhere), "http://127.0.0.1:9/whip", "t", call_sign="RB1", camera="AB4-000001"
        )
        await fleet.until(lambda: str(nowhere) in fleet.ended)
        assert fleet.ended[str(nowhere)].startswith("our offer was not answered")
        good = fleet.start()
        await fleet.until(lambda: str(good) in fleet.sending)


async def test_what_the_relay_ends_is_heard_of(bench: RelayBench) -> None:
    async with working(bench) as fleet:
        publication = fleet.start()
        await fleet.until(lambda: str(publication) in fleet.sending)
        bench.relay.end("publication", publication, "nobody watches")
        await fleet.until(lambda: str(publication) in fleet.ended)
        assert fleet.ended[str(publication)] == "the relay closed the connection"


async def test_a_studio_that_dies_is_replaced_and_its_jobs_are_known_to_be_over(
    bench: RelayBench, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(bench) as fleet:
        publication = fleet.start()
        await fleet.until(lambda: str(publication) in fleet.sending)
        os.kill(fleet.studio._process.pid, signal.SIGKILL)
        await fleet.until(lambda: bool(fleet.ended))
        assert fleet.ended == {str(publication): STUDIO_LOST}
        await asyncio.wait_for(fleet.studio.ready.wait(), 30)
        again = fleet.start()
        await fleet.until(lambda: str(again) in fleet.sending)
    assert any(record.msg.startswith("the studio stopped") for record in caplog.records)


async def test_it_ends_with_who_started_it_and_not_by_an_interrupt(bench: RelayBench) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", STUDIO_MODULE,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert json.loads(await asyncio.wait_for(process.stdout.readline(), 30)) == {"event": "ready"}
    process.send_signal(signal.SIGINT)
    process.stdin.write(b"no order\n")
    publication = str(uuid4())
    job = {
        "publication": publication, "whip": bench.url(f"publications/{publication}"),
        "token": SECRET, "call_sign": "RB1", "camera": "AB4-000001",
    }  # fmt: skip
    process.stdin.write(json.dumps({"do": "start", "job": job}).encode() + b"\n")
    event = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    assert (event["event"], event["publication"]) == ("sending", publication)
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 5) == 0
    await bench.wait_until(lambda: not bench.relay.publications)
    assert bench.end_reason(UUID(publication)) == "the camera stopped sending"
