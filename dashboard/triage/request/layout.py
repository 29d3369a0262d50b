"""The form by which negotiators are asked for, in a dialog that any page can carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import html

from sightline.dashboard.marks import layout as marks
from sightline.dashboard.triage import ids
from sightline.dashboard.triage.drafted import layout as drafted
from sightline.dashboard.triage.request.draft import first_values, with_draft
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
                        type="button",
                        className="button button-plain",
                        **drafted.CLEAR,
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


def request_body(begun: Start, grades: Mapping[str, str], draft: object) -> html.Div:
    """The form as it opens, with what was written in it before.

    Args:
        begun: what is known already.
        grades: the force's, code → name.
        draft: name of a field → what was written, as the browser kept it.
    """
    if not begun.options:
        return html.Div(
            marks.notice(
                "info",
                "No incident is open that you can see. Ask the control room to open one: negotiators"
                " are asked for at an incident.",
            )
        )
    first = first_values(begun, grades)
    now = with_draft(begun, draft)
    back = "What you had written is back. It is kept in this window until it is sent or cleared."
    incident = dmc.Select(
        id=ids.request_field("incident"),
        label="Incident",
        data=[{"value": code, "label": label} for code, label in now.options],
        value=now.chosen,
        searchable=True,
        withAsterisk=True,
        allowDeselect=False,
    )
    return html.Div(
        [
            *([html.Div(marks.notice("info", back), **drafted.BACK)] if now.back else []),
            html.Div(
                [
                    drafted.field("incident", first["incident"], incident),
                    _new_incident(now, grades, first),
                ],
                className="request-incident",
            ),
            html.P(
                "All of the rest may stay empty. Say what you know; the NegCo reads it at once.",
                className="form-says",
            ),
            html.Div(
                [_field(field, now, first[field.code]) for field in FIELDS],
                className="request-fields",
            ),
        ],
        **drafted.about(draft_name(begun.key), ids.REQUEST_FIELD),
    )


def draft_name(key: str) -> str:
    """Under which the browser keeps the draft of a request that was begun there."""
    return f"request {key}"


def _new_incident(
    now: Start, grades: Mapping[str, str], first: Mapping[str, str | None]
) -> html.Div:
    boxes = {
        "new_title": dmc.TextInput(
            id=ids.request_field("new_title"),
            label="What it is",
            value=now.title,
            withAsterisk=True,
        ),
        "new_grade": dmc.Select(
            id=ids.request_field("new_grade"),
            label="Grade",
            data=[{"value": code, "label": name} for code, name in grades.items()],
            value=now.grade if now.grade in grades else first["new_grade"],
            allowDeselect=False,
        ),
        "new_place": dmc.TextInput(
            id=ids.request_field("new_place"),
            label="Place",
            placeholder="TR 148 578, or degrees",
            value=now.place,
        ),
    }
    return html.Div(
        [drafted.field(name, first[name], box) for name, box in boxes.items()],
        className="new-incident",
    )


def _field(field: Field, begun: Start, first: str | None) -> html.Div:
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
    return drafted.field(field.code, first, box, "is-wide" if field.wide else "")
