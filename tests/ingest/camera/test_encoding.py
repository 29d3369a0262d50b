"""The encoders make what decoders take: H.264 that begins when asked, Opus that sounds."""

from __future__ import annotations

import av
import numpy as np
import pytest

from sightline.ingest.camera import time_strip
from sightline.ingest.camera.encoding import (
    AUDIO_CLOCK,
    BIT_RATE,
    SOUND_LOOP_S,
    VIDEO_CLOCK,
    PictureEncoder,
    sound_loop,
)
from sightline.ingest.camera.scene import Scene

NOON_MS = 1_795_176_000_000
FRAME_TICKS = VIDEO_CLOCK // 25


def encoded(count: int, keyframes: frozenset[int] = frozenset()) -> list[bytes]:
    scene, encoder = Scene("RB31", "AB4-000123"), PictureEncoder(25)
    return [
        encoder.encode(scene.paint(NOON_MS + 40 * n), n * FRAME_TICKS, keyframe=n in keyframes)
        for n in range(count)
    ]


def nal_types(access_unit: bytes) -> list[int]:
    return [part[0] & 31 for part in access_unit.split(b"\x00\x00\x01")[1:]]


def test_every_picture_comes_out_at_once_and_decodes() -> None:
    decoder = av.CodecContext.create("h264", "r")
    for n, data in enumerate(encoded(10)):
        assert data
        (frame,) = decoder.decode(av.Packet(data))
        plane = frame.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        assert time_strip.read(luma) == (NOON_MS + 40 * n) % time_strip.MODULUS
    assert decoder.profile in ("Constrained Baseline", "Baseline")


def test_a_key_frame_comes_when_it_is_asked_for_and_only_then() -> None:
    pictures = encoded(8, frozenset({5}))
    begins = [5 in nal_types(data) for data in pictures]
    assert begins == [True, False, False, False, False, True, False, False]
    assert 7 in nal_types(pictures[5]), "with what a decoder needs to begin"


def test_the_bit_rate_is_kept() -> None:
    pictures = encoded(125)
    kilobits_per_s = sum(map(len, pictures)) * 8 / 1000 / (len(pictures) / 25)
    assert 700 < kilobits_per_s < BIT_RATE / 1000 * 1.1


def test_the_sound_is_a_quiet_street_with_a_tone() -> None:
    packets = sound_loop()
    assert len(packets) == pytest.approx(SOUND_LOOP_S * 50, abs=2)
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout, decoder.format = AUDIO_CLOCK, "mono", "s16"
    sound = np.concatenate(
        [f.to_ndarray()[0].astype(float) for p in packets for f in decoder.decode(av.Packet(p))]
    )
    sound /= np.abs(sound).max()

    def loudness(begin_s: float, end_s: float) -> float:
        return float(np.sqrt((sound[int(begin_s * 48000) : int(end_s * 48000)] ** 2).mean()))

    assert loudness(0.5, 0.7) > 1.5 * loudness(2.0, 3.0) > 0
    tone = sound[int(0.53 * 48000) : int(0.66 * 48000)]
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(tone.size)))
    assert spectrum.argmax() * 48000 / tone.size == pytest.approx(660, abs=15)
