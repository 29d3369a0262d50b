"""The dashboard: settings → services → routes → pages → the door, and the process that serves them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from sightline.dashboard.access.middleware import AccessMiddleware
from sightline.dashboard.access.pages import CallbackPages
from sightline.dashboard.access.rules import RULES, Open, Rule
from sightline.dashboard.api import include_api
from sightline.dashboard.feed import Feed
from sightline.dashboard.feed.socket import feed_routes
from sightline.dashboard.frames_socket import frame_routes
from sightline.dashboard.http_server import Server, server_config
from sightline.dashboard.pages import PAGES
from sightline.dashboard.services import Services
from sightline.dashboard.settings import Settings
from sightline.dashboard.shell.application import dash_application, home_route
from sightline.dashboard.shell.current_user import CurrentUser
from sightline.dashboard.shell.known_scripts import KnownScripts
from sightline.dashboard.shell.static import mount_static
from sightline.dashboard.tiles import tile_routes
from sightline.sql import query

_HOME = Rule("GET", "/", Open.SIGNED_IN, "page.view")


class Dashboard:
    """The application and what it works with.

    Attributes:
        services: settings, database, relay, sessions.
        feed: the live feed.
        server: the ASGI application; its lifespan runs services and feed.
    """

    def __init__(self, settings: Settings) -> None:
        self.services = Services(settings)
        self.feed = Feed(settings)
        self._force_name = ""
        self.server = FastAPI(
            title="Sightline",
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
        )
        callbacks = CallbackPages()
        include_api(self.server, self.services)
        self.server.include_router(feed_routes(self.services, self.feed))
        self.server.include_router(frame_routes(self.services))
        self.server.include_router(tile_routes(self.services))
        mount_static(self.server)
        self.server.include_router(home_route(PAGES, lambda: str(dash_app.index())))
        dash_app = dash_application(
            self.server, self.services, PAGES, callbacks, lambda: self._force_name
        )
        hashes = dash_app.csp_hashes()
        self.server.add_middleware(KnownScripts, registered=lambda: dash_app.registered_paths)
        self.server.add_middleware(CurrentUser)
        self.server.add_middleware(
            AccessMiddleware,
            services=self.services,
            pages=PAGES,
            callbacks=callbacks,
            script_hashes=lambda: hashes,
            rules=(*RULES, _HOME),
        )

    @asynccontextmanager
    async def _lifespan(self, _server: FastAPI) -> AsyncIterator[None]:
        async with self.services.running(), self.feed.running():
            async with self.services.transaction() as connection:
                self._force_name = await connection.fetchval(query("shell.force_name"))
            yield


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then close what is open and return.

    Raises:
        Exception: what kept it from starting, or broke the feed: the process is of no use without it.
    """
    dashboard = Dashboard(settings)
    server = Server(server_config(dashboard.server, settings))
    serving = asyncio.create_task(server.serve(), name="http server")
    await _first_of(serving, server.listening.wait())
    if not serving.done():
        await _first_of(serving, dashboard.feed.broken(), stop.wait())
        server.should_exit = True
    await serving
    dashboard.feed.check()


async def _first_of(task: asyncio.Task[None], *others: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of these to end; the others, except the task, are given up."""
    waits = [asyncio.create_task(other) for other in others]
    try:
        await asyncio.wait({task, *waits}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
