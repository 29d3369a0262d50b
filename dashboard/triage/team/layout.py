"""The team, and who is on call: trained in what, how rested, which number to ring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from sightline.dashboard.ages import clock
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.rota.cover import Shortfall
from sightline.dashboard.rota.layout import negco_mark, person
from sightline.dashboard.rota.on_call import OnCall, in_order
from sightline.dashboard.triage.deployment import Deployment, Member

_MEMBER_WORDS = {
    "mobilising": "Getting ready",
    "en_route": "En route",
    "on_scene": "On scene",
    "cancelled": "Cancelled",
    "released": "Released",
}


def team(
    deployment: Deployment, on_call: Sequence[OnCall], short: Shortfall, now: datetime
) -> list[Any]:
    """Who was sent, then who else is on call; what cover lacks stands first."""
    sent = {member.negotiator_id for member in deployment.team}
    others = [p for p in in_order(on_call, now) if p.negotiator_id not in sent]
    parts: list[Any] = []
    if short:
        parts.append(marks.notice("warn", f"Cover: {short.words}."))
    parts += _sent(deployment, now)
    parts.append(
        html.H2([
            "Also on call" if sent else "On call now",
            html.Span(str(len(others)), className="count"),
        ])
    )  # fmt: skip
    if others:
        parts.append(html.Ul([person(p, now) for p in others], className="people"))
    else:
        parts.append(html.P("Nobody else is on call now.", className="empty"))
    return parts


def sent_only(deployment: Deployment, now: datetime) -> list[Any]:
    """Who was sent, for a reader who does not see the rota."""
    return _sent(deployment, now) or [html.P("Nobody has been sent yet.", className="empty")]


def _sent(deployment: Deployment, now: datetime) -> list[Any]:
    if not deployment.members:
        return []
    # The number is of those who are out; of a team that is back or was turned round, how many they were.
    going = len(deployment.team)
    heading, count = ("Sent", going) if going else ("Was sent", len(deployment.members))
    return [
        html.H2([heading, html.Span(str(count), className="count")]),
        html.Ul([_member(member, now) for member in deployment.members], className="people"),
    ]


def _expected(member: Member, now: datetime) -> list[Any]:
    """When somebody who is en route will be there, as they said."""
    if member.state != "en_route" or member.arrival is None:
        return []
    said = f"expected {clock(member.arrival)}"
    over = " ▲ overdue" if member.arrival < now else ""
    return [html.Span(f"{said}{over}", className="member-arrival", title="As they said")]


def _member(member: Member, now: datetime) -> html.Li:
    return html.Li(
        [
            html.Div(
                [
                    html.Strong(member.name),
                    *negco_mark(member.capacity),
                    *([] if member.phone is None else [marks.ring(member.phone)]),
                ],
                className="person-top",
            ),
            html.Div(
                [
                    html.Span(_MEMBER_WORDS[member.state], className=f"standing is-{member.state}"),
                    marks.age(member.since, now, bare=True),
                    *_expected(member, now),
                ],
                className="person-rest",
            ),
        ],
        className="person" if member.going else "person is-gone",
    )
