"""Whether the audit's chain holds: how far it is sealed, and walking all of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import datetime

import asyncpg

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.ages import age_words
from sightline.dashboard.errors import translated
from sightline.sql import connect, query
from sightline.sql.audit import AuditReport, verify
from sightline.sql.settings import DatabaseSettings


@dataclass(frozen=True)
class Chain:
    """How far the audit is sealed.

    Attributes:
        sealed: rows in the chain.
        signed: rows up to the newest signed head, None where none is signed.
        signed_time: when that was.
        waiting: committed rows that no seal covers yet.
        oldest: when the oldest of those was written.
    """

    sealed: int
    signed: int | None
    signed_time: datetime | None
    waiting: int
    oldest: datetime | None


async def read_chain(act: Actor, settings: DatabaseSettings) -> Chain:
    """How far the audit is sealed now.

    Raises:
        ForbiddenError: the role does not read the audit.
        DatabaseAwayError: the database does not answer.
    """
    await act.require("audit.read", "audit.read", "audit", "chain")
    try:
        connection = await connect(settings, "audit", timeout=2.5)
        try:
            return Chain(**await connection.fetchrow(query("audit_page.chain")))
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise translated(error) or error from error


async def verify_chain(act: Actor, settings: DatabaseSettings) -> AuditReport:
    """Walk the whole chain, beside the event loop; itself audited.

    Raises:
        ForbiddenError: the role does not read the audit.
        DatabaseAwayError: the database does not answer.
    """
    await act.require("audit.read", "audit.verify", "audit", "chain")
    try:
        report = await asyncio.to_thread(asyncio.run, verify(settings))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise translated(error) or error from error
    await act.connection.fetchval(query("audit_page.verified"), json.dumps(asdict(report)))
    return report


def verdict_words(report: AuditReport) -> str:
    """What walking the chain found, in one or two sentences."""
    tail = f" {report.unsealed:,} newer rows wait for their seal." if report.unsealed else ""
    if report.holds and not report.rows:
        return f"Nothing is sealed yet.{tail}"
    if report.holds:
        return f"The chain holds: {report.rows:,} rows, unbroken and signed.{tail}"
    where = f"row {report.bad_entry:,}" if report.bad_entry else f"place {report.bad_position:,}"
    return (
        f"The chain does not hold at {where}: {report.problem}."
        f" The {report.rows:,} rows before it hold."
    )


def chain_words(chain: Chain, now: datetime) -> str:
    """How far the audit is sealed, in a sentence."""
    said = f"{chain.sealed:,} rows sealed."
    if chain.waiting and chain.oldest is not None:
        age = age_words((now - chain.oldest).total_seconds())
        said += f" {chain.waiting:,} wait for their seal, the oldest for {age}."
    return said


def is_late(chain: Chain, now: datetime) -> bool:
    """Whether rows have waited for their seal longer than a sealer at work would let them."""
    return chain.oldest is not None and (now - chain.oldest).total_seconds() > LATE_AFTER_S


LATE_AFTER_S = 60.0
"""A sealer at work comes by every few seconds."""
