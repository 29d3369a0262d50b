"""The administrator's page: what runs, and the lists of users, cameras and bridges."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.admin import ids
from sightline.dashboard.admin.view import LISTS
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.supervisor.status import Status

TICK_MS = 15_000

COLUMNS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {"field": "username", "headerName": "User name", "width": 150},
        {"field": "display_name", "headerName": "Name", "flex": 1},
        {"field": "role", "headerName": "Role", "width": 140},
        {"field": "officer", "headerName": "Shoulder no.", "width": 120},
        {"field": "sessions", "headerName": "Signed in", "width": 100},
        {"field": "last_seen_time", "headerName": "Last seen", "width": 150},
        {"field": "created_time", "headerName": "Made", "width": 150},
        {"field": "disabled_time", "headerName": "Disabled", "width": 150},
    ],
    "cameras": [
        {"field": "camera", "headerName": "Camera", "width": 150},
        {"field": "kind", "headerName": "Kind", "width": 110},
        {"field": "officer", "headerName": "Worn by", "flex": 1},
        {"field": "call_sign", "headerName": "Call sign", "width": 100},
        {"field": "unit", "headerName": "Unit", "width": 160},
        {"field": "seen_time", "headerName": "Last heard", "width": 150},
        {"field": "model", "headerName": "Model", "width": 130},
        {"field": "firmware", "headerName": "Firmware", "width": 110},
        {"field": "has_token", "headerName": "Token", "width": 80},
        {"field": "disabled_time", "headerName": "Disabled", "width": 150},
    ],
    "bridges": [
        {"field": "name", "headerName": "Bridge", "flex": 1},
        {"field": "created_time", "headerName": "Made", "width": 150},
        {"field": "disabled_time", "headerName": "Disabled", "width": 150},
    ],
}


def layout(**_: str) -> html.Main:
    """The frame of the page; holds no data."""
    return html.Main(
        [
            dcc.Store(id=ids.MOUNTED),
            dcc.Interval(id=ids.TICK, interval=TICK_MS),
            html.Div(id=ids.STANDING, role="status", className="page-standing"),
            html.Section(
                [
                    html.H1("Administration"),
                    html.Div(marks.reading("what runs"), id=ids.PARTS, className="parts"),
                    html.Div(
                        [
                            dmc.SegmentedControl(
                                id=ids.WHICH,
                                data=[{"value": c, "label": name} for c, name in LISTS.items()],
                                value="users",
                                **{"aria-label": "List"},
                            ),
                            html.Span(id=ids.COUNT, role="status"),
                        ],
                        className="rows-head",
                    ),
                    marks.table(
                        ids.ROWS,
                        COLUMNS["users"],
                        row_id="params.data.username || params.data.camera || params.data.name",
                    ),
                    html.P(
                        "Read only. Users, cameras and bridges are made, changed and disabled with the"
                        " commands user, camera and bridge.",
                        className="empty",
                    ),
                ],
                className="panel page-list is-full",
            ),
        ],
        id=ids.PAGE,
        className="list-page board",
    )


def parts(status: Status) -> list[Any]:
    """What runs, and what is wrong."""
    shown: list[Any] = [
        html.Ul(
            [
                _part("database", ready=status.database == "ok", words=status.database),
                *(
                    _part(part.name, ready=part.ready, words="ready" if part.ready else "not ready")
                    for part in status.parts
                ),
            ],
            className="part-list",
        )
    ]
    return shown + [marks.notice("warn", problem) for problem in status.problems]


def _part(name: str, *, ready: bool, words: str) -> html.Li:
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return html.Li(
        [
            html.Span("●" if ready else "■", className="part-shape", **hidden),
            html.Strong(name),
            html.Span(words),
        ],
        className="part is-ready" if ready else "part is-down",
    )
