"""The dialog that asks for purpose, incident and reason before a stream is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from sightline.dashboard.operations.streams import Purpose
from sightline.dashboard.shell import ids


def stream_dialog() -> dmc.Modal:
    """The closed dialog; who is to be watched and the choices are filled in when it opens."""
    return dmc.Modal(
        html.Div(
            [
                dcc.Store(id=ids.STREAM_FOR),
                html.Div(id=ids.STREAM_WHO, className="stream-who"),
                html.Div(
                    [
                        dmc.Select(
                            id=ids.STREAM_INCIDENT, label="Incident", data=[], searchable=True,
                            openOnFocus=False, selectFirstOptionOnChange=True,
                            allowDeselect=False, withAsterisk=True,
                            placeholder="Log number or words of its title",
                            nothingFoundMessage="No such open incident",
                            comboboxProps={"withinPortal": True},
                            # What is typed at once must not reach what the dialog would give the keyboard first.
                            **{"data-autofocus": "true"},
                        ),
                        dmc.Checkbox(
                            id=ids.STREAM_PROVISIONAL, checked=False,
                            label="No incident yet: open now, for officer safety",
                            description="Makes a provisional incident.",
                        ),
                        dmc.Select(
                            id=ids.STREAM_PURPOSE, label="Purpose", data=[], allowDeselect=False,
                            placeholder="Choose", withAsterisk=True, searchable=True, openOnFocus=False,
                            selectFirstOptionOnChange=True, nothingFoundMessage="No such purpose",
                            comboboxProps={"withinPortal": True},
                        ),
                        dmc.Textarea(
                            id=ids.STREAM_REASON, label="Reason",
                            description="In a few words; it is recorded with your name before the picture opens.",
                            withAsterisk=True, autosize=True, minRows=2, maxRows=5,
                            attributes={"input": {"maxLength": 500}},
                        ),
                    ],
                    className="form stream-fields",
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
            id=ids.STREAM_FORM,
            className="form",
        ),
        id=ids.STREAM_DIALOG,
        title="Open stream",
        opened=False,
        size=480,
        closeButtonProps={"aria-label": "Close"},
        returnFocus=True,
        transitionProps={"duration": 0},  # fading costs the time in which the picture could be there
        keepMounted=True,
    )  # fmt: skip


def purpose_choices(purposes: Iterable[Purpose]) -> list[dict[str, str]]:
    """The purposes as choices."""
    return [{"value": purpose.code, "label": purpose.name} for purpose in purposes]


def provisional_words(link_minutes: int) -> str:
    """What opening without an incident does."""
    return (
        "Makes a provisional incident, flagged until it is linked to the real one,"
        f" which must be done within {link_minutes} minutes."
    )


def incident_choices(incidents: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Open incidents as choices, provisional ones last."""
    ordered = sorted(incidents, key=lambda incident: bool(incident["provisional"]))
    return [
        {"value": str(incident["id"]), "label": incident_label(incident)} for incident in ordered
    ]


def incident_label(incident: Mapping[str, Any]) -> str:
    """An incident in a list: its log number, or that it has none (yet), and its title."""
    none = "provisional" if incident["provisional"] else "no log number"
    return f"{incident['log_number'] or none} · {incident['title']}"


def likely_incident(
    incidents: Sequence[Mapping[str, Any]], camera: str, wanted: str | None, username: str
) -> str | None:
    """The choice to begin with: the one asked for, else the first that the camera is at, else none.

    Somebody else's provisional incident is proposed only for the camera that it was made for.
    """
    at = [incident for incident in incidents if camera in incident["cameras"]]
    for incident in incidents:
        own = not incident["provisional"] or incident["created_by"] == username
        if str(incident["id"]) == wanted and (own or incident in at):
            return wanted
    at.sort(key=lambda incident: bool(incident["provisional"]))
    return str(at[0]["id"]) if at else None
