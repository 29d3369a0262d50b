"""The keys that sign the audit's heads. They are kept outside the database, so that it cannot vouch for itself.

DATA_DIR/audit-signing-key.pem    signs (mode 600)
DATA_DIR/audit-public-keys.json   every key that ever signed here, oldest first; only added to
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sightline.sql.audit_chain import key_id
from sightline.sql.errors import AuditFileError

Keys = dict[str, Ed25519PublicKey]
"""Short name of a key → the key."""


def key_file(data_dir: Path) -> Path:
    """Where the key that signs heads is."""
    return data_dir / "audit-signing-key.pem"


def list_file(data_dir: Path) -> Path:
    """Where the public keys that ever signed are listed."""
    return data_dir / "audit-public-keys.json"


def signing_key(data_dir: Path) -> Ed25519PrivateKey:
    """The key that signs heads, made and listed if it is not there.

    Raises:
        AuditFileError: the file holds something else, or the list cannot be read.
        OSError: it can be neither read nor made.
    """
    file = key_file(data_dir)
    if not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        try:
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:  # another process made it in this moment
            return signing_key(data_dir)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
    key = _from_pem(file, file.read_bytes())
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditFileError(f"{file} holds a public key; it must be the one that signs.")
    return key


def list_key(data_dir: Path, public: Ed25519PublicKey) -> None:
    """Add a key to the list of those that ever signed, unless it stands there.

    Raises:
        AuditFileError: the list cannot be read.
        OSError: it cannot be written.
    """
    file = list_file(data_dir)
    listed = _listed(file, file.read_bytes()) if file.exists() else []
    if any(key_id(public) == key_id(known) for known, _ in listed):
        return
    listed.append((public, datetime.now(UTC).isoformat(timespec="seconds")))
    keys = [
        {"key": key_id(known), "public_key": known.public_bytes_raw().hex(), "added": added}
        for known, added in listed
    ]
    write_public(file, json.dumps({"keys": keys}, indent=1) + "\n")


def trusted_keys(data_dir: Path, given: Iterable[Path] = ()) -> Keys:
    """The keys known on this machine, and those of the files given; never one from a database.

    Raises:
        AuditFileError: a file cannot be read, or holds no Ed25519 key.
    """
    files = [file for file in (key_file(data_dir), list_file(data_dir)) if os.access(file, os.R_OK)]
    return {key_id(key): key for file in [*files, *given] for key in read_keys(file)}


def read_keys(file: Path) -> list[Ed25519PublicKey]:
    """The public keys in a file: a PEM file (of either half), or a list as `list_key` writes it.

    Raises:
        AuditFileError: it cannot be read, or holds something else.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise AuditFileError(f"{file} cannot be read ({error.strerror}).") from error
    if content.lstrip().startswith(b"{"):
        return [key for key, _ in _listed(file, content)]
    key = _from_pem(file, content)
    return [key.public_key() if isinstance(key, Ed25519PrivateKey) else key]


def write_public(file: Path, text: str) -> None:
    """Replace a file at once, on the disk before it counts; readable by all, since it is to be copied elsewhere.

    Raises:
        OSError: it cannot be written.
    """
    new = file.with_name(f"{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _from_pem(file: Path, content: bytes) -> Ed25519PrivateKey | Ed25519PublicKey:
    try:
        if b"PRIVATE KEY" in content:
            key: object = serialization.load_pem_private_key(content, password=None)
        else:
            key = serialization.load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(file) from error
    if not isinstance(key, (Ed25519PrivateKey, Ed25519PublicKey)):
        raise _no_key(file)
    return key


def _listed(file: Path, content: bytes) -> list[tuple[Ed25519PublicKey, str]]:
    try:
        return [
            (Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["public_key"])), one["added"])
            for one in json.loads(content)["keys"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_key(file) from error


def _no_key(file: Path) -> AuditFileError:
    return AuditFileError(
        f"{file} does not hold what it should: an Ed25519 key as PEM, or a list like audit-public-keys.json."
    )
