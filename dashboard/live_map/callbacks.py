"""The callbacks of the live map. All of them run in the browser: the map is driven by the feed."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output

from sightline.dashboard.live_map import ids
from sightline.dashboard.services import Services


def register(app: Dash, _services: Services) -> None:
    """Register everything that happens on the page."""
    app.clientside_callback(
        ClientsideFunction("live_map", "mount"), Output(ids.MOUNTED, "data"), Input(ids.PAGE, "id")
    )
    app.clientside_callback(
        ClientsideFunction("live_map", "filter"),
        Input(ids.RECORDING, "value"),
        Input(ids.UNIT, "value"),
        Input(ids.QUALITY, "value"),
        Input(ids.DIVISION, "value"),
        Input(ids.HEARD, "value"),
    )
