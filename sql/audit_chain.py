"""The arithmetic of the audit's chain and its signed heads: values in, values out.

Each sealed row has a hash over its predecessor's hash, its position and everything the row says. A head (the newest
hash) is signed with Ed25519; kept elsewhere, it also shows that rows were cut off the end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

GENESIS = bytes(32)
"""What the first row names as its predecessor's hash."""


def canonical(entry: Mapping[str, Any]) -> bytes:
    """One audit row as bytes, the same for equal content: JSON, keys sorted, no spaces, UTF-8.

    Args:
        entry: column → value; times as text in UTC with microseconds, `detail` as PostgreSQL's canonical jsonb text.
    """
    return json.dumps(
        dict(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def link(previous: bytes, position: int, entry: Mapping[str, Any]) -> bytes:
    """Hash (SHA-256, 32 bytes) of the row at this position."""
    return hashlib.sha256(previous + position.to_bytes(8, "big") + canonical(entry)).digest()


def key_id(public: Ed25519PublicKey) -> str:
    """Short name of a key: the first 16 hex digits of the hash of its raw bytes."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def sign_head(private: Ed25519PrivateKey, position: int, head: bytes) -> bytes:
    """Signature (64 bytes) over position and hash."""
    return private.sign(b"sightline-audit-head" + position.to_bytes(8, "big") + head)


def head_is_signed(public_key: bytes, position: int, head: bytes, signature: bytes) -> bool:
    """Whether the signature over position and hash is that of the raw public key (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            signature, b"sightline-audit-head" + position.to_bytes(8, "big") + head
        )
    except InvalidSignature:
        return False
    return True
