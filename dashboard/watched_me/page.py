"""*Who watched me* as a page."""

from __future__ import annotations

from sightline.dashboard.page import AppPage
from sightline.dashboard.watched_me.callbacks import register
from sightline.dashboard.watched_me.layout import layout

WATCHED_ME = AppPage(
    path="/watched-me",
    name="Who watched me",
    capability="audit.watched_me",
    layout=layout,
    register=register,
    module="lists",
    styles=("/static/parts.css", "/static/lists.css"),
)
