"""On call as a page."""

from __future__ import annotations

from sightline.dashboard.page import AppPage
from sightline.dashboard.rota.callbacks import register
from sightline.dashboard.rota.layout import layout

ON_CALL = AppPage(
    path="/on-call",
    name="On call",
    capability=("rota.read", "rota.write"),
    layout=layout,
    register=register,
    module="rota",
    styles=("/static/parts.css", "/static/rota.css"),
)
