"""The newest signed head of the audit, kept outside the database, where whoever rewrites the rows does not reach it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sightline.sql.audit_chain import head_is_signed
from sightline.sql.audit_keys import Keys, list_key, trusted_keys, write_public
from sightline.sql.errors import AuditFileError
from sightline.sql.settings import DatabaseSettings


@dataclass(frozen=True)
class Head:
    """A signed head.

    Attributes:
        position: how many rows the chain had.
        hash: of the last of them.
        time: when it was signed.
        key: short name of the key.
        signature: of that key; see `sightline.sql.audit_chain`.
    """

    position: int
    hash: bytes
    time: datetime
    key: str
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, to be kept elsewhere."""
        return {
            "position": self.position,
            "hash": self.hash.hex(),
            "time": self.time.isoformat(timespec="microseconds"),
            "key": self.key,
            "signature": self.signature.hex(),
        }

    def check(self, keys: Keys) -> Checked:
        """The signature by these keys."""
        key = keys.get(self.key)
        if key is None:
            known = ", ".join(keys) or "none"
            return Checked(f"signed with a key that is not known here: {self.key} (known: {known})")
        said = (self.signature, self.position, self.hash)
        if head_is_signed(key, *said, self.time):
            return Checked(None, self.time)
        if head_is_signed(key, *said, None):
            return Checked(None)
        return Checked(f"not signed by the key that it names, {self.key}")


@dataclass(frozen=True)
class Checked:
    """What came of checking a head's signature.

    Attributes:
        problem: what is wrong with it, to follow "the head is"; None where it holds.
        time: when it was signed, None where the signature does not say.
    """

    problem: str | None
    time: datetime | None = None


def read_head(file: Path) -> Head:
    """The head in a file, as `Head.as_json` gives it.

    Raises:
        AuditFileError: it cannot be read, or holds something else.
    """
    try:
        content = json.loads(file.read_bytes())
        head = Head(
            int(content["position"]),
            bytes.fromhex(content["hash"]),
            datetime.fromisoformat(content["time"]),
            str(content["key"]),
            bytes.fromhex(content["signature"]),
        )
    except OSError as error:
        raise AuditFileError(f"{file} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise AuditFileError(
            f"{file} does not hold a signed head of the audit (what 'sightline audit head' prints)."
        ) from error
    if head.position < 1 or head.time.tzinfo is None:
        raise AuditFileError(f"{file} does not hold a signed head of the audit.")
    return head


class HeadFile:
    """The head that this machine keeps, beside the signing key.

    A data directory that works with other databases as well keeps one for each; which one is meant is what the
    settings say, since the database must not be asked.

    Attributes:
        path: of the file.
        trouble: what stood in the way of signing or keeping the newest head, in sentences; None where nothing did.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        name = "audit-head"
        if settings.database_url:
            url = urlsplit(settings.database_url)
            where = f"{url.hostname or 'local'}-{url.port or 5432}-{url.path.lstrip('/')}"
            name += "-" + re.sub(r"[^A-Za-z0-9._-]+", "_", where)
        self.path = settings.data_dir / f"{name}.json"
        self.trouble: str | None = None

    def read(self) -> Head | None:
        """The head that is kept, None where there is none.

        Raises:
            AuditFileError: there is one, but it cannot be read.
        """
        return read_head(self.path) if self.path.exists() else None

    def keep(self, head: Head, public: Ed25519PublicKey) -> None:
        """Keep another head, signed by this machine's key or another that is listed here, and list the own key."""
        try:
            list_key(self.path.parent, public)
            problem = head.check(trusted_keys(self.path.parent)).problem
            if problem:
                self.say(f"The audit's newest head is {problem}; it is not kept in {self.path}.")
            else:
                write_public(self.path, json.dumps(head.as_json()) + "\n")
        except AuditFileError as error:
            self.say(str(error))
        except OSError as error:
            self.say(
                f"The audit's newest head cannot be kept in {self.path} ({error.strerror}): sealing goes on,"
                " but rows that are cut off the end from now on would not be noticed."
            )

    def say(self, sentence: str) -> None:
        """Note what stands in the way."""
        self.trouble = f"{self.trouble} {sentence}" if self.trouble else sentence
