"""The command log as a timeline, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from sightline.dashboard.ages import clock
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.triage.command_log.timeline import (
    KIND_NAMES,
    Entry,
    Line,
    Spoken,
    Stream,
    Streams,
    folded,
    people_words,
    who,
)

MOST_CAMERAS = 4
"""Cameras that a line about several streams names before it is opened."""


def log(lines: Sequence[Line], now: datetime, *, may_write: bool) -> html.Ol | html.P:
    """The timeline, newest first, or that there is nothing yet."""
    if not lines:
        return html.P("Nothing has been written to this log yet.", className="empty")
    return html.Ol(
        [
            _streams(line, now) if isinstance(line, Streams) else _line(line, now, may_write)
            for line in folded(lines)
        ],
        className="timeline",
    )


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
                    *(html.Span(words, className="entry-people") for words in people_words(entry)),
                    *_sound(entry),
                    *_answer(line, may_write),
                ],
                className="entry-body",
            ),
        ],
        className=f"entry entry-{entry.kind}" + (" is-open" if line.open else ""),
    )


def _sound(entry: Entry) -> list[Any]:
    """What was said, to be heard again; fetched only when somebody plays it, since that is audited."""
    if not entry.spoken:
        return []
    heard = [
        html.Li(
            [
                html.Span(f"{clock(turn.began)}, {_seconds(turn)} s", className="spoken-time"),
                html.Audio(
                    src=turn.address, controls=True, preload="none", title="Hear what was said"
                ),
            ]
        )
        for turn in entry.spoken
    ]
    words = "1 recording" if len(heard) == 1 else f"{len(heard)} recordings"
    marked: dict[str, Any] = {"data-run": f"talk-{entry.id}"}
    return [
        html.Details(
            [html.Summary(f"{words} of what was said"), html.Ul(heard)],
            className="entry-spoken",
            **marked,
        )
    ]


def _seconds(turn: Spoken) -> int:
    return max(1, round((turn.ended - turn.began).total_seconds()))


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


def _streams(run: Streams, now: datetime) -> html.Li:
    """Streams in a row: whose cameras and from when to when; opened, each with who watched and why."""
    newest, oldest = run.entries[0], run.entries[-1]
    marked: dict[str, Any] = {"data-run": str(oldest.id)}
    return html.Li(
        [
            html.Span([marks.at(newest.at), marks.age(newest.at, now)], className="entry-time"),
            html.Details(
                [
                    html.Summary(
                        [
                            html.Span(_heading(run), className="entry-kind"),
                            html.Span(_all_words(run), className="entry-text"),
                        ]
                    ),
                    html.Ul([html.Li(_stream_words(entry)) for entry in run.entries]),
                ],
                className="entry-body",
                **marked,
            ),
        ],
        className="entry entry-stream",
    )


def _heading(run: Streams) -> str:
    return "Stream" if len(run.entries) == 1 else f"{len(run.entries)} streams"


def _all_words(run: Streams) -> str:
    cameras = run.by_camera
    said = [
        f"{whose} {', '.join(_times(stream) for stream in streams)}"
        for whose, streams in cameras[:MOST_CAMERAS]
    ]
    if len(cameras) > MOST_CAMERAS:
        said.append(f"{len(cameras) - MOST_CAMERAS} more")
    return "; ".join(said)


def _times(stream: Stream) -> str:
    """From when to when, ``09:18–09:21``; one that is open has no end yet."""
    if stream.ended is None:
        return f"since {clock(stream.opened)}"
    first, last = clock(stream.opened), clock(stream.ended)
    return first if first == last else f"{first}–{last}"


def _stream_words(entry: Entry) -> str:
    stream = entry.stream
    assert stream is not None  # only such entries are folded
    return (
        f"{_times(stream)} {stream.whose}, {stream.purpose}: {entry.role} {entry.author}"
        f" (camera {stream.camera})"
    )
