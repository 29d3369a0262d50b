"""How somebody is turned away: a problem document, a page, the way to the sign-in page, or a socket that does not open."""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope, Send

from sightline.dashboard.access.incoming import Incoming
from sightline.dashboard.access.templates import refusal_page
from sightline.dashboard.errors import (
    DashboardError,
    MethodNotAllowedError,
    NotFoundError,
    NotSignedInError,
    problem,
    status_of,
)

PROBLEM = "application/problem+json"


def unknown(incoming: Incoming) -> NotFoundError:
    """The error for a path or method that no rule knows."""
    others = incoming.found.other_methods
    if others:
        return MethodNotAllowedError(incoming.method, others)
    return NotFoundError(f"There is nothing at {incoming.path[:200]}.")


def answer(incoming: Incoming, error: DashboardError) -> Response:
    """What a request that is turned away gets: nobody is led to the sign-in page, a program is told why."""
    if isinstance(error, NotSignedInError) and not incoming.for_program:
        return RedirectResponse(_sign_in(incoming), status_code=303)
    status = int(status_of(error))
    headers = {}
    if isinstance(error, MethodNotAllowedError):
        headers["Allow"] = ", ".join(error.allowed)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="Sightline"'
    if incoming.for_program:
        return JSONResponse(problem(error), status, headers, media_type=PROBLEM)
    return refusal_page(error, status, headers)


def _sign_in(incoming: Incoming) -> str:
    wanted = incoming.path
    if incoming.connection.url.query:
        wanted += "?" + incoming.connection.url.query
    return "/sign-in" if wanted == "/" else "/sign-in?" + urlencode({"next": wanted})


async def refuse_socket(scope: Scope, send: Send, error: DashboardError) -> None:
    """Refuse a socket before it opens: with the HTTP status where the server can, else by closing it."""
    status = int(status_of(error))
    if "websocket.http.response" in scope.get("extensions", {}):
        headers = [(b"content-type", PROBLEM.encode()), (b"cache-control", b"no-store")]
        await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        body = json.dumps(problem(error)).encode()
        await send({"type": "websocket.http.response.body", "body": body})
        return
    await send({"type": "websocket.close", "code": 4000 + status, "reason": error.code})
