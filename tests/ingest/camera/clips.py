"""Short films with sound, as a real camera's."""

from __future__ import annotations

import fractions
from pathlib import Path

import av
import numpy as np

TONE_HZ = 440


def film(path: Path, *, seconds: float = 2.0, width: int = 640, height: int = 360) -> Path:
    """A white bar that moves over grey, 25 pictures a second, and a tone."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"tune": "zerolatency"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(round(seconds * 25)):
            picture = np.full((height, width, 3), 90, np.uint8)
            left = number * 12 % (width - 40)
            picture[:, left : left + 40] = 230
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = number, fractions.Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for at in range(0, round(seconds * 48_000), 1024):
            time = np.arange(at, at + 1024) / 48_000
            samples = (0.3 * np.sin(2 * np.pi * TONE_HZ * time)).astype(np.float32)
            piece = av.AudioFrame.from_ndarray(samples[None, :], "fltp", "mono")
            piece.sample_rate, piece.pts = 48_000, at
            piece.time_base = fractions.Fraction(1, 48_000)
            container.mux(sound.encode(piece))
        container.mux(sound.encode())
    return path
