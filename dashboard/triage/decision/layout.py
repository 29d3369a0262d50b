"""The decision panel: what the state is, what can happen next and by whom; and the forms of the second step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dash_mantine_components as dmc
from dash import html

from sightline.dashboard.marks import layout as marks
from sightline.dashboard.triage import ids
from sightline.dashboard.triage.command_log.timeline import Entry
from sightline.dashboard.triage.decision.actions import Action, next_words
from sightline.dashboard.triage.decision.forms import NDM, Form, Input
from sightline.dashboard.triage.deployment import Deployment, Recommendation
from sightline.dashboard.triage.drafted import layout as drafted
from sightline.dashboard.triage.drafted.texts import texts


def decision(deployment: Deployment, actions: Sequence[Action], now: datetime) -> list[Any]:
    """State, newest recommendation, what can happen next, and the reader's buttons."""
    parts: list[Any] = [
        html.Div(
            [
                html.Span(deployment.state_name, className=f"state state-{deployment.state}"),
                marks.age(deployment.changed_time, now, bare=True),
            ],
            className="state-line",
            **_for_open_forms(deployment, actions),
        )
    ]
    if deployment.recommendation:
        parts.append(_recommendation(deployment.recommendation, now))
    parts.append(html.P(next_words(deployment), className="next-words"))
    if actions:
        parts.append(html.Div([_button(action) for action in actions], className="actions"))
    else:
        parts.append(html.P("Your role takes no step here now.", className="no-actions"))
    return parts


def _for_open_forms(deployment: Deployment, actions: Sequence[Action]) -> dict[str, Any]:
    """What an open form is held against in the browser: the newest step, in words, and what is possible now."""
    change = deployment.change
    shown = {"data-deployment-shown": str(deployment.id)}
    if change is None:
        return shown
    return shown | {
        "data-change": str(change.number),
        "data-changed-by": f"{change.by.name}, {change.by.role_name}",
        "data-state-name": deployment.state_name,
        "data-possible": " ".join(action.code for action in actions),
    }


def _recommendation(advice: Recommendation, now: datetime) -> html.Div:
    return html.Div(
        [
            html.Div(
                [
                    html.Span("NegCo recommends "),
                    html.Strong(advice.name),
                    html.Span(f" · {advice.by}, "),
                    marks.age(advice.at, now),
                ],
                className="advice-head",
            ),
            *([html.Blockquote(advice.rationale)] if advice.rationale else []),
        ],
        className="advice",
    )


def _button(action: Action) -> html.Button:
    """Opens the form of an action. The browser reports the press: a new drawing must not lose it."""
    marked: dict[str, Any] = {"data-action": action.code}
    return html.Button(
        action.label, type="button", className=f"button button-{action.tone}", **marked
    )


def form(asked: Form, opened: Mapping[str, Any]) -> html.Section:
    """A form of the second step; its last button does it. What has changed meanwhile the browser says in it.

    Args:
        asked: what it asks.
        opened: as the browser wanted it: under which name it keeps a draft (``draft``), what was ``written`` in it
            before, and when it was opened (``at``).
    """
    marked: dict[str, Any] = {"data-for": asked.action, "data-change": str(asked.change)}
    written = texts(opened.get("written"))
    return html.Section(
        [
            html.H2(asked.heading),
            html.Div(className="form-changed", role="status"),
            *_draft_back(written),
            *([html.P(asked.says, className="form-says")] if asked.says else []),
            *([_told(asked)] if asked.told else []),
            *(
                drafted.field(field.name, field.value, _input(field, written.get(field.name)))
                for field in asked.inputs
            ),
            _form_buttons(asked.confirm, asked.tone),
        ],
        className=f"second-step is-{asked.tone}",
        **marked,
        **_opened(opened),
    )


def _opened(opened: Mapping[str, Any]) -> dict[str, Any]:
    """What an open form says to the browser: which one it is, and where its draft is kept."""
    of = {"data-deployment-of": str(opened["deployment"]), "data-opened": str(opened["at"])}
    return of | drafted.about(str(opened["draft"]), ids.FIELD)


def _draft_back(written: Mapping[str, str]) -> list[html.Div]:
    """Stands in a form that opens with what was written in it before."""
    if not written:
        return []
    return [
        html.Div(
            [
                "What you had written is back. ",
                html.Button("Clear it", type="button", className="link-button", **drafted.CLEAR),
            ],
            className="form-draft",
            role="status",
            **drafted.BACK,
        )
    ]


def _form_buttons(confirm: str, tone: str) -> html.Div:
    back: dict[str, Any] = {"data-does": "back"}
    send: dict[str, Any] = {"data-does": "send"}
    return html.Div(
        [
            html.Button("Back", type="button", className="button button-plain", **back),
            html.Button(
                confirm, type="button", className=f"button button-{tone} is-confirm", **send
            ),
        ],
        className="form-buttons",
    )


def _told(asked: Form) -> html.Ul:
    return html.Ul(
        [
            html.Li([html.Strong(t.name), html.Span(t.standing), marks.ring(t.phone)])
            for t in asked.told
        ],
        className="told",
    )


def _input(field: Input, written: str | None) -> Any:
    """The input of a field, with what was written in it before."""
    common: dict[str, Any] = {"id": ids.field(field.name), "label": field.label}
    if field.hint:
        common["description"] = field.hint
    match field.kind:
        case "long":
            box = dmc.Textarea(
                value=written or "",
                autosize=True,
                minRows=3,
                maxRows=9,
                withAsterisk=field.wanted,
                **common,
            )
            return html.Div([box, _headings(field.name)]) if field.name == "rationale" else box
        case "text":
            return dmc.TextInput(value=written or "", withAsterisk=field.wanted, **common)
        case "choice":
            return dmc.RadioGroup(
                html.Div(
                    [dmc.Radio(label, value=code) for code, label in field.options],
                    className="choices",
                ),
                value=written if written in dict(field.options) else field.value,
                withAsterisk=field.wanted,
                **common,
            )
        case "several":
            return dmc.CheckboxGroup(
                html.Div(
                    [dmc.Checkbox(label, value=code) for code, label in field.options],
                    className="choices is-column",
                ),
                value=field.value or [],
                withAsterisk=field.wanted,
                **common,
            )
        case _:
            return dmc.CheckboxGroup(
                dmc.Checkbox(field.label, value="yes"), id=common["id"], value=[]
            )


def _headings(name: str) -> html.Div:
    """Buttons that put a heading of the decision model into the rationale."""
    marked: list[dict[str, Any]] = [{"data-heading": heading, "data-for": name} for heading in NDM]
    return html.Div(
        [
            html.Button(given["data-heading"], type="button", className="heading", **given)
            for given in marked
        ],
        className="headings",
        role="group",
        **{"aria-label": "Headings of the National Decision Model"},
    )


def acknowledgement(entry: Entry, opened: Mapping[str, Any]) -> html.Section:
    """The form that acknowledges advice: by the reader, or by radio with who said so; ``opened`` as for `form`."""
    written = texts(opened.get("written"))
    by = dmc.TextInput(
        id=ids.field("by"),
        label="By radio, by whom",
        description="Leave empty if it is you who has understood it.",
        value=written.get("by", ""),
    )
    marked: dict[str, Any] = {"data-acknowledges": str(entry.id)}
    return html.Section(
        [
            html.H2("Acknowledge"),
            *_draft_back(written),
            html.Blockquote(entry.text),
            drafted.field("by", "", by),
            _form_buttons("Understood", "primary"),
        ],
        className="second-step",
        **marked,
        **_opened(opened),
    )
