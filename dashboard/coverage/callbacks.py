"""The callbacks of the coverage page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from sightline.dashboard.coverage import ids
from sightline.dashboard.coverage.layout import answered, refused
from sightline.dashboard.coverage.view import ask
from sightline.dashboard.errors import DashboardError, InvalidError
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.services import Services


def register(app: Dash, services: Services) -> None:
    """Register everything that happens on the page."""

    @app.callback(
        Output(ids.ANSWER, "children"),
        Output(ids.STANDING, "children"),
        Input(ids.ASK, "n_clicks"),
        Input(ids.PLACE, "n_submit"),
        State(ids.PLACE, "value"),
    )
    async def show(clicks: int | None, enters: int | None, typed: str | None) -> tuple[Any, Any]:
        if not (clicks or enters or typed):
            return no_update, no_update
        try:
            async with services.acting() as act:
                return answered(await ask(act, typed or "")), []
        except InvalidError as error:
            return [], refused(str(error))
        except DashboardError as error:
            return no_update, marks.not_read(error, datetime.now(UTC))

    app.clientside_callback(
        ClientsideFunction("lists", "mount"), Output(ids.MOUNTED, "data"), Input(ids.PAGE, "id")
    )
