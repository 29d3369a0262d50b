"""Frames from a real camera through a real relay: whole pictures and sounds over a socket, decoded here."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import av
import numpy as np
import pytest
from aiortc.rtp import RtpPacket

from sightline.ingest.camera import time_strip
from sightline.ingest.media import frames
from sightline.ingest.media.frame_queue import HEADER, KEY_FLAG, KIND, ON_THE_WAY_US
from sightline.ingest.media.relay import why_no_frames
from tests.ingest.media.conftest import SDP_HEADERS, RelayBench
from tests.ingest.media.test_other_cameras import certificate, ffmpeg_camera

__all__ = ["certificate"]

VIEWER_OFFER = Path(__file__).parent / "viewer_offer.sdp"


@dataclass
class Frame:
    kind: int
    key: bool
    number: int
    time_us: float
    missing: int
    data: bytes


@dataclass
class FrameViewer:
    """The other end of a socket of frames. It says what it has read, unless it is silent."""

    socket: aiohttp.ClientWebSocketResponse
    first: dict[str, Any] = field(default_factory=dict)
    closed: tuple[int, str] | None = None
    silent: bool = False

    async def frame(self, timeout: float = 5.0) -> Frame | None:
        """The next frame, None once it is closed."""
        message = await self.socket.receive(timeout)
        if message.type is not aiohttp.WSMsgType.BINARY:
            assert message.type is aiohttp.WSMsgType.CLOSE, message
            self.closed = (message.data, message.extra or "")
            return None
        kind, flags, _, number, time_us, missing = HEADER.unpack_from(message.data)
        if not self.silent:
            await self.socket.send_str(str(number))
        data = message.data[HEADER.size :]
        return Frame(kind, bool(flags & KEY_FLAG), number, time_us, missing, data)

    async def frames(self, seconds: float) -> list[Frame]:
        """All that comes for so long."""
        came, end = [], time.monotonic() + seconds
        while time.monotonic() < end and (frame := await self.frame()) is not None:
            came.append(frame)
        return came

    async def closing(self, timeout: float = 5.0) -> tuple[int, str]:
        """Code and reason with which it is closed."""
        async with asyncio.timeout(timeout):
            while await self.frame() is not None:
                pass
        assert self.closed is not None
        return self.closed


def frames_url(bench: RelayBench, stream: UUID, publication: UUID) -> str:
    return bench.url(f"viewings/{stream}/frames?publication={publication}")


@asynccontextmanager
async def watching(
    bench: RelayBench, publication: UUID, stream: UUID | None = None
) -> AsyncIterator[FrameViewer]:
    url = frames_url(bench, stream or uuid4(), publication)
    async with bench.http.ws_connect(url, max_msg_size=0) as socket:
        first = await socket.receive_json(timeout=12)
        yield FrameViewer(socket, first)


def strips(came: list[Frame]) -> list[int | None]:
    """The moments burnt into the pictures, decoded."""
    decoder = av.CodecContext.create("h264", "r")
    read = []
    for frame in came:
        if frame.kind == KIND["picture"]:
            for picture in decoder.decode(av.Packet(frame.data)):
                luma = np.frombuffer(picture.planes[0], np.uint8)
                rows = luma.reshape(picture.height, picture.planes[0].line_size)
                read.append(time_strip.read(rows[:, : picture.width].copy()))
    return read


async def test_pictures_and_sound_come_whole_and_each_says_when_it_was_taken(
    bench: RelayBench,
) -> None:
    publication = await bench.camera()
    async with watching(bench, publication) as viewer:
        assert viewer.first == {"type": "start", "picture": "h264", "sound": "opus"}
        came = await viewer.frames(2)
    pictures = [f for f in came if f.kind == KIND["picture"]]
    sounds = [f for f in came if f.kind == KIND["sound"]]
    assert pictures[0].key
    assert came[0] is pictures[0], "it begins with a picture"
    assert len(pictures) > 25
    assert len(sounds) > 60
    assert [f.number for f in came] == list(range(1, len(came) + 1))
    assert pictures[-1].missing == 0
    for kind in (pictures, sounds):
        times = [f.time_us for f in kind]
        assert times == sorted(set(times))

    read = strips(came)
    assert None not in read
    assert read == sorted(set(read))
    # What a frame says of its time, and what is burnt into the picture, are the same moment.
    off = [
        (frame.time_us / 1000 - strip + 2**23) % 2**24 - 2**23
        for frame, strip in zip(pictures, read, strict=False)
        if strip is not None
    ]
    assert abs(np.median(off)) < 150
    decoder = av.CodecContext.create("opus", "r")
    decoded = [s for f in sounds for s in decoder.decode(av.Packet(f.data))]
    assert len(decoded) == len(sounds)


async def test_many_viewers_share_one_putting_together_and_late_ones_begin_at_a_key_frame(
    bench: RelayBench,
) -> None:
    publication = await bench.camera()
    track = bench.relay.publications[publication].tracks["video"]
    async with watching(bench, publication) as one:
        await one.frame()
        asked = track.keyframe_requests
        began = time.monotonic()
        async with watching(bench, publication) as other:
            first = await other.frame()
            assert first is not None
            assert first.key
            assert time.monotonic() - began < 2, "the camera's own are ten seconds apart"
            assert track.keyframe_requests == asked + 1
            assert len(track.outlets) == 1
    await bench.wait_until(lambda: not bench.relay.viewings)
    assert not track.outlets
    assert bench.relay._frame_sources == {}


async def test_a_viewing_whose_packets_do_not_arrive_goes_on_over_the_socket(bench_factory) -> None:
    bench: RelayBench = await bench_factory(connect_s=1.5)
    publication, stream = await bench.camera(), uuid4()
    async with bench.http.post(
        bench.url(f"viewings/{stream}?publication={publication}"),
        data=VIEWER_OFFER.read_text(),
        headers=SDP_HEADERS,
    ) as answer:
        assert answer.status == 201
    before = bench.relay.viewings[stream]
    async with watching(bench, publication, stream) as viewer:
        assert viewer.first["type"] == "start"
        came = await viewer.frames(3)  # longer than a viewing may take to connect
        assert sum(f.kind == KIND["picture"] for f in came) > 40
        assert bench.end_reason(stream) is None
        assert list(bench.relay.viewings) == [stream]
        assert bench.relay.viewings[stream] is not before
        assert bench.relay.mux.peers == 1, "the camera; what was made for the viewer is gone"
    await bench.wait_until(lambda: not bench.relay.viewings)
    assert bench.end_reason(stream) == "the viewer closed it"


async def test_a_connection_that_is_let_go_does_not_end_what_the_socket_carries(
    bench: RelayBench,
) -> None:
    publication = await bench.camera()
    connected = await bench.viewer(publication)
    await connected.picture()
    async with watching(bench, publication, connected.stream) as viewer:
        going_on = asyncio.create_task(viewer.frames(4))
        assert await connected.sees_end(3), "nobody is sent everything twice"
        await connected.connection.close()
        came = await going_on
        assert sum(f.kind == KIND["picture"] for f in came) > 40
        assert bench.end_reason(connected.stream) is None
    await bench.wait_until(lambda: not bench.relay.viewings)
    assert bench.end_reason(connected.stream) == "the viewer closed it"


async def test_once_at_a_time(bench: RelayBench) -> None:
    publication, stream = await bench.camera(), uuid4()
    async with watching(bench, publication, stream) as viewer:
        await viewer.frame()
        async with watching(bench, publication, stream) as second:
            assert (second.first["type"], second.first["code"]) == ("refused", "exists")
            assert await second.closing() == (4409, f"Viewing {stream} is open already.")
        assert len(await viewer.frames(0.5)) > 10, "the first goes on"


@pytest.mark.parametrize("kind", ["viewing", "publication"])
async def test_what_ends_it_closes_the_socket_with_the_reason_within_a_second(
    bench: RelayBench, kind: str
) -> None:
    publication, stream = await bench.camera(), uuid4()
    async with watching(bench, publication, stream) as viewer:
        await viewer.frame()
        began = time.monotonic()
        ending = stream if kind == "viewing" else publication
        bench.relay.end(kind, ending, "the camera stopped recording")
        assert await viewer.closing() == (4410, "the camera stopped recording")
        assert time.monotonic() - began < 1


async def test_when_nobody_can_prove_that_anyone_may_watch_it_ends(bench: RelayBench) -> None:
    publication, stream = await bench.camera(), uuid4()
    async with watching(bench, publication, stream) as viewer:
        await viewer.frame()
        bench.relay.close_all_viewings("the database does not answer")
        assert await viewer.closing() == (4410, "the database does not answer")
    async with watching(bench, publication) as refused:
        assert refused.first["code"] == "gate_unreachable"
        assert (await refused.closing())[0] == 4503


async def test_it_waits_for_its_camera_and_not_for_ever(bench_factory) -> None:
    bench: RelayBench = await bench_factory(publication_wait_s=4)
    publication = uuid4()
    waiting = asyncio.create_task(_first(bench, publication))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await bench.camera(publication)
    assert (await waiting)["type"] == "start"
    bench.relay._limits = type(bench.relay._limits)(publication_wait_s=0.2)
    absent = await _first(bench, uuid4())
    assert (absent["code"], absent["status"]) == ("camera_silent", 504)


async def _first(bench: RelayBench, publication: UUID) -> dict[str, Any]:
    async with watching(bench, publication) as viewer:
        return viewer.first


async def test_who_leaves_while_it_waits_gets_no_viewing(bench: RelayBench) -> None:
    publication, stream = uuid4(), uuid4()
    url = frames_url(bench, stream, publication)
    async with bench.http.ws_connect(url):
        await bench.wait_until(lambda: stream in bench.relay._waiting)
    await bench.wait_until(lambda: bench.end_reason(stream) is not None)
    await bench.camera(publication)
    assert stream not in bench.relay.viewings


async def test_a_slow_reader_is_dropped_to_the_next_key_frame_and_told_so(
    bench: RelayBench,
) -> None:
    publication, stream = await bench.camera(), uuid4()
    async with watching(bench, publication, stream) as viewer:
        viewer.silent = True
        came = await _until_quiet(viewer)
        on_the_way = came[-1].time_us - came[0].time_us
        assert on_the_way <= ON_THE_WAY_US
        assert await _nothing_comes(viewer, 2)
        async with bench.http.get(bench.url("status")) as answer:
            (status,) = (await answer.json())["viewings"]
        assert status["frames"]["dropped"] > 20
        assert status["frames"]["unread"] == len(came)

        viewer.silent = False
        await viewer.socket.send_str(str(came[-1].number))
        next_picture = await _next_picture(viewer)
        assert next_picture.key
        assert next_picture.missing >= status["frames"]["dropped"]
        assert len(await viewer.frames(1)) > 40, "and it goes on"


async def _nothing_comes(viewer: FrameViewer, seconds: float) -> bool:
    """It reads on all the while, and so answers that it is alive."""
    try:
        await viewer.frame(seconds)
    except TimeoutError:
        return True
    return False


async def _until_quiet(viewer: FrameViewer) -> list[Frame]:
    came: list[Frame] = []
    while True:
        try:
            frame = await viewer.frame(0.7)
        except TimeoutError:
            return came
        assert frame is not None
        came.append(frame)


async def _next_picture(viewer: FrameViewer) -> Frame:
    while True:
        frame = await viewer.frame()
        assert frame is not None
        if frame.kind == KIND["picture"]:
            return frame


async def test_who_takes_nothing_for_long_has_gone(
    bench: RelayBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "SILENT_VIEWER_S", 1.5)
    publication, stream = await bench.camera(), uuid4()
    async with watching(bench, publication, stream) as viewer:
        viewer.silent = True
        assert await viewer.closing() == (4410, frames.TAKES_NOTHING)
    assert bench.end_reason(stream) == frames.TAKES_NOTHING


@pytest.mark.parametrize("word", ["nonsense", "-1", "4000000000", "1.5", ""])
async def test_what_is_no_acknowledgement_closes_it_and_says_why(
    bench: RelayBench, word: str
) -> None:
    publication = await bench.camera()
    async with watching(bench, publication) as viewer:
        await viewer.frame()
        await viewer.socket.send_str(word)
        code, reason = await viewer.closing()
    assert code == 4400
    assert repr(word) in reason or word in reason


async def test_a_viewer_may_ask_for_a_key_frame_but_not_all_the_time(bench: RelayBench) -> None:
    publication = await bench.camera()
    async with watching(bench, publication) as viewer:
        await viewer.frames(1.2)
        track = bench.relay.publications[publication].tracks["video"]
        asked = track.keyframe_requests
        for _ in range(20):
            await viewer.socket.send_str("key")
        came = await viewer.frames(0.8)
        assert any(f.key for f in came if f.kind == KIND["picture"])
        assert track.keyframe_requests == asked + 1


async def test_what_is_no_socket_is_told_so(bench: RelayBench) -> None:
    async with bench.http.get(frames_url(bench, uuid4(), uuid4())) as answer:
        problem = json.loads(await answer.text())
    assert (answer.status, problem["code"]) == (400, "no_websocket")
    async with aiohttp.ClientSession() as stranger:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stranger.ws_connect(frames_url(bench, uuid4(), uuid4()))
    assert refused.value.status == 401


def test_what_cannot_be_carried_is_named() -> None:
    assert why_no_frames("H264") is None
    assert why_no_frames("VP8") == (
        "The camera sends VP8; over the dashboard's own line only H264 can be carried."
    )


async def test_of_a_bad_line_only_what_decodes_comes_and_it_recovers_soon(
    bench: RelayBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    forward = frames.FrameTap.forward

    def lossy(tap: frames.FrameTap, packet: RtpPacket) -> None:
        if chance.random() >= 0.01:
            forward(tap, packet)

    monkeypatch.setattr(frames.FrameTap, "forward", lossy)
    publication = await bench.camera()
    async with watching(bench, publication) as viewer:
        came = await viewer.frames(6)
    pictures = [f for f in came if f.kind == KIND["picture"]]
    assert pictures[-1].missing > 5, "some were lost, and that is told"
    assert len(pictures) > 50
    read = strips(came)
    assert len(read) == len(pictures)
    assert None not in read, "what came is whole"
    assert read == sorted(set(read))
    gaps = [later.time_us - earlier.time_us for earlier, later in itertools.pairwise(pictures)]
    assert max(gaps) < 1_500_000


@pytest.mark.parametrize("profile", ["Baseline", "High"])
async def test_a_camera_that_is_not_ours_with_several_slices_a_picture(
    bench: RelayBench, certificate: tuple[Path, Path], profile: str
) -> None:
    publication = uuid4()
    url = bench.url(f"publications/{publication}")
    async with ffmpeg_camera(url, profile, certificate), watching(bench, publication) as viewer:
        assert viewer.first["sound"] is None
        came = await viewer.frames(3)
    read = strips(came)
    assert len(read) > 25
    assert None not in read
    assert read == sorted(set(read))
