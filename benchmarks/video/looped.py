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
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import av
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

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

Picture = tuple[bool, bytes]
"""Whether a decoder can begin with it, and the access unit."""


def encoded_loop() -> list[Picture]:
    """The simulated cameras' own picture at their own bit rate, a key picture each two seconds."""
    scene, encoder = Scene("RB31", "LOOP"), PictureEncoder(FRAME_RATE)
    pictures = []
    for number in range(LOOP_S * FRAME_RATE):
        is_key = number % KEY_EVERY == 0
        planes = scene.paint(number * 1000 / FRAME_RATE)
        data = encoder.encode(planes, number * VIDEO_CLOCK // FRAME_RATE, keyframe=is_key)
        pictures.append((is_key, data))
    return pictures


class LoopedVideo(MediaStreamTrack):
    """The loop at its pace, by a clock that does not slip; a wish for a key picture is a jump to the next one."""

    kind = "video"

    def __init__(self, pictures: list[Picture]) -> None:
        super().__init__()
        self._pictures = pictures
        self._at = 0
        self._began_s: float | None = None
        self.sent = 0

    def ask_for_keyframe(self) -> None:
        while not self._pictures[self._at][0]:
            self._at = (self._at + 1) % len(self._pictures)

    async def recv(self) -> av.Packet[Any]:
        """The next picture, when its time has come (aiortc sends packets as they are)."""
        self._began_s = await _when(self._began_s, self.sent / FRAME_RATE)
        packet = av.Packet(self._pictures[self._at][1])
        packet.pts = self.sent * VIDEO_CLOCK // FRAME_RATE
        packet.time_base = fractions.Fraction(1, VIDEO_CLOCK)
        self._at = (self._at + 1) % len(self._pictures)
        self.sent += 1
        return packet


class LoopedSound(MediaStreamTrack):
    """The simulated cameras' own sound."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets = sound_loop()
        self._began_s: float | None = None
        self._sent = 0

    async def recv(self) -> av.Packet[Any]:
        """The next 20 ms."""
        samples = self._sent * SOUND_PACKET_SAMPLES
        self._began_s = await _when(self._began_s, samples / AUDIO_CLOCK)
        packet = av.Packet(self._packets[self._sent % len(self._packets)])
        packet.pts, packet.time_base = samples, fractions.Fraction(1, AUDIO_CLOCK)
        self._sent += 1
        return packet


async def _when(began_s: float | None, after_s: float) -> float:
    """Wait until so long after the beginning, which is now if there was none yet; the beginning."""
    now_s = time.monotonic()
    began_s = now_s if began_s is None else began_s
    await asyncio.sleep(max(0.0, began_s + after_s - now_s))
    return began_s


class LoopedCamera:
    """One camera: its socket to the gateway, and what it publishes when it is told to."""

    def __init__(
        self, ref: str, token: str, gateway: str, http: aiohttp.ClientSession, loop: list[Picture]
    ) -> None:
        self.client = CameraClient(gateway, token, Identity(ref, "loop", "1"), self._hear)
        self.video: LoopedVideo | None = None
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
            self.video = LoopedVideo(self._loop)
            transceiver = connection.addTransceiver(self.video, direction="sendonly")
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([c for c in codecs if c.name in ("H264", "rtx")])
            hooks.on_keyframe_request(transceiver.sender, self.video.ask_for_keyframe)
            connection.addTransceiver(LoopedSound(), direction="sendonly")
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


async def _serve(read: Callable[[], Any], write: Callable[[dict[str, Any]], None]) -> None:
    await hooks.verify()
    hooks.install()
    order = json.loads(await read())
    loop = await asyncio.to_thread(encoded_loop)
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


async def _main() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )

    def write(event: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    await _serve(reader.readline, write)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us closes our input
    logging.basicConfig(level=logging.WARNING, format="cameras: %(message)s", stream=sys.stderr)
    for library in ("aiortc", "aioice"):
        logging.getLogger(library).setLevel(logging.ERROR)
    asyncio.run(_main())
