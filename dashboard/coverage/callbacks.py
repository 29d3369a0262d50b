"""The callbacks of the coverage page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, no_update

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
        # What the field holds as the browser saw it: Dash would hear of Enter before the last letters.
        Input(ids.ASKED, "data"),
    )
    async def show(asked: dict[str, str] | None) -> tuple[Any, Any]:
        if asked is None:
            return no_update, no_update
        try:
            async with services.acting() as act:
                return answered(await ask(act, asked["place"])), []
        except InvalidError as error:
            return [], refused(str(error))
        except DashboardError as error:
            return no_update, marks.not_read(error, datetime.now(UTC))

    app.clientside_callback(
        ClientsideFunction("lists", "mountPlace"),
        Output(ids.MOUNTED, "data"),
        Input(ids.PAGE, "id"),
    )
