"""Sealing and verifying the audit.

Rows are appended by whoever acts, in the acting transaction. One sealer at a time chains what is committed and
signs the head; `verify` walks the chain and names the first row that does not hold.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sightline.sql.audit_chain import GENESIS, head_is_signed, key_id, link, sign_head
from sightline.sql.connect import connect
from sightline.sql.errors import DatabaseError
from sightline.sql.named import query
from sightline.sql.settings import DatabaseSettings

_BATCH = 5_000


def signing_key(data_dir: Path) -> Ed25519PrivateKey:
    """The key that signs heads, ``DATA_DIR/audit-signing-key.pem`` (mode 600), made if it is not there."""
    file = data_dir / "audit-signing-key.pem"
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
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise DatabaseError(f"{file} is not an Ed25519 key.")
    return key


async def seal(connection: asyncpg.Connection, private: Ed25519PrivateKey) -> int:
    """Chain all committed rows that are not sealed yet and sign the new head. Returns how many were sealed.

    Only one sealer works at a time; a second returns 0 at once.
    """
    sealed = 0
    while True:
        async with connection.transaction():
            if not await connection.fetchval(query("audit.try_lock")):
                return sealed
            head = await connection.fetchrow(query("audit.head"))
            position, previous = (head["position"], head["hash"]) if head else (0, GENESIS)
            rows = await connection.fetch(query("audit.unsealed"), _BATCH)
            if not rows:
                return sealed
            seals = []
            for row in rows:
                position += 1
                current = link(previous, position, _content(row))
                seals.append((position, row["id"], previous, current))
                previous = current
            await connection.executemany(query("audit.add_seal"), seals)
            public = private.public_key()
            await connection.execute(
                query("audit.add_key"), key_id(public), public.public_bytes_raw()
            )
            await connection.execute(
                query("audit.add_anchor"),
                position, previous, key_id(public), sign_head(private, position, previous),
            )  # fmt: skip
            sealed += len(rows)
        if len(rows) < _BATCH:
            return sealed


def _content(row: asyncpg.Record) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not key.startswith("seal_")}


@dataclass(frozen=True)
class AuditReport:
    """What `verify` found.

    Attributes:
        rows: sealed rows that hold, up to the first that does not.
        unsealed: committed rows that no seal covers yet; a keeper seals them within seconds.
        bad_entry: id of the first audit row that does not hold, None where all do.
        bad_position: its place in the chain.
        problem: what is wrong there, in words.
        anchored_position: place of the newest signed head.
    """

    rows: int
    unsealed: int
    anchored_position: int
    bad_entry: int | None = None
    bad_position: int | None = None
    problem: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every sealed row and every signed head holds."""
        return self.problem is None


async def verify(settings: DatabaseSettings) -> AuditReport:
    """Walk the whole chain in one snapshot; see `AuditReport`."""
    connection = await connect(settings, "audit")
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _verify(connection)
    finally:
        await connection.close()


async def _verify(connection: asyncpg.Connection) -> AuditReport:
    anchors = {row["position"]: row for row in await connection.fetch(query("audit.anchors"))}
    unsealed = await connection.fetchval(query("audit.count_unsealed"))
    newest = max(anchors, default=0)
    rows, previous = 0, GENESIS
    async for row in _sealed(connection):
        problem = _problem(row, rows + 1, previous, anchors.get(rows + 1))
        if problem:
            return AuditReport(rows, unsealed, newest, row["seal_entry_id"], rows + 1, problem)
        rows, previous = rows + 1, row["seal_hash"]
    if rows < newest:
        problem = f"the chain ends at {rows}, but a head was signed at {newest}"
        return AuditReport(rows, unsealed, newest, None, rows + 1, problem)
    return AuditReport(rows, unsealed, newest)


def _problem(
    row: asyncpg.Record, position: int, previous: bytes, anchor: asyncpg.Record | None
) -> str | None:
    """What is wrong with the row that should stand at this position, None where it holds."""
    if row["seal_position"] != position:
        return f"position {position} of the chain is missing"
    if row["id"] is None:
        return "the row has been removed"
    if row["seal_previous_hash"] != previous:
        return "the seal does not follow from the one before it"
    if link(previous, position, _content(row)) != row["seal_hash"]:
        return "the row is not as it was when it was sealed"
    signed = anchor is None or (
        anchor["hash"] == row["seal_hash"]
        and head_is_signed(anchor["public_key"], position, anchor["hash"], anchor["signature"])
    )
    return None if signed else "the signed head does not fit the chain"


async def _sealed(connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Record]:
    async for row in connection.cursor(query("audit.walk"), prefetch=_BATCH):
        yield row
