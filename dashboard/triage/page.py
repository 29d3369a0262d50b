"""Triage as a page."""

from __future__ import annotations

from sightline.dashboard.page import AppPage
from sightline.dashboard.triage.callbacks import register
from sightline.dashboard.triage.layout import layout
from sightline.dashboard.triage.view import count

TRIAGE = AppPage(
    path="/triage",
    name="Triage",
    capability="incident.read",
    layout=layout,
    register=register,
    count=count,
    keeps_address=True,
    module="triage",
    styles=(
        "/static/parts.css",
        "/static/triage.css",
        "/static/triage_incident.css",
        "/static/triage_cameras.css",
        "/static/triage_log.css",
        "/static/triage_request.css",
        "/static/triage_streams.css",
    ),
)
