"""The frame of the live map: list on the left, map in the middle, officer card on the right. Holds no data."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.live_map import ids

RECORDING_CHOICES = [
    {"value": "all", "label": "All"},
    {"value": "recording", "label": "Recording"},
    {"value": "buffering", "label": "Buffering"},
    {"value": "off", "label": "Off"},
]
QUALITY_CHOICES = [
    {"value": "good", "label": "Good: 720p"},
    {"value": "fair", "label": "Fair or better"},
    {"value": "poor", "label": "Poor or better"},
    {"value": "unknown", "label": "Unknown"},
]
HEARD_CHOICES = [
    {"value": "now", "label": "Heard now"},
    {"value": "stale", "label": "Stale"},
]


def layout(**_: str) -> html.Main:
    """The page; what it shows is in its address, which the browser reads."""
    return html.Main(
        [
            dcc.Store(id=ids.MOUNTED),
            html.H1("Live map", className="unseen"),
            html.Section(
                id=ids.INCIDENTS, className="incident-strip", **{"aria-label": "Open incidents"}
            ),
            _views(),
            html.Section(
                [
                    _filters(),
                    html.Div(id=ids.FOUND, className="found", hidden=True),
                    html.Div(id=ids.PLACES, className="found", hidden=True),
                    _list_head(),
                    html.Div(id=ids.LIST, className="camera-list"),
                ],
                className="side side-list",
                **{"aria-label": "Cameras"},
            ),
            html.Section(
                [
                    html.Div(id=ids.MAP, className="map"),
                    html.Div(id=ids.MAP_EMPTY, className="map-empty", hidden=True),
                    html.P(
                        "Drag a rectangle, or click the corners of the area; the first one again, or Enter, closes it."
                        " Backspace takes a corner back, Esc gives up. By keyboard, Space sets a corner at the map's middle.",
                        id=ids.DRAWING,
                        className="map-drawing",
                        role="status",
                        hidden=True,
                    ),
                    html.Div(id=ids.MAP_LEGEND, className="map-legend"),
                ],
                className="map-frame",
                **{"aria-label": "Cameras on the map"},
            ),
            html.Aside(
                id=ids.CARD, className="side side-card", **{"aria-label": "Selected officer"}
            ),
        ],
        id=ids.PAGE,
        className="live-map",
        **{"data-view": "map"},
    )


def _views() -> html.Div:
    """Map or list, where a screen has room for one only."""
    return html.Div(
        [
            html.Button(
                name,
                type="button",
                **{"data-view": view, "aria-pressed": str(view == "map").lower()},
            )
            for view, name in (("map", "Map"), ("list", "List"))
        ],
        id=ids.VIEWS,
        className="view-switch",
        role="group",
        **{"aria-label": "Show"},
    )


def _filters() -> html.Div:
    plain: dict[str, Any] = {"size": "sm", "comboboxProps": {"withinPortal": True}}
    return html.Div(
        [
            dmc.TextInput(
                id=ids.SEARCH, inputProps={"type": "search"}, size="sm", debounce=False,
                placeholder="Number, call sign, unit, incident, place",
                **{"aria-label": "Search by shoulder number, name, call sign, camera, unit, incident, place name or grid reference"},
            ),
            dmc.SegmentedControl(
                id=ids.RECORDING, data=RECORDING_CHOICES, value="all", size="xs", fullWidth=True,
                **{"aria-label": "Recording state"},
            ),
            html.Div(
                [
                    dmc.Select(
                        id=ids.UNIT, data=[], placeholder="Any unit", clearable=True, searchable=True, selectFirstOptionOnChange=True,
                        nothingFoundMessage="No such unit", **plain, **{"aria-label": "Unit"},
                    ),
                    dmc.Select(
                        id=ids.DIVISION, data=[], placeholder="Any area", clearable=True, searchable=True, selectFirstOptionOnChange=True,
                        nothingFoundMessage="The force has no such area", **plain, **{"aria-label": "Area of the force"},
                    ),
                    dmc.Select(
                        id=ids.QUALITY, data=QUALITY_CHOICES, placeholder="Any quality",
                        clearable=True, **plain, **{"aria-label": "Stream quality"},
                    ),
                    dmc.Select(
                        id=ids.HEARD, data=HEARD_CHOICES, placeholder="Any age",
                        clearable=True, **plain, **{"aria-label": "Whether it was heard of of late"},
                    ),
                ],
                className="filter-pair",
            ),
        ],
        className="filters",
        role="search",
    )  # fmt: skip


def _list_head() -> html.Div:
    return html.Div(
        [
            html.Span(id=ids.COUNT, className="list-count", role="status"),
            html.Button("Clear", id=ids.CLEAR, className="link-button", type="button", hidden=True),
            html.Button(
                "In view",
                id=ids.IN_VIEW,
                className="link-button",
                type="button",
                title="Only cameras in the part of the map in view",
                hidden=True,
            ),
            html.Span(id=ids.NEAR, className="list-near"),
            html.Button(
                [
                    html.Span(className="glyph-close", **{"aria-hidden": "true"}),
                    html.Span("Let go of the place", className="unseen"),
                ],
                id=ids.FORGET,
                className="icon-button",
                type="button",
                title="Let go of the place (Esc)",
                hidden=True,
            ),
        ],
        className="list-head",
    )
