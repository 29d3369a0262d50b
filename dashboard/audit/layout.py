"""The auditor's page: filters, rows, and whether the chain holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.audit import ids
from sightline.dashboard.audit.chain import Chain, chain_words, count_of, is_late, verdict_words
from sightline.dashboard.audit.view import OUTCOMES, PERIODS
from sightline.dashboard.marks import layout as marks
from sightline.sql.audit import AuditReport

_COLUMNS: list[dict[str, Any]] = [
    {"field": "at", "headerName": "When", "width": 176, "tooltipField": "at_utc", "pinned": "left"},
    {"field": "actor", "headerName": "Who", "width": 100, "tooltipField": "actor"},
    {"field": "role", "headerName": "Role, post", "width": 122, "tooltipField": "role"},
    {"field": "done", "headerName": "Action", "width": 170, "tooltipField": "action"},
    {"field": "object", "headerName": "On", "width": 130, "tooltipField": "object"},
    {
        "field": "outcome",
        "headerName": "Outcome",
        "width": 84,
        "cellClassRules": {"is-refused": "params.value !== 'allowed'"},
    },
    {"field": "purpose", "headerName": "Purpose", "width": 128, "tooltipField": "purpose"},
    {
        "field": "reason",
        "headerName": "Reason",
        "flex": 1,
        "minWidth": 120,
        "tooltipField": "reason",
    },
    {"field": "incident", "headerName": "Incident", "width": 74},
    {"field": "address", "headerName": "From", "width": 92},
    {
        "field": "detail",
        "headerName": "Detail",
        "flex": 1,
        "minWidth": 150,
        "tooltipField": "stored",
    },
]


def layout(**_: str) -> html.Main:
    """The frame of the page; holds no data."""
    return html.Main(
        [
            dcc.Store(id=ids.MOUNTED),
            html.Div(id=ids.STANDING, role="status", className="page-standing"),
            html.Section(
                [
                    html.Div(
                        [
                            html.H1("Audit"),
                            html.Div(marks.reading("the chain"), id=ids.CHAIN, className="chain"),
                            html.Button(
                                "Verify the whole chain",
                                id=ids.VERIFY,
                                type="button",
                                className="button",
                            ),
                        ],
                        className="rows-head",
                    ),
                    html.Div(id=ids.VERDICT, role="status"),
                    _filters(),
                    marks.table(ids.ROWS, _COLUMNS, row_id="params.data.id"),
                    html.Div(
                        [
                            html.Span(id=ids.COUNT, role="status"),
                            html.Button(
                                "Older rows", id=ids.OLDER, type="button", className="button"
                            ),
                        ],
                        className="rows-foot",
                    ),
                ],
                className="panel page-list is-full",
            ),
        ],
        id=ids.PAGE,
        className="list-page board",
    )


def _filters() -> html.Div:
    small: dict[str, Any] = {"size": "xs"}
    return html.Div(
        [
            dmc.Select(
                id=ids.PERIOD, label="Time", value="24", allowDeselect=False, **small,
                data=[{"value": hours, "label": name} for hours, name in PERIODS.items()],
            ),
            dmc.Select(
                id=ids.ACTION, label="Action", data=[], searchable=True, clearable=True,
                placeholder="Any", **small,
            ),
            dmc.Select(
                id=ids.OUTCOME, label="Outcome", clearable=True, placeholder="Any", **small,
                data=[{"value": code, "label": name} for code, name in OUTCOMES.items()],
            ),
            dmc.TextInput(id=ids.ACTOR, label="Who", placeholder="User name", **small),
            dmc.TextInput(id=ids.OBJECT, label="On", placeholder="Camera, number", **small),
            dmc.TextInput(id=ids.INCIDENT, label="Incident", placeholder="Number", **small),
            html.Button(
                "Show", id=ids.SEARCH, type="button", className="button button-primary"
            ),
        ],
        className="list-filters",
        role="search",
    )  # fmt: skip


def chain(found: Chain, now: datetime) -> list[Any]:
    """How far the audit is sealed."""
    parts: list[Any] = [html.Span(chain_words(found, now))]
    if found.signed_time is not None:
        parts.append(html.Span(["Newest head signed ", marks.age(found.signed_time, now), "."]))
    if is_late(found, now):
        parts.append(marks.tag("the sealer does not keep up", "tag-warn"))
    return parts


def verdict(report: AuditReport) -> html.Div:
    """What walking the chain found."""
    return marks.notice("info" if report.holds else "bad", verdict_words(report))


def count_words(number: int, *, more: bool) -> str:
    """How many rows are shown."""
    if not number:
        return "No row fits. Widen the time or clear a filter."
    return count_of(number, "row") + (", older ones follow" if more else "")
