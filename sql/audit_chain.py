"""The arithmetic of the audit's chain and its signed heads: values in, values out.

Each sealed row has a hash over its predecessor's hash, its position and everything the row says. A head (the newest
hash) is signed with Ed25519, with the time of the signature; kept elsewhere, it also shows that rows were cut off the
end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

GENESIS = bytes(32)
"""What the first row names as its predecessor's hash."""

_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def canonical(entry: Mapping[str, Any]) -> bytes:
    """One audit row as bytes, the same for equal content: JSON, keys sorted, no spaces, UTF-8.

    Args:
        entry: column → value; times as text in UTC with microseconds, `detail` as PostgreSQL's canonical jsonb text.
    """
    return _json.encode(dict(entry)).encode()


def link(previous: bytes, position: int, entry: Mapping[str, Any]) -> bytes:
    """Hash (SHA-256, 32 bytes) of the row at this position."""
    return hashlib.sha256(previous + position.to_bytes(8, "big") + canonical(entry)).digest()


def key_id(public: Ed25519PublicKey) -> str:
    """Short name of a key: the first 16 hex digits of the hash of its raw bytes."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def sign_head(
    private: Ed25519PrivateKey, position: int, head: bytes, signed_time: datetime | None
) -> bytes:
    """Signature (64 bytes) over position, hash and time; see `head_is_signed` for no time."""
    return private.sign(_said(position, head, signed_time))


def head_is_signed(
    public: Ed25519PublicKey,
    signature: bytes,
    position: int,
    head: bytes,
    signed_time: datetime | None,
) -> bool:
    """Whether the signature is that of the key over position, hash and time.

    The first heads of the product were signed without a time; None asks for that form.
    """
    try:
        public.verify(signature, _said(position, head, signed_time))
    except InvalidSignature:
        return False
    return True


def _said(position: int, head: bytes, signed_time: datetime | None) -> bytes:
    place = position.to_bytes(8, "big") + head
    if signed_time is None:
        return b"sightline-audit-head" + place
    microseconds = (signed_time - _EPOCH) // timedelta(microseconds=1)
    return b"sightline-audit-head-2" + place + microseconds.to_bytes(8, "big")
