"""What a simulated camera's microphone hears: the street, and what its own loudspeaker says to the officer."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from sightline.ingest.camera.encoding import (
    SOUND_PACKET_SAMPLES,
    SoundEncoder,
    sound_loop,
    street_sound,
)

MOST_HELD = 25
"""Pieces of 20 ms that wait to be heard; what is older is left out rather than heard late."""


class Microphone:
    """Gives a packet each 20 ms. Encodes only while there is more to be heard than the street, which is encoded already."""

    def __init__(self) -> None:
        self._street = sound_loop()
        self._voice: deque[npt.NDArray[np.int16]] = deque(maxlen=MOST_HELD)
        self._encoder: SoundEncoder | None = None

    def hear(self, samples: npt.NDArray[np.int16]) -> None:
        """Somebody speaks beside it: `SOUND_PACKET_SAMPLES` at 48 kHz."""
        if self._encoder is None:
            self._encoder = SoundEncoder()
        self._voice.append(samples)

    def alone(self) -> None:
        """Nobody speaks any more."""
        self._voice.clear()
        self._encoder = None

    def packet(self, number: int) -> bytes:
        """The 20 ms of this number, encoded (Opus)."""
        if self._encoder is None:
            return self._street[number % len(self._street)]
        street = street_sound()
        at = number * SOUND_PACKET_SAMPLES % len(street)
        heard = street[at : at + SOUND_PACKET_SAMPLES].astype(np.int32)
        if self._voice:
            heard = heard + self._voice.popleft()
        packets = self._encoder.encode(heard.clip(-32768, 32767).astype(np.int16))
        # The encoder gives a packet for each piece, but for what it holds back at the first one.
        return packets[0] if packets else self._street[number % len(self._street)]
