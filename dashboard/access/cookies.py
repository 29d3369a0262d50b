"""The cookies of a sign-in, and where credentials stand in a request. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from sightline.dashboard.access.acting import Credentials

SESSION_COOKIE = "sightline_session"
"""The session's secret; no script can read it."""

CSRF_COOKIE = "sightline_csrf"
"""The same value as `csrf` in the answer of POST /api/session, for our own pages' scripts to send back."""

BROWSER_COOKIE = "sightline_browser"
"""By which a browser is known at the next sign-in, to not wait for the failures of others; says nothing of who."""

BROWSER_KNOWN_S = 31 * 24 * 3600
"""As long as the database remembers tries to sign in; each sign-in begins it anew."""

SIGN_IN_PATH = "/api/session"
"""The only path that needs to see the browser's cookie."""

CSRF_HEADER = "X-CSRF-Token"

_SAME_SITE: Literal["strict"] = "strict"


def credentials_of(connection: HTTPConnection) -> Credentials:
    """What a request or socket came with: a machine's bearer token before a cookie."""
    address = connection.client.host if connection.client else None
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value and not is_token_call(connection):
        return Credentials(value.strip(), address, "machine")
    return Credentials(connection.cookies.get(SESSION_COOKIE), address, "browser")


def is_token_call(connection: HTTPConnection) -> bool:
    """Whether the bearer token of this call is a one-time token and not a machine's."""
    return connection.url.path.startswith(("/whep/", "/whip/"))


def set_session(
    response: Response, token: str, csrf: str, expires: datetime, *, https: bool
) -> None:
    """Give the browser both cookies until the session ends."""
    seconds = max(0, int((expires - datetime.now(UTC)).total_seconds()))
    for name, value, hidden in ((SESSION_COOKIE, token, True), (CSRF_COOKIE, csrf, False)):
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=https, httponly=hidden,
            samesite=_SAME_SITE,
        )  # fmt: skip


def set_browser(response: Response, browser: str, *, https: bool) -> None:
    """Let the browser be known at its next sign-in; signing out leaves it so."""
    response.set_cookie(
        BROWSER_COOKIE, browser, max_age=BROWSER_KNOWN_S, path=SIGN_IN_PATH, secure=https,
        httponly=True, samesite="lax",
    )  # fmt: skip


def clear_session(response: Response, *, https: bool) -> None:
    """Take both cookies of the session away."""
    for name, hidden in ((SESSION_COOKIE, True), (CSRF_COOKIE, False)):
        response.delete_cookie(name, path="/", secure=https, httponly=hidden, samesite=_SAME_SITE)
