"""Dash's scripts, those that there are: for any other path below theirs Dash fails with 500, or answers with a page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from dash.fingerprint import check_fingerprint
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sightline.dashboard.errors import NotFoundError, problem

PREFIX = "/_dash-component-suites/"


class KnownScripts:
    """Pure ASGI, behind the door: 404 for what no package has registered.

    Args:
        app: what stands behind.
        registered: the packages' paths as Dash has them, asked anew each time.
    """

    def __init__(
        self, app: ASGIApp, registered: Callable[[], Mapping[str, Collection[str]]]
    ) -> None:
        self._app = app
        self._registered = registered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            package, _, path = scope["path"].removeprefix(PREFIX).partition("/")
            if check_fingerprint(path)[0] not in self._registered().get(package, ()):
                missing = problem(NotFoundError(f"There is no script at {scope['path'][:200]}."))
                answer = JSONResponse(missing, 404, media_type="application/problem+json")
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
