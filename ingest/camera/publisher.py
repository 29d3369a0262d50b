"""One simulated camera's video and sound, published by WHIP (RFC 9725) with aiortc."""

from __future__ import annotations

import asyncio
import fractions
import logging
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import av
import msgspec
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from sightline.ingest.camera.adaptation import Adaptation, Step, ladder
from sightline.ingest.camera.encoding import (
    AUDIO_CLOCK,
    BIT_RATE,
    BUFFER_S,
    SOUND_PACKET_SAMPLES,
    VIDEO_CLOCK,
    PictureEncoder,
)
from sightline.ingest.camera.line import CameraLine
from sightline.ingest.camera.messages import IceServer
from sightline.ingest.camera.microphone import Microphone
from sightline.ingest.camera.scene import Scene
from sightline.ingest.camera.sdp_exchange import ExchangeError, SdpExchange, loopback_of
from sightline.ingest.camera.source import PictureSource, SoundSource
from sightline.ingest.media import hooks
from sightline.ingest.media.line_sender import LineSender

FRAME_RATE = 25
REDUCED_BUFFER_S = 0.3  # below the top step: a key frame must not hold up a narrow line
CLOSING_TIMEOUT_S = 2.0

log = logging.getLogger(__name__)


class PublishError(Exception):
    """The picture could not be published, or no longer; the message says why."""


class PublicationJob(msgspec.Struct, frozen=True):
    """What to publish, where.

    `token` is shown once, at `whip`; `bit_rate` (bit/s) is never exceeded; `uplink_kbps` is what the
    camera measured last, from which it begins; `ice_servers` are TURN servers, if there are any.
    """

    publication: str
    whip: str
    token: str
    call_sign: str
    camera: str
    bit_rate: int = BIT_RATE
    uplink_kbps: float | None = None
    ice_servers: list[IceServer] = []


class _CameraVideo(MediaStreamTrack):
    """Paints and encodes each picture when its time has come, on a thread, at the size of its line's step."""

    kind = "video"

    def __init__(
        self,
        job: PublicationJob,
        frame_rate: Callable[[], int],
        line: CameraLine,
        source: PictureSource,
    ) -> None:
        super().__init__()
        self.on_first_picture: Callable[[], None] | None = None
        self.sender: LineSender | None = None
        self._source = source
        self._line = line
        self._step = line.adaptation.step
        self._most = job.bit_rate
        self._encoder = _encoder_for(self._step, job.bit_rate)
        self._encoding = self._step
        self._frame_rate = frame_rate
        self._keyframe = False
        self._began: float | None = None
        self._due = 0.0

    def ask_for_keyframe(self) -> None:
        self._keyframe = True

    def free(self) -> None:
        """Give the encoder's memory back now: the connection's cycles would keep it for long."""
        del self._encoder, self._source

    async def recv(self) -> av.Packet[Any]:
        """The next picture, encoded (aiortc sends packets as they are)."""
        now = time.monotonic()
        if self._began is None:
            self._began = self._due = now
        frame_rate = min(self._step.frame_rate, self._frame_rate())
        # When encoding or the line cannot keep up, pictures are left out rather than sent late.
        self._due = max(self._due + 1 / frame_rate, now)
        await asyncio.sleep(self._due - now)
        while not self._source.is_fresh:  # noqa: ASYNC110 - a source has no event for it
            await asyncio.sleep(1 / frame_rate)
        await self._adapt(frame_rate)
        ticks = round((time.monotonic() - self._began) * VIDEO_CLOCK)
        data = await asyncio.get_running_loop().run_in_executor(
            None, self._picture, self._step, ticks
        )
        packet = av.Packet(data)
        packet.pts, packet.time_base = ticks, fractions.Fraction(1, VIDEO_CLOCK)
        if self.on_first_picture is not None:
            self.on_first_picture()
            self.on_first_picture = None
        return packet

    async def _adapt(self, frame_rate: int) -> None:
        sender = self.sender
        self._line.adaptation.can_pad = sender is not None and sender.can_pad
        plan = self._line.plan()
        if plan.step != self._step:
            log.info("bit rate %d, was %d", plan.step.bit_rate, self._step.bit_rate)
            self._step = plan.step
        if sender is not None and plan.padding_bits_per_s > 0:
            await sender.send_padding(round(plan.padding_bits_per_s / 8 / frame_rate))

    def _picture(self, step: Step, ticks: int) -> bytes:
        if self._encoding != step:
            self._encoder, self._encoding = _encoder_for(step, self._most), step
        keyframe, self._keyframe = self._keyframe, False
        planes = self._source.paint(time.time() * 1000, step.width, step.height)
        return self._encoder.encode(planes, ticks, keyframe=keyframe)


