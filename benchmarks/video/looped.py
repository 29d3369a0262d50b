"""Cameras that send a picture encoded beforehand, over and over: `python -m benchmarks.video.looped`, a process of its own.

Real cameras to everybody else: the reference client's socket, told to send by the gateway, a WHIP offer, picture and sound
in RTP. Only the encoder does not run, so that a machine can bear many of them. One JSON object on standard input says which;
each further line asks how many pictures each has sent; it ends with its input.

    → {"gateway":"ws://…/camera","cameras":{"AB4-1":"token",…},"lat":56.35,"lon":1.18}
    ← {"event":"ready"}
    → (an empty line)
    ← {"event":"sent","pictures":{"AB4-1":250,…}}
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import logging
import random
import signal
import struct
import sys
import time
from dataclasses import dataclass
from typing import Final

import aiohttp
import av
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.clock import current_ntp_time
from aiortc.codecs.h264 import H264Encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from benchmarks.video.orders import ReadLine, Write, obeying
from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.encoding import (
    AUDIO_CLOCK,
    SOUND_PACKET_SAMPLES,
    VIDEO_CLOCK,
    PictureEncoder,
    sound_loop,
)
from sightline.ingest.camera.messages import Fix, Identity, Incoming, StreamStart, StreamStop
from sightline.ingest.camera.publisher import FRAME_RATE
from sightline.ingest.camera.scene import Scene
from sightline.ingest.media import hooks

LOOP_S: Final = 8
KEY_EVERY: Final = 2 * FRAME_RATE
_REPORT_EVERY_S: Final = 5.0
_GOODBYE_S: Final = 2.0
_HEADER: Final = struct.Struct("!BBHII")
_VERSION: Final = 0x80
_MARKER: Final = 0x80
_ALL_16: Final = 0xFFFF
_ALL_32: Final = 0xFFFFFFFF
_KEPT: Final = 512
"""Packets that can be sent again."""


@dataclass(frozen=True)
class Unit:
    """A picture, or 20 ms of sound: the payloads of its packets, and whether a decoder can begin with it."""

    payloads: tuple[bytes, ...]
    begins: bool = True


def pictures() -> list[Unit]:
    """The simulated cameras' own picture at their own bit rate, a key picture each two seconds."""
    scene, encoder, packer = Scene("RB31", "LOOP"), PictureEncoder(FRAME_RATE), H264Encoder()
    units = []
    for number in range(LOOP_S * FRAME_RATE):
        is_key = number % KEY_EVERY == 0
        ticks = number * VIDEO_CLOCK // FRAME_RATE
        planes = scene.paint(number * 1000 / FRAME_RATE)
        packet = av.Packet(encoder.encode(planes, ticks, keyframe=is_key))
        packet.pts, packet.time_base = ticks, fractions.Fraction(1, VIDEO_CLOCK)
        payloads, _ = packer.pack(packet)
        units.append(Unit(tuple(payloads), is_key))
    return units


class Loop:
    """Goes round its units."""

    def __init__(self, units: list[Unit]) -> None:
        self._units = units
        self._at = 0

    def next(self) -> Unit:
        """The one that is due."""
        unit = self._units[self._at]
        self._at = (self._at + 1) % len(self._units)
        return unit

    def jump(self) -> None:
        """On to the next one that a decoder can begin with."""
        while not self._units[self._at].begins:
            self._at = (self._at + 1) % len(self._units)


class LoopedTrack:
    """Sends one loop at its pace, by a clock that does not slip.

    The packets are made beforehand for all cameras: aiortc's own way to send costs so much that thirty cameras of one
    process would be what is measured.

    Attributes:
        sent: how many units.
    """

    def __init__(self, sender: RTCRtpSender, units: list[Unit], every_s: float, clock: int) -> None:
        self.sent = 0
        self._loop = Loop(units)
        self._every_s, self._ticks = every_s, round(every_s * clock)
        self._payload_type = 0
        # The lower half: a wrap soon after the start confuses SRTP.
        self._sequence = random.randrange(1 << 15)
        self._timestamp = random.getrandbits(32)
        self._packets = self._octets = 0
        self._kept: list[bytes] = [b""] * _KEPT
        self._sending: asyncio.Task[None] | None = None
        self._sender = hooks.PacketSender(
            sender,
            on_start=self._start,
            on_stop=self._stop,
            on_lost=self._again,
            on_keyframe_request=self._loop.jump,
        )

    def _start(self, codec: RTCRtpCodecParameters) -> None:
        self._payload_type = codec.payloadType or 0
        self._sending = asyncio.create_task(self._send())

    def _stop(self) -> None:
        if self._sending is not None:
            self._sending.cancel()

    def _again(self, sequence: int) -> None:
        if packet := self._kept[sequence % _KEPT]:
            self._sender.send(packet)

    async def _send(self) -> None:
        began_s = time.monotonic()
        while True:
            self._send_unit(self._loop.next())
            self.sent += 1
            due_s = began_s + self.sent * self._every_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    def _send_unit(self, unit: Unit) -> None:
        last = len(unit.payloads) - 1
        for number, payload in enumerate(unit.payloads):
            second = self._payload_type | (_MARKER if number == last else 0)
            header = _HEADER.pack(
                _VERSION, second, self._sequence, self._timestamp, self._sender.ssrc
            )
            packet = self._kept[self._sequence % _KEPT] = header + payload
            self._sender.send(packet)
            self._packets += 1
            self._octets += len(payload)
            self._sequence = self._sequence + 1 & _ALL_16
        self._sender.report(current_ntp_time(), self._timestamp, self._packets, self._octets)
        self._timestamp = self._timestamp + self._ticks & _ALL_32


