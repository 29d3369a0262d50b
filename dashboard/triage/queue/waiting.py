"""The queue of requests: what waits, in which group, in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

SETTLED_SHOWN_FOR = timedelta(hours=24)
"""How long a settled request stays in the queue."""


@dataclass(frozen=True)
class Waiting:
    """One request in the queue.

    Attributes:
        id: of the deployment.
        state: its code.
        state_name: the force's word for it.
        live: whether a decision or a team is outstanding.
        requested_time: when it was asked for.
        updated_time: when its state last changed.
        handover_to: account to whom command is offered, None if to nobody.
        incident_id: of the incident.
        title: of the incident.
        log_number: of the incident, if it has one.
        grade: its code.
        grade_name: the force's word for it.
        grade_rank: lower is more urgent.
        restricted: only the people named see it.
        exercise: nothing of it is real.
        requested_by: name.
        requested_role: the force's word for the role.
        recommended: name of the newest recommendation, if any.
    """

    id: int
    state: str
    state_name: str
    live: bool
    requested_time: datetime
    updated_time: datetime
    handover_to: int | None
    incident_id: int
    title: str
    log_number: str | None
    grade: str
    grade_name: str
    grade_rank: int
    restricted: bool
    exercise: bool
    requested_by: str
    requested_role: str
    recommended: str | None


@dataclass(frozen=True)
class Group:
    """A part of the queue under one heading."""

    heading: str
    waiting: tuple[Waiting, ...]


TO_DECIDE = ("requested", "triage")
SETTLED = ("advice_only", "not_required", "cancelled", "cancelled_en_route", "returned")

_GROUPS = (
    ("To decide", TO_DECIDE),
    ("Team out", ("deployed", "en_route", "on_scene")),
    ("Return due", ("stood_down",)),
    ("Settled, last 24 h", SETTLED),
)


def groups(waiting: Iterable[Waiting]) -> list[Group]:
    """The queue by what is outstanding; empty groups are left out.

    What waits stands most urgent first, then oldest first; what is settled, newest first.
    """
    everything = list(waiting)
    found = []
    for heading, states in _GROUPS:
        of_group = [w for w in everything if w.state in states]
        if states is SETTLED:
            of_group.sort(key=lambda w: (w.updated_time, w.id), reverse=True)
        else:
            of_group.sort(key=lambda w: (w.grade_rank, w.requested_time, w.id))
        if of_group:
            found.append(Group(heading, tuple(of_group)))
    return found


def first(waiting: Iterable[Waiting]) -> int | None:
    """Which request to open for somebody who named none: the first that still needs something."""
    unsettled = [w for w in waiting if w.state not in SETTLED]
    found = groups(unsettled)
    return found[0].waiting[0].id if found else None


def to_decide(waiting: Iterable[Waiting]) -> int:
    """How many requests wait for a decision: the count beside the page's name."""
    return sum(1 for w in waiting if w.state in TO_DECIDE)
