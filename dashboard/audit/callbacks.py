"""The callbacks of the auditor's page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from sightline.dashboard.audit import ids
from sightline.dashboard.audit.chain import read_chain, verify_chain
from sightline.dashboard.audit.layout import chain, count_words, verdict
from sightline.dashboard.audit.view import AT_ONCE, read_actions, read_rows, wanted
from sightline.dashboard.audit.words import action_words
from sightline.dashboard.errors import DashboardError
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.services import Services

_FILTERS = {
    "period": State(ids.PERIOD, "value"),
    "action": State(ids.ACTION, "value"),
    "outcome": State(ids.OUTCOME, "value"),
    "actor": State(ids.ACTOR, "value"),
    "object": State(ids.OBJECT, "value"),
    "incident": State(ids.INCIDENT, "value"),
}


def register(app: Dash, services: Services) -> None:
    """Register everything that happens on the page."""
    _register_chain(app, services)

    @app.callback(
        output=[
            Output(ids.ROWS, "rowData"),
            Output(ids.COUNT, "children"),
            Output(ids.OLDER, "hidden"),
            Output(ids.STANDING, "children"),
        ],
        inputs=[
            Input(ids.SEARCH, "n_clicks"),
            Input(ids.OLDER, "n_clicks"),
            _FILTERS,
            State(ids.ROWS, "rowData"),
        ],
    )
    async def show(_search: Any, _older: Any, chosen: dict[str, Any], shown: list[Any]) -> Any:
        now = datetime.now(UTC)
        before = shown[-1]["id"] if ctx.triggered_id == ids.OLDER and shown else None
        try:
            async with services.acting() as act:
                rows = await read_rows(act, wanted(chosen, now, before))
        except DashboardError as error:
            return no_update, no_update, no_update, marks.not_read(error, now)
        more = len(rows) == AT_ONCE
        rows = [*shown, *rows] if before else rows
        return rows, count_words(len(rows), more=more), not more, []

    app.clientside_callback(
        ClientsideFunction("lists", "mount"), Output(ids.MOUNTED, "data"), Input(ids.PAGE, "id")
    )


def _register_chain(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.CHAIN, "children"), Output(ids.ACTION, "data"), Input(ids.SEARCH, "n_clicks")
    )
    async def show_chain(_search: Any) -> Any:
        now = datetime.now(UTC)
        try:
            async with services.acting() as act:
                found = await read_chain(act, services.settings)
                return chain(found, now), [
                    {"value": code, "label": action_words(code)} for code in await read_actions(act)
                ]
        except DashboardError as error:
            return str(error), no_update

    @app.callback(
        Output(ids.VERDICT, "children"),
        Input(ids.VERIFY, "n_clicks"),
        running=[(Output(ids.VERIFY, "disabled"), True, False)],
        prevent_initial_call=True,
    )
    async def verify(_click: Any) -> Any:
        try:
            async with services.acting() as act:
                return verdict(await verify_chain(act, services.settings))
        except DashboardError as error:
            return marks.not_read(error, datetime.now(UTC))
