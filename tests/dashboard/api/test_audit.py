"""Reading the audit, alerts, and who watched my camera, through the API."""

from __future__ import annotations

import json
from typing import Any

import pytest


async def test_reading_the_audit_is_audited(force: Any) -> None:
    auditor = await force.as_("auditor")
    answer = await auditor.get("/api/audit", params={"action": "session", "limit": 10})
    assert answer.status_code == 200
    entries = answer.json()["entries"]
    assert [(e["action"], e["actor"], e["outcome"]) for e in entries] == [
        ("session.sign_in", "auditor", "allowed")
    ]
    assert entries[0]["detail"] == {"by": "test"}
    (row,) = await force.audit("audit.read")
    assert (row["actor"], row["operation"]) == ("auditor", "consultation")
    assert json.loads(row["detail"]) == {"action": "session", "limit": 10}


async def test_filters_and_pages(force: Any) -> None:
    fim, auditor = await force.as_("fim"), await force.as_("auditor")
    for camera in ("CAM-1", "CAM-2", "CAM-3"):
        await fim.post(
            "/api/streams",
            json={
                "camera": camera,
                "purpose": "pursuit",
                "reason": "why",
                "incident": force.incident,
            },
        )

    async def entries(**filters: Any) -> list[Any]:
        found: list[Any] = (await auditor.get("/api/audit", params=filters)).json()["entries"]
        return found

    assert len(await entries(action="stream.open")) == 3
    assert [e["object_id"] for e in await entries(action="stream", outcome="refused")] == [
        "CAM-3",
        "CAM-2",
    ]
    assert [e["object_id"] for e in await entries(object_type="camera", object_id="CAM-2")] == [
        "CAM-2"
    ]
    assert len(await entries(actor="fim", operation="consultation")) == 3
    assert len(await entries(incident=force.incident)) == 3
    first = await entries(action="stream.open", limit=2)
    rest = await entries(action="stream.open", before=first[-1]["id"])
    assert [e["object_id"] for e in first + rest] == ["CAM-3", "CAM-2", "CAM-1"]
    assert await entries(to="2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=9999", "limit"),
        ("outcome=maybe", "outcome"),
        ("from=now", "from"),
        ("who=me", "who"),
        ("actor=a%00b", None),
    ],
)
async def test_wrong_filters_are_named(force: Any, query: str, field: str | None) -> None:
    answer = await (await force.as_("auditor")).get(f"/api/audit?{query}")
    assert answer.status_code == 422
    if field:
        assert answer.json()["field"] == field


async def test_who_watched_my_camera(force: Any) -> None:
    fim, officer = await force.as_("fim"), await force.as_("officer")
    ask = {"purpose": "officer_safety", "reason": "alone", "incident": force.incident}
    for camera in ("CAM-1", "CAM-4"):
        assert (await fim.post("/api/streams", json={"camera": camera, **ask})).status_code == 201
    await fim.get(f"/api/cameras/CAM-4/track?purpose=pursuit&incident={force.incident}")
    watched = (await officer.get("/api/audit/watched-me")).json()["watched"]
    assert [(w["action"], w["camera"], w["by_name"], w["by_role"], w["purpose"]) for w in watched] == [
        ("track.view", "CAM-4", "Fim", "FIM", "Pursuit"), ("stream.open", "CAM-4", "Fim", "FIM", "Officer safety"),
    ]  # fmt: skip
    await force.owner.execute("update incident set restricted = true")
    assert (await officer.get("/api/audit/watched-me")).json() == {"watched": []}
