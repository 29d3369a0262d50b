"""Deployments of negotiators: asked for, recommended, decided, on the way, over.

The database decides what is possible in which state, for whom, and who of two comes first (`deployment_act`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import ConflictError, InvalidError, NotFoundError
from sightline.dashboard.operations import rota, rvp
from sightline.dashboard.operations.answers import check
from sightline.dashboard.operations.arrival import JUST_OVER, LONGEST_WAY
from sightline.dashboard.operations.fields import Fields, Id, Readable
from sightline.dashboard.rota.on_call import OnCall
from sightline.sql import query

Decision = Literal["advice_only", "not_required", "reopen"]
Text = Annotated[str, Field(max_length=2000)]
Member = Id | Annotated[str, Field(min_length=1, max_length=64)]
"""A negotiator: the number in `members` and in the rota, or a shoulder number as text."""

MOST = 500
_NO_DETAIL = "{}"
_LARGEST_NEGOTIATOR = 2**31 - 1
_MEMBERS = ("members", "numbers of negotiators as in the rota, or their shoulder numbers as text")


class RequestFields(Fields):
    """What frontline is asked; free text, all optional."""

    what: Text | None = None
    where: Text | None = None
    rvp: Text | None = None
    subject: Text | None = None
    threat: Text | None = None
    hostages: Text | None = None
    demands: Text | None = None
    vulnerabilities: Text | None = None
    language: Text | None = None
    rapport: Text | None = None
    hazards: Text | None = None
    commander: Text | None = None
    talkgroup: Text | None = None


def _welfare_check(value: Any) -> Any:
    """That nobody was asked is no welfare check."""
    if value is True or (isinstance(value, str) and value.strip()):
        return value
    raise PydanticCustomError(
        "welfare_check",
        "Input should be what the welfare check of the team found, or true where all were asked",
    )


class ReturnFields(Fields):
    """A deployment's return, with the welfare check of the team."""

    welfare_check: Annotated[
        Annotated[str, Field(min_length=1, max_length=2000), Readable] | Literal[True],
        BeforeValidator(_welfare_check),
    ]
    outcome: Text = ""
    summary: Text = ""
    lessons: Text = ""


async def request(
    act: Actor, incident: int, fields: RequestFields | Mapping[str, Any]
) -> dict[str, Any]:
    """Ask for negotiators at an incident; gives the deployment (see `get`).

    Raises:
        ForbiddenError: the role does not ask for negotiators.
        NotFoundError: no such incident, or not the user's to see.
        ConflictError: the incident is closed.
        InvalidError: a field is not one of the request's, or too long.
    """
    said = fields if isinstance(fields, RequestFields) else RequestFields.of(fields)
    values = {name: text for name, text in said.model_dump(exclude_none=True).items() if text}
    row = await act.connection.fetchrow(query("deployments.request"), incident, json.dumps(values))
    check(row)
    await rvp.from_request(act, incident, said.rvp or "")
    return await get(act, row["deployment_id"])


async def find(
    act: Actor, *, incident: int | None = None, live: bool | None = None
) -> list[dict[str, Any]]:
    """Deployments that the user may see, newest first: of an incident, live or over; None: all."""
    return await _read(act, None, incident, live, MOST)


async def get(act: Actor, deployment: int) -> dict[str, Any]:
    """One deployment: ``state``, ``request``, ``members``, ``transitions``, who commands; ``possible``: the actions that its
    state knows, and ``may``: those of them that the user's role may take. The ``return`` and what was said with it are for
    roles that read or write returns, a member's ``phone`` for those that read the rota or dispatch; else they are null.

    Raises:
        NotFoundError: there is none, or it is not the user's to see.
    """
    found = await _read(act, deployment, None, None, 1)
    if not found:
        raise NotFoundError(
            "There is no such deployment, or it is not yours to see.", "deployment_unknown"
        )
    document = found[0]
    in_charge = await act.connection.fetchval(query("deployments.in_charge"), document["incident"])
    document["may"] = [
        action for action in document["possible"] if _may(act, action, in_charge=in_charge)
    ]
    return document


async def _read(act: Actor, *arguments: object) -> list[dict[str, Any]]:
    rows = await act.connection.fetch(query("deployments.documents"), *arguments)
    return [json.loads(row["document"]) for row in rows]


