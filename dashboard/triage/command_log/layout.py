"""The command log as a timeline, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from sightline.dashboard.marks import layout as marks
from sightline.dashboard.triage.command_log.timeline import KIND_NAMES, Line, who


def log(lines: Sequence[Line], now: datetime, *, may_write: bool) -> html.Ol | html.P:
    """The timeline, newest first, or that there is nothing yet."""
    if not lines:
        return html.P("Nothing has been written to this log yet.", className="empty")
    return html.Ol([_line(line, now, may_write) for line in lines], className="timeline")


def _line(line: Line, now: datetime, may_write: bool) -> html.Li:
    entry = line.entry
    return html.Li(
        [
            html.Span([marks.at(entry.at), marks.age(entry.at, now)], className="entry-time"),
            html.Div(
                [
                    html.Span(
                        [
                            html.Span(KIND_NAMES[entry.kind], className="entry-kind"),
                            html.Span(entry.role, className="entry-role"),
                            html.Span(_author(line), className="entry-author"),
                        ],
                        className="entry-head",
                    ),
                    html.Span(entry.text, className="entry-text"),
                    *_answer(line, may_write),
                ],
                className="entry-body",
            ),
        ],
        className=f"entry entry-{entry.kind}" + (" is-open" if line.open else ""),
    )


def _author(line: Line) -> str:
    entry = line.entry
    if entry.acknowledged_by:
        return f"{entry.acknowledged_by}, by radio; logged by {entry.author}"
    return entry.author


def _answer(line: Line, may_write: bool) -> list[Any]:
    if line.understood:
        said = ", ".join(who(understood) for understood in line.understood)
        return [html.Span(f"✓ Understood: {said}", className="understood")]
    if line.open and may_write:
        marked: dict[str, Any] = {
            "data-entry": str(line.entry.id),
            "aria-label": f"Acknowledge: {line.entry.text[:80]}",
        }
        return [
            html.Button(
                "Acknowledge…",
                type="button",
                className="button button-small entry-answer",
                **marked,
            )
        ]
    if line.open:
        return [html.Span("Not acknowledged yet", className="not-understood")]
    return []
