"""The queue of requests, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from sightline.dashboard.marks import layout as marks
from sightline.dashboard.triage.queue.waiting import SETTLED, TO_DECIDE, Waiting, groups


def queue(waiting: Sequence[Waiting], selected: int | None, now: datetime) -> list[Any]:
    """All requests by what is outstanding, or why there are none."""
    if not waiting:
        return [
            html.P(
                "No request for negotiators is open, and none was settled in the last 24 hours."
                " New ones appear here by themselves.",
                className="empty",
            )
        ]
    return [
        html.Section(
            [
                html.H2([group.heading, html.Span(str(len(group.waiting)), className="count")]),
                html.Ul([html.Li(_row(w, w.id == selected, now)) for w in group.waiting]),
            ],
            className="queue-group",
        )
        for group in groups(waiting)
    ]


def _row(waiting: Waiting, selected: bool, now: datetime) -> html.A:
    settled = waiting.state in SETTLED
    since = waiting.updated_time if settled else waiting.requested_time
    current: dict[str, Any] = {"aria-current": "true"} if selected else {}
    marked: dict[str, Any] = {"data-deployment": str(waiting.id)}
    return html.A(
        [
            html.Span(
                [
                    marks.grade(waiting.grade, waiting.grade_name),
                    *_tags(waiting),
                    marks.age(since, now, bare=not settled),
                ],
                className="request-top",
            ),
            html.Span(waiting.title, className="request-title"),
            html.Span(_standing(waiting), className="request-state"),
        ],
        href=f"/triage?deployment={waiting.id}",
        className="request is-settled" if settled else "request",
        **marked,
        **current,
    )


def _tags(waiting: Waiting) -> list[html.Span]:
    found = []
    if waiting.restricted:
        found.append(marks.tag("Restricted", "tag-restricted"))
    if waiting.exercise:
        found.append(marks.tag("Exercise", "tag-exercise"))
    return found


def _standing(waiting: Waiting) -> str:
    if waiting.state in TO_DECIDE and waiting.recommended:
        return f"{waiting.state_name} · NegCo recommends: {waiting.recommended.lower()}"
    if waiting.state in TO_DECIDE:
        return f"{waiting.state_name} · asked by {waiting.requested_role}"
    return waiting.state_name
