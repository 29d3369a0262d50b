"""What the relay must know of H.264 in RTP (RFC 6184): where a picture begins that needs no other.

Pure functions over payloads.
"""

from __future__ import annotations

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
        return any(nal_type in _KEY_TYPES for nal_type in _aggregated(payload))
    if kind == FU_A and len(payload) > 1:
        return bool(payload[1] & FU_START) and payload[1] & NAL_TYPE in _KEY_TYPES
    return False


def _aggregated(payload: bytes) -> list[int]:
    """Types of the NAL units in a STAP-A; those before the first one that is cut short."""
    types = []
    at = 1
    while at + 2 < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        at += 2
        if not size or at + size > len(payload):
            break
        types.append(payload[at] & NAL_TYPE)
        at += size
    return types
