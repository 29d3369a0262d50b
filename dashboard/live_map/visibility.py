"""Who sees which cameras. Pure; the database's `camera_visible` is the same rule for everything but the feed.

A *visibility class* is what makes two people see exactly the same cameras, so that the feed encodes once for all who
share one. A camera at a restricted incident or an exercise is hidden from everybody who is not named on that incident,
whatever their role.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

NO_ID: Final = -1
"""In the columns: no unit, or no officer."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """What decides which cameras a user sees.

    Attributes:
        user_id: key of the account.
        scope: of the capability ``map.view``: ``all``, ``on_call``, ``assigned``, ``own_units``, ``own``; None: none.
        on_call: whether the user is on call now.
        unit_ids: the units that are a supervisor's own.
        officer_id: the officer that this account is, if any.
    """

    user_id: int
    scope: str | None
    on_call: bool = False
    unit_ids: frozenset[int] = frozenset()
    officer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A camera at an open incident.

    Attributes:
        camera_id: key of the camera.
        incident_id: key of the incident.
        restricted: whether only the people named on it may know (restricted incidents and exercises).
        user_ids: the people named on it, assigned to it, or who made it.
    """

    camera_id: int
    incident_id: int
    restricted: bool
    user_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What decides who sees a camera: its wearer's unit, its wearer, and the incidents it is at."""

    unit_id: int | None
    officer_id: int | None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class VisibilityClass:
    """Equal classes see equal cameras; hashable.

    Attributes:
        scope: as of `Viewing`, ``all`` for whoever is on call, None for whoever sees no camera.
        restricted: restricted incidents on which the user is named.
        incidents: open incidents on which the user is named; only where the scope is ``assigned``.
        unit_ids: only where the scope is ``own_units``.
        officer_id: only where the scope is ``own``.
    """

    scope: str | None
    restricted: frozenset[int] = frozenset()
    incidents: frozenset[int] = frozenset()
    unit_ids: frozenset[int] = frozenset()
    officer_id: int | None = None


def visible(user: Viewing, camera: CameraFacts) -> bool:
    """Whether the user sees the camera now."""
    for attachment in camera.attachments:
        if attachment.restricted and user.user_id not in attachment.user_ids:
            return False
    match user.scope:
        case "all":
            return True
        case "on_call":
            return user.on_call
        case "assigned":
            return any(user.user_id in a.user_ids for a in camera.attachments)
        case "own_units":
            return camera.unit_id is not None and camera.unit_id in user.unit_ids
        case "own":
            return camera.officer_id is not None and camera.officer_id == user.officer_id
    return False


def visibility_class(user: Viewing, attachments: Iterable[Attachment]) -> VisibilityClass:
    """The class of a user, given every camera that is at an open incident."""
    scope = user.scope
    if scope == "on_call":
        scope = "all" if user.on_call else None
    if scope not in ("all", "assigned", "own_units", "own"):
        return VisibilityClass(None)
    named = [a for a in attachments if user.user_id in a.user_ids]
    return VisibilityClass(
        scope,
        restricted=frozenset(a.incident_id for a in named if a.restricted),
        incidents=frozenset(a.incident_id for a in named) if scope == "assigned" else frozenset(),
        unit_ids=user.unit_ids if scope == "own_units" else frozenset(),
        officer_id=user.officer_id if scope == "own" else None,
    )


def visible_mask(
    seen_by: VisibilityClass,
    unit_ids: npt.NDArray[np.int64],
    officer_ids: npt.NDArray[np.int64],
    attached: Mapping[int, tuple[Attachment, ...]],
) -> npt.NDArray[np.bool_]:
    """`visible` for all cameras at once.

    Args:
        seen_by: the class that looks.
        unit_ids: unit of each camera's wearer, `NO_ID` for none; shape (cameras,).
        officer_ids: each camera's wearer, `NO_ID` for none; shape (cameras,).
        attached: place of a camera in these columns → the incidents it is at.

    Returns:
        True for each camera that is seen; shape (cameras,).
    """
    match seen_by.scope:
        case "all":
            mask = np.ones(len(unit_ids), bool)
        case "own_units":
            mask = np.isin(unit_ids, [unit for unit in seen_by.unit_ids if unit != NO_ID])
        case "own" if seen_by.officer_id is not None:
            mask = officer_ids == seen_by.officer_id
        case _:
            mask = np.zeros(len(unit_ids), bool)
    for place, incidents in attached.items():
        hidden = any(a.restricted and a.incident_id not in seen_by.restricted for a in incidents)
        if hidden:
            mask[place] = False
        elif seen_by.scope == "assigned":
            mask[place] = any(a.incident_id in seen_by.incidents for a in incidents)
    return mask
