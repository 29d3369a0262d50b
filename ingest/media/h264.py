"""What the relay must know of H.264 in RTP (RFC 6184): where a picture begins that needs no other.

Pure functions over payloads.
"""

from __future__ import annotations

from collections.abc import Iterator

NAL_TYPE = 0x1F
IDR_SLICE = 5
SEQUENCE_PARAMETERS = 7
STAP_A = 24
FU_A = 28
FU_START = 0x80

_KEY_TYPES = (IDR_SLICE, SEQUENCE_PARAMETERS)


def begins_keyframe(payload: bytes) -> bool:
    """Whether a decoder can begin with this packet.

    True for the sequence parameters and for the first packet of an IDR picture, alone, aggregated
    (STAP-A) or fragmented (FU-A).
    """
    if not payload:
        return False
    kind = payload[0] & NAL_TYPE
    if kind in _KEY_TYPES:
        return True
    if kind == STAP_A:
        return any(unit[0] & NAL_TYPE in _KEY_TYPES for unit in aggregated(payload) if unit)
    if kind == FU_A and len(payload) > 1:
        return bool(payload[1] & FU_START) and payload[1] & NAL_TYPE in _KEY_TYPES
    return False


def aggregated(payload: bytes) -> Iterator[bytes]:
    """The NAL units of a STAP-A; an empty one last where it is cut short."""
    at = 1
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        at += 2
        if not size or at + size > len(payload):
            yield b""
            return
        yield payload[at : at + size]
        at += size
