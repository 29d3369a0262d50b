"""Deployments of negotiators."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from sightline.dashboard.api.parameters import Key, WithServices
from sightline.dashboard.operations import deployments
from sightline.dashboard.operations.deployments import Member, RequestFields, ReturnFields
from sightline.dashboard.operations.fields import Fields, Id, Moment, Readable

router = APIRouter(prefix="/api/deployments", tags=["deployments"])

Rationale = Annotated[str, Field(min_length=1, max_length=2000), Readable]
Members = Annotated[list[Member], Field(min_length=1, max_length=100)]


class NewDeployment(Fields):
    """A request for negotiators."""

    incident: Id
    request: RequestFields = RequestFields()


class RecommendFields(Fields):
    """What the NegCo recommends, and why."""

    recommendation: Annotated[str, Field(max_length=64)]
    rationale: Rationale


class DecideFields(Fields):
    """What is decided without sending anybody, and why."""

    decision: deployments.Decision
    rationale: Rationale


class ReasonedFields(Fields):
    """Whom it is about (left out: all, or for a dispatch whoever is next on call), and why."""

    members: Members | None = None
    rationale: Rationale


class StepFields(Fields):
    """Whom it is about; left out: all who can be meant."""

    members: Members | None = None
    rationale: Annotated[str, Field(max_length=2000)] = ""


class SetOffFields(StepFields):
    """Who has set off, and when they will be there."""

    arrival: Moment | None = None


class ArrivalFields(Fields):
    """When those who are en route are expected at the scene."""

    arrival: Moment | None
    members: Members | None = None


class HandOverFields(Fields):
    """To whom command is offered."""

    to: Annotated[str, Field(min_length=1, max_length=64)]


@router.post("", status_code=201)
async def request(body: NewDeployment, services: WithServices) -> dict[str, Any]:
    """Ask for negotiators at an incident."""
    async with services.acting() as act:
        return await deployments.request(act, body.incident, body.request)


@router.get("")
async def find(
    services: WithServices,
    incident: Annotated[Id | None, Query()] = None,
    live: Annotated[bool | None, Query(description="true: not over yet; false: over")] = None,
) -> dict[str, Any]:
    """Deployments that the user may see, newest first."""
    async with services.acting() as act:
        return {"deployments": await deployments.find(act, incident=incident, live=live)}


@router.get("/{deployment}")
async def get(deployment: Key, services: WithServices) -> dict[str, Any]:
    """One deployment."""
    async with services.acting() as act:
        return await deployments.get(act, deployment)


@router.post("/{deployment}/recommend")
async def recommend(
    deployment: Key, body: RecommendFields, services: WithServices
) -> dict[str, Any]:
    """A NegCo recommends."""
    async with services.acting() as act:
        return await deployments.recommend(act, deployment, body.recommendation, body.rationale)


@router.post("/{deployment}/decide")
async def decide(deployment: Key, body: DecideFields, services: WithServices) -> dict[str, Any]:
    """Advice only, not required, or reopen."""
    async with services.acting() as act:
        return await deployments.decide(act, deployment, body.decision, body.rationale)


@router.post("/{deployment}/dispatch")
async def dispatch(deployment: Key, body: ReasonedFields, services: WithServices) -> dict[str, Any]:
    """Send negotiators."""
    async with services.acting() as act:
        return await deployments.dispatch(act, deployment, body.rationale, body.members)


@router.post("/{deployment}/en-route")
async def en_route(
    deployment: Key, services: WithServices, body: SetOffFields | None = None
) -> dict[str, Any]:
    """Members have set off."""
    step = body or SetOffFields()
    async with services.acting() as act:
        return await deployments.en_route(
            act, deployment, step.rationale, step.members, step.arrival
        )


@router.post("/{deployment}/arrival")
async def arrival(deployment: Key, body: ArrivalFields, services: WithServices) -> dict[str, Any]:
    """When members who are en route are expected; null: not known any more."""
    async with services.acting() as act:
        return await deployments.arrives(act, deployment, body.arrival, body.members)


@router.post("/{deployment}/on-scene")
async def on_scene(
    deployment: Key, services: WithServices, body: StepFields | None = None
) -> dict[str, Any]:
    """Members have arrived."""
    step = body or StepFields()
    async with services.acting() as act:
        return await deployments.on_scene(act, deployment, step.rationale, step.members)


@router.post("/{deployment}/cancel")
async def cancel(deployment: Key, body: ReasonedFields, services: WithServices) -> dict[str, Any]:
    """Call off, also those on the way."""
    async with services.acting() as act:
        return await deployments.cancel(act, deployment, body.rationale, body.members)


@router.post("/{deployment}/stand-down")
async def stand_down(
    deployment: Key, services: WithServices, body: StepFields | None = None
) -> dict[str, Any]:
    """Release those on scene."""
    step = body or StepFields()
    async with services.acting() as act:
        return await deployments.stand_down(act, deployment, step.rationale, step.members)


@router.post("/{deployment}/return")
async def file_return(
    deployment: Key, body: ReturnFields, services: WithServices
) -> dict[str, Any]:
    """File the return, which closes the deployment."""
    async with services.acting() as act:
        return await deployments.file_return(act, deployment, body)


@router.post("/{deployment}/hand-over")
async def hand_over(
    deployment: Key, body: HandOverFields, services: WithServices
) -> dict[str, Any]:
    """Offer command to somebody."""
    async with services.acting() as act:
        return await deployments.hand_over(act, deployment, body.to)


@router.post("/{deployment}/hand-over/accept")
async def accept_hand_over(deployment: Key, services: WithServices) -> dict[str, Any]:
    """Take the command that was offered."""
    async with services.acting() as act:
        return await deployments.accept_hand_over(act, deployment)
