"""One-line ways to write a deployment, a member, a shift, and somebody who acts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.rota.cover import Shift
from sightline.dashboard.triage.deployment import (
    Deployment,
    Incident,
    Member,
    Person,
    Recommendation,
)

NOW = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)


@asynccontextmanager
async def acting(force, role: str) -> AsyncIterator[Actor]:
    async with force.services.acting(await force.credentials(role)) as act:
        yield act


def member(number: int, state: str) -> Member:
    return Member(number, f"DC {number}", "negotiator", "07700 900000", state, NOW)


def deployment(
    state: str = "requested", *members: Member, advised: str | None = None
) -> Deployment:
    advice = advised and Recommendation(advised, advised.title(), "DI Rowe", NOW, "because")
    return Deployment(
        id=7,
        incident=Incident(3, "Man on the bridge", "immediate", "Immediate"),
        state=state,
        state_name=state.replace("_", " ").capitalize(),
        requested_time=NOW - timedelta(minutes=4),
        requested_by=Person(1, "PS Hall", "Supervisor"),
        changed_time=NOW,
        members=members,
        recommendation=advice or None,
    )


def shift(who: int, start: datetime, hours: float, capacity="negotiator") -> Shift:
    return Shift(
        who, f"DC {who}", capacity, False, date(2027, 1, 1), start, start + timedelta(hours=hours)
    )
