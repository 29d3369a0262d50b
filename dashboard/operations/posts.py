"""Posts (Oscar 1): held by one person at a time, handed over with everything that is open."""

from __future__ import annotations

from typing import Any, Final, Literal

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.operations import alerts, incidents, streams
from sightline.dashboard.operations.answers import check
from sightline.sql import query

Action = Literal["take", "accept", "withdraw", "leave"]

_QUERIES: Final[dict[Action, str]] = {
    "take": "posts.take",
    "accept": "posts.accept",
    "withdraw": "posts.withdraw",
    "leave": "posts.leave",
}


async def find(act: Actor) -> dict[str, Any]:
    """Posts of the user's role, who holds them, and the colleagues to whom one can be handed over."""
    posts = await act.connection.fetch(query("posts.all"))
    colleagues = await act.connection.fetch(query("posts.colleagues")) if posts else []
    return {"posts": [dict(row) for row in posts], "colleagues": [dict(row) for row in colleagues]}


async def going_along(act: Actor) -> dict[str, Any]:
    """What is open and goes along when a post is handed over: incidents, alerts, streams, as far as the user sees them."""
    return {
        "incidents": await incidents.find(act) if act.user.may("incident.read") else [],
        "alerts": await alerts.find(act) if act.user.may("alert.answer") else [],
        "streams": await streams.open_streams(act) if act.user.may("stream.open") else [],
    }


async def do(act: Actor, action: Action, post: str) -> None:
    """Take a free post, accept one that is offered, withdraw or decline an offer, or leave one.

    Raises:
        RefusalError: it cannot be done now, by this user.
    """
    check(await act.connection.fetchrow(query(_QUERIES[action]), post))


async def offer(act: Actor, post: str, to: str) -> None:
    """Offer a post to a colleague, who holds it once it is accepted.

    Args:
        act: the holder.
        post: its code.
        to: user name of the colleague.

    Raises:
        RefusalError: the user does not hold it, or there is no such colleague.
    """
    check(await act.connection.fetchrow(query("posts.offer"), post, to))
