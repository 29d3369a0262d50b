"""Whether the dashboard can do its work, and what it sees of the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import asyncpg

from sightline.dashboard.errors import DatabaseAwayError
from sightline.dashboard.services import Services
from sightline.sql import query

SILENT_AFTER_S = 15.0
"""A gateway or relay that was not heard of for so long is not there."""

ANSWERED_WITHIN_S = 1.0
"""A database that takes longer for a row of two numbers is not there for whoever is waiting."""

RECORDING = ("unknown", "off", "buffering", "recording")


@dataclass(frozen=True)
class Readiness:
    """Whether pages and API work; `reasons` in words, also of what works only in part."""

    ready: bool
    reasons: tuple[str, ...]


async def check(services: Services) -> Readiness:
    """Ask the database; without it nothing works. A missing gateway or relay is a reason, but pages still work."""
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S), services.transaction() as connection:
            row = await connection.fetchrow(query("api_machine.ready"))
    except DatabaseAwayError as error:
        return Readiness(False, (str(error),))
    except TimeoutError:
        words = f"The database has not answered within {ANSWERED_WITHIN_S:g} s."
        return Readiness(False, (words,))
    reasons = []
    for name, effect in (
        ("gateway", "cameras cannot report"),
        ("relay", "no stream can be opened"),
    ):
        age_s = row[f"{name}_age_s"]
        if age_s is None or age_s > SILENT_AFTER_S:
            heard = "never heard of" if age_s is None else f"silent for {age_s:.0f} s"
            reasons.append(f"{name} {heard}: {effect}")
    return Readiness(True, tuple(reasons))


async def gauge(services: Services, connection: asyncpg.Connection) -> None:
    """Read from the database what the metrics say of it."""
    metrics = services.metrics
    counted = {
        row["recording"]: row["cameras"]
        for row in await connection.fetch(query("api_machine.gauges"))
    }
    for code, word in enumerate(RECORDING):
        metrics.cameras.labels(word).set(counted.get(code, 0))
    metrics.streams.set(await connection.fetchval(query("api_machine.streams_open")))
    metrics.sockets.set(len(services.sessions))
