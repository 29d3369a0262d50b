"""A real camera's picture and sound, through FFmpeg: a V4L2 device, an RTSP stream, or a file.

Decoded on a thread of its own; only the newest picture is kept, so that what is sent is of now. When the
source breaks off it is opened again, and meanwhile nothing is sent rather than an old picture.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from sightline.ingest.camera.encoding import AUDIO_CLOCK, SOUND_PACKET_SAMPLES, SoundEncoder
from sightline.ingest.camera.scene import Planes

FRESH_S: Final = 1.0
"""A picture older than this is not sent."""
AGAIN_AFTER_S: Final = 1.0
READ_WITHIN_S: Final = 5.0
MOST_SOUND: Final = 25
"""Pieces of 20 ms that wait to be sent; what is older is left out rather than sent late."""
_BLACK: Final = 16
_NO_COLOUR: Final = 128

Samples = npt.NDArray[np.int16]

log = logging.getLogger(__name__)


def input_of(source: str, size: str, frame_rate: int) -> dict[str, Any]:
    """How FFmpeg opens a source.

    Args:
        source: a V4L2 device (``/dev/video0``), an RTSP address, an ALSA device (``alsa:hw:1``), FFmpeg's own test pictures
            (``lavfi:testsrc2``), or a file.
        size: pictures of a V4L2 device, ``1280x720``.
        frame_rate: of a V4L2 device, a second.
    """
    if source.startswith("/dev/video"):
        options = {"video_size": size, "framerate": str(frame_rate)}
        return {"file": source, "format": "v4l2", "options": options}
    if source.startswith(("rtsp://", "rtsps://")):
        # Over TCP, as UDP would need open ports. FFmpeg's own limit of time, in microseconds, since PyAV's holds up all threads.
        limit = str(round(READ_WITHIN_S * 1e6))
        options = {"rtsp_transport": "tcp", "flags": "low_delay", "timeout": limit}
        return {"file": source, "options": options}
    scheme, _, rest = source.partition(":")
    if scheme in ("alsa", "lavfi"):
        return {"file": rest, "format": scheme}
    return {"file": source}


class Capture:
    """One source, read until it is closed. Gives pictures (see `PictureSource`) and sound (see `SoundSource`)."""

    def __init__(
        self,
        source: str,
        *,
        size: str = "1280x720",
        frame_rate: int = 25,
        options: dict[str, str] | None = None,
    ) -> None:
        """Args:
        source: see `input_of`.
        size: see `input_of`.
        frame_rate: see `input_of`.
        options: more options for FFmpeg.
        """
        self._input = input_of(source, size, frame_rate)
        self._input["options"] = {**self._input.get("options", {}), **(options or {})}
        self._name = source
        # Files and test pictures are there at once; they are played as fast as they were taken.
        self._paced = not source.startswith(("/dev/", "rtsp", "alsa:"))
        self._frame: av.VideoFrame | None = None
        self._at = float("-inf")
        self._sound: deque[Samples] = deque(maxlen=MOST_SOUND)
        self._encoder: SoundEncoder | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read_always, name="capture", daemon=True)
        self._thread.start()

    @property
    def is_fresh(self) -> bool:
        """Whether its newest picture is of now."""
        return time.monotonic() - self._at < FRESH_S

    def paint(self, time_ms: float, width: int, height: int) -> Planes:  # noqa: ARG002 - it is of now
        """The newest picture in this size, whole, with bars where its shape differs."""
        frame = self._frame
        assert frame is not None  # who asks has waited until it was fresh
        scale = min(width / frame.width, height / frame.height)
        inner = round(frame.width * scale / 2) * 2, round(frame.height * scale / 2) * 2
        fitted = frame.reformat(*inner, format="yuv420p")
        y, u, v = (_pixels(plane) for plane in fitted.planes)
        if inner == (width, height):
            return y, u, v
        return (
            _centred(y, width, height, _BLACK),
            _centred(u, width // 2, height // 2, _NO_COLOUR),
            _centred(v, width // 2, height // 2, _NO_COLOUR),
        )

    def packet(self, number: int) -> bytes:  # noqa: ARG002 - what was heard comes in its order
        """The next 20 ms, or silence where nothing was heard."""
        if self._encoder is None:
            self._encoder = SoundEncoder()
            self._encoder.encode(_SILENCE)  # it holds back the first piece
        samples = self._sound.popleft() if self._sound else _SILENCE
        packets = self._encoder.encode(samples)
        return packets[0] if packets else _SILENT_PACKET

    def close(self) -> None:
        """Read no more, and let go of the device."""
        self._closing.set()
        self._thread.join(READ_WITHIN_S)

    # --- on the thread

    def _read_always(self) -> None:
        while not self._closing.is_set():
            try:
                self._read()
            except av.FFmpegError as error:
                log.warning("the source %s broke off: %s", self._name, error)
            self._closing.wait(0 if self._paced else AGAIN_AFTER_S)

    def _read(self) -> None:
        with av.open(**self._input) as container:
            streams = [s for s in container.streams if s.type in ("video", "audio")]
            resampler = av.AudioResampler("s16", "mono", AUDIO_CLOCK, SOUND_PACKET_SAMPLES)
            began = time.monotonic()
            for packet in container.demux(streams):
                for frame in packet.decode():
                    if self._paced and frame.time is not None:
                        self._closing.wait(max(0.0, began + frame.time - time.monotonic()))
                    if isinstance(frame, av.VideoFrame):
                        self._frame, self._at = frame, time.monotonic()
                    elif isinstance(frame, av.AudioFrame):
                        for piece in resampler.resample(frame):
                            if piece.samples == SOUND_PACKET_SAMPLES:
                                self._sound.append(piece.to_ndarray()[0])
                if self._closing.is_set():
                    return


_SILENCE: Final[Samples] = np.zeros(SOUND_PACKET_SAMPLES, np.int16)
_SILENT_PACKET: Final = bytes((0xF8, 0xFF, 0xFE))
"""Opus for 20 ms of nothing (RFC 6716, section 3.1: CELT, full band)."""


def _pixels(plane: Any) -> npt.NDArray[np.uint8]:
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _centred(
    pixels: npt.NDArray[np.uint8], width: int, height: int, around: int
) -> npt.NDArray[np.uint8]:
    whole = np.full((height, width), around, np.uint8)
    top, left = (height - pixels.shape[0]) // 2, (width - pixels.shape[1]) // 2
    whole[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return whole