def _may(act: Actor, action: str, *, in_charge: bool) -> bool:
    """Whether the role may take an action; the same rule as the database's, to say beforehand."""
    if action == "recommend":
        return act.may("deployment.recommend") is not None
    if action == "return":
        return act.may("return.write") is not None
    decide = act.may("deployment.decide")
    if decide == "all" or (decide == "in_charge" and in_charge):
        return True
    return action in ("en_route", "on_scene") and act.may("deployment.member_state") is not None


async def recommend(
    act: Actor, deployment: int, recommendation: str, rationale: str
) -> dict[str, Any]:
    """What the NegCo recommends: deploy, advice_only, not_required or cancel; gives the deployment.

    Raises:
        ForbiddenError, NotFoundError, ConflictError: as `_step`.
        InvalidError: not a recommendation.
    """
    rows = await act.connection.fetch(query("deployments.recommendations"))
    known = [row["code"] for row in rows]
    if recommendation not in known:
        raise InvalidError(
            f"recommendation is {recommendation[:40]!r}; it must be one of {', '.join(known)}.",
            "recommendation",
            known,
        )
    return await _step(act, deployment, "recommend", rationale, recommendation=recommendation)


async def decide(act: Actor, deployment: int, decision: Decision, rationale: str) -> dict[str, Any]:
    """Advice only, not required, or reopen to triage; gives the deployment. Raises like `_step`."""
    return await _step(act, deployment, decision, rationale)


async def dispatch(
    act: Actor, deployment: int, rationale: str, members: Sequence[int | str] | None = None
) -> dict[str, Any]:
    """Send negotiators: those named, or else whoever is next on call; gives the deployment.

    Raises:
        ForbiddenError, NotFoundError, ConflictError: as `_step`; also nobody is on call and free, or one is out.
        InvalidError: a member is not a negotiator.
    """
    if members:
        return await _step(act, deployment, "dispatch", rationale, members=members)
    chosen = [person.negotiator_id for person in await next_on_call(act)]
    detail = json.dumps({"members": "next_on_call"})
    return await _step(act, deployment, "dispatch", rationale, members=chosen, detail=detail)


async def next_on_call(act: Actor) -> list[OnCall]:
    """Whom a dispatch sends by default: as many negotiators as the force wants, on call, free, next in turn."""
    wanted = (await rota.minimum(act)).negotiators
    people = await rota.people_on_call(act)
    return [p for p in people if p.capacity == "negotiator" and not p.out][:wanted]


async def en_route(
    act: Actor,
    deployment: int,
    rationale: str = "",
    members: Sequence[int | str] | None = None,
    arrival: datetime | None = None,
) -> dict[str, Any]:
    """The members (default: all who get ready) have set off, and say when they will be there; gives the deployment.

    Raises:
        ForbiddenError, NotFoundError, ConflictError: as `_step`.
        InvalidError: as `arrives`.
    """
    if arrival is not None:
        _within_hours(arrival)
    gone = await _step(act, deployment, "en_route", rationale, members=members)
    if arrival is None:
        return gone
    # Of those who have set off now: others on their way have said theirs.
    return await arrives(act, deployment, arrival, gone["transitions"][-1]["members"])


async def arrives(
    act: Actor,
    deployment: int,
    at: datetime | None,
    members: Sequence[int | str] | None = None,
) -> dict[str, Any]:
    """When members who are en route (default: all of them) are expected at the scene; None: not known any more.

    Raises:
        ForbiddenError, NotFoundError: as `_step`.
        ConflictError: nobody named is en route.
        InvalidError: the time is over, or more than 12 hours ahead.
    """
    if at is not None:
        _within_hours(at)
    ids = None if members is None else await _negotiators(act, members)
    row = await act.connection.fetchrow(query("deployments.arrival"), deployment, ids, at)
    return await _answer(act, deployment, row)


def _within_hours(arrival: datetime) -> None:
    now = datetime.now(UTC)
    if not now - JUST_OVER <= arrival <= now + LONGEST_WAY:
        raise InvalidError(
            f"arrival is {arrival:%Y-%m-%d %H:%M} UTC; it must be between now and 12 hours ahead.",
            "arrival",
            "a time from now to 12 hours ahead",
        )


