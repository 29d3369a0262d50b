"""Coverage as a page."""

from __future__ import annotations

from sightline.dashboard.coverage.callbacks import register
from sightline.dashboard.coverage.layout import layout
from sightline.dashboard.page import AppPage

COVERAGE = AppPage(
    path="/coverage",
    name="Coverage",
    capability=("coverage.forecast", "coverage.view"),
    layout=layout,
    register=register,
    module="lists",
    styles=("/static/parts.css", "/static/lists.css"),
)
