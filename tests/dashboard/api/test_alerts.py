"""Alerts by the API: what each says, how it is answered, what is over, and whom nothing is said to."""

from __future__ import annotations

import json
from typing import Any

import pytest


async def test_an_alert_is_answered_and_the_officer_told(force: Any) -> None:
    await force.owner.execute("select alert_eyes_on($1)", force.cameras["CAM-4"])
    fim = await force.as_("fim")
    (alert,) = (await fim.get("/api/alerts")).json()["alerts"]
    assert (alert["kind"], alert["camera"], alert["officer"], alert["state"]) == (
        "eyes_on",
        "CAM-4",
        "4418",
        "waiting",
    )
    assert "open the camera" in alert["to_do"]
    assert (await fim.post(f"/api/alerts/{alert['id']}/ack")).json() == {
        "id": alert["id"],
        "state": "seen",
    }
    body = await force.owner.fetchval(
        "select body from camera_command where body ->> 'type' = 'eyes_on_state'"
    )
    assert json.loads(body)["state"] == "seen"
    wrong = await fim.post(f"/api/alerts/{alert['id']}/ack", json={"state": "ignored"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "state")
    assert (await fim.post("/api/alerts/4711/ack")).status_code == 404
    await fim.post(f"/api/alerts/{alert['id']}/ack", json={"state": "ended"})
    assert (await fim.get("/api/alerts")).json() == {"alerts": []}


async def raised(force: Any) -> None:
    """What the keeper does each second."""
    await force.owner.execute("select alerts_of_signal(), alerts_of_cover()")


@pytest.fixture
async def lost(force: Any) -> dict[str, Any]:
    """The picture of CAM-1 does not arrive at the open incident any more; the alert, as the FIM sees it."""
    fim = await force.as_("fim")
    await force.owner.execute(
        "update incident set talkgroup = 'TG 12' where id = $1", force.incident
    )
    ask = {"camera": "CAM-1", "purpose": "pursuit", "reason": "runs", "incident": force.incident}
    assert (await fim.post("/api/streams", json=ask)).status_code == 201
    await force.owner.execute("update stream_session set opened_time = now() - interval '20 s'")
    await raised(force)
    found: list[dict[str, Any]] = (await fim.get("/api/alerts")).json()["alerts"]
    return next(alert for alert in found if alert["kind"] == "signal")


async def test_a_lost_picture_says_where_and_what_to_do(force: Any, lost: dict[str, Any]) -> None:
    assert (lost["camera"], lost["incident"], lost["state"]) == ("CAM-1", force.incident, "waiting")
    assert lost["what"] == "no picture arrives"
    assert "TG 12" in lost["to_do"]


async def test_a_lost_picture_is_seen_and_ends_by_itself(force: Any, lost: dict[str, Any]) -> None:
    fim = await force.as_("fim")
    for state in ("ended", "watching"):
        wrong = await fim.post(f"/api/alerts/{lost['id']}/ack", json={"state": state})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "state")
        assert wrong.json()["allowed"] == ["seen"]
    seen = await fim.post(f"/api/alerts/{lost['id']}/ack")
    assert seen.json() == {"id": lost["id"], "state": "seen"}
    await force.owner.execute("select stream_end(id, 'closed') from stream_session")
    await raised(force)
    assert (await fim.get("/api/alerts")).json() == {"alerts": []}
    answer = await fim.get("/api/alerts/past")
    assert answer.status_code == 200, answer.text
    (past,) = answer.json()["alerts"]
    assert (past["id"], past["state"], past["answered_by"]) == (lost["id"], "ended", "Fim")
    assert past["ended_time"] > past["answered_time"] > past["raised_time"]


async def test_a_hidden_incident_hides_its_alerts_now_and_later(
    force: Any, lost: dict[str, Any]
) -> None:
    await force.owner.execute("update incident set restricted = true where id = $1", force.incident)
    fim = await force.as_("fim")
    for _ in ("open", "closed"):
        assert (await fim.get("/api/alerts")).json() == {"alerts": []}
        assert (await fim.get("/api/alerts/past")).json() == {"alerts": []}
        assert (await fim.post(f"/api/alerts/{lost['id']}/ack")).status_code == 404
        await force.owner.execute(
            "update incident set closed_time = now() where id = $1", force.incident
        )


async def test_short_cover_is_gone_on_with_for_a_reason(force: Any) -> None:
    await force.owner.execute("update negotiator set capacity = 'negotiator'")
    await raised(force)
    fim = await force.as_("fim")
    (alert,) = (await fim.get("/api/alerts")).json()["alerts"]
    assert (alert["kind"], alert["what"][:15]) == ("cover_short", "Cover is short:")
    assert "one NegCo short" in alert["what"]
    wrong = await fim.post(f"/api/alerts/{alert['id']}/ack", json={"reason": " x "})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "reason")
    answer = await fim.post(f"/api/alerts/{alert['id']}/ack", json={"reason": "Kent stands in"})
    assert answer.json()["state"] == "seen"
    (alert,) = (await fim.get("/api/alerts")).json()["alerts"]
    assert (alert["state"], alert["detail"]["reason"]) == ("seen", "Kent stands in")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-07-20T14:00:00Z&to=2026-07-20T14:00:00Z", "to"),
        ("from=2026-01-01T00:00:00Z&to=2026-07-20T14:00:00Z", "from"),
        ("from=yesterday", "from"),
        ("since=2026-07-20T14:00:00Z", "since"),
    ],
)
async def test_a_time_that_cannot_be_looked_at_is_named(force: Any, query: str, field: str) -> None:
    answer = await (await force.as_("fim")).get(f"/api/alerts/past?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
