"""Replay by the API: who was in an area when, what stays hidden, what is audited, and what cannot be asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sightline.ingest.rollup import roll_up

LAT, LON = 51.0, 1.0
"""The place of the open incident."""
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HOUR_AGO = NOW - timedelta(hours=1)
"""At the beginning of a step, whatever its length in whole seconds of a minute."""


@pytest.fixture(autouse=True)
async def _days(force: Any) -> None:
    await force.owner.execute("select fix_partitions_ensure(current_date - 2, current_date + 1)")


async def was(
    force: Any, camera: str, start: datetime, *places: tuple[float, float], every_s: int = 1
) -> None:
    """Fixes of a camera, with coverage computed of them as the keeper does."""
    camera_id = force.cameras[camera]
    times = [start + timedelta(seconds=number * every_s) for number in range(len(places))]
    await force.owner.executemany(
        "insert into fix (camera_id, retention_class, recording, fix_time, received_time, content_hash, lat, lon)"
        " values ($1, 'r', 3, $2, $2, $3, $4, $5)",
        [
            (camera_id, at, number, *place)
            for number, (at, place) in enumerate(zip(times, places, strict=True))
        ],
    )
    await force.owner.execute(
        "insert into coverage_todo (camera_id, bin_start)"
        " select distinct $1::int, date_bin('5 min', t, '2000-01-01Z') from unnest($2::timestamptz[]) t",
        camera_id, times,
    )  # fmt: skip
    keeper = await force.database.connect("keeper")
    await roll_up(keeper)


def square(lat: float = LAT, lon: float = LON, half: float = 0.002) -> list[list[float]]:
    return [
        [lat - half, lon - half],
        [lat - half, lon + half],
        [lat + half, lon + half],
        [lat + half, lon - half],
    ]


async def look(client: httpx.AsyncClient, force: Any, **changes: Any) -> httpx.Response:
    body = {
        "from": (HOUR_AGO - timedelta(minutes=30)).isoformat(), "to": NOW.isoformat(),
        "purpose": "officer_safety", "incident": force.incident, "reason": "Where did he go?", **changes,
    }  # fmt: skip
    return await client.post("/api/replay", json={k: v for k, v in body.items() if v is not None})


async def test_who_was_in_the_area_when_and_by_whom_it_was_looked_at(force: Any) -> None:
    await was(force, "CAM-1", HOUR_AGO, (LAT, LON), (LAT + 0.001, LON), (LAT + 0.01, LON))
    await was(force, "CAM-4", HOUR_AGO, (LAT + 0.01, LON), (LAT + 0.01, LON))
    answer = await look(await force.as_("fim"), force, area=square())
    assert answer.status_code == 200, answer.text
    found = answer.json()
    (camera,) = found["cameras"]
    assert camera["camera"] == "CAM-1"
    assert camera["wearers"][0]["officer"] == "4417"
    assert camera["recording"] == ["recording"]
    assert found["step_s"] == 3
    assert camera["time_ms"] == [round((HOUR_AGO + timedelta(seconds=1)).timestamp() * 1000)]
    assert (camera["lat"], camera["lon"]) == ([LAT + 0.001], [LON]), "the newest of its step"
    (row,) = await force.audit("replay.view")
    assert (row["outcome"], row["actor"], row["purpose"], row["incident_id"], row["reason"]) == (
        "allowed", "fim", "officer_safety", force.incident, "Where did he go?",
    )  # fmt: skip
    detail = json.loads(row["detail"])
    assert (detail["cameras"], detail["area"]) == (["CAM-1"], square())


async def test_every_fix_where_the_time_is_short(force: Any) -> None:
    await was(force, "CAM-1", HOUR_AGO, *[(LAT + n / 1e5, LON) for n in range(60)])
    answer = await look(
        await force.as_("fim"), force, area=square(),
        **{"from": HOUR_AGO.isoformat(), "to": (HOUR_AGO + timedelta(seconds=30)).isoformat()},
    )  # fmt: skip
    (camera,) = answer.json()["cameras"]
    assert len(camera["time_ms"]) == 30, "to is not included"
    assert camera["lat"] == [round(LAT + n / 1e5, 6) for n in range(30)]


async def test_without_an_area_it_is_around_the_incident(force: Any) -> None:
    await was(force, "CAM-1", HOUR_AGO, (LAT + 0.004, LON))
    await was(force, "CAM-4", HOUR_AGO, (LAT + 0.005, LON))
    found = (await look(await force.as_("fim"), force)).json()
    assert [camera["camera"] for camera in found["cameras"]] == ["CAM-1"], "445 m, not 556 m"
    await force.owner.execute("update incident set lat = null, lon = null")
    answer = await look(await force.as_("fim"), force)
    assert (answer.status_code, answer.json()["code"]) == (404, "incident_without_place")


async def test_what_has_just_been_is_there_before_coverage_knows_of_it(force: Any) -> None:
    await force.owner.execute(
        "insert into fix (camera_id, retention_class, recording, fix_time, received_time, content_hash, lat, lon)"
        " values ($1, 'r', 3, now() - interval '10 s', now(), 1, $2, $3)",
        force.cameras["CAM-1"], LAT, LON,
    )  # fmt: skip
    answer = await look(
        await force.as_("fim"), force, to=datetime.now(UTC).isoformat(), area=square()
    )
    assert [camera["camera"] for camera in answer.json()["cameras"]] == ["CAM-1"]


async def test_nothing_of_a_restricted_incident_nor_out_of_reach(force: Any) -> None:
    await was(force, "CAM-1", HOUR_AGO, (LAT, LON))
    await was(force, "CAM-4", HOUR_AGO, (LAT, LON))
    hidden = await force.owner.fetchval(
        "insert into incident (title, restricted, grade, closed_time) values ('Kidnap', true, 'immediate', $1) returning id",
        HOUR_AGO + timedelta(minutes=5),
    )  # fmt: skip
    await force.owner.execute(
        "insert into incident_camera (incident_id, camera_id, since) values ($1, $2, $3)",
        hidden, force.cameras["CAM-1"], HOUR_AGO - timedelta(minutes=5),
    )  # fmt: skip
    answer = await look(await force.as_("fim"), force, area=square())
    assert [camera["camera"] for camera in answer.json()["cameras"]] == ["CAM-4"]
    await force.owner.execute(
        "insert into incident_person (incident_id, user_id, capacity) values ($1, $2, 'named')",
        hidden, force.users["fim"],
    )  # fmt: skip
    answer = await look(await force.as_("fim"), force, area=square())
    assert [camera["camera"] for camera in answer.json()["cameras"]] == ["CAM-1", "CAM-4"]
    refused = await look(await force.as_("negco"), force, area=square(), incident=hidden)
    assert (refused.status_code, refused.json()["code"]) == (404, "incident_unknown")


async def test_the_officer_sees_that_they_were_looked_at(force: Any) -> None:
    await was(force, "CAM-4", HOUR_AGO, (LAT, LON))
    await look(await force.as_("fim"), force, area=square())
    await look(await force.as_("fim"), force, area=square(lat=LAT + 0.1))
    watched = (await (await force.as_("officer")).get("/api/audit/watched-me")).json()["watched"]
    assert [(w["action"], w["camera"], w["by_role"]) for w in watched] == [
        ("replay.view", "CAM-4", "FIM")
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"purpose": "stop_search_scrutiny"}, 403, "purpose_forbidden"),
        ({"purpose": "curiosity"}, 422, "purpose_unknown"),
        ({"incident": 4711}, 404, "incident_unknown"),
        ({"reason": "  "}, 422, "reason_missing"),
    ],
)
async def test_refusals_are_audited(
    force: Any, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await look(await force.as_("fim"), force, area=square(), **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [row["outcome"] for row in await force.audit("replay.view")] == ["refused"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": NOW.isoformat()}, "to"),
        ({"from": (NOW - timedelta(days=2)).isoformat()}, "from"),
        ({"to": "now"}, "to"),
        ({"area": [[51, 1], [51, 2]]}, "area"),
        ({"area": [[51, 1], [52, 2], [51, 2], [52, 1]]}, "area"),
        ({"area": [[51, 1], [52, 1], [53, 1]]}, "area"),
        ({"area": square(half=0.2)}, "area"),
        ({"area": square(lat=0, lon=0, half=80)}, "area"),
        ({"area": [[51, 1], [91, 2], [51, 2]]}, "area.1"),
        ({"purpose": None}, "purpose"),
        ({"reason": None}, "reason"),
        ({"incident": None}, "incident"),
        ({"around": 5}, "around"),
    ],
)
async def test_what_cannot_be_asked_for_is_named(
    force: Any, changes: dict[str, Any], field: str
) -> None:
    answer = await look(await force.as_("fim"), force, **changes)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert not [row for row in await force.audit("replay.view") if row["outcome"] == "allowed"]
