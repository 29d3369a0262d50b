"""The pages drawn by Dash: what their callbacks speak of is on the page, and what they draw can be sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from dash import Dash
from dash.development.base_component import Component

from sightline.dashboard.admin.page import ADMIN
from sightline.dashboard.audit import layout as audit_layout
from sightline.dashboard.audit.chain import Chain
from sightline.dashboard.audit.page import AUDIT
from sightline.dashboard.coverage import layout as coverage_layout
from sightline.dashboard.coverage.page import COVERAGE
from sightline.dashboard.coverage.view import ask
from sightline.dashboard.errors import ConflictError, DatabaseAwayError, NotSignedInError
from sightline.dashboard.operations import deployments
from sightline.dashboard.rota import layout as rota_layout
from sightline.dashboard.rota.page import ON_CALL
from sightline.dashboard.rota.view import read_view as read_rota
from sightline.dashboard.triage import layout as triage_layout
from sightline.dashboard.triage.callbacks import said
from sightline.dashboard.triage.page import TRIAGE
from sightline.dashboard.triage.view import read_view
from sightline.dashboard.watched_me.layout import found as watched_found
from sightline.dashboard.watched_me.page import WATCHED_ME
from tests.dashboard.triage_values import acting

PAGES = (TRIAGE, ON_CALL, COVERAGE, WATCHED_ME, AUDIT, ADMIN)


def text_of(drawn: object) -> str:
    """Everything that a drawing says, as JSON would carry it."""
    return json.dumps(drawn, default=lambda part: part.to_plotly_json())


def ids_of(component: Component) -> set[str]:
    found = {component.id} if isinstance(getattr(component, "id", None), str) else set()
    for part in component._traverse():
        if isinstance(getattr(part, "id", None), str):
            found.add(part.id)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_id_that_a_callback_names_is_on_its_page(page):
    app = Dash("fit", assets_folder="none")
    page.register(app, None)
    named = set()
    for callback in app._callback_list:
        parts = [*callback["inputs"], *callback["state"]]
        named |= {part["id"] for part in parts if not part["id"].startswith("{")}
        for output in callback["output"].strip(".").split("..."):
            if output and not output.startswith("{"):
                named.add(output.rsplit(".", 1)[0])
    frame = page.layout()
    missing = {name for name in named if name not in ids_of(frame)} - {""}
    # a callback without outputs has the hash of its inputs in place of one
    assert {name for name in missing if not name.isalnum()} == set()


def test_a_link_opens_what_it_names():
    frame = TRIAGE.layout(deployment="7", request="1", incident="3", camera="CAM-1", other="x")
    stores = {
        part.id: getattr(part, "data", None)
        for part in frame._traverse()
        if hasattr(part, "data") and hasattr(part, "id")
    }
    assert stores["triage-selected"] == 7
    assert stores["triage-request-from"] == {"incident": "3", "camera": "CAM-1"}
    stores = {
        part.id: getattr(part, "data", None)
        for part in TRIAGE.layout(deployment="x'--")._traverse()
        if hasattr(part, "data") and hasattr(part, "id")
    }
    assert stores["triage-selected"] is None
    assert stores["triage-request-from"] is None


@pytest.mark.parametrize("role", ["fim", "negco", "coordinator"])
async def test_triage_is_drawn_for_each_role_that_sees_the_incident(force, role):
    async with acting(force, "fim") as act:
        made = await deployments.request(act, force.incident, {"what": "on the roof"})
        await deployments.dispatch(act, made["id"], "height")
        await deployments.en_route(act, made["id"])
    async with acting(force, role) as act:
        parts = triage_layout.drawn(await read_view(act, None, datetime.now(UTC)))
    assert set(parts) == set(triage_layout.PARTS)
    drawn = text_of(parts)
    assert "Man on a roof" in drawn
    assert "2 en route" in drawn
    assert ("Cancel, turn them round" in drawn) == (role == "fim")
    assert ("Recommend" in drawn) == (role == "negco")


async def test_an_empty_queue_says_why_it_is_empty(force):
    async with acting(force, "fim") as act:
        parts = triage_layout.drawn(await read_view(act, None, datetime.now(UTC)))
    assert "No request for negotiators is open" in text_of(parts["queue"])
    assert parts["scene"] is None


def test_what_could_not_be_read_never_looks_like_nothing():
    now = datetime(2026, 11, 20, 14, 2, 11, tzinfo=UTC)
    first = triage_layout.not_read(DatabaseAwayError(), now, shown=False)
    assert "this is no empty queue" in text_of(first["queue"])
    assert "14:02:11: the database does not answer" in text_of(first["standing"])
    later = triage_layout.not_read(DatabaseAwayError(), now, shown=True)
    assert "empty queue" not in text_of({"queue": str(later["queue"])})
    assert "/sign-in" in text_of(
        triage_layout.not_read(NotSignedInError(), now, shown=True)["standing"]
    )


def test_a_conflict_is_said_with_what_is_possible():
    words = text_of(
        said(ConflictError("Not possible while the deployment is cancelled.", possible=[]))
    )
    assert (
        "Not possible while the deployment is cancelled. Nothing more can be done with it." in words
    )


async def test_on_call_is_drawn_with_who_to_ring(force):
    await force.owner.execute(
        "update negotiator set phone = '07700 900123', languages = '{Polish}'"
    )
    async with acting(force, "coordinator") as act:
        drawn = text_of(rota_layout.drawn(await read_rota(act, datetime.now(UTC))))
    for wanted in ("tel:07700900123", "PC Nell Four", "Polish", "two negotiators short"):
        assert wanted in drawn


async def test_coverage_is_drawn_with_its_caveats(force):
    async with acting(force, "planner") as act:
        drawn = text_of(coverage_layout.answered(await ask(act, "TR 148 578")))
    assert "Untested by this force" in drawn
    assert "says nothing of upper floors" in drawn


def test_the_chain_is_drawn_and_a_late_sealer_named():
    now = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
    late = Chain(3, 3, now, 1, datetime(2026, 11, 20, 13, tzinfo=UTC))
    assert "the sealer does not keep up" in text_of(audit_layout.chain(late, now))
    assert "No row fits" in audit_layout.count_words(0, more=False)
    assert audit_layout.count_words(200, more=True) == "200 rows, older ones follow"


def test_nobody_watched_is_said():
    assert "Nobody has watched your camera" in text_of(
        watched_found([], "31", datetime(2026, 11, 20, tzinfo=UTC))
    )