async def on_scene(
    act: Actor, deployment: int, rationale: str = "", members: Sequence[int | str] | None = None
) -> dict[str, Any]:
    """The members (default: all on their way) have arrived; gives the deployment. Raises like `_step`."""
    return await _step(act, deployment, "on_scene", rationale, members=members)


async def cancel(
    act: Actor, deployment: int, rationale: str, members: Sequence[int | str] | None = None
) -> dict[str, Any]:
    """Call off the members (default: all), also those on the way; gives the deployment. Raises like `_step`."""
    return await _step(act, deployment, "cancel", rationale, members=members)


async def stand_down(
    act: Actor, deployment: int, rationale: str = "", members: Sequence[int | str] | None = None
) -> dict[str, Any]:
    """Release the members (default: all); gives the deployment. Raises like `_step`."""
    return await _step(act, deployment, "stand_down", rationale, members=members)


async def file_return(
    act: Actor, deployment: int, fields: ReturnFields | Mapping[str, Any]
) -> dict[str, Any]:
    """File the return, which closes the deployment; gives it. Raises like `_step`."""
    said = fields if isinstance(fields, ReturnFields) else ReturnFields.of(fields)
    return await _step(act, deployment, "return", "", detail=said.model_dump_json())


async def hand_over(act: Actor, deployment: int, to: str) -> dict[str, Any]:
    """Offer command to a user; it changes hands once they accept. Gives the deployment.

    Raises:
        ForbiddenError, NotFoundError, ConflictError: as `_step`; also the user is no commander or FIM, or is oneself.
    """
    user_id = await act.connection.fetchval(query("deployments.user"), to)
    if user_id is None:
        raise NotFoundError("There is no such user.", "user_unknown")
    row = await act.connection.fetchrow(query("deployments.hand_over"), deployment, user_id)
    return await _answer(act, deployment, row)


async def accept_hand_over(act: Actor, deployment: int) -> dict[str, Any]:
    """Take the command that was offered; gives the deployment. Raises like `_step`."""
    row = await act.connection.fetchrow(query("deployments.hand_over_accept"), deployment)
    return await _answer(act, deployment, row)


async def _step(
    act: Actor,
    deployment: int,
    action: str,
    rationale: str,
    *,
    members: Sequence[int | str] | None = None,
    recommendation: str | None = None,
    detail: str = _NO_DETAIL,
) -> dict[str, Any]:
    """One step of a deployment.

    Raises:
        ForbiddenError: the role, or who is in charge, does not allow it.
        NotFoundError: no such deployment, or not the user's to see.
        ConflictError: not possible in the present state; with what is.
        InvalidError: a member is not a negotiator.
    """
    ids = None if members is None else await _negotiators(act, members)
    row = await act.connection.fetchrow(
        query("deployments.act"), deployment, action, rationale.strip(), ids, recommendation, detail
    )
    return await _answer(act, deployment, row)


async def _answer(act: Actor, deployment: int, row: asyncpg.Record) -> dict[str, Any]:
    """The deployment, where the database has taken the step; else why not."""
    if row["outcome"] == "conflict":
        states = await act.connection.fetch(query("deployments.states_from"), deployment)
        raise ConflictError(
            row["message"], row["code"], row["possible"], [state["to_state"] for state in states]
        )
    check(row)
    return await get(act, deployment)


async def _negotiators(act: Actor, members: Iterable[int | str]) -> list[int]:
    """Ids of negotiators given by id or by shoulder number."""
    given = list(members)
    for member in given:
        if isinstance(member, int) and not 1 <= member <= _LARGEST_NEGOTIATOR:
            raise InvalidError(f"members: {member} is not the number of a negotiator.", *_MEMBERS)
    texts = [member for member in given if isinstance(member, str)]
    if not texts:
        return [member for member in given if isinstance(member, int)]
    rows = await act.connection.fetch(query("deployments.negotiators"), texts)
    by_number = {row["shoulder_number"]: row["id"] for row in rows}
    for text in texts:
        if text not in by_number:
            raise InvalidError(
                f"members: {text[:40]!r} is not the shoulder number of a negotiator.", *_MEMBERS
            )
    return [by_number[m] if isinstance(m, str) else m for m in given]
