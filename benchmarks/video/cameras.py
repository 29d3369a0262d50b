"""Cameras of the benchmarks: some that paint and encode when they are told to send, and many that send a loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

from benchmarks.video.place import LAT, LON, Stage
from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.messages import Fix, Identity, Incoming, StreamStart, StreamStop
from sightline.ingest.camera.studio_process import StudioProcess

_STUDIO_WITHIN_S: Final = 60.0
_REPORT_EVERY_S: Final = 5.0


class PaintingCamera:
    """A camera that records, of the reference client; a studio paints and encodes its picture when it is told to send."""

    def __init__(self, ref: str, url: str, token: str, studio: StudioProcess) -> None:
        self.ref = ref
        self.client = CameraClient(url, token, Identity(ref, "bench", "1", "earpiece"), self._hear)
        self.recording: Any = "recording"
        self._studio = studio

    def set_recording(self, recording: Any) -> None:
        """Tell a change of the recording state at once."""
        self.recording = recording
        self.client.set_status(recording, 80.0)

    async def run(self) -> None:
        """Be connected and report, until cancelled."""
        running = asyncio.create_task(self.client.run())
        try:
            self.set_recording(self.recording)
            while True:
                now_ms = int(time.time() * 1000)
                fix = Fix(time=now_ms, lat=LAT, lon=LON, recording=self.recording)
                self.client.add_fix(fix)
                await asyncio.sleep(_REPORT_EVERY_S)
        finally:
            running.cancel()

    def _hear(self, message: Incoming) -> None:
        if isinstance(message, StreamStart):
            self._studio.start(
                message.stream, message.whip, message.token, call_sign="RB31", camera=self.ref
            )
        elif isinstance(message, StreamStop):
            self._studio.stop(message.stream)


@contextlib.asynccontextmanager
async def warm_studio() -> AsyncIterator[StudioProcess]:
    """A studio that is ready, until the end of the block."""
    async with StudioProcess() as studio:
        await asyncio.wait_for(studio.ready.wait(), _STUDIO_WITHIN_S)
        yield studio


@contextlib.asynccontextmanager
async def painting_camera(
    stage: Stage, ref: str, studio: StudioProcess
) -> AsyncIterator[PaintingCamera]:
    """A new camera that is known to record, until the end of the block."""
    token = await stage.camera_token(ref)
    camera = PaintingCamera(ref, stage.place.gateway_url, token, studio)
    running = asyncio.create_task(camera.run())
    try:
        await stage.until_recording(ref)
        yield camera
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class LoopedCameras:
    """The process of the cameras that send a loop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = process.pid
        self._process = process

    async def start(self, gateway: str, tokens: dict[str, str]) -> None:
        """Connect these cameras."""
        await self._ask({"gateway": gateway, "cameras": tokens, "lat": LAT, "lon": LON})

    async def sent(self) -> dict[str, int]:
        """How many pictures each has sent so far."""
        counts: dict[str, int] = (await self._ask(None))["pictures"]
        return counts

    async def _ask(self, order: dict[str, Any] | None) -> dict[str, Any]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n" if order is None else json.dumps(order).encode() + b"\n")
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the looped cameras ended; their messages stand above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.asynccontextmanager
async def looped_cameras(stage: Stage, refs: Iterable[str]) -> AsyncIterator[LoopedCameras]:
    """New cameras that are known to record, until the end of the block."""
    tokens = {ref: await stage.camera_token(ref) for ref in refs}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.video.looped",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        cameras = LoopedCameras(process)
        await cameras.start(stage.place.gateway_url, tokens)
        for ref in tokens:
            await stage.until_recording(ref)
        yield cameras
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
