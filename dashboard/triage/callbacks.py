"""The callbacks of the triage page: each reads its inputs, calls a function, and draws what comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from sightline.dashboard.errors import ConflictError, DashboardError
from sightline.dashboard.marks import layout as marks
from sightline.dashboard.services import Services
from sightline.dashboard.triage import ids
from sightline.dashboard.triage.decision import layout as decision_layout
from sightline.dashboard.triage.decision.actions import possible_words
from sightline.dashboard.triage.decision.second_step import (
    do,
    open_acknowledgement,
    open_form,
    write_entry,
)
from sightline.dashboard.triage.layout import drawn, not_read
from sightline.dashboard.triage.request import layout as request_layout
from sightline.dashboard.triage.request import send as requests
from sightline.dashboard.triage.view import read_view


def register(app: Dash, services: Services) -> None:
    """Register everything that happens on the page."""
    _register_reading(app, services)
    _register_opening(app, services)
    _register_sending(app, services)
    _register_log(app, services)
    _register_request(app, services)


def said(error: DashboardError) -> Any:
    """A refusal in words, with what is possible now."""
    words = str(error)
    if isinstance(error, ConflictError) and error.possible is not None:
        words = f"{words} {possible_words(error.possible)}"
    return marks.notice("warn", words)


def _changed() -> str:
    """A value that the store of news has not had: makes the page read anew."""
    return f"changed {uuid4()}"


def _register_reading(app: Dash, services: Services) -> None:
    @app.callback(
        output={
            "standing": Output(ids.STANDING, "children"),
            "queue": Output(ids.QUEUE, "children"),
            "head": Output(ids.HEAD, "children"),
            "asked": Output(ids.ASKED, "children"),
            "cameras": Output(ids.CAMERAS, "children"),
            "decision": Output(ids.DECISION, "children"),
            "team": Output(ids.TEAM, "children"),
            "log": Output(ids.LOG, "children"),
            "scene": Output(ids.SCENE, "data"),
            "write": Output(ids.WRITE, "hidden"),
            "kinds": Output(ids.WRITE_KIND, "data"),
            "selected": Output(ids.SELECTED, "data"),
            "can_request": Output(ids.REQUEST_OPEN, "hidden"),
            "shown": Output(ids.SHOWN, "data"),
        },
        inputs=[
            Input(ids.NEWS, "data"),
            Input(ids.SELECTED, "data"),
            Input(ids.SAFETY_NET, "n_intervals"),
            # Nothing that can be pressed is drawn before somebody listens to it.
            Input(ids.MOUNTED, "data"),
            State(ids.SHOWN, "data"),
        ],
    )
    async def show(
        _news: Any, selected: int | None, _ticks: Any, mounted: bool | None, shown: str | None
    ) -> dict[str, Any]:
        if not mounted:
            raise PreventUpdate
        now = datetime.now(UTC)
        try:
            async with services.acting() as act:
                view = await read_view(act, selected, now)
        except DashboardError as error:
            return not_read(error, now, shown=bool(shown))
        # What the reader has chosen meanwhile must not be taken back.
        return drawn(view) | ({} if selected is None else {"selected": no_update})

    app.clientside_callback(
        ClientsideFunction("triage", "mount"), Output(ids.MOUNTED, "data"), Input(ids.PAGE, "id")
    )
    app.clientside_callback(
        ClientsideFunction("triage", "selectionToAddress"), Input(ids.SELECTED, "data")
    )
    app.clientside_callback(ClientsideFunction("triage", "wasDrawn"), Input(ids.SHOWN, "data"))
    app.clientside_callback(ClientsideFunction("triage", "drawScene"), Input(ids.SCENE, "data"))
    app.clientside_callback(ClientsideFunction("triage", "followForm"), Input(ids.FORM, "children"))
    app.clientside_callback(
        ClientsideFunction("triage", "letSendAgain"), Input(ids.FORM_ANSWER, "children")
    )


def _register_opening(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.FORM, "children"),
        Output(ids.FORM_ANSWER, "children"),
        Input(ids.WANTED, "data"),
        prevent_initial_call=True,
    )
    async def open_second_step(wanted: dict[str, Any]) -> tuple[Any, Any]:
        deployment = wanted["deployment"]
        try:
            async with services.acting() as act:
                if "entry" in wanted:
                    entry = await open_acknowledgement(act, deployment, int(wanted["entry"]))
                    return decision_layout.acknowledgement(entry, wanted), None
                asked = await open_form(act, deployment, wanted["action"])
                return decision_layout.form(asked, wanted), None
        except DashboardError as error:
            return None, said(error)


def _register_sending(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.SENT, "data"),
        Output(ids.FORM_ANSWER, "children", allow_duplicate=True),
        Output(ids.NEWS, "data", allow_duplicate=True),
        Input(ids.SENDING, "data"),
        prevent_initial_call=True,
    )
    async def send_second_step(sending: dict[str, Any]) -> tuple[Any, Any, Any]:
        try:
            async with services.acting() as act:
                await do(act, sending, sending["values"])
        except DashboardError as error:
            return no_update, said(error), _changed()
        return {"opened": sending["opened"], "draft": sending["draft"]}, None, _changed()

    app.clientside_callback(ClientsideFunction("triage", "wasSent"), Input(ids.SENT, "data"))


def _register_log(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.LOG_ANSWER, "children"),
        Output(ids.WRITE_ANSWERED, "data"),
        Output(ids.NEWS, "data", allow_duplicate=True),
        Input(ids.WRITTEN, "data"),
        prevent_initial_call=True,
    )
    async def write(written: dict[str, Any]) -> tuple[Any, Any, Any]:
        answered = {"at": written["at"], "refused": False}
        try:
            async with services.acting() as act:
                await write_entry(
                    act, written["deployment"], written.get("kind") or "note", written["text"]
                )
        except DashboardError as error:
            return said(error), answered | {"refused": True}, no_update
        return None, answered, _changed()

    app.clientside_callback(
        ClientsideFunction("triage", "wasWritten"), Input(ids.WRITE_ANSWERED, "data")
    )


def _register_request(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.REQUEST_DIALOG, "opened"),
        Output(ids.REQUEST_BODY, "children"),
        Output(ids.REQUEST_ANSWER, "children"),
        Input(ids.REQUEST_OPEN, "n_clicks"),
        Input(ids.MOUNTED, "data"),  # by then the drafts of this browser are there
        State(ids.REQUEST_FROM, "data"),
        State(ids.REQUEST_DRAFTS, "data"),
        prevent_initial_call=True,
    )
    async def begin_request(
        _open: Any,
        _mounted: Any,
        begun_from: dict[str, str | None] | None,
        drafts: dict[str, Any] | None,
    ) -> tuple[Any, ...]:
        if ctx.triggered_id == ids.MOUNTED and begun_from is None:
            return no_update, no_update, no_update
        given = begun_from or {}
        try:
            async with services.acting() as act:
                begun = await requests.begin(act, given.get("incident"), given.get("camera"))
                grades = await requests.grades(act)
        except DashboardError as error:
            return True, None, said(error)
        draft = (drafts or {}).get(request_layout.draft_name(begun.key))
        return True, request_layout.request_body(begun, grades, draft), None

    @app.callback(
        Output(ids.REQUEST_DIALOG, "opened", allow_duplicate=True),
        Output(ids.REQUEST_ANSWER, "children", allow_duplicate=True),
        Output(ids.REQUEST_SENT, "data"),
        Input(ids.REQUEST_SENDING, "data"),
        prevent_initial_call=True,
    )
    async def send_request(sending: dict[str, Any]) -> tuple[Any, ...]:
        try:
            async with services.acting() as act:
                made = await requests.send(act, sending["values"])
        except DashboardError as error:
            return no_update, said(error), no_update
        return False, no_update, {"draft": sending["draft"], "made": made}

    app.clientside_callback(
        ClientsideFunction("triage", "keepRequest"),
        Input({"type": ids.REQUEST_FIELD, "name": ALL}, "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("triage", "requestAnswered"), Input(ids.REQUEST_ANSWER, "children")
    )
    app.clientside_callback(
        ClientsideFunction("triage", "requestMoved"),
        Input(ids.REQUEST_DIALOG, "opened"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("triage", "requestWasSent"), Input(ids.REQUEST_SENT, "data")
    )
