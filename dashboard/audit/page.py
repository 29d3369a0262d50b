"""Audit as a page."""

from __future__ import annotations

from sightline.dashboard.audit.callbacks import register
from sightline.dashboard.audit.layout import layout
from sightline.dashboard.page import AppPage

AUDIT = AppPage(
    path="/audit",
    name="Audit",
    capability="audit.read",
    layout=layout,
    register=register,
    module="lists",
    styles=("/static/parts.css", "/static/lists.css"),
)
