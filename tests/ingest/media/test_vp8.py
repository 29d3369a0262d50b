"""Where a decoder of VP8 can begin, by the payload descriptors of RFC 7741."""

from __future__ import annotations

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.vp8 import begins_keyframe

KEY_HEADER, DELTA_HEADER = b"\x10\x02\x00\x9d\x01\x2a", b"\x11\x02\x00"


@pytest.mark.parametrize(
    ("descriptor", "begins"),
    [
        (b"\x10", True),  # the beginning of the first partition
        (b"\x30", True),  # … of a picture that no other needs
        (b"\x00", False),  # its continuation
        (b"\x11", False),  # the beginning of the second partition
        (b"\x90\x00", True),
        (b"\x90\x80\x07", True),  # picture id of 7 bits
        (b"\x90\x80\x80\x07", True),  # … of 15
        (b"\x90\xe0\x81\x02\x05\x40", True),  # with level index and layer
        (b"\x90\x10\x03", True),  # with key index
        (b"\x80\x80\x07", False),
    ],
)
def test_a_key_frame_begins_with_the_first_packet_of_its_first_partition(
    descriptor: bytes, begins: bool
) -> None:
    assert begins_keyframe(descriptor + KEY_HEADER) is begins
    assert not begins_keyframe(descriptor + DELTA_HEADER)


@given(
    start=st.booleans(),
    partition=st.integers(0, 7),
    picture_id=st.none() | st.integers(0, 0x7FFF),
    level=st.none() | st.integers(0, 255),
    layer=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)),
    key_index=st.none() | st.integers(0, 31),
    key=st.booleans(),
)
def test_it_reads_what_another_implementation_writes(
    start, partition, picture_id, level, layer, key_index, key
) -> None:
    descriptor = bytes(
        VpxPayloadDescriptor(int(start), partition, picture_id, level, layer, key_index)
    )
    payload = descriptor + (KEY_HEADER if key else DELTA_HEADER)
    assert begins_keyframe(payload) is (start and partition == 0 and key)
    assert not begins_keyframe(descriptor)


@given(st.binary(max_size=12))
def test_any_payload_can_be_looked_at(payload: bytes) -> None:
    assert begins_keyframe(payload) in (True, False)
