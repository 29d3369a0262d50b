"""Offers: what can be answered, what is refused and with which words, which codec is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiortc.sdp import H264Profile, SessionDescription

from sightline.ingest.media import hooks
from sightline.ingest.media.errors import InvalidOffer
from sightline.ingest.media.offers import (
    H264Format,
    Vp8Format,
    for_viewer,
    preferences,
    read_offer,
    sound_preferences,
    taken_from_camera,
    video_format,
)

CHROMIUM = (Path(__file__).parent / "viewer_offer.sdp").read_text()
BASELINE = H264Format(H264Profile.PROFILE_CONSTRAINED_BASELINE, "1")
MAIN = H264Format(H264Profile.PROFILE_MAIN, "1")
HIGH = H264Format(H264Profile.PROFILE_HIGH, "1")


@pytest.fixture(autouse=True)
def _installed() -> None:
    hooks.install()


def camera_offer(
    profile: str = "42e01f", direction: str = "sendonly", video: str = "H264/90000"
) -> str:
    return "\r\n".join(
        [
            "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0",
            "m=video 9 UDP/TLS/RTP/SAVPF 106", "c=IN IP4 0.0.0.0", f"a={direction}", "a=mid:0",
            "a=rtcp-mux", f"a=rtpmap:106 {video}",
            f"a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}",
            "a=candidate:1 1 udp 2130706431 10.1.2.3 5000 typ host", "a=end-of-candidates",
            "a=ice-ufrag:abcd", "a=ice-pwd:0123456789012345678901",
            "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=setup:actpass", "",
        ]
    )  # fmt: skip


def test_a_browsers_offer_is_read_without_its_candidates() -> None:
    offer = read_offer(CHROMIUM, "viewer")
    assert offer.kinds == ("video", "audio")
    assert offer.formats[:3] == (
        Vp8Format(),
        H264Format(H264Profile.PROFILE_BASELINE, "1"),
        H264Format(H264Profile.PROFILE_BASELINE, "0"),
    )
    assert "candidate" not in offer.sdp
    assert ".local" not in offer.sdp


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("42e01f", H264Profile.PROFILE_CONSTRAINED_BASELINE),
        ("42001f", H264Profile.PROFILE_BASELINE),
        ("4d0032", H264Profile.PROFILE_MAIN),
        ("640028", H264Profile.PROFILE_HIGH),
        ("640c2a", H264Profile.PROFILE_CONSTRAINED_HIGH),
        ("64003d", H264Profile.PROFILE_HIGH),  # level 6.1, which the parser does not know
    ],
)
def test_every_profile_that_cameras_send_has_a_codec(profile: str, expected: H264Profile) -> None:
    offer = read_offer(camera_offer(profile), "camera")
    assert offer.formats == (H264Format(expected, "1"),)
    chosen = preferences(offer.formats)
    assert chosen[-1].name == "rtx"
    assert {video_format(codec) for codec in chosen[:-1]} == {offer.formats[0]}


def test_a_viewer_gets_the_cameras_profile_where_it_offers_it() -> None:
    offered = read_offer(CHROMIUM, "viewer").formats
    assert for_viewer(offered, MAIN)[0] == MAIN
    assert for_viewer(offered, BASELINE)[0] == BASELINE
    best_of_the_rest = for_viewer(offered, HIGH)[0]
    assert best_of_the_rest.packetization_mode == "1"


def test_a_viewer_is_answered_with_the_cameras_codec_and_no_other() -> None:
    offered = read_offer(CHROMIUM, "viewer").formats
    assert for_viewer(offered, Vp8Format()) == [Vp8Format()]
    assert Vp8Format() not in for_viewer(offered, BASELINE)


def test_a_viewer_without_the_cameras_codec_is_refused_with_what_it_takes() -> None:
    with pytest.raises(InvalidOffer, match="camera sends VP8, and this viewer takes H264 only"):
        for_viewer([BASELINE, MAIN], Vp8Format())
    with pytest.raises(InvalidOffer, match="camera sends H264, and this viewer takes VP8 only"):
        for_viewer([Vp8Format()], HIGH)


def test_of_a_camera_that_has_both_h264_is_taken() -> None:
    assert taken_from_camera([Vp8Format(), MAIN, HIGH]) == MAIN
    assert taken_from_camera(read_offer(camera_offer(video="VP8/90000"), "camera").formats) == (
        Vp8Format()
    )


def test_sound_is_opus_alone() -> None:
    assert [codec.mimeType for codec in sound_preferences()] == ["audio/opus"]


@pytest.mark.parametrize(
    ("text", "side", "words"),
    [
        ("", "camera", "0 video"),
        ("hello", "camera", "must have one video"),
        ("v=0\r\nm=video x y z\r\n", "camera", "not an SDP offer that can be read"),
        (camera_offer(direction="recvonly"), "camera", "recvonly; it must be one of sendonly"),
        (camera_offer(direction="inactive"), "viewer", "inactive; it must be one of recvonly"),
        (camera_offer(video="VP9/90000"), "camera", "offers VP9; it must offer H264 or VP8"),
        (camera_offer().replace("a=ice-pwd:0123456789012345678901\r\n", ""), "camera", "no ICE user"),
        (camera_offer().replace("a=setup:actpass\r\n", ""), "camera", "no DTLS fingerprint"),
        (CHROMIUM.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"), "viewer", "share one transport"),
        (CHROMIUM + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "viewer", "application"),
        ("a" * 70_000, "camera", "longer than 65536 bytes"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_the_reason(
    text: str, side: str, words: str
) -> None:
    with pytest.raises(InvalidOffer, match=words):
        read_offer(text, side)


def test_payload_types_below_96_stay_what_the_browser_said() -> None:
    """Chromium puts H.264 on 39 and 41; answering with another number would mute it."""
    from aiortc.codecs import CODECS
    from aiortc.rtcpeerconnection import find_common_codecs

    offered = SessionDescription.parse(CHROMIUM).media[0].rtp.codecs
    low = {codec.payloadType for codec in offered if codec.payloadType < 64}
    assert low
    agreed = find_common_codecs(CODECS["video"], offered)
    assert {codec.payloadType for codec in agreed} <= {codec.payloadType for codec in offered}
    assert low & {codec.payloadType for codec in agreed}
