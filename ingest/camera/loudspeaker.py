"""What is said to the officer, out of a board's sound device, through FFmpeg (ALSA), or into a file."""

from __future__ import annotations

import fractions
import logging
import queue
import threading
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from sightline.ingest.camera.encoding import AUDIO_CLOCK

MOST_WAITING: Final = 15
"""Pieces of 20 ms; what would be heard later than 0.3 s is left out."""

log = logging.getLogger(__name__)


class Loudspeaker:
    """Plays on a thread of its own, since a sound device takes its time.

    `device` is an ALSA device (``default``, ``hw:0``), or a file that ends in ``.wav``.
    """

    def __init__(self, device: str) -> None:
        self.failed = False
        """Whether the device cannot be used."""
        self._device = device
        self._pieces: queue.Queue[npt.NDArray[np.int16] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._play_all, name="loudspeaker", daemon=True)
        self._thread.start()

    def play(self, samples: npt.NDArray[np.int16]) -> None:
        """Play 48 kHz, one channel, after what waits already."""
        try:
            self._pieces.put_nowait(samples)
        except queue.Full:
            log.debug("the sound device does not keep up")

    def close(self) -> None:
        """Play what waits, and let go of the device."""
        self._pieces.put(None)
        self._thread.join(2.0)

    def _play_all(self) -> None:
        kind = "wav" if self._device.endswith(".wav") else "alsa"
        try:
            with av.open(self._device, "w", format=kind) as container:
                stream = container.add_stream("pcm_s16le", rate=AUDIO_CLOCK, layout="mono")
                at = 0
                while (samples := self._pieces.get()) is not None:
                    frame = av.AudioFrame.from_ndarray(samples[None, :], "s16", "mono")
                    frame.sample_rate, frame.pts = AUDIO_CLOCK, at
                    frame.time_base = fractions.Fraction(1, AUDIO_CLOCK)
                    at += len(samples)
                    container.mux(stream.encode(frame))
        except av.FFmpegError as error:
            self.failed = True
            log.error("the sound device %s cannot be used: %s", self._device, error)  # noqa: TRY400
            while self._pieces.get() is not None:
                pass  # nobody is to wait for a device that is not there
