"""What the relay must know of VP8 in RTP (RFC 7741): where a picture begins that needs no other.

Pure functions over payloads.
"""

from __future__ import annotations

# First octet of the payload descriptor (section 4.2).
EXTENDED = 0x80
BEGINS_PARTITION = 0x10
PARTITION = 0x07

# Second octet, where the first says that there is one: what follows it.
PICTURE_ID = 0x80
LEVEL_INDEX = 0x40
LAYER = 0x20
KEY_INDEX = 0x10

LONG_PICTURE_ID = 0x80  # in the picture id's first octet: it has a second

# First octet of the payload header (section 4.3); the bit is inverted: set, the picture needs others.
NO_KEYFRAME = 0x01


def begins_keyframe(payload: bytes) -> bool:
    """Whether a decoder can begin with this packet: the first one of a key frame."""
    if not payload or not payload[0] & BEGINS_PARTITION or payload[0] & PARTITION:
        return False
    header_at = _after_descriptor(payload)
    return header_at is not None and not payload[header_at] & NO_KEYFRAME


def picture_part(payload: bytes) -> bytes | None:
    """A packet's part of the picture, without the payload descriptor; None: it holds none."""
    at = _after_descriptor(payload)
    return None if at is None else payload[at:]


def _after_descriptor(payload: bytes) -> int | None:
    if not payload:
        return None
    at = 1
    if payload[0] & EXTENDED:
        if len(payload) < 2:
            return None
        follows = payload[1]
        at = 2
        if follows & PICTURE_ID:
            is_long = at < len(payload) and bool(payload[at] & LONG_PICTURE_ID)
            at += 2 if is_long else 1
        if follows & LEVEL_INDEX:
            at += 1
        if follows & (LAYER | KEY_INDEX):
            at += 1
    return at if at < len(payload) else None
