"""A Linux board as a camera, as a process of its own: from its source to a viewer, and from a speaker to its loudspeaker."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from sightline.ingest.media import process
from sightline.ingest.settings import MediaSettings
from sightline.sql.accounts import add_camera, new_token, token_hash
from tests.conftest import Database
from tests.force import Force
from tests.ingest.camera.clips import film
from tests.ingest.camera_client import RunningGateway
from tests.ingest.media.conftest import RelayBench
from tests.ingest.media.test_talks import TONE_HZ, speak

CAMERA = "BOARD-1"


@dataclass
class BoardProcess:
    """The program, its wearer's buttons, and what it shows them."""

    force: Force
    gateway: RunningGateway
    bench: RelayBench
    heard_in: Path
    process: asyncio.subprocess.Process
    shown: list[dict[str, Any]] = field(default_factory=list)

    def press(self, button: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{button}\n".encode())

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.shown.append(json.loads(line))

    async def shows(self, event: str, within_s: float = 15) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            while True:
                for one in self.shown:
                    if one["event"] == event:
                        return one
                await asyncio.sleep(0.05)  # what is waited for has no event

    async def until(self, statement: str, within_s: float = 20) -> Any:
        async with asyncio.timeout(within_s):
            while not (found := await self.force.owner.fetchval(statement)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return found


@pytest.fixture
async def board(
    database: Database, bench: RelayBench, tmp_path: Path
) -> AsyncIterator[BoardProcess]:
    force = await Force.create(database)
    added = await add_camera(force.owner, CAMERA)
    stop = asyncio.Event()
    token, heard_in = tmp_path / "token", tmp_path / "heard.wav"
    token.write_text(added.token + "\n")
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
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sightline.ingest.camera",
            "--gateway", f"{gateway.url}/camera", "--camera", CAMERA, "--token-file", str(token),
            "--video", str(film(tmp_path / "street.mp4", seconds=4)), "--speaker", str(heard_in),
            "--audio-out", "earpiece", "--at", "57.1,2.2",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        board = BoardProcess(force, gateway, bench, heard_in, running)
        reading = asyncio.create_task(board.read())
        stack.callback(reading.cancel)
        await board.until("select true from relay")
        bench.base = await force.owner.fetchval("select internal_url from relay")
        bench.http.headers["Authorization"] = f"Bearer {secret.get_secret_value()}"
        try:
            yield board
        finally:
            running.stdin.close()
            assert await asyncio.wait_for(running.wait(), 15) == 0


async def test_a_board_reports_streams_and_is_talked_to(board: BoardProcess) -> None:
    board.press("something else")
    assert (await board.shows("not_understood"))["said"] == "something else"
    board.press("recording")
    await board.until("select true from live where recording = 3 and round(lat) = 57")
    board.press("eyes_on")
    assert (await board.shows("eyes_on"))["state"] == "waiting"

    force = board.force
    negco, incident = await force.user("negco"), await force.incident()
    await force.negotiator("N1", "negco", negco)
    await force.assign(negco, incident)
    async with force.acting(negco) as connection:
        opened = await connection.fetchrow(
            "select * from stream_open($1, 'negotiator_triage', 'hear him', $2, $3)",
            CAMERA, incident, token_hash(new_token()),
        )  # fmt: skip
        assert opened["http"] == 201, opened["message"]
        publication = await connection.fetchval(
            "select publication_id from publication_ensure($1, $2, $3)",
            opened["stream_id"], board.gateway.http, new_token(),
        )  # fmt: skip
    assert (await board.shows("watched"))["roles"] == ["NegCo"]
    viewer = await board.bench.viewer(publication, stream=opened["stream_id"])
    seen = set()
    for _ in range(25):
        picture = await viewer.picture()
        assert picture.luma.shape == (720, 1280)
        seen.add(int(picture.luma[360].argmax()))
    assert len(seen) > 10, "the bar of the film moves"
    sound = await asyncio.wait_for(viewer.audio.recv(), 5)
    assert sound.sample_rate == 48_000

    async with force.acting(negco) as connection:
        talk = (
            await connection.fetchrow(
                "select * from talk_open($1, $2)", opened["stream_id"], token_hash("speak")
            )
        )["talk_id"]
        assert await connection.fetchval(
            "select relay_url from talk_speak_redeem($1, $2)", talk, token_hash("speak")
        )
    await speak(board.bench, talk)
    assert (await board.shows("talk_request"))["by"] == "NegCo"
    board.press("accept")
    await board.shows("hearing")
    await asyncio.sleep(1.5)
    board.press("hang_up")
    await board.shows("talk_over")
    assert await force.owner.fetchval("select end_reason from talk") == "the officer ended it"
    async with asyncio.timeout(5):
        while not board.heard_in.exists() or board.heard_in.stat().st_size < 96_000:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    with av.open(str(board.heard_in)) as container:
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    spectrum = np.abs(np.fft.rfft(heard.astype(float)))
    assert abs(np.argmax(spectrum) * 48_000 / len(heard) - TONE_HZ) < 10

    board.press("off")
    await board.until(
        "select true from stream_session where end_reason = 'the camera stopped recording'"
    )
    await board.shows("not_sending")
