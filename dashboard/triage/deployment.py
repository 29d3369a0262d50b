"""A deployment as the triage page knows it: values read from the database, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

GOING = frozenset({"mobilising", "en_route", "on_scene"})
"""States of a member who is still part of the deployment."""

TEAM_OUT = frozenset({"deployed", "en_route", "on_scene"})
"""States of a deployment with a team out."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account, as named on the page."""

    user_id: int
    name: str
    role_name: str


@dataclass(frozen=True)
class Member:
    """A negotiator in the team.

    Attributes:
        negotiator_id: key of the negotiator.
        name: rank and name.
        capacity: ``negotiator`` or ``negco``.
        phone: number to ring, empty if unknown; None where it is not the reader's to know.
        state: mobilising, en_route, on_scene, cancelled or released.
        since: since when in this state.
        had_set_off: was en route or on scene at some time.
        arrival: when they are expected at the scene, as they said; None: they did not.
    """

    negotiator_id: int
    name: str
    capacity: str
    phone: str | None
    state: str
    since: datetime
    had_set_off: bool = False
    arrival: datetime | None = None

    @property
    def going(self) -> bool:
        """Whether still part of the deployment."""
        return self.state in GOING


@dataclass(frozen=True)
class Recommendation:
    """What the NegCo said last."""

    code: str
    name: str
    by: str
    at: datetime
    rationale: str


@dataclass(frozen=True)
class Incident:
    """The incident that a deployment belongs to; positions are WGS 84 degrees."""

    id: int
    title: str
    grade: str
    grade_name: str
    log_number: str | None = None
    lat: float | None = None
    lon: float | None = None
    talkgroup: str = ""
    restricted: bool = False
    exercise: bool = False
    provisional: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Change:
    """The newest step of a deployment: its number grows with every step."""

    number: int
    by: Person
    at: datetime


@dataclass(frozen=True)
class Deployment:
    """One request for negotiators and what became of it.

    Attributes:
        id: key.
        incident: to which it belongs.
        state: code of the state.
        state_name: the force's word for it.
        requested_time: when it was asked for.
        requested_by: who asked.
        changed_time: when it last changed state or was spoken of.
        request: the fields that were said.
        commander: the named commander in charge, if any.
        handover_to: to whom command is offered and not yet accepted.
        recommendation: the newest.
        members: everyone who was ever sent, in the order of sending.
        in_charge: whether the reader is the commander in charge.
        change: the newest step.
    """

    id: int
    incident: Incident
    state: str
    state_name: str
    requested_time: datetime
    requested_by: Person
    changed_time: datetime
    request: Mapping[str, str] = field(default_factory=dict)
    commander: Person | None = None
    handover_to: Person | None = None
    recommendation: Recommendation | None = None
    members: tuple[Member, ...] = ()
    in_charge: bool = False
    change: Change | None = None

    @property
    def team(self) -> tuple[Member, ...]:
        """Who is still part of it."""
        return tuple(member for member in self.members if member.going)

    @property
    def set_off(self) -> tuple[Member, ...]:
        """Who of the team has set off."""
        return tuple(m for m in self.team if m.state in {"en_route", "on_scene"})
