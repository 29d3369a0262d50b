"""How a request begins: for which incident, at which camera, and what is known already. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.dashboard.places import grid_reference

NEW_INCIDENT = "new"
"""Stands for an incident that is made with the request."""


@dataclass(frozen=True)
class OpenIncident:
    """An incident that negotiators can be asked for."""

    id: int
    title: str
    log_number: str | None
    grade: str
    grade_name: str
    lat: float | None
    lon: float | None
    talkgroup: str

    @property
    def label(self) -> str:
        """As it stands in the list: log number, title, grade."""
        named = f"{self.log_number} · {self.title}" if self.log_number else self.title
        return f"{named} · {self.grade_name}"


@dataclass(frozen=True)
class AtCamera:
    """The officer from whose card the request begins; WGS 84 degrees of the last fix."""

    camera: str
    officer: str | None
    call_sign: str | None
    lat: float | None
    lon: float | None

    @property
    def words(self) -> str:
        """Where that is: ``OG 499 000, with RB31 PC Lind 4417``."""
        named = " ".join(part for part in (self.call_sign, self.officer) if part) or self.camera
        place = None
        if self.lat is not None and self.lon is not None:
            place = (
                grid_reference(self.lat, self.lon, digits=8) or f"{self.lat:.5f}, {self.lon:.5f}"
            )
        return f"{place}, with {named}" if place else f"with {named}"


@dataclass(frozen=True)
class Start:
    """What the form opens with.

    Attributes:
        options: value → label of the incidents to choose from.
        chosen: the incident that is chosen, if any.
        values: code → what is known already.
        place: where a new incident would be, as typed text.
        key: from where it was begun; what is written is kept under it.
        title: of a new incident.
        grade: of a new incident, None for the most urgent.
        back: whether what was written before came back.
    """

    options: tuple[tuple[str, str], ...]
    chosen: str | None
    values: dict[str, str]
    place: str
    key: str = "/"
    title: str = ""
    grade: str | None = None
    back: bool = False


def start(
    incidents: Sequence[OpenIncident],
    wanted: str | None,
    at: AtCamera | None,
    *,
    may_make: bool,
) -> Start:
    """What the form opens with.

    Args:
        incidents: the open ones that the reader sees.
        wanted: id of the incident that the request was begun for.
        at: the officer from whose card it was begun.
        may_make: whether the reader may make an incident.
    """
    options = [(str(incident.id), incident.label) for incident in incidents]
    if may_make:
        options.append((NEW_INCIDENT, "A new incident"))
    chosen = wanted if wanted in dict(options) else None
    if chosen is None and may_make and not incidents:
        chosen = NEW_INCIDENT
    talkgroup = next((i.talkgroup for i in incidents if str(i.id) == chosen), "")
    values = {"talkgroup": talkgroup, "where": at.words if at else ""}
    place = ""
    if at and at.lat is not None and at.lon is not None:
        place = f"{at.lat:.5f}, {at.lon:.5f}"
    key = f"{wanted or ''}/{at.camera if at else ''}"
    return Start(tuple(options), chosen, {k: v for k, v in values.items() if v}, place, key)
