"""A WHIP camera of another make: aiortc as it is, with a codec and an H.264 profile of the test's choice."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from av.video.frame import PictureType

from sightline.ingest.camera import time_strip
from sightline.ingest.camera.encoding import VIDEO_CLOCK
from sightline.ingest.media import hooks
from sightline.ingest.media.line_sender import Line, LineSender
from tests.ingest.media.conftest import SDP_HEADERS, RelayBench

WIDTH, HEIGHT = 640, 360
PROFILES = {"42": "Baseline", "4d": "Main", "64": "High"}  # by the first octet of profile-level-id


class _Pictures(MediaStreamTrack):
    """A moving pattern with the time burnt in, 25 a second."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self._count = 0

    async def _frame(self) -> av.VideoFrame:
        self._count += 1
        await asyncio.sleep(max(0.0, self._began + self._count / 25 - time.monotonic()))
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH) + 4 * self._count) % 160 + 40
        picture = luma.astype(np.uint8)
        time_strip.paint(picture, time.time() * 1000)
        grey = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
        for plane, pixels in zip(frame.planes, (picture, grey, grey), strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            rows[:, : plane.width] = pixels
        frame.pts = self._count * VIDEO_CLOCK // 25
        frame.time_base = fractions.Fraction(1, VIDEO_CLOCK)
        return frame

    async def recv(self) -> av.VideoFrame:
        """The next picture, for aiortc's own encoder."""
        return await self._frame()


class _H264Pictures(_Pictures):
    """The same, encoded here, in a profile that aiortc's encoder does not make."""

    def __init__(self, profile: str) -> None:
        super().__init__()
        self.wants_keyframe = False
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        codec.bit_rate, codec.max_b_frames = 800_000, 0
        codec.framerate = fractions.Fraction(25)
        codec.time_base = fractions.Fraction(1, VIDEO_CLOCK)
        codec.profile = profile
        # `veryfast`, as `ultrafast` would leave out what makes main and high what they are.
        codec.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "level": "3.1",
            "forced-idr": "1",
        }
        self._codec = codec

    async def recv(self) -> av.Packet:
        frame = await self._frame()
        if self.wants_keyframe:
            frame.pict_type = PictureType.I
            self.wants_keyframe = False
        packet = av.Packet(b"".join(bytes(packet) for packet in self._codec.encode(frame)))
        packet.pts, packet.time_base = frame.pts, frame.time_base
        return packet


@asynccontextmanager
async def whip_camera(
    bench: RelayBench,
    mime_type: str,
    profile: str = "",
    *,
    base: str | None = None,
    line: Line | None = None,
) -> AsyncIterator[UUID]:
    """Publishes; `profile` is how the profile-level-id of H.264 begins.

    `base` is the internal API, where another than the relay's stands before it; `line` hears of its line.
    """
    publication = uuid4()
    connection = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    track = _H264Pictures(PROFILES[profile[:2]]) if profile else _Pictures()
    transceiver = connection.addTransceiver(track, direction="sendonly")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences(
        [
            codec
            for codec in codecs
            if codec.name == "rtx"
            or (
                codec.mimeType == mime_type
                and str(codec.parameters.get("profile-level-id", "")).startswith(profile)
            )
        ]
    )
    if line is not None:
        LineSender(transceiver.sender, line)
    if isinstance(track, _H264Pictures):

        def begin_anew() -> None:
            track.wants_keyframe = True

        hooks.on_keyframe_request(transceiver.sender, begin_anew)
    hooks.gather_on(connection, "127.0.0.1")
    try:
        await connection.setLocalDescription(await connection.createOffer())
        async with bench.http.post(
            f"{base or bench.base}/internal/publications/{publication}",
            data=connection.localDescription.sdp,
            headers=SDP_HEADERS,
        ) as response:
            answer = await response.text()
            assert response.status == 201, answer
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        yield publication
    finally:
        await connection.close()