class _CameraSound(MediaStreamTrack):
    """Sends sound, one packet each 20 ms."""

    kind = "audio"

    def __init__(self, source: SoundSource) -> None:
        super().__init__()
        self._source = source
        self._count = 0
        self._began: float | None = None

    async def recv(self) -> av.Packet[Any]:
        """The next 20 ms, encoded."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        due = self._began + self._count * SOUND_PACKET_SAMPLES / AUDIO_CLOCK
        if due > now:
            await asyncio.sleep(due - now)
        packet = av.Packet(self._source.packet(self._count))
        packet.pts = self._count * SOUND_PACKET_SAMPLES
        packet.time_base = fractions.Fraction(1, AUDIO_CLOCK)
        self._count += 1
        return packet


class Publisher:
    """One publication from beginning to end.

    `frame_rate` is asked for each picture, so that many cameras can share a machine. Without a source it
    shows the simulated street, and `microphone` hears it.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        job: PublicationJob,
        frame_rate: Callable[[], int] = lambda: FRAME_RATE,
        picture: PictureSource | None = None,
        sound: SoundSource | None = None,
    ) -> None:
        self._job = job
        self._exchange = SdpExchange(http, job.whip, job.token)
        servers = [RTCIceServer(s.urls, s.username, s.credential) for s in job.ice_servers]
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        uplink = None if job.uplink_kbps is None else job.uplink_kbps * 1000
        self.adaptation = Adaptation(ladder(job.bit_rate), time.monotonic(), uplink)
        self._line = CameraLine(self.adaptation)
        picture = picture or Scene(job.call_sign, job.camera)
        self._video = _CameraVideo(job, frame_rate, self._line, picture)
        self.microphone = Microphone()
        self._sound = sound or self.microphone
        self._changed = asyncio.Event()
        self._connection.on("connectionstatechange", self._changed.set)

    async def run(self, on_sending: Callable[[], None]) -> None:
        """Publish until cancelled. `on_sending` is called once, with the first picture.

        Raises `PublishError` when the other side refuses, cannot be reached, or leaves.
        """
        try:
            self._video.on_first_picture = on_sending
            await self._begin()
            while True:
                self._changed.clear()
                self._check()
                await self._changed.wait()
        finally:
            await asyncio.shield(self._say_goodbye())

    async def _begin(self) -> None:
        connection, job = self._connection, self._job
        sender = connection.addTransceiver(self._video, direction="sendonly")
        sender.setCodecPreferences(_baseline_h264())
        hooks.on_keyframe_request(sender.sender, self._video.ask_for_keyframe)
        self._video.sender = LineSender(sender.sender, self._line)
        connection.addTransceiver(_CameraSound(self._sound), direction="sendonly")
        if (loopback := loopback_of(job.whip)) is not None:
            hooks.gather_on(connection, loopback)
        await connection.setLocalDescription(await connection.createOffer())
        try:
            answer = await self._exchange.answer_to(connection.localDescription.sdp)
            await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except ExchangeError as error:
            raise PublishError(str(error)) from error
        except (ValueError, AssertionError, AttributeError) as error:
            raise PublishError("the answer to our offer cannot be read") from error

    def _check(self) -> None:
        state = self._connection.connectionState
        if state in ("failed", "closed"):
            raise PublishError(
                "the relay closed the connection" if state == "closed" else "the relay was lost"
            )

    async def _say_goodbye(self) -> None:
        await self._exchange.say_goodbye()
        try:
            async with asyncio.timeout(CLOSING_TIMEOUT_S):
                await self._connection.close()
        except TimeoutError:
            log.warning("did not close in time publication=%s", self._job.publication)
        self._video.free()


def _encoder_for(step: Step, most_bits_per_s: int) -> PictureEncoder:
    return PictureEncoder(
        step.frame_rate,
        step.bit_rate,
        width=step.width,
        height=step.height,
        buffer_s=BUFFER_S if step.bit_rate == most_bits_per_s else REDUCED_BUFFER_S,
    )


def _baseline_h264() -> list[RTCRtpCodecCapability]:
    codecs = RTCRtpSender.getCapabilities("video").codecs
    wanted = [
        codec
        for codec in codecs
        if str(codec.parameters.get("profile-level-id", "")).startswith("42e0")
        and codec.parameters.get("packetization-mode") == "1"
    ]
    return wanted[:1] + [codec for codec in codecs if codec.name == "rtx"]
