"""The user of the request being served, for layouts and callbacks, which are not handed the request."""

from __future__ import annotations

from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

from sightline.dashboard.access.acting import User

_current: ContextVar[User | None] = ContextVar("current_user", default=None)


def current_user() -> User | None:
    """Who asks; None where nobody is signed in, and outside a request."""
    return _current.get()


class CurrentUser:
    """Pure ASGI, behind the door: notes the user whom it has let in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = _current.set(scope.get("state", {}).get("user"))
        try:
            await self._app(scope, receive, send)
        finally:
            _current.reset(token)