class LoopedCamera:
    """One camera: its socket to the gateway, and what it publishes when it is told to."""

    def __init__(
        self, ref: str, token: str, gateway: str, http: aiohttp.ClientSession, loop: list[Unit]
    ) -> None:
        self.client = CameraClient(gateway, token, Identity(ref, "loop", "1"), self._hear)
        self.video: LoopedTrack | None = None
        self._http, self._loop = http, loop
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """End what it publishes."""
        for task in self._sending.values():
            task.cancel()
        await asyncio.gather(*self._sending.values(), return_exceptions=True)

    def _hear(self, message: Incoming) -> None:
        match message:
            case StreamStart() if message.stream not in self._sending:
                task = asyncio.create_task(self._publish(message))
                self._sending[message.stream] = task
                task.add_done_callback(lambda _task: self._sending.pop(message.stream))
            case StreamStop():
                if (sending := self._sending.get(message.stream)) is not None:
                    sending.cancel()

    async def _publish(self, told: StreamStart) -> None:
        connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        try:
            video = connection.addTransceiver("video", direction="sendonly")
            codecs = RTCRtpSender.getCapabilities("video").codecs
            video.setCodecPreferences([c for c in codecs if c.name in ("H264", "rtx")])
            self.video = LoopedTrack(video.sender, self._loop, 1 / FRAME_RATE, VIDEO_CLOCK)
            audio = connection.addTransceiver("audio", direction="sendonly")
            sound = [Unit((packet,)) for packet in sound_loop()]
            LoopedTrack(audio.sender, sound, SOUND_PACKET_SAMPLES / AUDIO_CLOCK, AUDIO_CLOCK)
            hooks.gather_on(connection, "127.0.0.1")
            await connection.setLocalDescription(await connection.createOffer())
            answer = await self._offer(told, connection.localDescription.sdp)
            ended = asyncio.Event()

            def look() -> None:
                if connection.connectionState in ("failed", "closed"):
                    ended.set()

            connection.on("connectionstatechange", look)
            await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await ended.wait()
        finally:
            # Shielded, since the library does not bear that its closing is given up.
            closing = asyncio.shield(asyncio.ensure_future(connection.close()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(closing, _GOODBYE_S)

    async def _offer(self, told: StreamStart, sdp: str) -> str:
        headers = {"Authorization": f"Bearer {told.token}", "Content-Type": "application/sdp"}
        async with self._http.post(told.whip, data=sdp, headers=headers) as answer:
            text = await answer.text()
            if answer.status != 201:
                raise RuntimeError(f"the offer was answered with HTTP {answer.status}: {text}")
            return text


async def _serve(read: ReadLine, write: Write) -> None:
    await hooks.verify()
    hooks.install()
    order = json.loads(await read())
    loop = await asyncio.to_thread(pictures)
    sound_loop()
    async with aiohttp.ClientSession() as http:
        cameras = {
            ref: LoopedCamera(ref, token, order["gateway"], http, loop)
            for ref, token in order["cameras"].items()
        }
        tasks = [asyncio.create_task(camera.client.run()) for camera in cameras.values()]
        tasks.append(asyncio.create_task(_report(cameras, order["lat"], order["lon"])))
        write({"event": "ready"})
        try:
            while await read():
                sent = {ref: one.video.sent if one.video else 0 for ref, one in cameras.items()}
                write({"event": "sent", "pictures": sent})
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*(camera.close() for camera in cameras.values()))


async def _report(cameras: dict[str, LoopedCamera], lat: float, lon: float) -> None:
    for camera in cameras.values():
        camera.client.set_status("recording", 80.0)
    while True:
        for camera in cameras.values():
            now_ms = int(time.time() * 1000)
            camera.client.add_fix(Fix(time=now_ms, lat=lat, lon=lon, recording="recording"))
        await asyncio.sleep(_REPORT_EVERY_S)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us closes our input
    logging.basicConfig(level=logging.WARNING, format="cameras: %(message)s", stream=sys.stderr)
    for library in ("aiortc", "aioice"):
        logging.getLogger(library).setLevel(logging.ERROR)
    asyncio.run(obeying(_serve))
