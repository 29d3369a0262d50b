"""The live map as a page."""

from __future__ import annotations

from sightline.dashboard.live_map.callbacks import register
from sightline.dashboard.live_map.layout import layout
from sightline.dashboard.page import AppPage

LIVE_MAP = AppPage(
    path="/map",
    name="Live map",
    capability="map.view",
    layout=layout,
    register=register,
    keeps_address=True,
    module="live_map",
    styles=(
        "/static/live_map.css",
        "/static/live_map_strip.css",
        "/static/live_map_replay.css",
        "/static/live_map_print.css",
        "/static/live_map_list.css",
        "/static/live_map_map.css",
        "/static/live_map_card.css",
        "/static/live_map_narrow.css",
    ),
)
