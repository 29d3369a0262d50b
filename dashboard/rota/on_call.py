"""Who is on call, how rested they are, and who is next. Pure.

A call-out is a dispatch; an exercise is none. Call-outs are shared out: next is who had the fewest in
7 days, then who has rested longest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sightline.dashboard.ages import LOCAL, hours_words
from sightline.dashboard.rota.cover import Capacity

REST = timedelta(hours=11)
"""Rest between two call-outs (Working Time Regulations 1998, reg. 10)."""

MANY_IN_7_DAYS, MANY_IN_28_DAYS = 3, 8
"""Call-outs from which somebody counts as used up."""


@dataclass(frozen=True)
class OnCall:
    """A negotiator on call.

    Attributes:
        negotiator_id: key.
        name: rank and name.
        shoulder_number: of the officer.
        capacity: negotiator or NegCo.
        phone: number to ring, empty if unknown.
        kidnap_trained: for kidnap and extortion.
        languages: besides English.
        training_until: last day on which the training is in date.
        until: end of the shift.
        last_call_out: when last dispatched, None if never.
        call_outs_7: dispatches in the last 7 days.
        call_outs_28: dispatches in the last 28 days.
        out: whether in a live deployment now.
    """

    negotiator_id: int
    name: str
    shoulder_number: str
    capacity: Capacity
    phone: str
    kidnap_trained: bool
    training_until: date
    until: datetime
    languages: tuple[str, ...] = field(default=())
    last_call_out: datetime | None = None
    call_outs_7: int = 0
    call_outs_28: int = 0
    out: bool = False


def warning(person: OnCall, now: datetime) -> str | None:
    """Why somebody should not be sent again, None where nothing speaks against it."""
    if person.training_until < now.astimezone(LOCAL).date():
        return f"training lapsed on {person.training_until.day} {person.training_until:%B}"
    if person.last_call_out is not None and now - person.last_call_out < REST:
        rested = hours_words(now - person.last_call_out)
        return f"called out {rested} ago, less than {hours_words(REST)} rest"
    if person.call_outs_7 >= MANY_IN_7_DAYS:
        return f"{person.call_outs_7} call-outs in 7 days"
    if person.call_outs_28 >= MANY_IN_28_DAYS:
        return f"{person.call_outs_28} call-outs in 28 days"
    return None


def in_order(people: Iterable[OnCall], now: datetime) -> list[OnCall]:
    """NegCos first, then negotiators, each in the order in which they are next."""
    long_ago = datetime.min.replace(tzinfo=now.tzinfo)
    return sorted(
        people,
        key=lambda p: (
            p.capacity != "negco",
            p.out,
            warning(p, now) is not None,
            p.call_outs_7,
            p.last_call_out or long_ago,
            p.negotiator_id,
        ),
    )
