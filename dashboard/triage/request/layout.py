"""The form by which negotiators are asked for, in a dialog that any page can carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import html

from sightline.dashboard.marks import layout as marks
from sightline.dashboard.triage import ids
from sightline.dashboard.triage.request.form import FIELDS, LONGEST, Field
from sightline.dashboard.triage.request.start import Start


def request_dialog() -> dmc.Modal:
    """The closed dialog; opening fills it."""
    return dmc.Modal(
        [
            html.Div(id=ids.REQUEST_BODY),
            html.Div(id=ids.REQUEST_ANSWER, role="alert"),
            html.Div(
                [
                    html.Button(
                        "Clear the form",
                        id=ids.REQUEST_CLEAR,
                        type="button",
                        className="button button-plain",
                    ),
                    html.Button(
                        "Send the request",
                        id=ids.REQUEST_SEND,
                        type="button",
                        className="button button-primary",
                    ),
                ],
                className="form-buttons",
            ),
        ],
        id=ids.REQUEST_DIALOG,
        title="Request negotiators",
        size=880,
        closeButtonProps={"aria-label": "Close"},
        closeOnClickOutside=False,
        className="request-dialog",
    )


def request_body(begun: Start, grades: Mapping[str, str]) -> html.Div:
    """The form as it opens."""
    if not begun.options:
        return html.Div(
            marks.notice(
                "info",
                "No incident is open that you can see. Ask the control room to open one: negotiators"
                " are asked for at an incident.",
            )
        )
    back = "What you had written is back. It is kept in this window until it is sent or cleared."
    return html.Div(
        [
            *([marks.notice("info", back)] if begun.back else []),
            html.Div(
                [
                    dmc.Select(
                        id=ids.request_field("incident"),
                        label="Incident",
                        data=[{"value": code, "label": label} for code, label in begun.options],
                        value=begun.chosen,
                        searchable=True,
                        withAsterisk=True,
                        allowDeselect=False,
                    ),
                    _new_incident(begun, grades),
                ],
                className="request-incident",
            ),
            html.P(
                "All of the rest may stay empty. Say what you know; the NegCo reads it at once.",
                className="form-says",
            ),
            html.Div([_field(field, begun) for field in FIELDS], className="request-fields"),
        ]
    )


def _new_incident(begun: Start, grades: Mapping[str, str]) -> html.Div:
    return html.Div(
        [
            dmc.TextInput(
                id=ids.request_field("new_title"),
                label="What it is",
                value=begun.title,
                withAsterisk=True,
            ),
            dmc.Select(
                id=ids.request_field("new_grade"),
                label="Grade",
                data=[{"value": code, "label": name} for code, name in grades.items()],
                value=begun.grade if begun.grade in grades else next(iter(grades), None),
                allowDeselect=False,
            ),
            dmc.TextInput(
                id=ids.request_field("new_place"),
                label="Place",
                placeholder="TR 148 578, or degrees",
                value=begun.place,
            ),
        ],
        className="new-incident",
    )


def _field(field: Field, begun: Start) -> html.Div:
    given: dict[str, Any] = {
        "id": ids.request_field(field.code),
        "label": field.question,
        "value": begun.values.get(field.code, ""),
        "inputProps": {"maxLength": LONGEST},
    }
    if field is FIELDS[0]:
        given["data-autofocus"] = True
    box = (
        dmc.TextInput(**given)
        if field.lines == 1
        else dmc.Textarea(autosize=True, minRows=field.lines, maxRows=6, **given)
    )
    return html.Div(box, className="is-wide" if field.wide else "")
