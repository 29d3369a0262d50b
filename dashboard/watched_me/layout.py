"""The page *Who watched me*."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.ages import clock, day_name
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.watched_me import ids
from sightline.dashboard.watched_me.view import PERIODS, Watched

_HEADS = ("When", "What", "By", "Why", "Camera", "For")


def layout(**_: str) -> html.Main:
    """The frame of the page; holds no data."""
    return html.Main(
        [
            dcc.Store(id=ids.MOUNTED),
            html.Div(id=ids.STANDING, role="status", className="page-standing"),
            html.Section(
                [
                    html.H1("Who watched my camera"),
                    html.P(
                        "Every time somebody opened your camera's live picture or looked at where you"
                        " had been. What a restricted incident was the reason for is not listed here.",
                        className="page-says",
                    ),
                    dmc.SegmentedControl(
                        id=ids.PERIOD,
                        data=[{"value": days, "label": name} for days, name in PERIODS.items()],
                        value="31",
                        **{"aria-label": "Time shown"},
                    ),
                    html.Div(marks.reading("who watched"), id=ids.FOUND, className="table-frame"),
                ],
                className="panel page-list",
            ),
        ],
        id=ids.PAGE,
        className="list-page board",
    )


def found(rows: Sequence[Watched], days: str, now: datetime) -> html.Table | html.P:
    """The list, or that nobody looked."""
    if not rows:
        return html.P(
            f"Nobody has watched your camera or looked at its track in the last {PERIODS[days].lower()}.",
            className="empty",
        )
    return html.Table(
        [
            html.Thead(html.Tr([html.Th(head, scope="col") for head in _HEADS])),
            html.Tbody([html.Tr([html.Td(cell) for cell in _cells(row, now)]) for row in rows]),
        ],
        className="plain-table",
    )


def _cells(row: Watched, now: datetime) -> list[Any]:
    when = [f"{day_name(row.at, now)} {clock(row.at)}, ", marks.age(row.at, now)]
    return [when, row.what, row.by, row.why, row.camera, row.lasted]
