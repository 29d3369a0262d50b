"""The on-call page, on the real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sightline.dashboard.errors import ForbiddenError
from sightline.dashboard.operations import deployments
from sightline.dashboard.rota.view import following, read_view
from tests.dashboard.triage_values import shift


async def view(force, role: str):
    async with force.services.acting(await force.credentials(role)) as act:
        return await read_view(act, datetime.now(UTC))


async def test_who_is_on_call_who_follows_and_where_it_is_short(force):
    found = await view(force, "fim")
    assert [person.capacity for person in found.people] == ["negco", *["negotiator"] * 3]
    assert not found.short
    # eight hours from now the shifts end, and nobody follows
    (gap,) = found.gaps
    assert gap.shortfall.words == (
        "two negotiators short; one NegCo short; nobody trained for kidnap and extortion"
    )
    assert gap.start - found.now < timedelta(hours=8, seconds=5)
    assert found.following == ()
    assert len(found.week.lanes) == 4


async def test_whoever_is_out_is_no_longer_next(force):
    async with force.services.acting(await force.credentials("fim")) as act:
        made = await deployments.request(act, force.incident, {"what": "on the roof"})
        await deployments.dispatch(act, made["id"], "height", [force.negotiators["N1"]])
    found = await view(force, "coordinator")
    last = found.people[-1]
    assert (last.shoulder_number, last.out, last.call_outs_7) == ("N1", True, 1)


async def test_who_does_not_see_the_rota_is_refused(force):
    with pytest.raises(ForbiddenError):
        await view(force, "officer")


def test_all_that_begin_together_follow():
    now = datetime(2026, 11, 20, 14, tzinfo=UTC)
    soon = now + timedelta(hours=4)
    rota = [
        shift(1, now - timedelta(hours=1), 5),
        shift(2, soon, 8),
        shift(3, soon, 8),
        shift(4, soon + timedelta(hours=1), 8),
    ]
    assert [s.negotiator_id for s in following(rota, now)] == [2, 3]
    assert following(rota[:1], now) == []
