"""The triage page: its frame, and everything drawn into it.

The frame holds no data, so that it stands even when the database does not answer; `drawn` and
`not_read` say what goes into each part.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html, no_update

from sightline.dashboard.errors import DashboardError
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.operations.fields import id_from
from sightline.dashboard.triage import ids
from sightline.dashboard.triage.command_log import layout as log_layout
from sightline.dashboard.triage.command_log.timeline import KIND_NAMES
from sightline.dashboard.triage.decision import layout as decision_layout
from sightline.dashboard.triage.incident import layout as incident_layout
from sightline.dashboard.triage.queue import layout as queue_layout
from sightline.dashboard.triage.request.layout import request_dialog
from sightline.dashboard.triage.team import layout as team_layout
from sightline.dashboard.triage.view import Opened, View

SAFETY_NET_MS = 15_000
"""How often the page reads anew though it heard of nothing: news can be lost, or not reach a role."""

PARTS = (
    "standing", "queue", "head", "asked", "cameras", "decision", "team", "log", "scene",
    "write", "kinds", "selected", "can_request", "shown",
)  # fmt: skip
"""What `drawn` and `not_read` fill, by name."""


def layout(
    deployment: str | None = None,
    request: str | None = None,
    incident: str | None = None,
    camera: str | None = None,
    **_: str,
) -> html.Div:
    """The frame of the page.

    Args:
        deployment: id of the request to open, from the address.
        request: ``1`` opens the form that asks for negotiators.
        incident: for which incident to ask.
        camera: at which camera the officer who asks stands.
    """
    selected = id_from(deployment)
    asked_from = {"incident": incident, "camera": camera} if request else None
    return html.Div(
        [
            dcc.Store(id=ids.MOUNTED),
            dcc.Store(id=ids.NEWS, data=0),
            dcc.Store(id=ids.SELECTED, data=selected),
            dcc.Store(id=ids.WANTED),
            dcc.Store(id=ids.SENDING),
            dcc.Store(id=ids.SENT),
            dcc.Store(id=ids.SCENE),
            dcc.Store(id=ids.SHOWN),
            dcc.Store(id=ids.WRITTEN),
            dcc.Store(id=ids.WRITE_ANSWERED),
            dcc.Store(id=ids.REQUEST_FROM, data=asked_from),
            dcc.Store(id=ids.REQUEST_DRAFTS),
            dcc.Store(id=ids.REQUEST_SENDING),
            dcc.Store(id=ids.REQUEST_SENT),
            dcc.Interval(id=ids.SAFETY_NET, interval=SAFETY_NET_MS),
            html.Div(id=ids.STANDING, role="status", className="triage-standing"),
            html.Nav(
                [
                    html.Button(
                        "Request negotiators…",
                        id=ids.REQUEST_OPEN,
                        className="button button-plain request-open",
                        hidden=True,
                    ),
                    html.Div(marks.reading("requests"), id=ids.QUEUE),
                ],
                className="triage-queue panel",
                **{"aria-label": "Requests for negotiators"},
            ),
            html.Main(
                [
                    html.H1("Triage", className="unseen"),
                    html.Header(id=ids.HEAD, className="incident-head panel"),
                    html.Section(
                        marks.reading("the request"),
                        id=ids.ASKED,
                        className="incident-asked panel",
                        tabIndex=0,  # it can scroll, so the keyboard must reach it
                        **{"aria-label": "What was asked"},
                    ),
                    html.Section(
                        [
                            html.Div(id=ids.MAP, className="incident-map"),
                            html.Div(id=ids.CAMERAS, className="camera-list-part"),
                        ],
                        className="incident-cameras panel",
                        **{"aria-label": "Cameras near the incident, best stream first"},
                    ),
                    html.Section(
                        [
                            html.H2("Command log"),
                            _write(),
                            html.Div(id=ids.LOG, className="log-lines", tabIndex=0),
                        ],
                        className="incident-log panel",
                    ),
                ],
                className="triage-incident",
            ),
            html.Aside(
                [
                    html.Section(
                        [
                            html.Div(marks.reading("the state"), id=ids.DECISION, tabIndex=-1),
                            html.Div(id=ids.FORM),
                            html.Div(id=ids.FORM_ANSWER, role="alert"),
                        ],
                        className="decision panel",
                        **{"aria-label": "What can happen next"},
                    ),
                    html.Section(
                        html.Div(marks.reading("who is on call"), id=ids.TEAM),
                        className="team panel",
                        **{"aria-label": "Team and on call"},
                    ),
                ],
                className="triage-side",
            ),
            request_dialog(),
        ],
        id=ids.PAGE,
        className="triage board",
    )


def _write() -> html.Div:
    return html.Div(
        [
            dmc.SegmentedControl(
                id=ids.WRITE_KIND,
                data=[],
                value="note",
                size="xs",
                **{"aria-label": "Kind of entry"},
            ),
            dmc.TextInput(
                id=ids.WRITE_TEXT,
                placeholder="Write to the command log, then Enter",
                size="xs",
                className="write-text",
                **{"aria-label": "Text of the entry"},
            ),
            html.Button("Add", id=ids.WRITE_SEND, className="button button-plain button-small"),
            html.Div(id=ids.LOG_ANSWER, role="alert"),
        ],
        id=ids.WRITE,
        className="write",
        hidden=True,
    )


def drawn(view: View) -> dict[str, Any]:
    """Every part of the page at one moment."""
    opened = view.opened
    selected = opened.deployment.id if opened else None
    parts = {
        "standing": [],
        "queue": queue_layout.queue(view.waiting, selected, view.now),
        "selected": selected,
        "can_request": not view.may_request,
        "shown": view.now.isoformat(),
    }
    return parts | (_incident(opened, view) if opened else _nothing_open(missing=view.missing))


def _incident(opened: Opened, view: View) -> dict[str, Any]:
    deployment, now = opened.deployment, view.now
    return {
        "head": incident_layout.head(deployment, opened.steps),
        "asked": incident_layout.asked(deployment, now),
        "cameras": incident_layout.cameras(opened.cameras, deployment.incident, opened.hidden),
        "decision": decision_layout.decision(deployment, opened.actions, now),
        "team": team_layout.team(deployment, opened.on_call, opened.short, now)
        if opened.sees_rota
        else team_layout.sent_only(deployment, now),
        "log": log_layout.log(opened.log, now, may_write=bool(opened.kinds)),
        "scene": incident_layout.scene(opened.cameras, deployment.incident),
        "write": not opened.kinds,
        "kinds": [{"value": kind, "label": KIND_NAMES[kind]} for kind in opened.kinds],
    }


def _nothing_open(*, missing: bool) -> dict[str, Any]:
    words = (
        "There is no such request, or it is not yours to see."
        if missing
        else "No request is open here. Choose one on the left."
    )
    return {
        "head": html.P(words, className="empty"), "asked": [], "cameras": [], "decision": [], "team": [], "log": [],
        "scene": None, "write": True, "kinds": [],
    }  # fmt: skip


def not_read(error: DashboardError, now: datetime, *, shown: bool) -> dict[str, Any]:
    """The page when it could not be read: says so, and leaves what stood there.

    Args:
        error: why not.
        now: the moment.
        shown: whether anything stood there; nothing must not look like an empty queue.
    """
    parts = dict.fromkeys(PARTS, no_update) | {"standing": marks.not_read(error, now)}
    if not shown:
        parts["queue"] = html.P("Not read yet: this is no empty queue.", className="empty")
        parts["head"] = html.P("Nothing could be read yet.", className="empty")
        parts |= {"asked": [], "cameras": [], "team": []}
    return parts
