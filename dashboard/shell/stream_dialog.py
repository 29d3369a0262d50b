"""The dialog that asks for purpose, incident and reason before a stream is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.operations.streams import Purpose
from sightline.dashboard.shell import ids

PROVISIONAL: Final = "provisional"
"""Value of the choice that makes a provisional incident."""
OFFICER_SAFETY: Final = "officer_safety"


def stream_dialog() -> dmc.Modal:
    """The closed dialog; who is to be watched and the choices are filled in when it opens."""
    return dmc.Modal(
        html.Div(
            [
                dcc.Store(id=ids.STREAM_FOR),
                html.Div(id=ids.STREAM_WHO, className="stream-who"),
                dmc.Select(
                    id=ids.STREAM_INCIDENT, label="Incident", data=[], searchable=True,
                    allowDeselect=False, withAsterisk=True, nothingFoundMessage="No such open incident",
                    comboboxProps={"withinPortal": True},
                ),
                dmc.Select(
                    id=ids.STREAM_PURPOSE, label="Purpose", data=[], allowDeselect=False,
                    withAsterisk=True, comboboxProps={"withinPortal": True},
                ),
                dmc.Textarea(
                    id=ids.STREAM_REASON, label="Reason",
                    description="In a few words; it is recorded with your name before the picture opens.",
                    withAsterisk=True, autosize=True, minRows=2, maxRows=5,
                    attributes={"input": {"maxLength": 500}},
                    **{"data-autofocus": True},
                ),
                html.Div(id=ids.STREAM_ANSWER, className="form-answer", role="alert"),
                html.Div(
                    [
                        html.Button(
                            "Cancel", id=ids.STREAM_CANCEL, type="button", className="button"
                        ),
                        html.Button(
                            "Open stream", id=ids.STREAM_OPEN, type="button",
                            className="button button-primary",
                        ),
                    ],
                    className="form-buttons",
                ),
            ],
            className="form",
        ),
        id=ids.STREAM_DIALOG,
        title="Open stream",
        opened=False,
        size=480,
        closeButtonProps={"aria-label": "Close"},
        returnFocus=True,
        keepMounted=True,
    )  # fmt: skip


def purpose_choices(purposes: Iterable[Purpose]) -> list[dict[str, str]]:
    """The purposes as choices."""
    return [{"value": purpose.code, "label": purpose.name} for purpose in purposes]


def incident_choices(incidents: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Open incidents as choices, and last the one that makes a provisional incident."""
    found = [
        {"value": str(incident["id"]), "label": incident_label(incident)} for incident in incidents
    ]
    found.append({"value": PROVISIONAL, "label": "New provisional incident – officer safety, now"})
    return found


def incident_label(incident: Mapping[str, Any]) -> str:
    """An incident in a list: its log number, or that it has none yet, and its title."""
    return f"{incident['log_number'] or 'provisional'} · {incident['title']}"


def likely_incident(incidents: Iterable[Mapping[str, Any]], camera: str, wanted: str | None) -> str:
    """The choice to begin with: the one asked for, else the first that the camera is at, else provisional."""
    known = list(incidents)
    if wanted is not None and any(str(incident["id"]) == wanted for incident in known):
        return wanted
    at = [incident for incident in known if camera in incident["cameras"]]
    return str(at[0]["id"]) if at else PROVISIONAL
