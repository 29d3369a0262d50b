"""The callbacks of the on-call page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, no_update

from sightline.dashboard.errors import DashboardError
from sightline.dashboard.rota import ids
from sightline.dashboard.rota.layout import drawn, not_read
from sightline.dashboard.rota.view import read_view
from sightline.dashboard.services import Services


def register(app: Dash, services: Services) -> None:
    """Register everything that happens on the page."""

    @app.callback(
        output={
            "standing": Output(ids.STANDING, "children"),
            "now": Output(ids.NOW, "children"),
            "gaps": Output(ids.GAPS, "children"),
            "week": Output(ids.WEEK, "children"),
        },
        inputs=[Input(ids.NEWS, "data"), Input(ids.SAFETY_NET, "n_intervals")],
    )
    async def show(_news: Any, _ticks: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        try:
            async with services.acting() as act:
                return drawn(await read_view(act, now))
        except DashboardError as error:
            return not_read(error, now, no_update)

    app.clientside_callback(
        ClientsideFunction("rota", "mount"), Output(ids.MOUNTED, "data"), Input(ids.PAGE, "id")
    )
