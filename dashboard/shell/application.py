"""Dash on the dashboard's server: the frame, and the pages in it."""

from __future__ import annotations

from collections.abc import Callable

from dash import Dash, html
from dash.development.base_component import Component
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from sightline.dashboard.access.acting import User
from sightline.dashboard.access.cookies import CSRF_COOKIE, CSRF_HEADER
from sightline.dashboard.access.pages import CallbackPages, may_see
from sightline.dashboard.page import AppPage
from sightline.dashboard.pages import home_of
from sightline.dashboard.services import Services
from sightline.dashboard.shell import callbacks as shell_callbacks
from sightline.dashboard.shell.current_user import current_user
from sightline.dashboard.shell.index import index_html
from sightline.dashboard.shell.layout import shell

STYLES = (
    "/static/lib/maplibre-gl/maplibre-gl.css",
    "/static/tokens.css",
    "/static/shell.css",
    "/static/header.css",
    "/static/controls.css",
    "/static/dock.css",
    "/static/alerts.css",
)


def dash_application(
    server: FastAPI,
    services: Services,
    pages: tuple[AppPage, ...],
    owners: CallbackPages,
    force_name: Callable[[], str],
) -> Dash:
    """Dash with every page registered; nothing of it is there before this is called.

    Args:
        server: what it is added to.
        services: of this process.
        pages: all pages.
        owners: learns which page each callback belongs to.
        force_name: for the header.
    """
    modules = list(
        dict.fromkeys(["shell", "stream_dialog", *(page.module for page in pages if page.module)])
    )
    styles = [*STYLES, *(style for page in pages for style in page.styles)]
    app = Dash(
        "sightline.dashboard",
        server=server,
        title="Sightline",
        update_title="",
        assets_folder="none",  # ours are modules and served from /static; Dash would load them as plain scripts
        index_string=index_html(list(dict.fromkeys(styles)), modules),
        csrf_token_name=CSRF_COOKIE,
        csrf_header_name=CSRF_HEADER,
        meta_tags=[],
    )

    # Else every browser keeps a second socket open for callbacks, which none of ours uses.
    app.backend.websocket_capability = False

    def layout() -> Component:
        return _shell_for(current_user(), force_name(), pages)

    app.layout = layout
    app.validation_layout = html.Div(
        [shell(None, "", pages={}), *(page.layout() for page in pages)]
    )
    with owners.of_every_page(app):
        shell_callbacks.register(app, services, pages)
    for page in pages:
        with owners.of(app, page.path):
            page.register(app, services)
    return app


def _shell_for(user: User | None, force_name: str, pages: tuple[AppPage, ...]) -> Component:
    mine = {p.path: p.name for p in pages if user is not None and may_see(p, user.capabilities)}
    return shell(user, force_name, pages=mine)


def home_route(pages: tuple[AppPage, ...], index: Callable[[], str]) -> APIRouter:
    """``/``: where each role begins.

    Args:
        pages: all pages.
        index: the HTML that every page begins with, for whoever has none.
    """
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def home(request: Request) -> Response:
        user: User = request.scope["state"]["user"]
        page = home_of(pages, user.role, user.capabilities)
        return HTMLResponse(index()) if page is None else RedirectResponse(page.path, 303)

    return router
