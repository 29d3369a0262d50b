"""What the doors in front of the relay take for an offer."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.ingest.media.sdp import LONGEST_OFFER_BYTES, why_no_offer
from tests.ingest.media.test_offers import camera_offer

CHROMIUM = (Path(__file__).parent / "viewer_offer.sdp").read_text()


@pytest.mark.parametrize(
    "text",
    [CHROMIUM, CHROMIUM.replace("\r\n", "\n"), camera_offer(), camera_offer(video="VP8/90000")],
)
def test_an_offer_is_let_through_whatever_the_relay_will_say(text: str) -> None:
    assert why_no_offer(text.encode()) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "first line must be v=0"),
        (b"hello", "first line must be v=0"),
        (b"{}", "first line must be v=0"),
        (b"v=0\r\nwhat is this\r\n", "Line 2 of the SDP offer"),
        (b"v=0\r\ns=\xff\r\n", "not text in UTF-8"),
        (camera_offer().replace("m=video", "m=audio").encode(), "no video line"),
        (camera_offer().replace("a=ice-ufrag:abcd\r\n", "").encode(), "no ICE user"),
        (camera_offer().replace("a=fingerprint:", "a=other:").encode(), "no DTLS fingerprint"),
        (b"v=0\r\n" * LONGEST_OFFER_BYTES, "longer than 65536 bytes"),
    ],
)
def test_what_is_none_is_told_what_it_lacks(body: bytes, words: str) -> None:
    assert words in (why_no_offer(body) or "")
