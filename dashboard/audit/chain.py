"""Whether the audit's chain holds: how far it is sealed, and walking all of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.ages import age_words
from sightline.dashboard.errors import translated
from sightline.sql import AWAY, connect, query
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
    except AWAY as error:
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
    except AWAY as error:
        raise translated(error) or error from error
    await act.connection.fetchval(query("audit_page.verified"), json.dumps(asdict(report)))
    return report


def verdict_words(report: AuditReport) -> str:
    """What walking the chain found, in one or two sentences."""
    tail = f" {_waiting(report.unsealed, 'newer row')}." if report.unsealed else ""
    if report.holds and not report.rows:
        return f"Nothing is sealed yet.{tail}"
    if report.holds:
        how = "unbroken and signed" if report.signatures_checked else "unbroken"
        said = f"The chain holds: {count_of(report.rows, 'row')}, {how}.{tail}"
        return " ".join((said, *report.remarks))
    where = f" at row {report.bad_entry:,}" if report.bad_entry else ""
    if not where and report.bad_position:
        where = f" at place {report.bad_position:,}"
    return (
        f"The chain does not hold{where}: {report.problem}."
        f" The {count_of(report.rows, 'row')} before it hold{'s' if report.rows == 1 else ''}."
    )


def chain_words(chain: Chain, now: datetime) -> str:
    """How far the audit is sealed, in a sentence."""
    said = f"{count_of(chain.sealed, 'row')} sealed."
    if chain.waiting and chain.oldest is not None:
        age = age_words((now - chain.oldest).total_seconds())
        oldest = (
            ""
            if age == "now"
            else f", for {age}"
            if chain.waiting == 1
            else f", the oldest for {age}"
        )
        said += f" {_waiting(chain.waiting)}{oldest}."
    return said


def count_of(number: int, what: str) -> str:
    """So many of something: ``1 row``, ``1,200 rows``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _waiting(number: int, what: str = "") -> str:
    count = count_of(number, what) if what else f"{number:,}"
    return f"{count} waits for its seal" if number == 1 else f"{count} wait for their seal"


def is_late(chain: Chain, now: datetime) -> bool:
    """Whether rows have waited for their seal longer than a sealer at work would let them."""
    return chain.oldest is not None and (now - chain.oldest).total_seconds() > LATE_AFTER_S


LATE_AFTER_S = 60.0
"""A sealer at work comes by every few seconds."""
