"""The callbacks of the administrator's page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, no_update

from sightline.dashboard.admin import ids
from sightline.dashboard.admin.layout import COLUMNS, parts
from sightline.dashboard.admin.view import LISTS, read_list
from sightline.dashboard.errors import DashboardError
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.services import Services
from sightline.dashboard.supervisor import status


def register(app: Dash, services: Services) -> None:
    """Register everything that happens on the page."""

    @app.callback(Output(ids.PARTS, "children"), Input(ids.TICK, "n_intervals"))
    async def show_parts(_ticks: Any) -> Any:
        try:
            async with services.acting() as act:
                await act.require("admin.manage", "admin.status", "list", "parts")
        except DashboardError as error:
            return marks.not_read(error, datetime.now(UTC))
        return parts(await status.ask(services.settings))

    @app.callback(
        Output(ids.ROWS, "columnDefs"),
        Output(ids.ROWS, "rowData"),
        Output(ids.COUNT, "children"),
        Output(ids.STANDING, "children"),
        Input(ids.WHICH, "value"),
    )
    async def show_list(which: str) -> tuple[Any, ...]:
        try:
            async with services.acting() as act:
                rows = await read_list(act, which)
        except DashboardError as error:
            return no_update, no_update, no_update, marks.not_read(error, datetime.now(UTC))
        return COLUMNS[which], rows, f"{len(rows):,} {LISTS[which].lower()}", []

    app.clientside_callback(
        ClientsideFunction("lists", "mount"), Output(ids.MOUNTED, "data"), Input(ids.PAGE, "id")
    )
