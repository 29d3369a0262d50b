"""A camera made of FFmpeg's WHIP publisher: `python ffmpeg_camera.py URL TOKEN PROFILE CERT KEY`.

A process of its own, as FFmpeg holds Python's lock while it talks to the relay. Publishes until its
standard input is closed.
"""

from __future__ import annotations

import fractions
import sys
import threading
import time

import av

from sightline.ingest.camera.encoding import VIDEO_CLOCK
from sightline.ingest.camera.scene import HEIGHT, WIDTH, Scene

FRAME_TICKS = VIDEO_CLOCK // 25


def publish(url: str, token: str, profile: str, certificate: str, key: str) -> None:
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    options = {"authorization": token, "cert_file": certificate, "key_file": key}
    with av.open(url, "w", format="whip", options=options) as output:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.gop_size, video.max_b_frames, video.bit_rate = 25, 0, 1_500_000
        video.codec_context.profile = profile
        video.codec_context.time_base = fractions.Fraction(1, VIDEO_CLOCK)
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "level": "3.1"}
        scene = Scene("RB31", "FFMPEG")
        n = 0
        while not stop.wait(0.04):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane, pixels in zip(frame.planes, scene.paint(time.time() * 1000), strict=True):
                plane.update(pixels.tobytes())
            frame.pts, frame.time_base = n * FRAME_TICKS, fractions.Fraction(1, VIDEO_CLOCK)
            n += 1
            for packet in video.encode(frame):
                output.mux(packet)


if __name__ == "__main__":
    publish(*sys.argv[1:])
