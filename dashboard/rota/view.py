"""What the on-call page shows at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.operations import rota
from sightline.dashboard.rota.cover import Gap, Minimum, Shift, Shortfall, gaps, lapsed, shortfall
from sightline.dashboard.rota.on_call import OnCall
from sightline.dashboard.rota.week import Week, shown, week


@dataclass(frozen=True)
class View:
    """The page at one moment.

    Attributes:
        people: who is on call now, NegCos first, each in the order in which they are next.
        short: what is missing now.
        minimum: what the force wants.
        lapsed: who is on call though the training has lapsed.
        following: shifts that begin next, all that begin together.
        gaps: the times in the days shown in which cover is short.
        week: the days shown.
        now: the moment.
    """

    people: tuple[OnCall, ...]
    short: Shortfall
    minimum: Minimum
    lapsed: tuple[Shift, ...]
    following: tuple[Shift, ...]
    gaps: tuple[Gap, ...]
    week: Week
    now: datetime


async def read_view(act: Actor, now: datetime) -> View:
    """Read the page for its reader.

    Raises:
        ForbiddenError: the role does not see the rota.
    """
    start, end = shown(now)
    shifts = await rota.shifts(act, start, end)
    minimum = await rota.minimum(act)
    ahead = gaps(shifts, now, end, minimum)
    return View(
        people=tuple(await rota.people_on_call(act, now)),
        short=shortfall(shifts, now, minimum),
        minimum=minimum,
        lapsed=tuple(lapsed(shifts, now)),
        following=tuple(following(shifts, now)),
        gaps=tuple(ahead),
        week=week(shifts, ahead, start, end, now),
        now=now,
    )


def following(shifts: list[Shift], now: datetime) -> list[Shift]:
    """The shifts that begin next: all that begin at the same moment."""
    later = [shift for shift in shifts if shift.start > now]
    first = min((shift.start for shift in later), default=None)
    return [shift for shift in later if shift.start == first]
