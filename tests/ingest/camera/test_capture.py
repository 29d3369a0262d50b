"""A real source through FFmpeg: its newest picture, its sound, and what it does when it breaks off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from sightline.ingest.camera.capture import FRESH_S, Capture, input_of
from tests.ingest.camera.clips import TONE_HZ, film
from tests.ports import free_port


@contextmanager
def capturing(source: str, **more: object) -> Iterator[Capture]:
    capture = Capture(source, **more)  # type: ignore[arg-type]
    try:
        yield capture
    finally:
        capture.close()


def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never was so"
        time.sleep(0.01)


def test_a_film_is_played_as_fast_as_it_was_taken_and_over_and_over(tmp_path: Path) -> None:
    with capturing(str(film(tmp_path / "a.mp4", seconds=1.0))) as capture:
        until(lambda: capture.is_fresh)
        seen = set()
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            assert capture.is_fresh
            y, u, v = capture.paint(0, 1280, 720)
            assert (y.shape, u.shape, v.shape) == ((720, 1280), (360, 640), (360, 640))
            seen.add(int(y[100].argmax()))
            time.sleep(0.05)
    assert 10 < len(seen) <= 25, "each picture of a second, and no other"


@pytest.mark.parametrize(("width", "height"), [(480, 480), (360, 640)])
def test_a_picture_of_another_shape_is_shown_whole_with_bars(
    tmp_path: Path, width: int, height: int
) -> None:
    clip = film(tmp_path / "b.mp4", width=width, height=height)
    with capturing(str(clip)) as capture:
        until(lambda: capture.is_fresh)
        y, u, _v = capture.paint(0, 640, 360)
    assert y.shape == (360, 640)
    inner = 360 * width // height
    assert y[180, 2] < 20 and y[180, -3] < 20, "bars at both sides"  # noqa: PT018
    assert y[180, 320 - inner // 4] > 50
    assert u[90, 1] == 128


def test_its_sound_comes_with_it(tmp_path: Path) -> None:
    decoder = av.CodecContext.create("opus", "r")
    heard = []
    with capturing(str(film(tmp_path / "c.mp4", seconds=3))) as capture:
        until(lambda: capture.is_fresh)
        time.sleep(0.3)
        for number in range(75):
            frames = decoder.decode(av.Packet(capture.packet(number)))  # type: ignore[union-attr]
            heard += [frame.to_ndarray()[0] for frame in frames]
            time.sleep(0.02)
    samples = np.concatenate(heard)[24_000:]
    assert np.abs(samples).max() > 0.1
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(np.argmax(spectrum) * 48_000 / len(samples) - TONE_HZ) < 5


def test_a_source_without_sound_is_silent() -> None:
    with capturing("lavfi:testsrc2=size=640x360:rate=25") as capture:
        until(lambda: capture.is_fresh)
        packets = [capture.packet(number) for number in range(10)]
    assert all(0 < len(packet) < 100 for packet in packets)


def test_what_is_not_there_is_tried_again_and_never_looks_alive(tmp_path: Path) -> None:
    clip = tmp_path / "later.mp4"
    with capturing(str(clip)) as capture:
        time.sleep(0.3)
        assert not capture.is_fresh
        film(tmp_path / "ready.mp4").rename(clip)
        until(lambda: capture.is_fresh)


def test_an_rtsp_camera_that_stands_still_is_not_fresh_and_comes_back(tmp_path: Path) -> None:
    url = f"rtsp://127.0.0.1:{free_port()}/live"
    clip = film(tmp_path / "d.mp4", seconds=1.5)

    def send() -> None:
        """A camera that pushes its film once, at the pace of life, and then breaks off."""
        for _ in range(100):
            try:
                out = av.open(url, "w", format="rtsp", options={"rtsp_transport": "tcp"})
                break
            except av.FFmpegError:
                time.sleep(0.05)
        with av.open(str(clip)) as container, out:
            stream = out.add_stream_from_template(container.streams.video[0])
            began = time.monotonic()
            for packet in container.demux(video=0):
                if packet.dts is None:
                    continue
                time.sleep(
                    max(0.0, began + float(packet.dts * packet.time_base) - time.monotonic())
                )
                packet.stream = stream
                out.mux(packet)

    with capturing(url, options={"rtsp_flags": "listen", "listen_timeout": "20"}) as capture:
        for _ in range(2):
            sender = threading.Thread(target=send)
            sender.start()
            until(lambda: capture.is_fresh, 15)
            assert capture.paint(0, 640, 360)[0].max() > 200
            sender.join()
            until(lambda: not capture.is_fresh, FRESH_S + 8)


def test_how_each_kind_of_source_is_opened() -> None:
    device = input_of("/dev/video2", "1920x1080", 30)
    assert device == {
        "file": "/dev/video2", "format": "v4l2",
        "options": {"video_size": "1920x1080", "framerate": "30"},
    }  # fmt: skip
    assert input_of("alsa:hw:1", "", 0) == {"file": "hw:1", "format": "alsa"}
    assert input_of("rtsp://camera/1", "", 0)["options"]["rtsp_transport"] == "tcp"
    assert input_of("clip.mp4", "", 0) == {"file": "clip.mp4"}
