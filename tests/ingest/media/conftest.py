"""A relay on real sockets, cameras that send real encoded video, and a viewer that decodes it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import aiohttp
import numpy as np
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from sightline.ingest.camera import time_strip
from sightline.ingest.camera.publisher import PublicationJob, Publisher, PublishError
from sightline.ingest.media import hooks
from sightline.ingest.media.gate_watch import RelayIdentity
from sightline.ingest.media.internal_api import make_app
from sightline.ingest.media.relay import Relay, RelayLimits
from sightline.ingest.media.turns import Turn
from sightline.ingest.media.udp_mux import UdpMux
from tests.serving import serving

SECRET = "a-secret-of-more-than-thirty-two-characters"
SDP_HEADERS = {"Content-Type": "application/sdp"}


@dataclass(frozen=True)
class AlwaysOpen:
    """The gate's state where a test is about something else."""

    open: bool = True
    silence_s: float | None = 0.0


@dataclass
class Picture:
    """One decoded picture: its luma, and its age by the strip burnt into it."""

    luma: np.ndarray
    strip_ms: int | None


@dataclass
class Viewer:
    """A WHEP viewer that decodes what it gets."""

    stream: UUID
    connection: RTCPeerConnection
    video: MediaStreamTrack
    audio: MediaStreamTrack | None
    location: str = ""

    async def picture(self, timeout: float = 5.0) -> Picture:
        frame = await asyncio.wait_for(self.video.recv(), timeout)
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        luma = rows[:, : plane.width].copy()
        return Picture(luma, time_strip.read(luma))

    async def sees_end(self, timeout: float = 5.0) -> bool:
        """Whether the stream ends in time: the track ends, or nothing comes for a second."""
        return await self.last_picture_at(timeout) is not None

    async def last_picture_at(self, timeout: float = 5.0) -> float | None:
        """When the last picture came (monotonic clock), once the stream has ended; None: it goes on."""
        last = time.monotonic()
        deadline = last + timeout
        while time.monotonic() < deadline:
            try:
                await asyncio.wait_for(self.video.recv(), 1.0)
            except (MediaStreamError, TimeoutError):
                return last
            last = time.monotonic()
        return None


@dataclass
class RelayBench:
    """A relay with its internal API, and what has been told of ends and of turns of talks."""

    relay: Relay
    base: str
    http: aiohttp.ClientSession
    ended: list[tuple[str, UUID, str]]
    said: list[tuple[UUID, Turn | None]]
    _stack: AsyncExitStack
    _publishing: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    reasons: dict[UUID, str] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"{self.base}/internal/{path}"

    async def camera(self, publication: UUID | None = None) -> UUID:
        """A camera that sends; returns once its first picture has left."""
        publication = publication or uuid4()
        sending = asyncio.Event()
        job = PublicationJob(
            publication=str(publication),
            whip=self.url(f"publications/{publication}"),
            token=SECRET,
            call_sign="RB31",
            camera="AB4-000123",
        )

        async def publish() -> None:
            try:
                await Publisher(self.http, job).run(sending.set)
            except PublishError as error:
                self.reasons[publication] = str(error)

        task = asyncio.create_task(publish())
        self._publishing[publication] = task
        begun = asyncio.create_task(sending.wait())
        await asyncio.wait({begun, task}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        assert sending.is_set(), self.reasons.get(publication, "the camera sends nothing for 10 s")
        return publication

    async def stop_camera(self, publication: UUID) -> None:
        task = self._publishing.pop(publication)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def viewer(
        self,
        publication: UUID,
        *,
        audio: bool = True,
        prefer: str | None = None,
        stream: UUID | None = None,
    ) -> Viewer:
        """A viewer that has been answered; its pictures come as soon as it is connected."""
        connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._stack.push_async_callback(connection.close)
        video = connection.addTransceiver("video", direction="recvonly")
        if prefer is not None:
            codecs = RTCRtpReceiver.getCapabilities("video").codecs
            video.setCodecPreferences(
                [c for c in codecs if str(c.parameters.get("profile-level-id")).startswith(prefer)]
            )
        if audio:
            connection.addTransceiver("audio", direction="recvonly")
        hooks.gather_on(connection, "127.0.0.1")
        await connection.setLocalDescription(await connection.createOffer())
        stream = stream or uuid4()
        async with self.http.post(
            self.url(f"viewings/{stream}?publication={publication}"),
            data=connection.localDescription.sdp,
            headers=SDP_HEADERS,
        ) as response:
            text = await response.text()
            assert response.status == 201, text
            location = response.headers["Location"]
        await connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
        tracks = {t.kind: t.receiver.track for t in connection.getTransceivers()}
        return Viewer(stream, connection, tracks["video"], tracks.get("audio"), location)

    async def wait_until(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        async with asyncio.timeout(timeout):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.02)

    def end_reason(self, id_: UUID) -> str | None:
        return next((reason for _, ended, reason in self.ended if ended == id_), None)


@pytest.fixture
async def bench_factory() -> AsyncIterator[Callable[..., object]]:
    """Makes relays with limits of the test's own; all are stopped afterwards."""
    logging.getLogger("aiortc").setLevel(logging.WARNING)
    logging.getLogger("aioice").setLevel(logging.WARNING)
    await hooks.verify()
    hooks.install()
    async with AsyncExitStack() as stack:

        async def make(**limits: float) -> RelayBench:
            ended: list[tuple[str, UUID, str]] = []
            mux = UdpMux("127.0.0.1", 0)
            stack.callback(mux.close)
            said: list[tuple[UUID, Turn | None]] = []
            relay = Relay(
                mux,
                RelayLimits(**limits),
                lambda *end: ended.append(end),
                lambda *turn: said.append(turn),
            )
            watch = asyncio.create_task(relay.watch())
            stack.push_async_callback(relay.stop, "the test is over")
            stack.callback(watch.cancel)
            app = make_app(relay, AlwaysOpen(), RelayIdentity(uuid4(), ""), SECRET)
            base = await stack.enter_async_context(serving(app, handler_cancellation=True))
            http = aiohttp.ClientSession(headers={"Authorization": f"Bearer {SECRET}"})
            stack.push_async_callback(http.close)
            bench = RelayBench(relay, base, http, ended, said, stack)

            async def stop_cameras() -> None:
                for publication in tuple(bench._publishing):
                    await bench.stop_camera(publication)

            stack.push_async_callback(stop_cameras)
            return bench

        yield make


@pytest.fixture
async def bench(bench_factory: Callable[..., object]) -> RelayBench:
    """A relay with the usual limits."""
    return await bench_factory()
