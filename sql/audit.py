"""Sealing and verifying the audit.

Rows are appended by whoever acts, in the acting transaction. One sealer at a time chains what is committed and
signs the head; `verify` walks the chain and names the first row that does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sightline.sql.audit_chain import GENESIS, key_id, link, sign_head
from sightline.sql.audit_head import Head, HeadFile
from sightline.sql.audit_keys import Keys, key_file, signing_key, trusted_keys
from sightline.sql.audit_walk import Finding, NamedHead, Walk, content
from sightline.sql.connect import connect
from sightline.sql.errors import AuditFileError
from sightline.sql.named import query
from sightline.sql.settings import DatabaseSettings

__all__ = ["AuditReport", "newest_head", "seal", "signing_key", "verify"]

UNSEALED_LIMIT_S = 60.0
"""A keeper at work seals within seconds; a row that has waited longer is a finding."""

_BATCH = 5_000
_STATEMENTS = 10
"""No transaction of the product has more statements after it appended to the audit."""


def late_limit_s(settings: DatabaseSettings) -> float:
    """Seconds after its time that a row may still be committed: statements and pauses as long as they may be."""
    longest_s = settings.database_statement_timeout_s + settings.database_idle_transaction_timeout_s
    return _STATEMENTS * longest_s


async def seal(connection: asyncpg.Connection, private: Ed25519PrivateKey, kept: HeadFile) -> int:
    """Chain all committed rows that are not sealed yet, sign the new head, and keep it outside the database.

    Only one sealer works at a time; a second returns 0 at once. A chain that does not go through the head that is kept
    here is not signed: sealing goes on, `kept.trouble` says so, and verifying fails until somebody has looked.

    Returns:
        How many rows were sealed.
    """
    kept.trouble = None
    sealed, done = 0, _BATCH
    while done == _BATCH:
        async with connection.transaction():
            if not await connection.fetchval(query("audit.try_lock")):
                break
            done = await _seal_batch(connection, private, kept)
        sealed += done
    if kept.trouble is None:
        await _keep(connection, private, kept)
    return sealed


async def _seal_batch(
    connection: asyncpg.Connection, private: Ed25519PrivateKey, kept: HeadFile
) -> int:
    goes_on = await _goes_on(connection, kept)
    settled = await connection.fetchrow(query("audit.settled"))
    end = await connection.fetchrow(query("audit.end"))
    position, previous = (end["position"], end["hash"]) if end else (0, GENESIS)
    from_id = settled["settled_id"] if settled else 0
    rows = await connection.fetch(query("audit.unsealed"), from_id, _BATCH)
    seals = []
    for row in rows:
        position += 1
        current = link(previous, position, content(row))
        seals.append((position, row["id"], previous, current))
        previous = current
    await connection.executemany(query("audit.add_seal"), seals)
    if goes_on and position and (seals or not end["is_signed"]):
        await _sign(connection, private, position, previous)
    if len(rows) < _BATCH:
        await _settle(connection, settled)
    return len(rows)


async def _goes_on(connection: asyncpg.Connection, kept: HeadFile) -> bool:
    """Whether the chain goes through the head that is kept here; where not, `kept.trouble` says so."""
    try:
        head = kept.read()
    except AuditFileError as error:
        kept.say(f"{error} The audit is sealed, but its heads are not signed until that is mended.")
        return False
    if head and await connection.fetchval(query("audit.seal_hash"), head.position) != head.hash:
        kept.say(
            f"The audit's chain does not go through the head kept in {kept.path} (position {head.position}):"
            " rows were cut off or rewritten, or an older backup was restored. It is sealed, but not signed;"
            " after restoring a backup on purpose, move that file away."
        )
        return False
    return True


async def _sign(
    connection: asyncpg.Connection, private: Ed25519PrivateKey, position: int, head: bytes
) -> None:
    public = private.public_key()
    await connection.execute(query("audit.add_key"), key_id(public), public.public_bytes_raw())
    signed_time = await connection.fetchval(query("audit.clock"))
    signature = sign_head(private, position, head, signed_time)
    await connection.execute(
        query("audit.add_anchor"), position, head, key_id(public), signature, signed_time
    )


async def _settle(connection: asyncpg.Connection, before: asyncpg.Record | None) -> None:
    """Note up to where all rows are sealed and nobody can add one any more, and what is waited for next.

    Called when every row that could be seen is sealed. The number is read before the transactions, since whoever was
    given one up to it holds the table's lock until the end.
    """
    if before is not None and not before["ended"]:
        return
    settled_id = before["given_id"] if before else 0
    given_id = await connection.fetchval(query("audit.given"))
    if before is None or given_id > before["settled_id"]:
        holders = await connection.fetchval(query("audit.holders"))
        await connection.execute(query("audit.settle"), settled_id, given_id, holders)


async def _keep(connection: asyncpg.Connection, private: Ed25519PrivateKey, kept: HeadFile) -> None:
    """Keep the newest head after its commit, also where another machine's sealer signed it."""
    newest = await newest_head(connection)
    if newest is None or not await _goes_on(connection, kept):
        return
    old = kept.read()
    if old is None or newest.position > old.position:
        kept.keep(newest, private.public_key())


