"""Talk-back through the relay: a real voice (Opus) on its way from who speaks to a camera that listens."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import av
import numpy as np
import pytest
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)

from sightline.ingest.camera.hearing import Hearing, HearingError, HearingJob
from sightline.ingest.media import hooks
from sightline.ingest.media.turns import PAUSE_S
from tests.ingest.media.conftest import SDP_HEADERS, SECRET, RelayBench

TONE_HZ = 700
LOUD = 3_000


class Voice(MediaStreamTrack):
    """Says a tone while it is `on`, and silence else."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.on = True
        self.began_at: float | None = None
        self._began = time.monotonic()
        self._count = 0

    async def recv(self) -> av.AudioFrame:
        due = self._began + self._count * 0.02
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        at = np.arange(960) + self._count * 960
        level = 12_000 if self.on else 0
        if self.on and self.began_at is None:
            self.began_at = time.monotonic()
        samples = (level * np.sin(2 * np.pi * TONE_HZ * at / 48_000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, self._count * 960
        frame.time_base = fractions.Fraction(1, 48_000)
        self._count += 1
        return frame


@dataclass
class Ear:
    """A camera that listens: what it has played, and why it stopped."""

    played: list[np.ndarray] = field(default_factory=list)
    loud_at: float | None = None
    reason: str | None = None

    def play(self, samples: np.ndarray) -> None:
        self.played.append(samples)
        if self.loud_at is None and np.abs(samples).max() > LOUD:
            self.loud_at = time.monotonic()

    def pitch_hz(self) -> float:
        samples = np.concatenate(self.played[-25:])
        return float(np.argmax(np.abs(np.fft.rfft(samples))) * 48_000 / len(samples))


@dataclass
class Mouth:
    """Who speaks."""

    connection: RTCPeerConnection
    voice: Voice
    location: str


async def speak(bench: RelayBench, talk: UUID, *, video: bool = False) -> Mouth:
    connection = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    bench._stack.push_async_callback(connection.close)
    voice = Voice()
    connection.addTransceiver(voice, direction="sendonly")
    if video:
        connection.addTransceiver("video", direction="sendonly")
    hooks.gather_on(connection, "127.0.0.1")
    await connection.setLocalDescription(await connection.createOffer())
    async with bench.http.post(
        bench.url(f"talks/{talk}/speaker"),
        data=connection.localDescription.sdp,
        headers=SDP_HEADERS,
    ) as response:
        text = await response.text()
        assert response.status == 201, text
        location = response.headers["Location"]
    await connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
    return Mouth(connection, voice, location)


@asynccontextmanager
async def listening(bench: RelayBench, talk: UUID) -> AsyncIterator[Ear]:
    ear = Ear()
    job = HearingJob(str(talk), bench.url(f"talks/{talk}/listener"), SECRET)

    async def listen() -> None:
        try:
            await Hearing(bench.http, job, ear.play).run()
        except HearingError as error:
            ear.reason = str(error)

    task = asyncio.create_task(listen())
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_voice_reaches_the_camera_within_a_fifth_of_a_second(bench: RelayBench) -> None:
    talk = uuid4()
    mouth = await speak(bench, talk)
    mouth.voice.on = False
    async with listening(bench, talk) as ear:
        await bench.wait_until(lambda: len(ear.played) > 20)
        waits = []
        for _ in range(5):
            mouth.voice.began_at = ear.loud_at = None
            mouth.voice.on = True
            await bench.wait_until(lambda: ear.loud_at is not None)
            waits.append(ear.loud_at - mouth.voice.began_at)
            await asyncio.sleep(0.6)
            pitch = ear.pitch_hz()
            mouth.voice.on = False
            await asyncio.sleep(0.4)
        assert abs(pitch - TONE_HZ) < 10
        assert sorted(waits)[2] < 0.2, waits
    await bench.wait_until(lambda: talk not in bench.relay.talks.all)
    assert bench.end_reason(talk) == "the camera stopped listening"


async def test_the_camera_may_come_first_and_waits(bench: RelayBench) -> None:
    talk = uuid4()
    async with listening(bench, talk) as ear:
        await asyncio.sleep(0.3)
        assert ear.reason is None
        await speak(bench, talk)
        await bench.wait_until(lambda: ear.loud_at is not None)


async def test_what_is_said_before_the_camera_listens_is_kept_nowhere(bench: RelayBench) -> None:
    talk = uuid4()
    mouth = await speak(bench, talk)
    await bench.wait_until(lambda: bench.relay.talks.all[talk].speaker.connected)
    await asyncio.sleep(0.5)
    assert bench.relay.talks.heard() == []
    async with listening(bench, talk) as ear:
        await bench.wait_until(lambda: ear.loud_at is not None)
        heard_from = time.time()
        await asyncio.sleep(1)
        mouth.connection.getSenders()[0].replaceTrack(None)
        await bench.wait_until(lambda: bool(bench.said), PAUSE_S + 2)
    (_, turn), *_ = bench.said
    assert turn.began_s > heard_from - 1
    assert 0.8 < turn.ended_s - turn.began_s < 2
    await bench.wait_until(lambda: (talk, None) in bench.said)


async def test_when_who_speaks_leaves_the_camera_hears_the_end_and_all_is_told(
    bench: RelayBench,
) -> None:
    talk = uuid4()
    mouth = await speak(bench, talk)
    async with listening(bench, talk) as ear:
        await bench.wait_until(lambda: ear.loud_at is not None)
        began = time.monotonic()
        async with bench.http.delete(bench.base + mouth.location) as response:
            assert response.status == 204
        await bench.wait_until(lambda: ear.reason is not None)
        assert time.monotonic() - began < 1
    assert bench.end_reason(talk) == "the speaker closed it"
    assert [turn is None for told, turn in bench.said if told == talk] == [False, True]
    async with bench.http.delete(bench.base + mouth.location) as response:
        assert response.status == 404
    assert bench.relay.mux.peers == 0


async def test_what_the_gate_ends_is_silent_at_once(bench: RelayBench) -> None:
    talk = uuid4()
    await speak(bench, talk)
    async with listening(bench, talk) as ear:
        await bench.wait_until(lambda: ear.loud_at is not None)
        bench.relay.end("talk", talk, "the stream ended")
        await asyncio.sleep(0.3)
        count = len(ear.played)
        await asyncio.sleep(0.7)
        assert len(ear.played) == count
    assert bench.end_reason(talk) is None, "who ended it knows"
    assert bench.said[-1] == (talk, None)


async def test_with_the_gate_closed_no_talk_goes_on_and_none_begins(bench: RelayBench) -> None:
    talk = uuid4()
    await speak(bench, talk)
    bench.relay.close_all_viewings("the database does not answer")
    assert bench.relay.talks.all == {}
    with pytest.raises(AssertionError, match="gate_unreachable"):
        await speak(bench, uuid4())
    bench.relay.reopen()
    await speak(bench, uuid4())


async def test_one_speaker_and_sound_alone(bench: RelayBench) -> None:
    talk = uuid4()
    await speak(bench, talk)
    with pytest.raises(AssertionError, match="has a speaker already"):
        await speak(bench, talk)
    assert talk in bench.relay.talks.all, "the first one goes on"
    with pytest.raises(AssertionError, match="it must have one audio line"):
        await speak(bench, uuid4(), video=True)
    async with bench.http.get(bench.url("status")) as response:
        (status,) = (await response.json())["talks"]
    assert status["talk"] == str(talk)


async def test_a_camera_whose_speaker_never_comes_is_told(bench_factory) -> None:  # type: ignore[no-untyped-def]
    bench = await bench_factory(connect_s=0.5)
    talk = uuid4()
    async with listening(bench, talk) as ear:
        await bench.wait_until(lambda: ear.reason is not None)
    assert "410" in ear.reason
    assert bench.end_reason(talk) == "Nobody speaks in this talk."
