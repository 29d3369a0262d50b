"""The coverage page: a typed place, the forecast for it, and the observations behind it."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.coverage import ids
from sightline.dashboard.coverage.view import Answer, observations
from sightline.dashboard.marks import layout as marks

_SHAPES = {"clear": "●", "mixed": "◐", "blackspot": "■", "insufficient": "?"}


def layout(at: str = "", **_: str) -> html.Main:
    """The frame of the page.

    Args:
        at: a place to ask for at once, from the address.
    """
    return html.Main(
        [
            dcc.Store(id=ids.MOUNTED),
            dcc.Store(id=ids.ASKED, data={"place": at} if at else None),
            html.Section(
                [
                    html.H1("Coverage at a place"),
                    html.P(
                        "What a live stream would be like there, from what the force's own cameras"
                        " have measured.",
                        className="page-says",
                    ),
                    html.Div(
                        [
                            dmc.TextInput(
                                id=ids.PLACE,
                                label="Place",
                                description="OS grid reference (TR 148 578) or degrees (51.2724, 0.5223)",
                                value=at,
                                className="ask-place",
                            ),
                            html.Button(
                                "Show the forecast",
                                id=ids.ASK,
                                type="button",
                                className="button button-primary",
                            ),
                        ],
                        className="ask",
                    ),
                    html.Div(id=ids.STANDING, role="alert"),
                    html.Div(id=ids.ANSWER, role="status"),
                ],
                className="panel page-list",
            ),
        ],
        id=ids.PAGE,
        className="list-page board",
    )


def answered(answer: Answer) -> list[Any]:
    """The forecast in words, what it does not say, and the numbers."""
    told = answer.forecast
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return [
        html.H2(answer.reference, className="place-name"),
        html.P(
            [html.Span(_SHAPES[told.verdict], className="verdict-shape", **hidden), told.headline],
            className=f"coverage-verdict is-{told.verdict}",
        ),
        html.P(told.words),
        html.Ul([html.Li(caveat) for caveat in told.caveats], className="caveats"),
        html.H2("The observations behind it"),
        html.Table(
            html.Tbody(
                [
                    html.Tr([html.Th(name, scope="row"), html.Td(value)])
                    for name, value in observations(answer)
                ]
            ),
            className="plain-table is-facts",
        ),
        html.P(
            f"Of the last {answer.days} days, "
            + ("in this cell of about 0.1 km²." if told.where == "here" else "in this cell and the six around it."),
            className="empty",
        ),
    ]  # fmt: skip


def refused(sentence: str) -> html.Div:
    """Why there is no forecast."""
    return marks.notice("warn", sentence)
