"""Where a decoder can begin, by RFC 6184."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.media.h264 import begins_keyframe


def stap_a(*units: bytes) -> bytes:
    return b"\x18" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x65\x88", True),  # IDR slice, alone
        (b"\x67\x42", True),  # sequence parameters, alone
        (b"\x68\xce", False),  # picture parameters
        (b"\x61\x9a", False),  # slice of another picture
        (b"\x09\xf0", False),  # access unit delimiter
        (b"\x7c\x85\x88", True),  # FU-A, first fragment of an IDR slice
        (b"\x7c\x05\x88", False),  # FU-A, a later fragment of it
        (b"\x7c\x81\x88", False),  # FU-A, first fragment of another slice
        (b"\x7c", False),  # FU-A, cut short
        (b"", False),
    ],
)
def test_single_and_fragmented(payload: bytes, *, begins: bool) -> None:
    assert begins_keyframe(payload) is begins


def test_aggregated_units_are_all_looked_at() -> None:
    assert begins_keyframe(stap_a(b"\x67\x42\x00", b"\x68\xce"))
    assert begins_keyframe(stap_a(b"\x09\xf0", b"\x06\x05", b"\x67\x42"))
    assert not begins_keyframe(stap_a(b"\x06\x05", b"\x61\x9a"))
    assert not begins_keyframe(stap_a(b"\x06\x05") + b"\x00\x09\x67")  # cut short


@settings(deadline=None)  # machines that build are busy
@given(st.binary(max_size=64))
def test_nothing_that_a_camera_sends_raises(payload: bytes) -> None:
    assert begins_keyframe(payload) in (True, False)
