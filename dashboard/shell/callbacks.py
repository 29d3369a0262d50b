"""The callbacks of the frame: which page is shown, what the header counts, opening a stream."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from sightline.dashboard.access.pages import may_see, page_at
from sightline.dashboard.access.pattern import places
from sightline.dashboard.errors import DashboardError
from sightline.dashboard.operations import incidents
from sightline.dashboard.operations.streams import link_minutes, purposes
from sightline.dashboard.page import AppPage
from sightline.dashboard.services import Services
from sightline.dashboard.shell import ids, layout, stream_dialog
from sightline.dashboard.shell.current_user import current_user


def register(app: Dash, services: Services, pages: tuple[AppPage, ...]) -> None:
    """Register everything that happens in the frame."""
    _register_pages(app, pages)
    _register_navigation(app, services, pages)
    _register_stream_dialog(app, services)
    app.clientside_callback(
        ClientsideFunction("shell", "mount"), Output(ids.MOUNTED, "data"), Input(ids.SHELL, "id")
    )


def _register_pages(app: Dash, pages: tuple[AppPage, ...]) -> None:
    @app.callback(
        Output(ids.PAGE, "children"),
        Output(ids.PAGE_SHOWN, "data"),
        Input(ids.LOCATION, "pathname"),
        Input(ids.LOCATION, "search"),
        State(ids.PAGE_SHOWN, "data"),
    )
    async def show(pathname: str, search: str | None, shown: str | None) -> tuple[Any, Any]:
        page = page_at(pages, pathname)
        user = current_user()
        if pathname == "/" and user is not None:
            return layout.no_page(user.role_name), pathname
        if not isinstance(page, AppPage) or user is None or not may_see(page, user.capabilities):
            return layout.unknown_page(pathname), pathname
        if page.keeps_address and shown == page.path:
            return no_update, no_update
        given = dict(parse_qsl((search or "").removeprefix("?")))
        found = places(page.path, pathname.rstrip("/") or "/") or {}
        return page.layout(**given | found), page.path


def _register_navigation(app: Dash, services: Services, pages: tuple[AppPage, ...]) -> None:
    @app.callback(
        Output(ids.NAVIGATION, "children"),
        Input(ids.PAGE_SHOWN, "data"),
        Input(ids.NEWS, "data"),
        Input(ids.COUNTS_TICK, "n_intervals"),
    )
    async def navigate(shown: str | None, _news: Any, _ticks: Any) -> Any:
        user = current_user()
        mine = [p for p in pages if user is not None and may_see(p, user.capabilities)]
        counts: dict[str, int | None] = {page.path: None for page in mine if page.count}
        try:
            async with services.acting() as act:
                for page in mine:
                    if page.count:
                        counts[page.path] = await page.count(act)
        except DashboardError:
            counts = dict.fromkeys(counts)  # the health pill says why; a dash is no number
        return layout.navigation({p.path: p.name for p in mine}, counts, shown or "")

    app.clientside_callback(ClientsideFunction("shell", "pageShown"), Input(ids.PAGE_SHOWN, "data"))


def _register_stream_dialog(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.STREAM_PURPOSE, "data"),
        Output(ids.STREAM_INCIDENT, "data"),
        Output(ids.STREAM_INCIDENT, "value"),
        Output(ids.STREAM_PROVISIONAL, "description"),
        Output(ids.STREAM_ANSWER, "children"),
        Input(ids.STREAM_FOR, "data"),
        State(ids.STREAM_PURPOSE, "data"),
        State(ids.STREAM_INCIDENT, "data"),
    )
    async def fill(
        wanted: dict[str, Any] | None, purposes_there: Any, incidents_there: Any
    ) -> tuple[Any, ...]:
        """The choices, with the page for whoever types at once, and anew for each camera that is asked for."""
        user = current_user()
        if user is None:
            return (no_update,) * 5
        try:
            async with services.acting() as act:
                known = await incidents.find(act)
                choices = stream_dialog.purpose_choices(await purposes(act))
                words = stream_dialog.provisional_words(await link_minutes(act))
        except DashboardError as error:
            return no_update, no_update, no_update, no_update, str(error)
        chosen = wanted and stream_dialog.likely_incident(
            known, wanted["camera"], wanted.get("incident"), user.username
        )
        # What is being typed meanwhile would be lost if the field, empty since it was opened, were emptied again.
        value = no_update if chosen is None else chosen
        # Nor is what is marked among choices that are there already let go of.
        return (
            no_update if choices == purposes_there else choices,
            no_update
            if (open_now := stream_dialog.incident_choices(known)) == incidents_there
            else open_now,
            value,
            words,
            "",
        )

    app.clientside_callback(
        ClientsideFunction("stream_dialog", "filled"),
        Input(ids.STREAM_PROVISIONAL, "description"),
        State(ids.STREAM_INCIDENT, "data"),
        State(ids.STREAM_INCIDENT, "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("stream_dialog", "provisionalChosen"),
        Output(ids.STREAM_PURPOSE, "value"),
        Output(ids.STREAM_PURPOSE, "disabled"),
        Output(ids.STREAM_INCIDENT, "value", allow_duplicate=True),
        Output(ids.STREAM_INCIDENT, "disabled"),
        Output(ids.STREAM_ANSWER, "children", allow_duplicate=True),
        Input(ids.STREAM_PROVISIONAL, "checked"),
        State(ids.STREAM_FOR, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("stream_dialog", "openStream"),
        Output(ids.STREAM_ANSWER, "children", allow_duplicate=True),
        Output(ids.STREAM_DIALOG, "opened"),
        Input(ids.STREAM_OPEN, "n_clicks"),
        State(ids.STREAM_FOR, "data"),
        State(ids.STREAM_PURPOSE, "value"),
        State(ids.STREAM_INCIDENT, "value"),
        State(ids.STREAM_PROVISIONAL, "checked"),
        State(ids.STREAM_REASON, "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("stream_dialog", "close"),
        Output(ids.STREAM_DIALOG, "opened", allow_duplicate=True),
        Input(ids.STREAM_CANCEL, "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("stream_dialog", "moved"), Input(ids.STREAM_DIALOG, "opened")
    )