async def newest_head(connection: asyncpg.Connection) -> Head | None:
    """The newest signed head that the database has, unchecked."""
    row = await connection.fetchrow(query("audit.newest_head"))
    return Head(**row) if row else None


@dataclass(frozen=True)
class AuditReport:
    """What `verify` found.

    Attributes:
        rows: sealed rows that hold, up to the first that does not.
        unsealed: committed rows that no seal covers yet; a keeper seals them within seconds.
        bad_entry: id of the first audit row that does not hold, None where all do or it cannot be told.
        bad_position: its place in the chain, None where it has none.
        problem: what is wrong there, in words.
        anchored_position: place of the newest signed head.
        head: that head as `sightline audit head` prints it, to compare with one kept elsewhere.
        signatures_checked: whether any key is known to check them by.
        remarks: what could not be checked, and against what it could be; a sentence each.
    """

    rows: int
    unsealed: int
    anchored_position: int
    bad_entry: int | None = None
    bad_position: int | None = None
    problem: str | None = None
    head: dict[str, Any] | None = None
    signatures_checked: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every sealed row and every signed head holds."""
        return self.problem is None


async def verify(
    settings: DatabaseSettings,
    keys: Iterable[Ed25519PublicKey] = (),
    heads: Iterable[NamedHead] = (),
) -> AuditReport:
    """Walk the whole chain in one snapshot; see `AuditReport`.

    Args:
        settings: where the database is, and the data directory with this machine's keys and newest head.
        keys: further keys to trust. None is ever taken from the database.
        heads: further heads that the chain must go through, kept elsewhere.
    """
    kept = HeadFile(settings)
    try:  # before the snapshot, which a head kept later would not be in
        trusted = trusted_keys(settings.data_dir) | {key_id(key): key for key in keys}
        own = kept.read()
    except AuditFileError as error:
        return AuditReport(0, 0, 0, problem=str(error).rstrip("."))
    named = [*heads, *([(str(kept.path), own)] if own else [])]
    connection = await connect(settings, "audit")
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            report = await _verify(connection, trusted, named, late_limit_s(settings))
    finally:
        await connection.close()
    remarks = []
    if not trusted and report.anchored_position:
        remarks.append(
            f"The signatures were not checked, since no key is known here: {key_file(settings.data_dir)} is not there."
            " Check against the key of the machine whose keeper seals (audit verify --key FILE)."
        )
    if not named and report.anchored_position:
        remarks.append(
            f"Whether rows were cut off the end was not checked, since no head is kept here: {kept.path} is not there."
            " Check against one kept elsewhere (audit verify --head FILE)."
        )
    return replace(report, signatures_checked=bool(trusted), remarks=tuple(remarks))


async def _verify(
    connection: asyncpg.Connection, keys: Keys, kept: Sequence[NamedHead], late_s: float
) -> AuditReport:
    await connection.fetchval(query("audit.take_time"))
    head = await newest_head(connection)
    last_number = await connection.fetchval(query("audit.given"))
    waiting = await connection.fetchrow(query("audit.waiting"), UNSEALED_LIMIT_S)
    walk = Walk(keys, kept, last_number, late_s)
    finding = _unsigned(keys, kept)
    if finding is None:
        async for row in connection.cursor(query("audit.walk"), prefetch=_BATCH):
            finding = walk.take(row)
            if finding:
                break
        else:
            finding = walk.end(head.position if head else 0)
    if finding is None and walk.odd:
        finding = walk.odd[0]
        if len(walk.odd) > 1:
            finding = replace(
                finding, problem=f"{finding.problem}; so were {len(walk.odd) - 1} more"
            )
    finding = finding or _waits(waiting, walk.rows, last_number)
    report = AuditReport(
        walk.rows,
        waiting["unsealed"],
        head.position if head else 0,
        head=head.as_json() if head else None,
    )
    if finding is None:
        return report
    return replace(
        report,
        rows=finding.held, bad_entry=finding.entry, bad_position=finding.position, problem=finding.problem,
    )  # fmt: skip


def _unsigned(keys: Keys, kept: Sequence[NamedHead]) -> Finding | None:
    """A head kept outside the database that its key did not sign."""
    for name, head in kept if keys else ():
        problem = head.check(keys).problem
        if problem:
            return Finding(f"the head kept in {name} is {problem}", 0)
    return None


def _waits(waiting: asyncpg.Record, rows: int, last_number: int) -> Finding | None:
    """A row that a keeper at work would have sealed, or that never had a number."""
    if waiting["old"]:
        more = f" and {waiting['old'] - 1} more" if waiting["old"] > 1 else ""
        problem = (
            f"no seal covers it{more}, though older than {UNSEALED_LIMIT_S:.0f} s:"
            " no keeper seals, or it was put in behind the audit's back"
        )
        return Finding(problem, rows, entry=waiting["old_entry"])
    if waiting["unsealed"] and waiting["highest"] > last_number:
        problem = f"its number is beyond {last_number}, the last that was given out"
        return Finding(problem, rows, entry=waiting["highest"])
    return None
