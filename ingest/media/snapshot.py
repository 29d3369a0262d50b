"""One picture out of a stream, as a photograph: the next key frame of the camera, decoded once, and made a JPEG.

Nothing else in the relay decodes anything; this happens on a thread, for who may watch, and on purpose.
"""

from __future__ import annotations

import asyncio
import fractions
from dataclasses import dataclass

import av
from aiortc.rtp import RtpPacket
from av.video.codeccontext import VideoCodecContext

from sightline.ingest.media import vp8
from sightline.ingest.media.access_units import AccessUnits
from sightline.ingest.media.errors import NoPicture
from sightline.ingest.media.offers import H264Format, VideoFormat
from sightline.ingest.media.packet_order import PacketOrder
from sightline.ingest.media.publication import Publication

WITHIN_S = 4.0
PATIENCE_S = 0.25
LARGEST_PX = 4096 * 4096
_QUALITY = 3  # FFmpeg's scale of quantizers, 2 (best) to 31


@dataclass(frozen=True)
class Photograph:
    """A JPEG picture and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


class _NextKeyPicture:
    """Stands among those who watch until a whole key frame has come; `picture` is it, as its codec takes it."""

    def __init__(self, format_: VideoFormat) -> None:
        self.picture: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._is_h264 = isinstance(format_, H264Format)
        self._source: int | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._order = PacketOrder(PATIENCE_S)
        self._units = AccessUnits()
        self._parts: list[bytes] | None = None  # of a VP8 key frame; None: none has begun

    def forward(self, packet: RtpPacket) -> None:
        if packet.ssrc != self._source:
            self._source = packet.ssrc
            self._begin_anew()
        for ordered in self._order.add(packet, asyncio.get_running_loop().time()):
            if self._is_h264:
                for unit in self._units.add(ordered.packet, after_gap=ordered.after_gap):
                    if unit.key:
                        self._give(unit.data)
            else:
                self._add_vp8(ordered.packet, after_gap=ordered.after_gap)

    def _add_vp8(self, packet: RtpPacket, *, after_gap: bool) -> None:
        if vp8.begins_keyframe(packet.payload):
            self._parts = []
        elif after_gap:
            self._parts = None
        part = vp8.picture_part(packet.payload)
        if self._parts is None or part is None:
            return
        self._parts.append(part)
        if packet.marker:
            self._give(b"".join(self._parts))
            self._parts = None

    def _give(self, picture: bytes) -> None:
        if not self.picture.done():
            self.picture.set_result(picture)


async def take(publication: Publication) -> Photograph:
    """The camera's next picture.

    Raises `NoPicture` when none comes in time, or none that can be decoded.
    """
    track = publication.tracks["video"]
    waiting = _NextKeyPicture(publication.format)
    track.outlets.add(waiting)
    track.request_keyframe()
    try:
        async with asyncio.timeout(WITHIN_S):
            picture = await waiting.picture
    except TimeoutError:
        raise NoPicture(f"No whole picture came within {WITHIN_S:g} s.") from None
    finally:
        track.remove(waiting)
    return await asyncio.to_thread(photograph, picture, publication.format.codec)


def photograph(picture: bytes, codec: str) -> Photograph:
    """A key frame as a JPEG.

    Args:
        picture: the frame: H.264 in Annex B form with its parameters, or VP8.
        codec: ``H264`` or ``VP8``.

    Raises `NoPicture` when it cannot be decoded.
    """
    decoder = av.CodecContext.create(codec.lower(), "r")
    assert isinstance(decoder, VideoCodecContext)
    try:
        frames = [*decoder.decode(av.Packet(picture)), *decoder.decode(None)]
    except av.FFmpegError as error:
        raise NoPicture("The camera's picture cannot be decoded.") from error
    if not frames or not 0 < frames[0].width * frames[0].height <= LARGEST_PX:
        raise NoPicture("The camera's picture cannot be decoded.")
    (frame, *_) = frames
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.time_base = fractions.Fraction(1, 25)
    encoder.qmin = encoder.qmax = _QUALITY
    still = frame.reformat(format="yuvj420p")
    still.pts = 0
    jpeg = b"".join(bytes(packet) for packet in [*encoder.encode(still), *encoder.encode(None)])
    return Photograph(jpeg, frame.width, frame.height)
