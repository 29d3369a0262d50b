"""Posts and their hand-over."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import posts
from sightline.dashboard.operations.fields import Fields, Storable

router = APIRouter(prefix="/api/posts", tags=["posts"])

Post = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9_]+$")]


class OfferFields(Fields):
    """To whom a post is handed over."""

    to: Annotated[str, Field(min_length=1, max_length=200), Storable]


@router.get("")
async def find(services: WithServices) -> dict[str, Any]:
    """The posts of one's role, and colleagues to whom one can be handed over."""
    async with services.acting() as act:
        return await posts.find(act)


@router.get("/going-along")
async def going_along(services: WithServices) -> dict[str, Any]:
    """What is open and goes along with a post."""
    async with services.acting() as act:
        return await posts.going_along(act)


@router.post("/{post}/take", status_code=204)
async def take(services: WithServices, post: Post) -> Response:
    """Take a post that nobody holds."""
    return await _do(services, "take", post)


@router.post("/{post}/offer", status_code=204)
async def offer(services: WithServices, post: Post, body: OfferFields) -> Response:
    """Offer a post to a colleague."""
    async with services.acting() as act:
        await posts.offer(act, post, body.to)
    return Response(status_code=204)


@router.post("/{post}/accept", status_code=204)
async def accept(services: WithServices, post: Post) -> Response:
    """Accept a post that was offered."""
    return await _do(services, "accept", post)


@router.post("/{post}/withdraw", status_code=204)
async def withdraw(services: WithServices, post: Post) -> Response:
    """Withdraw an offer, or decline it."""
    return await _do(services, "withdraw", post)


@router.post("/{post}/leave", status_code=204)
async def leave(services: WithServices, post: Post) -> Response:
    """Leave a post to nobody."""
    return await _do(services, "leave", post)


async def _do(services: WithServices, action: posts.Action, post: str) -> Response:
    async with services.acting() as act:
        await posts.do(act, action, post)
    return Response(status_code=204)
