"""Real encoded picture and sound for a simulated camera: H.264 from libx264, Opus from libopus.

A picture takes about 3 ms of one core at 720p; the sound is encoded once and repeated for ever.
"""

from __future__ import annotations

import fractions
import functools

import av
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from sightline.ingest.camera.scene import HEIGHT, WIDTH, Planes

VIDEO_CLOCK = 90_000
AUDIO_CLOCK = 48_000
BIT_RATE = 1_800_000
KEYFRAME_EVERY_FRAMES = 250  # viewers ask for their own; this is for those that never ask
BUFFER_S = 0.5
SOUND_PACKET_SAMPLES = 960  # 20 ms
SOUND_LOOP_S = 8

_SOUND_BIT_RATE = 32_000


class PictureEncoder:
    """H.264 constrained baseline without delay: one picture in, one access unit out.

    It begins with a key frame. No picture takes longer than `buffer_s` at the bit rate (bit/s).
    """

    def __init__(
        self,
        frame_rate: int,
        bit_rate: int = BIT_RATE,
        *,
        width: int = WIDTH,
        height: int = HEIGHT,
        buffer_s: float = BUFFER_S,
    ) -> None:
        codec = av.CodecContext.create("libx264", "w")
        if not isinstance(codec, VideoCodecContext):
            raise TypeError("libx264 is not a video encoder in this build of FFmpeg")
        self._width, self._height = width, height
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.bit_rate = bit_rate
        codec.framerate = fractions.Fraction(frame_rate)
        codec.time_base = fractions.Fraction(1, VIDEO_CLOCK)
        codec.gop_size = KEYFRAME_EVERY_FRAMES
        codec.max_b_frames = 0
        codec.thread_count = 1  # cameras run side by side; more threads each would only cost
        codec.profile = "Baseline"
        kilobits = bit_rate // 1000
        codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "level": "3.1",
            "forced-idr": "1",
            "x264-params": f"vbv-maxrate={kilobits}:vbv-bufsize={round(kilobits * buffer_s)}:scenecut=0",
        }
        self._codec = codec

    def encode(self, planes: Planes, time: int, *, keyframe: bool) -> bytes:
        """One access unit (Annex B) of planes of the encoder's size. `time` counts in `VIDEO_CLOCK`."""
        frame = av.VideoFrame(self._width, self._height, "yuv420p")
        for plane, pixels in zip(frame.planes, planes, strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            rows[:, : plane.width] = pixels
        frame.pts, frame.time_base = time, fractions.Fraction(1, VIDEO_CLOCK)
        if keyframe:
            frame.pict_type = PictureType.I
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class SoundEncoder:
    """Opus, one channel: 20 ms in, one packet out."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        if not isinstance(codec, av.AudioCodecContext):
            raise TypeError("libopus is not an audio encoder in this build of FFmpeg")
        codec.bit_rate = _SOUND_BIT_RATE
        codec.sample_rate = AUDIO_CLOCK
        codec.layout, codec.format = "mono", "s16"
        codec.time_base = fractions.Fraction(1, AUDIO_CLOCK)
        self._codec = codec
        self._pts = 0

    def encode(self, samples: npt.NDArray[np.int16]) -> list[bytes]:
        """The packets that are ready; `samples` are `SOUND_PACKET_SAMPLES` of them."""
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = AUDIO_CLOCK, self._pts
        frame.time_base = fractions.Fraction(1, AUDIO_CLOCK)
        self._pts += len(samples)
        return [bytes(packet) for packet in self._codec.encode(frame)]

    def rest(self) -> list[bytes]:
        """The packets that were held back."""
        return [bytes(packet) for packet in self._codec.encode(None)]


@functools.cache
def sound_loop() -> tuple[bytes, ...]:
    """Opus packets of 20 ms each: the sound of the street, encoded once for all cameras."""
    encoder = SoundEncoder()
    samples = street_sound()
    packets = []
    for at in range(0, len(samples), SOUND_PACKET_SAMPLES):
        packets += encoder.encode(samples[at : at + SOUND_PACKET_SAMPLES])
    return tuple(packets + encoder.rest())


@functools.cache
def street_sound() -> npt.NDArray[np.int16]:
    """`SOUND_LOOP_S` seconds: distant traffic (low noise), and a soft double tone every four, by which one hears life."""
    random = np.random.default_rng(4417)
    time = np.arange(SOUND_LOOP_S * AUDIO_CLOCK) / AUDIO_CLOCK
    smooth = np.hanning(401)
    traffic = np.convolve(random.normal(0, 1, time.size), smooth / smooth.sum(), mode="same")
    sound = traffic * 4000 * (1 + 0.4 * np.sin(2 * np.pi * time / SOUND_LOOP_S))
    for begin in (0.5, 0.75, 4.5, 4.75):
        within = (time >= begin) & (time < begin + 0.18)
        swell = np.sin(np.pi * (time[within] - begin) / 0.18) ** 2
        sound[within] += 2600 * swell * np.sin(2 * np.pi * 660 * time[within])
    return sound.clip(-32768, 32767).astype(np.int16)
