"""Administration as a page."""

from __future__ import annotations

from sightline.dashboard.admin.callbacks import register
from sightline.dashboard.admin.layout import layout
from sightline.dashboard.page import AppPage

ADMIN = AppPage(
    path="/admin",
    name="Administration",
    capability="admin.manage",
    layout=layout,
    register=register,
    module="lists",
    styles=("/static/parts.css", "/static/lists.css"),
)
