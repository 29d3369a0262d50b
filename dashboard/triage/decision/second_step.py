"""The second step of an action: opening its form with what is true now, and doing what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast, get_args

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.ages import LOCAL, hours_words
from sightline.dashboard.errors import NotFoundError
from sightline.dashboard.operations import deployments, incidents, rota
from sightline.dashboard.operations.arrival import arrival_time
from sightline.dashboard.rota.on_call import OnCall, warning
from sightline.dashboard.triage import reads
from sightline.dashboard.triage.command_log.timeline import Entry
from sightline.dashboard.triage.decision.forms import Form, checked, form
from sightline.dashboard.triage.deployment import Deployment


async def open_form(act: Actor, deployment_id: int, action: str) -> Form:
    """The form of an action, filled with who and what can be chosen now.

    Raises:
        NotFoundError: there is no such deployment, or it is not the user's to see.
    """
    deployment = await _deployment(act, deployment_id)
    opened = await _form(act, deployment, action)
    change = deployment.change.number if deployment.change else 0
    return replace(opened, deployment=deployment.id, change=change)


async def _deployment(act: Actor, deployment_id: int) -> Deployment:
    found = await reads.read_deployment(act.connection, deployment_id)
    if found is None:
        raise NotFoundError("There is no such request, or it is not yours to see.")
    return found


async def _form(act: Actor, deployment: Deployment, action: str) -> Form:
    match action:
        case "recommend":
            known = await reads.read_recommendations(act.connection)
            return form(action, deployment, recommendations=known)
        case "dispatch":
            return await _dispatch(act, deployment)
        case "hand_over":
            commanders = await reads.read_commanders(act.connection)
            return form(action, deployment, commanders=list(commanders.items()))
        case _:
            return form(action, deployment)


async def _dispatch(act: Actor, deployment: Deployment) -> Form:
    now = datetime.now(UTC)
    people = [person for person in await rota.people_on_call(act, now) if not person.out]
    following = [] if deployment.team else await deployments.next_on_call(act)
    return form(
        "dispatch",
        deployment,
        candidates=[(str(p.negotiator_id), _candidate(p, now)) for p in people],
        preselected=[str(p.negotiator_id) for p in following],
    )


def _candidate(person: OnCall, now: datetime) -> str:
    """Who it is, with what speaks for and against sending them."""
    said = [person.name]
    if person.capacity == "negco":
        said.append("NegCo")
    if person.kidnap_trained:
        said.append("kidnap")
    against = warning(person, now)
    if against:
        said.append(f"▲ {against}")
    elif person.last_call_out is None:
        said.append("no call-out yet")
    else:
        said.append(f"last call-out {hours_words(now - person.last_call_out)} ago")
    return " · ".join(said)


async def open_acknowledgement(act: Actor, deployment_id: int, entry_id: int) -> Entry:
    """The entry of the command log that is to be acknowledged.

    Raises:
        NotFoundError: there is none, or it is not the user's to see.
    """
    deployment = await _deployment(act, deployment_id)
    log = await reads.read_log(act.connection, deployment.incident.id)
    found = next((entry for entry in log if entry.id == entry_id), None)
    if found is None:
        raise NotFoundError("There is no such entry in this incident's log.")
    return found


async def do(act: Actor, opened: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Do what the open form is for.

    Args:
        act: who does it.
        opened: ``deployment``, and ``action`` or the ``entry`` that is acknowledged.
        values: what was filled in, by name.

    Raises:
        DashboardError: as `take`, and as `sightline.dashboard.operations.incidents.acknowledge`.
    """
    if "entry" not in opened:
        await take(act, opened["deployment"], opened["action"], values)
        return
    deployment = await _deployment(act, opened["deployment"])
    by = (values.get("by") or "").strip() or None
    await incidents.acknowledge(act, deployment.incident.id, opened["entry"], by=by)


async def write_entry(act: Actor, deployment_id: int, kind: str, text: str) -> None:
    """Write to the command log of a deployment's incident.

    Raises:
        DashboardError: as `sightline.dashboard.operations.incidents.write_log`.
    """
    deployment = await _deployment(act, deployment_id)
    await incidents.write_log(act, deployment.incident.id, text, cast("incidents.EntryKind", kind))


async def take(act: Actor, deployment_id: int, action: str, values: Mapping[str, Any]) -> None:
    """Do what a form says.

    Raises:
        InvalidError: something is missing; names the field.
        ForbiddenError, ConflictError, NotFoundError: as `sightline.dashboard.operations.deployments`.
    """
    given = checked(await open_form(act, deployment_id, action), values)
    why = given.get("rationale", "")
    members = given.get("members") or None
    if action in ("en_route", "arrival"):
        at = arrival_time(given["arrival"], datetime.now(UTC), LOCAL)
        if action == "arrival":
            await deployments.arrives(act, deployment_id, at, members)
        else:
            await deployments.en_route(act, deployment_id, why, members, at)
    elif action in _OF_MEMBERS:
        await _OF_MEMBERS[action](act, deployment_id, why, members)
    elif action in _DECISIONS:
        await deployments.decide(act, deployment_id, cast("deployments.Decision", action), why)
    elif action == "recommend":
        await deployments.recommend(act, deployment_id, given["recommendation"], why)
    elif action == "hand_over":
        await deployments.hand_over(act, deployment_id, given["to"])
    elif action == "hand_over_accept":
        await deployments.accept_hand_over(act, deployment_id)
    else:
        await deployments.file_return(act, deployment_id, _return(given))


_OF_MEMBERS: dict[str, Callable[..., Awaitable[Any]]] = {
    "dispatch": deployments.dispatch,
    "on_scene": deployments.on_scene,
    "stand_down": deployments.stand_down,
    "cancel": deployments.cancel,
}
_DECISIONS = frozenset(get_args(deployments.Decision))


def _return(given: Mapping[str, Any]) -> dict[str, Any]:
    """The return from its form, which is not sent before all were asked: what was found, or that they were."""
    return {
        "outcome": given["outcome"],
        "summary": given["summary"],
        "lessons": given["lessons"],
        "welfare_check": given["welfare"] or True,
    }
