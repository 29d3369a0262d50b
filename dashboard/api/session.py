"""Signing in and out, who am I, and the sign-in page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import Field, SecretStr

from sightline.dashboard.access import sign_in, templates
from sightline.dashboard.access.acting import current_credentials
from sightline.dashboard.access.cookies import (
    BROWSER_COOKIE,
    clear_session,
    set_browser,
    set_session,
)
from sightline.dashboard.access.origin import is_https, is_own_host, next_path
from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.errors import (
    DatabaseAwayError,
    NotFoundError,
    NotSignedInError,
)
from sightline.dashboard.operations import account
from sightline.dashboard.operations.fields import Fields
from sightline.dashboard.services import Services
from sightline.sql import query

router = APIRouter(tags=["session"])


class Credentials(Fields):
    """Who wants to sign in."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=1000)]


class DemoRole(Fields):
    """The role of a demonstration's user."""

    role: Annotated[str, Field(min_length=1, max_length=64)]


@router.post("/api/session", status_code=201)
async def open_session(body: Credentials, request: Request, services: WithServices) -> Response:
    """Sign in: gives the session cookie, and the CSRF token as `csrf`."""
    session = await sign_in.sign_in(
        services,
        body.username,
        body.password.get_secret_value(),
        current_credentials.get().address,
        request.cookies.get(BROWSER_COOKIE),
    )
    return await _begun(request, services, session)


@router.post("/api/session/demo", status_code=201, include_in_schema=False)
async def open_demo_session(body: DemoRole, request: Request, services: WithServices) -> Response:
    """Sign in as the demo user of a role; there is such a thing only in a demonstration."""
    settings = services.settings
    if not is_own_host(request, settings.host, settings.dashboard_public_url):
        raise NotFoundError("There is nothing here.")
    session = await sign_in.demo_sign_in(services, body.role, current_credentials.get().address)
    return await _begun(request, services, session)


async def _begun(request: Request, services: Services, session: sign_in.Session) -> Response:
    await _end_former(services)
    user = session.user
    answer = {
        "username": user.username,
        "display_name": user.display_name,
        "role": user.role,
        "csrf": session.csrf,
        "expires": session.expires.isoformat(),
    }
    response = JSONResponse(answer, 201)
    https = is_https(request, services.settings.dashboard_public_url)
    set_session(response, session.token, session.csrf, session.expires, https=https)
    if session.browser is not None:
        set_browser(response, session.browser, https=https)
    return response


async def _end_former(services: Services) -> None:
    """A browser has one session: the one that its cookie named until now, ends."""
    former = current_credentials.get()
    if former.token is None or former.kind != "browser":
        return
    try:
        await sign_in.sign_out(services)
    except NotSignedInError:
        return  # it had ended already


@router.delete("/api/session", status_code=204)
async def close_session(request: Request, services: WithServices) -> Response:
    """Sign out: the session ends, with its streams and sockets. By a machine's token: that token is revoked for good."""
    await sign_in.sign_out(services)
    response = Response(status_code=204)
    clear_session(response, https=is_https(request, services.settings.dashboard_public_url))
    return response


@router.get("/api/me")
async def me(services: WithServices) -> dict[str, Any]:
    """Who is signed in, and what they may do: capabilities with their scopes."""
    async with services.acting() as act:
        return await account.me(act)


@router.get("/sign-in", include_in_schema=False)
async def sign_in_page(
    services: WithServices,
    request: Request,
    next: str | None = None,  # noqa: A002 - the parameter's name
) -> HTMLResponse:
    """The sign-in page. It comes up without the database as well, and says so."""
    wanted = next_path(next)
    settings = services.settings
    try:
        async with services.transaction() as connection:
            force = await connection.fetchrow(query("access.demo"))
            roles: list[tuple[str, str]] = []
            if await sign_in.is_demo(services, connection) and is_own_host(
                request, settings.host, settings.dashboard_public_url
            ):
                rows = await connection.fetch(query("access.demo_roles"))
                roles = [(row["code"], row["name"]) for row in rows]
    except DatabaseAwayError:
        return templates.sign_in_page(None, (), wanted)
    return templates.sign_in_page(force["force_name"], roles, wanted)


@router.get("/sign-in/{file}", include_in_schema=False)
async def sign_in_file(file: str) -> Response:
    """Style and script of the sign-in page."""
    return templates.public_file(file)
