"""Header, page, dock of streams: what stays while pages come and go. Holds no data."""

from __future__ import annotations

import json
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.access.acting import User
from sightline.dashboard.ages import LOCAL
from sightline.dashboard.shell import ids
from sightline.dashboard.shell.stream_dialog import stream_dialog

COUNTS_EVERY_MS = 20_000

MANTINE_THEME: dict[str, Any] = {
    "primaryColor": "blue",
    "primaryShade": {"light": 8, "dark": 5},
    "autoContrast": True,
    "luminanceThreshold": 0.32,
    "fontFamily": "var(--font)",
    "fontSizes": {"xs": "12px", "sm": "13px", "md": "14px", "lg": "16px", "xl": "18px"},
    "defaultRadius": "6px",
    "cursorType": "pointer",
    "respectReducedMotion": True,
}
"""Mantine's controls in the look of the rest; colours come from ``tokens.css``."""


def shell(user: User | None, force_name: str, *, pages: dict[str, str]) -> dmc.MantineProvider:
    """The frame for a user.

    Args:
        user: who asks, None before anybody has.
        force_name: for the header.
        pages: path → name of the pages that the user may see.
    """
    facts: dict[str, Any] = {
        "data-facts": json.dumps(
            {
                "role": user.role if user else "",
                "username": user.username if user else "",
                "capabilities": user.capabilities if user else {},
                "pages": list(pages),
                "zone": LOCAL.key,
            }
        )
    }
    return dmc.MantineProvider(
        html.Div(
            [
                dcc.Location(id=ids.LOCATION, refresh=False),
                dcc.Store(id=ids.NEWS, data=0),
                dcc.Store(id=ids.PAGE_SHOWN),
                dcc.Store(id=ids.MOUNTED),
                dcc.Interval(id=ids.COUNTS_TICK, interval=COUNTS_EVERY_MS),
                html.A("Skip to the page", href=f"#{ids.PAGE}", className="skip"),
                _header(user, force_name),
                html.Div(id=ids.BANNER, role="alert", className="banner", hidden=True),
                html.Section(
                    id=ids.ALERTS, className="alerts", hidden=True, **{"aria-label": "Alerts"}
                ),
                html.Section(
                    id=ids.RECORDING_NOTICES,
                    className="alerts",
                    hidden=True,
                    **{"aria-label": "Told when it records"},
                ),
                html.Div(id=ids.PAGE, className="page", tabIndex=-1),
                html.Section(
                    id=ids.DOCK,
                    className="dock",
                    hidden=True,
                    **{"aria-label": "Open streams"},
                ),
                html.Div(id=ids.ANNOUNCER, className="unseen", **{"aria-live": "polite"}),
                stream_dialog(),
            ],
            id=ids.SHELL,
            className="shell",
            **facts,
        ),
        id=ids.THEME,
        theme=MANTINE_THEME,
        forceColorScheme="dark",
    )


def _header(user: User | None, force_name: str) -> html.Header:
    return html.Header(
        [
            html.Div(
                [
                    html.Img(src="/static/mark.svg", alt="", className="brand-mark"),
                    html.Span("Sightline", className="brand-name"),
                    html.Span(
                        force_name, className="brand-force", hidden=force_name == "Sightline"
                    ),
                ],
                className="brand",
            ),
            html.Button(
                [
                    html.Span(className="menu-bars", **{"aria-hidden": "true"}),
                    html.Span("Menu: ", className="unseen"),
                    html.Span("Pages", className="menu-page"),
                ],
                id=ids.MENU,
                className="menu-button",
                type="button",
                **{"aria-expanded": "false", "aria-controls": ids.NAVIGATION},
            ),
            html.Nav(id=ids.NAVIGATION, className="navigation", **{"aria-label": "Pages"}),
            html.Div(
                [
                    html.Span(className="health-shape", **{"aria-hidden": "true"}),
                    html.Span("Connecting…", id=ids.HEALTH_WORDS),
                ],
                id=ids.HEALTH,
                className="health",
                role="status",
                **{"data-state": "waiting"},
            ),
            html.Time(id=ids.CLOCK, className="clock"),
            html.Button(
                user.label if user else "",
                id=ids.POST,
                className="who",
                type="button",
                disabled=True,  # until the role turns out to have posts
                **{"data-role": user.role_name if user else ""},
            ),
            html.Button(
                html.Span("Light theme", className="unseen"),
                id=ids.THEME_SWITCH,
                className="icon-button theme-switch",
                title="Light theme",
                type="button",
            ),
            html.Button("Sign out", id=ids.SIGN_OUT, className="quiet-button", type="button"),
        ],
        id=ids.HEADER,
        className="header",
    )


def navigation(
    pages: dict[str, str], counts: dict[str, int | None], shown: str
) -> list[html.Div | dcc.Link]:
    """Links to the pages, with their counts.

    Args:
        pages: path → name.
        counts: path → number beside the name; None: not known now.
        shown: path of the page that is shown.
    """
    links = []
    for path, name in pages.items():
        label: list[Any] = [name]
        if path in counts:
            count = counts[path]
            words = "–" if count is None else str(count)
            label.append(
                html.Span(words, className="count", **{"data-none": str(count == 0).lower()})
            )
        current = {"data-current": "true"} if path == shown else {}
        links.append(
            html.Div(
                dcc.Link(label, href=path, className="page-link"), className="page-item", **current
            )
        )
    return links


def no_page(role_name: str) -> html.Main:
    """For a role that has no page here."""
    return html.Main(
        [
            html.H1("No page for this role"),
            html.P(f"The role {role_name} has no page in this version of Sightline."),
        ],
        className="message-page",
    )


def unknown_page(path: str) -> html.Main:
    """For an address that leads nowhere."""
    return html.Main(
        [
            html.H1("There is no such page"),
            html.P(
                f"Nothing is at {path}, or it is not for your role. The pages you may see are above."
            ),
        ],
        className="message-page",
    )
