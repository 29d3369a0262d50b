"""Reading of SDP offers, before a WebRTC library acts on them. Pure.

A relay is reached on one known port, so it needs no addresses from its peers: it learns them from
their checks (RFC 8445, section 7.3.1.3). All candidates are therefore taken out of an offer; with
them go the ``.local`` names, which cost a second each to look up, and the chance to make the relay
send to addresses of somebody's choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from aiortc.codecs import get_capabilities
from aiortc.rtcrtpparameters import RTCRtpCodecCapability, RTCRtpCodecParameters
from aiortc.sdp import (
    H264Profile,
    MediaDescription,
    SessionDescription,
    parse_h264_profile_level_id,
)

from sightline.ingest.media import h264, vp8
from sightline.ingest.media.errors import InvalidOffer
from sightline.ingest.media.sdp import LONGEST_OFFER_BYTES

Side = Literal["camera", "viewer"]
Kind = Literal["audio", "video"]

_DIRECTIONS: dict[Side, frozenset[str]] = {
    "camera": frozenset({"sendonly", "sendrecv"}),
    "viewer": frozenset({"recvonly", "sendrecv"}),
}
# What aiortc's parser raises on text that is not SDP.
_MALFORMED = (ValueError, AssertionError, AttributeError, LookupError, TypeError, StopIteration)


@dataclass(frozen=True)
class H264Format:
    """Which H.264 a payload type carries."""

    profile: H264Profile
    packetization_mode: str

    codec: ClassVar[str] = "H264"

    @staticmethod
    def begins_keyframe(payload: bytes) -> bool:
        """Whether a decoder can begin with this packet."""
        return h264.begins_keyframe(payload)


@dataclass(frozen=True)
class Vp8Format:
    """VP8, which has no kinds."""

    codec: ClassVar[str] = "VP8"

    @staticmethod
    def begins_keyframe(payload: bytes) -> bool:
        """Whether a decoder can begin with this packet."""
        return vp8.begins_keyframe(payload)


VideoFormat = H264Format | Vp8Format
CODECS = (H264Format.codec, Vp8Format.codec)
SOUND_CODEC = "opus"


@dataclass(frozen=True)
class Offer:
    """An offer that can be answered.

    `sdp` is the text without candidates; `kinds` are its media in their order; `formats` are the
    video formats it names that the relay carries, best first.
    """

    sdp: str
    kinds: tuple[Kind, ...]
    formats: tuple[VideoFormat, ...]


def read_offer(text: str, side: Side) -> Offer:
    """Check an offer of a camera, or of a viewer.

    Raises `InvalidOffer`, which says what is missing or cannot be used.
    """
    if len(text.encode()) > LONGEST_OFFER_BYTES:
        raise InvalidOffer(f"The SDP offer is longer than {LONGEST_OFFER_BYTES} bytes.")
    sdp = _without_candidates(text)
    try:
        description = SessionDescription.parse(sdp)
    except _MALFORMED as error:
        raise InvalidOffer("The body is not an SDP offer that can be read.") from error
    for media in description.media:
        _check_media(media, side)
    kinds: list[Kind] = ["video" if m.kind == "video" else "audio" for m in description.media]
    if kinds.count("video") != 1 or kinds.count("audio") > 1:
        raise InvalidOffer(
            f"The offer has {kinds.count('video')} video and {kinds.count('audio')} audio lines;"
            " it must have one video and at most one audio line."
        )
    _check_bundled(description)
    video = next(media for media in description.media if media.kind == "video")
    formats = tuple(_video_formats(video))
    if not formats:
        names = sorted({codec.name for codec in video.rtp.codecs}) or ["nothing"]
        raise InvalidOffer(
            f"The video line offers {', '.join(names)}; it must offer {' or '.join(CODECS)}.",
            "unsupported_codec",
        )
    for media in description.media:
        if media.kind == "audio" and not any(
            codec.name.lower() == SOUND_CODEC for codec in media.rtp.codecs
        ):
            raise InvalidOffer(f"The audio line must offer {SOUND_CODEC}.", "unsupported_codec")
    return Offer(sdp, tuple(kinds), formats)


def video_format(codec: RTCRtpCodecParameters | RTCRtpCodecCapability) -> VideoFormat | None:
    """The format of a codec; None: the relay does not carry it, or nobody knows its profile."""
    if codec.name.upper() == Vp8Format.codec:
        return Vp8Format()
    if codec.name.upper() != H264Format.codec:
        return None
    # Absent parameters mean constrained baseline and mode 0 (RFC 6184, section 8.1).
    profile_level_id = str(codec.parameters.get("profile-level-id") or "42e01f")
    try:
        # The level may be one that this parser does not know, and plays no part.
        profile, _ = parse_h264_profile_level_id(profile_level_id[:4] + "1f")
    except ValueError:
        return None
    return H264Format(profile, str(codec.parameters.get("packetization-mode", "0")))


def _without_candidates(text: str) -> str:
    lines = (line for line in text.splitlines() if line.strip())
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join(kept) + "\r\n"


def _check_media(media: MediaDescription, side: Side) -> None:
    if media.kind not in ("audio", "video"):
        raise InvalidOffer(
            f"The offer has a line for {media.kind!r}; only audio and video are used."
        )
    if media.direction not in _DIRECTIONS[side]:
        raise InvalidOffer(
            f"The {media.kind} line is {media.direction or 'without direction'};"
            f" it must be one of {', '.join(sorted(_DIRECTIONS[side]))}."
        )
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise InvalidOffer(f"The {media.kind} line has no ICE user or password.")
    if media.dtls is None or not media.dtls.fingerprints or media.dtls.role is None:
        raise InvalidOffer(f"The {media.kind} line has no DTLS fingerprint or set-up role.")


def _check_bundled(description: SessionDescription) -> None:
    if len(description.media) < 2:
        return
    mids = {media.rtp.muxId for media in description.media}
    bundled = {
        item for group in description.group if group.semantic == "BUNDLE" for item in group.items
    }
    if not mids <= bundled or len(mids) < len(description.media):
        raise InvalidOffer("Video and audio must share one transport (a=group:BUNDLE).")


def _video_formats(video: MediaDescription) -> list[VideoFormat]:
    formats = (video_format(codec) for codec in video.rtp.codecs)
    return list(dict.fromkeys(f for f in formats if f is not None and _can_be_carried(f)))


def _can_be_carried(format_: VideoFormat) -> bool:
    return isinstance(format_, Vp8Format) or format_.packetization_mode in ("0", "1")


def preferences(wanted: Iterable[VideoFormat]) -> list[RTCRtpCodecCapability]:
    """Codec preferences for a transceiver: these formats in this order, with retransmission."""
    capabilities = get_capabilities("video").codecs
    chosen = [c for format_ in wanted for c in capabilities if video_format(c) == format_]
    return [*chosen, *(c for c in capabilities if c.name == "rtx")]


def sound_preferences() -> list[RTCRtpCodecCapability]:
    """Codec preferences for sound: Opus alone, the one codec that every browser and camera has."""
    return [c for c in get_capabilities("audio").codecs if c.name.lower() == SOUND_CODEC]


def taken_from_camera(offered: Iterable[VideoFormat]) -> VideoFormat:
    """The one format that a camera is to send, of those that it offers.

    H.264 where it has both: every way to a viewer carries it. Otherwise the camera's own order.
    """
    return min(offered, key=lambda format_: not isinstance(format_, H264Format))


def for_viewer(offered: Iterable[VideoFormat], sent: VideoFormat) -> list[VideoFormat]:
    """What a viewer may be answered with, the very format that the camera sends first.

    A viewer that does not name the camera's H.264 profile gets its own next best: browsers decode by
    what is in the stream, not by what was negotiated. Another codec is not converted.

    Raises `InvalidOffer` where the viewer does not take the camera's codec.
    """
    offered = tuple(offered)
    same = [format_ for format_ in offered if format_.codec == sent.codec]
    if not same:
        names = " and ".join(dict.fromkeys(format_.codec for format_ in offered))
        raise InvalidOffer(
            f"The camera sends {sent.codec}, and this viewer takes {names} only; the relay does not"
            f" convert. Use a browser that plays {sent.codec}.",
            "unsupported_codec",
        )
    return sorted(same, key=lambda format_: _distance(format_, sent))


def _distance(format_: VideoFormat, sent: VideoFormat) -> tuple[bool, bool, bool]:
    if isinstance(format_, Vp8Format) or isinstance(sent, Vp8Format):
        return (False, False, False)
    return (
        format_.profile != sent.profile,
        format_.packetization_mode != "1",
        format_.packetization_mode != sent.packetization_mode,
    )
