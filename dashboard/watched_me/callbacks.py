"""The callback of the page *Who watched me*."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, no_update

from sightline.dashboard.errors import DashboardError
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.services import Services
from sightline.dashboard.watched_me import ids
from sightline.dashboard.watched_me.layout import found
from sightline.dashboard.watched_me.view import PERIODS, read


def register(app: Dash, services: Services) -> None:
    """Register everything that happens on the page."""

    @app.callback(
        Output(ids.FOUND, "children"), Output(ids.STANDING, "children"), Input(ids.PERIOD, "value")
    )
    async def show(days: str) -> tuple[Any, Any]:
        now = datetime.now(UTC)
        chosen = days if days in PERIODS else "31"
        try:
            async with services.acting() as act:
                return found(await read(act, now, int(chosen)), chosen, now), []
        except DashboardError as error:
            return no_update, marks.not_read(error, now)

    app.clientside_callback(
        ClientsideFunction("lists", "mount"), Output(ids.MOUNTED, "data"), Input(ids.PAGE, "id")
    )
