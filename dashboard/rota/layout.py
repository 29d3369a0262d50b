"""The on-call page: who to ring now, who is next, and where cover is short."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dash import dcc, html

from sightline.dashboard.ages import LOCAL, clock, day_clock, hours_words
from sightline.dashboard.errors import DashboardError
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.rota import ids
from sightline.dashboard.rota.cover import Gap, Shift
from sightline.dashboard.rota.on_call import OnCall, warning
from sightline.dashboard.rota.view import View
from sightline.dashboard.rota.week import Lane, Missing, Stretch, Week

SAFETY_NET_MS = 30_000


def layout(**_: str) -> html.Main:
    """The frame of the page; holds no data."""
    return html.Main(
        [
            dcc.Store(id=ids.NEWS, data=0),
            dcc.Store(id=ids.MOUNTED),
            dcc.Interval(id=ids.SAFETY_NET, interval=SAFETY_NET_MS),
            html.H1("On call", className="unseen"),
            html.Div(id=ids.STANDING, role="status", className="page-standing"),
            html.Section(marks.reading("who is on call"), id=ids.NOW, className="rota-now panel"),
            html.Section(marks.reading("the cover"), id=ids.GAPS, className="rota-gaps panel"),
            html.Section(
                marks.reading("the week"), id=ids.WEEK, className="rota-week panel", tabIndex=0
            ),
        ],
        id=ids.PAGE,
        className="rota board",
    )


def drawn(view: View) -> dict[str, Any]:
    """Every part of the page at one moment."""
    return {
        "standing": [],
        "now": _now(view),
        "gaps": _gaps(view),
        "week": _week(view.week, view.now),
    }


def not_read(error: DashboardError, now: datetime, unchanged: Any) -> dict[str, Any]:
    """The page when it could not be read: says so, and leaves what stood there."""
    parts = dict.fromkeys(("now", "gaps", "week"), unchanged)
    return parts | {"standing": marks.not_read(error, now)}


def _now(view: View) -> list[Any]:
    parts: list[Any] = [
        html.H2(["On call now", html.Span(str(len(view.people)), className="count")])
    ]
    if view.short:
        parts.append(marks.notice("warn", f"Cover is short: {view.short.words}."))
    parts += [
        marks.notice("warn", f"The training of {shift.name} has lapsed: no cover.")
        for shift in view.lapsed
    ]
    if view.people:
        parts.append(html.Ul([person(p, view.now) for p in view.people], className="people"))
    else:
        parts.append(html.P("Nobody is on call now.", className="empty"))
    return parts + _following(view)


def _following(view: View) -> list[Any]:
    if not view.following:
        return [html.P("No later shift is planned in these days.", className="empty")]
    start = view.following[0].start
    return [
        html.H2(f"From {day_clock(start, view.now)}"),
        html.Ul([html.Li(_planned(shift)) for shift in view.following], className="following"),
    ]


def _planned(shift: Shift) -> list[Any]:
    parts: list[Any] = [
        html.Span(shift.name),
        *negco_mark(shift.capacity),
    ]
    if shift.kidnap_trained:
        parts.append(_kidnap())
    return parts


def negco_mark(capacity: str) -> list[html.Span]:
    """Marks a NegCo; a negotiator is what anybody else on these lists is."""
    if capacity != "negco":
        return []
    return [marks.tag("NegCo", "tag-negco", "Negotiation coordinator")]


def _kidnap() -> html.Span:
    return marks.tag("Kidnap", "tag-skill", "Trained for kidnap and extortion")


def _gaps(view: View) -> list[Any]:
    wanted = view.minimum
    said = (
        f"Wanted at every hour: {wanted.negotiators} negotiators and {wanted.negcos} NegCo,"
        " one of them trained for kidnap and extortion."
    )
    heading = html.H2(
        ["Gaps in the next 7 days", html.Span(str(len(view.gaps)), className="count")]
    )
    if not view.gaps:
        return [heading, html.P(f"No gap. {said}", className="empty")]
    return [
        heading,
        html.Ul([_gap(gap, view.now) for gap in view.gaps], className="gaps"),
        html.P(said, className="empty"),
    ]


def _gap(gap: Gap, now: datetime) -> html.Li:
    return html.Li(marks.notice("warn", gap.words(now)))


def _week(week: Week, now: datetime) -> list[Any]:
    return [
        html.H2("The week"),
        html.Div(
            [
                html.Div(
                    [
                        html.Span(className="lane-name"),
                        html.Div(_days(week), className="lane-track"),
                    ],
                    className="lane lane-days",
                ),
                html.Div(
                    [
                        html.Span("Cover", className="lane-name"),
                        html.Ol(
                            [_missing(missing, now) for missing in week.missing] + [_line(week)],
                            className="lane-track is-cover",
                        ),
                    ],
                    className="lane",
                ),
                *(_lane(lane, week) for lane in week.lanes),
            ],
            className="lanes",
        ),
    ]


def _placed(stretch: Stretch) -> dict[str, str]:
    return {"left": f"{stretch.left:.4%}", "width": f"{stretch.width:.4%}"}


def _days(week: Week) -> list[html.Span]:
    return [
        html.Span(
            f"{day.start.astimezone(LOCAL):%a} {day.start.astimezone(LOCAL).day}",
            className="lane-day",
            style={"left": f"{day.left:.4%}", "width": f"{day.width:.4%}"},
        )
        for day in week.days
    ]


def _line(week: Week) -> html.Li:
    """Where now is."""
    return html.Li(
        className="lane-now", style={"left": f"{week.now:.4%}"}, **{"aria-hidden": "true"}
    )


def _missing(missing: Missing, now: datetime) -> html.Li:
    return html.Li(
        html.Span(missing.gap.words(now), className="unseen"),
        title=missing.gap.words(now),
        className="bar is-missing",
        style=_placed(missing.stretch),
    )


def _lane(lane: Lane, week: Week) -> html.Div:
    return html.Div(
        [
            html.Span(
                [
                    lane.name,
                    *negco_mark(lane.capacity),
                    *([_kidnap()] if lane.kidnap_trained else []),
                ],
                className="lane-name",
            ),
            html.Ol(
                [_bar(stretch, lane) for stretch in lane.shifts] + [_line(week)],
                className="lane-track",
            ),
        ],
        className="lane",
    )


def _bar(stretch: Stretch, lane: Lane) -> html.Li:
    in_full = f"{lane.name}, {_day(stretch.begins)} to {_day(stretch.ends)}"
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return html.Li(
        [html.Span(in_full, className="unseen"), html.Span(bar_words(stretch), **hidden)],
        title=in_full,
        className=f"bar is-{lane.capacity}",
        style=_placed(stretch),
    )


def bar_words(stretch: Stretch) -> str:
    """From when to when a shift really is; with the days where it is more than one, and their dates where it is a week."""
    first, last = stretch.begins.astimezone(LOCAL), stretch.ends.astimezone(LOCAL)
    if first.date() == last.date():
        return f"{clock(first)}–{clock(last)}"
    if last.date() - first.date() < timedelta(days=7):
        return f"{first:%a %H:%M} – {last:%a %H:%M}"
    return f"{first:%a} {first.day}, {first:%H:%M} – {last:%a} {last.day}, {last:%H:%M}"


def _day(moment: datetime) -> str:
    """Local day and time in full, for the hover: ``Saturday 21 November 08:00``."""
    local = moment.astimezone(LOCAL)
    return f"{local:%A} {local.day} {local:%B %H:%M}"


def person(on_call: OnCall, now: datetime) -> html.Li:
    """One person on call."""
    skills = [marks.tag(language) for language in on_call.languages]
    if on_call.kidnap_trained:
        skills.insert(0, _kidnap())
    return html.Li(
        [
            html.Div(
                [
                    html.Strong(on_call.name),
                    *negco_mark(on_call.capacity),
                    marks.ring(on_call.phone),
                ],
                className="person-top",
            ),
            html.Div(
                [
                    *skills,
                    html.Span(f"until {day_clock(on_call.until, now)}"),
                    *_worked(on_call, now),
                ],
                className="person-rest",
            ),
            *_against(on_call, now),
        ],
        className="person",
    )


def _worked(on_call: OnCall, now: datetime) -> list[html.Span]:
    said = f"call-outs: {on_call.call_outs_7} in 7 days, {on_call.call_outs_28} in 28"
    if on_call.out:
        return [html.Span(said)]
    if on_call.last_call_out is None:
        return [html.Span("no call-out yet")]
    if warning(on_call, now):
        return [html.Span(said)]
    return [html.Span(said), html.Span(f"last {hours_words(now - on_call.last_call_out)} ago")]


def _against(on_call: OnCall, now: datetime) -> list[html.Div]:
    """What speaks against sending them, in words."""
    if on_call.out:
        return [html.Div("Out with a deployment", className="standing is-out")]
    against = warning(on_call, now)
    return [html.Div(f"▲ {against}", className="used-up")] if against else []
