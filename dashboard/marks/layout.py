"""Small marks that several pages share: ages that tick, grades with a shape, numbers to ring.

Every mark that has a colour says the same in words or by its shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dash_ag_grid as dag
from dash import html

from sightline.dashboard.ages import age_words, ago, clock, clock_seconds, spelled
from sightline.dashboard.errors import DashboardError, DatabaseAwayError, NotSignedInError

_GRADE_SHAPES = {"immediate": "◆", "priority": "▲", "standard": "●"}


def age(moment: datetime, now: datetime, *, bare: bool = False, class_name: str = "") -> html.Time:
    """An age that ticks in the browser; hovering shows the time in full.

    Args:
        moment: since when.
        now: at which this is drawn.
        bare: ``4 min`` instead of ``4 min ago``.
        class_name: further CSS classes.
    """
    seconds = (now - moment).total_seconds()
    given: dict[str, Any] = {"data-age": "bare" if bare else "ago"}
    return html.Time(
        age_words(seconds) if bare else ago(seconds),
        dateTime=moment.isoformat(),
        title=spelled(moment),
        className=f"age {class_name}".strip(),
        **given,
    )


def at(moment: datetime) -> html.Time:
    """A local time of day; hovering shows it in full."""
    return html.Time(
        clock(moment), dateTime=moment.isoformat(), title=spelled(moment), className="at"
    )


def grade(code: str, name: str) -> html.Span:
    """A grade: shape, colour and word."""
    shape = html.Span(_GRADE_SHAPES.get(code, "●"), className="grade-shape", **_HIDDEN)
    return html.Span([shape, name], className=f"grade grade-{code}")


def ring(phone: str) -> html.A | html.Span:
    """A number to ring."""
    if not phone:
        return html.Span("no number", className="unsaid")
    return html.A(phone, href=f"tel:{phone.replace(' ', '')}", className="ring")


def tag(text: str, kind: str = "", title: str | None = None) -> html.Span:
    """A short word in a frame."""
    return html.Span(text, className=f"tag {kind}".strip(), title=title)


def notice(kind: str, children: Any, *, role: str | None = None) -> html.Div:
    """A sentence that must be seen: ``bad``, ``warn`` or ``info``, with a shape of its own."""
    shape = {"bad": "■", "warn": "▲", "info": "●"}[kind]
    return html.Div(
        [html.Span(shape, className="notice-shape", **_HIDDEN), html.Div(children)],
        className=f"notice notice-{kind}",
        role=role,
    )


_AWAY = (
    "What you see below may have changed since. Nothing can be decided here until it answers;"
    " Sightline tries again by itself. Use the radio and the telephone."
)


def not_read(error: DashboardError, now: datetime) -> html.Div:
    """Why a page could not be read: what has happened, what is still true, and what to do."""
    if isinstance(error, DatabaseAwayError):
        return notice(
            "bad", [html.Strong(f"{clock_seconds(now)}: the database does not answer. "), _AWAY]
        )
    if isinstance(error, NotSignedInError):
        return notice("bad", [f"{error} ", html.A("Sign in", href="/sign-in")])
    return notice("warn", str(error))


def reading(what: str) -> html.Div:
    """What stands in a part of a page until it has been read."""
    return html.Div(
        [html.Span(f"Reading {what}…", className="unseen"), *(html.Span() for _ in range(3))],
        className="skeleton",
    )


def table(component_id: str, columns: Sequence[dict[str, Any]], *, row_id: str) -> dag.AgGrid:
    """An empty table for long lists, in the look of the rest.

    Args:
        component_id: its id; rows go into ``rowData``.
        columns: as AG Grid's ``columnDefs``.
        row_id: JavaScript expression of a row's key.
    """
    return dag.AgGrid(
        id=component_id,
        columnDefs=list(columns),
        defaultColDef={"resizable": True, "sortable": True},
        rowData=[],
        getRowId=f"{row_id} + ''",  # the grid wants text, and keys of the database are numbers
        dashGridOptions={
            "theme": {"function": _GRID_THEME},
            "animateRows": False,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "tooltipShowDelay": 300,
            "rowHeight": 30,
            "headerHeight": 32,
            "suppressNoRowsOverlay": True,  # why a table is empty, its page says in a sentence
        },
        className="grid",
        style={"height": "100%"},
    )


_GRID_THEME = (
    "themeQuartz.withParams({backgroundColor: 'var(--panel)', foregroundColor: 'var(--ink)',"
    " headerBackgroundColor: 'var(--raised)', headerTextColor: 'var(--ink-2)',"
    " borderColor: 'var(--line)', accentColor: 'var(--accent)', fontFamily: 'inherit',"
    " fontSize: 13, headerFontSize: 12, wrapperBorderRadius: 6, spacing: 6})"
)

_HIDDEN: dict[str, Any] = {"aria-hidden": "true"}
