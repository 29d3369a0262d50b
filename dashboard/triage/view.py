"""What the triage page shows at one moment: everything it needs, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.operations import rota
from sightline.dashboard.rota.cover import Shortfall, shortfall
from sightline.dashboard.rota.on_call import OnCall
from sightline.dashboard.triage import reads
from sightline.dashboard.triage.command_log.timeline import Line, timeline
from sightline.dashboard.triage.decision.actions import Action, available
from sightline.dashboard.triage.deployment import Deployment
from sightline.dashboard.triage.incident.best_camera import NearCamera
from sightline.dashboard.triage.incident.steps import Step, steps
from sightline.dashboard.triage.queue.waiting import SETTLED_SHOWN_FOR, Waiting, first, to_decide
from sightline.sql import query


@dataclass(frozen=True)
class Opened:
    """The one request that is open on the page.

    Attributes:
        deployment: as it is now.
        actions: what the reader may do now.
        steps: how far it has come.
        log: the command log of its incident, newest first.
        cameras: near its incident, best first.
        on_call: who is on call; empty where the reader does not see the rota.
        short: what cover lacks.
        sees_rota: whether the reader sees who is on call.
        hidden: why the reader sees no cameras at all, None where they do.
        kinds: kinds of entries that the reader may write; empty: none.
    """

    deployment: Deployment
    actions: tuple[Action, ...]
    steps: tuple[Step, ...]
    log: tuple[Line, ...]
    cameras: tuple[NearCamera, ...]
    on_call: tuple[OnCall, ...]
    short: Shortfall
    sees_rota: bool
    hidden: str | None
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """The page at one moment.

    Attributes:
        waiting: the queue.
        opened: the request that is open, None where none is.
        missing: whether one was asked for that is not there, or not the reader's to see.
        may_request: whether the reader may ask for negotiators.
        now: the moment.
    """

    waiting: tuple[Waiting, ...]
    opened: Opened | None
    missing: bool
    may_request: bool
    now: datetime


async def read_view(act: Actor, selected: int | None, now: datetime) -> View:
    """Read the page for its reader.

    Args:
        act: the reader.
        selected: the request to open; None: the first that needs something.
        now: the moment.
    """
    connection = act.connection
    waiting = await reads.read_queue(connection, now - SETTLED_SHOWN_FOR)
    wanted = selected if selected is not None else first(waiting)
    found = None if wanted is None else await reads.read_deployment(connection, wanted)
    return View(
        waiting=tuple(waiting),
        opened=None if found is None else await _open(act, found, now),
        missing=wanted is not None and found is None,
        may_request=act.may("negotiators.request") is not None,
        now=now,
    )


async def _open(act: Actor, deployment: Deployment, now: datetime) -> Opened:
    connection, user = act.connection, act.user
    possible = await reads.read_possible(connection, deployment.state)
    sees_rota = act.may("rota.read") is not None
    on_call: list[OnCall] = []
    short = Shortfall()
    if sees_rota:
        on_call = await rota.people_on_call(act, now)
        shifts = await rota.shifts(act, now, now + timedelta(minutes=1))
        short = shortfall(shifts, now, await rota.minimum(act))
    return Opened(
        deployment=deployment,
        actions=tuple(available(deployment, possible, user.capabilities, user.id)),
        steps=tuple(steps(deployment.state, await reads.read_states(connection, deployment.id))),
        log=tuple(timeline(await reads.read_log(connection, deployment.incident.id))),
        cameras=tuple(await reads.read_cameras(connection, deployment.incident)),
        on_call=tuple(on_call),
        short=short,
        sees_rota=sees_rota,
        hidden=await _why_no_cameras(act),
        kinds=kinds(act),
    )


async def _why_no_cameras(act: Actor) -> str | None:
    """Why the reader sees no camera wherever it is: an empty list must not read as an empty street."""
    scope = act.may("map.view")
    if scope is None:
        return "Your role does not see cameras."
    if scope == "on_call" and not await act.connection.fetchval(query("triage.on_call")):
        return "You see cameras while you are on call."
    return None


def kinds(act: Actor) -> tuple[str, ...]:
    """The kinds of entries that somebody may write to the command log."""
    if act.may("log.write") is None:
        return ()
    return ("advice", "note", "observation") if act.may("log.advise") else ("note", "observation")


async def count(act: Actor) -> int:
    """How many requests wait for a decision, of those that the reader sees."""
    return to_decide(await reads.read_queue(act.connection, datetime.now(UTC)))
