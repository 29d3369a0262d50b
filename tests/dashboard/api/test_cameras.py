"""Cameras and tracks through the API: who sees which, in what words, and what looking leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest


async def refs(client: httpx.AsyncClient, **parameters: Any) -> list[str]:
    answer = await client.get("/api/cameras", params=parameters)
    assert answer.status_code == 200, answer.text
    return [feature["properties"]["camera"] for feature in answer.json()["features"]]


async def test_a_camera_is_a_geojson_feature(force: Any) -> None:
    answer = await (await force.as_("fim")).get("/api/cameras")
    assert answer.headers["content-type"] == "application/geo+json"
    collection = answer.json()
    assert collection["type"] == "FeatureCollection"
    feature = collection["features"][0]
    assert feature["geometry"] == {"type": "Point", "coordinates": [1.0, 51.0]}
    said = feature["properties"]
    wanted = {
        "camera": "CAM-1", "officer": "4417", "officer_name": "PC Jane Doe", "unit": "B3", "recording": "recording",
        "freshness": "live", "quality": "good", "accuracy_m": 5.0,
    }  # fmt: skip
    assert {name: said[name] for name in wanted} == wanted
    assert 0 <= said["age_s"] < 30
    assert datetime.fromisoformat(said["fix_time"]).tzinfo is not None
    assert said["signal"]["rsrp_dbm"] == -85


async def test_an_age_is_never_below_zero(force: Any) -> None:
    await force.owner.execute(
        "update live set fix_time = now() + interval '29 seconds' where camera_id = $1",
        force.cameras["CAM-1"],
    )
    said = (await (await force.as_("fim")).get("/api/cameras/CAM-1")).json()["properties"]
    assert said["fix_age_s"] == 0


async def test_age_and_what_is_unknown_are_said(force: Any) -> None:
    await force.owner.execute("insert into camera (ref) values ('NEW')")
    await force.owner.execute(
        "update live set rsrp_dbm = null, uplink_kbps = null where camera_id = $1",
        force.cameras["CAM-2"],
    )
    features = (await (await force.as_("fim")).get("/api/cameras")).json()["features"]
    by_ref = {feature["properties"]["camera"]: feature for feature in features}
    assert by_ref["CAM-3"]["properties"]["freshness"] == "stale"
    assert by_ref["CAM-3"]["properties"]["age_s"] == pytest.approx(600, abs=30)
    assert by_ref["CAM-2"]["properties"]["quality"] == "unknown"
    new = by_ref["NEW"]
    assert new["geometry"] is None
    assert (new["properties"]["freshness"], new["properties"]["recording"], new["properties"]["age_s"]) == (
        "never", "unknown", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("fim", ["CAM-1", "CAM-2", "CAM-3", "CAM-4"]),
        ("negco", ["CAM-1", "CAM-2", "CAM-3", "CAM-4"]),
        ("supervisor", ["CAM-1"]),
        ("commander", []),
        ("officer", ["CAM-4"]),
    ],
)
async def test_a_role_sees_its_cameras(force: Any, role: str, seen: list[str]) -> None:
    client = await force.as_(role)
    assert await refs(client) == seen
    for ref in force.cameras:
        answer = await client.get(f"/api/cameras/{ref}")
        assert answer.status_code == (200 if ref in seen else 404)


async def test_a_negco_off_call_sees_no_camera(force: Any) -> None:
    await force.owner.execute("delete from rota_shift")
    assert await refs(await force.as_("negco")) == []


async def test_a_commander_sees_the_cameras_of_the_own_incidents(force: Any) -> None:
    fim, commander = await force.as_("fim"), await force.as_("commander")
    await fim.put(
        f"/api/incidents/{force.incident}/people/commander", json={"capacity": "commander"}
    )
    await fim.put(f"/api/incidents/{force.incident}/cameras/CAM-2")
    assert await refs(commander) == ["CAM-2"]


async def test_the_list_and_the_databases_own_rule_agree(force: Any) -> None:
    for role in ("fim", "negco", "supervisor", "commander", "officer"):
        seen = await refs(await force.as_(role))
        async with force.services.acting(await force.credentials(role)) as act:
            rows = await act.connection.fetch(
                "select ref from camera where camera_visible(id) order by ref"
            )
        assert seen == [row["ref"] for row in rows]


async def test_filters(force: Any) -> None:
    client = await force.as_("fim")
    assert await refs(client, bbox="0.5,50.995,1.5,51.015") == ["CAM-1", "CAM-2"]
    assert await refs(client, recording="buffering") == ["CAM-2"]
    assert await refs(client, near="51.03,1.0", limit=2) == ["CAM-4", "CAM-3"]
    assert await refs(client, recording="recording", near="51.03,1.0") == [
        "CAM-4",
        "CAM-3",
        "CAM-1",
    ]
    nearest = (await client.get("/api/cameras?near=51.03,1.0&limit=1")).json()["features"][0]
    assert nearest["properties"]["distance_m"] == 0
    assert (await client.get("/api/cameras?near=51.03,1.0")).json()["features"][3]["properties"][
        "distance_m"
    ] > 3000


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("bbox=1,2,3", "bbox"), ("bbox=a,b,c,d", "bbox"), ("bbox=2,50,1,51", "bbox"), ("bbox=nan,50,1,51", "bbox"),
        ("bbox=0,-91,1,51", "bbox"), ("near=51", "near"), ("near=51,181", "near"), ("near=inf,0", "near"),
        ("recording=on", "recording"), ("limit=0", "limit"), ("limit=x", "limit"),
    ],
)  # fmt: skip
async def test_a_wrong_filter_is_named(force: Any, query: str, field: str) -> None:
    answer = await (await force.as_("fim")).get(f"/api/cameras?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "allowed" in answer.json()


class TestTrack:
    @pytest.fixture
    async def fixes(self, force: Any) -> datetime:
        """Ten fixes of CAM-1, one a minute; gives the time of the first."""
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        await force.owner.executemany(
            "insert into fix (camera_id, retention_class, recording, fix_time, received_time, content_hash, lat, lon)"
            " values ($1, $2, 3, $3, $3, $4, 51, 1)",
            [
                (
                    force.cameras["CAM-1"],
                    b"r" if minute % 2 else b"o",
                    start + timedelta(minutes=minute),
                    minute,
                )
                for minute in range(10)
            ],
        )
        return start

    async def look(
        self, client: httpx.AsyncClient, force: Any, camera: str = "CAM-1", **changes: Any
    ) -> httpx.Response:
        parameters = {"purpose": "officer_safety", "incident": force.incident, **changes}
        return await client.get(f"/api/cameras/{camera}/track", params=parameters)

    async def test_looking_shows_fixes_in_order_and_is_audited(
        self, force: Any, fixes: datetime
    ) -> None:
        answer = await self.look(
            await force.as_("fim"), force, **{"from": fixes.isoformat(), "to": (fixes + timedelta(minutes=5)).isoformat()},
            reason="welfare",
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        times = [f["properties"]["fix_time"] for f in answer.json()["features"]]
        assert times == [(fixes + timedelta(minutes=m)).isoformat() for m in range(5)]
        (row,) = await force.audit("track.view")
        assert (row["outcome"], row["actor"], row["object_id"], row["purpose"], row["incident_id"], row["reason"]) == (
            "allowed", "fim", "CAM-1", "officer_safety", force.incident, "welfare",
        )  # fmt: skip

    async def test_it_needs_a_purpose_and_an_incident(self, force: Any) -> None:
        client = await force.as_("fim")
        for missing in ("purpose", "incident"):
            answer = await client.get(
                "/api/cameras/CAM-1/track",
                params={"purpose": "officer_safety", "incident": 1} | {missing: ""},
            )
            assert (answer.status_code, answer.json().get("field", "purpose")) == (422, missing)

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"purpose": "stop_search_scrutiny"}, 403, "purpose_forbidden"),
            ({"purpose": "curiosity"}, 422, "purpose_unknown"),
            ({"incident": 4711}, 404, "incident_unknown"),
            ({"camera": "NOPE"}, 404, "camera_unknown"),
        ],
    )
    async def test_refusals_are_audited(
        self, force: Any, changes: dict[str, Any], status: int, code: str
    ) -> None:
        answer = await self.look(await force.as_("fim"), force, **changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert [row["outcome"] for row in await force.audit("track.view")] == ["refused"]

    @pytest.mark.parametrize(
        "span",
        [
            {"from": "2026-11-20T10:00:00Z", "to": "2026-11-20T09:00:00Z"},
            {"from": "2026-11-18T10:00:00Z", "to": "2026-11-20T09:00:00Z"},
            {"from": "2026-11-20T10:00:00"},
            {"from": "yesterday"},
        ],
    )
    async def test_a_wrong_time_is_named(self, force: Any, span: dict[str, str]) -> None:
        answer = await self.look(await force.as_("fim"), force, **span)
        assert answer.status_code == 422
        assert answer.json()["field"] in ("from", "to")

    async def test_times_at_a_restricted_incident_are_not_for_everybody(
        self, force: Any, fixes: datetime
    ) -> None:
        kidnap = await force.owner.fetchval(
            "insert into incident (title, grade, restricted, created_by) values ('K', 'immediate', true, $1) returning id",
            force.users["negco"],
        )
        await force.owner.execute(
            "insert into incident_camera (incident_id, camera_id, since, until) values ($1, $2, $3, $4)",
            kidnap, force.cameras["CAM-1"], fixes + timedelta(minutes=2), fixes + timedelta(minutes=5),
        )  # fmt: skip
        seen = {}
        for role in ("fim", "negco"):
            answer = await self.look(await force.as_(role), force, **{"from": fixes.isoformat()})
            seen[role] = len(answer.json()["features"])
        assert seen == {"fim": 7, "negco": 10}


async def test_forecast(force: Any) -> None:
    client = await force.as_("planner")
    answer = await client.get("/api/coverage/forecast?lat=51&lon=1")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["verdict"], told["observations"]) == ("insufficient", 0)
    import h3.api.basic_int as h3

    cell = h3.latlng_to_cell(51, 1, 9)
    await force.owner.executemany(
        "insert into coverage_bin (camera_id, bin_start, cell, samples, rsrp_dbm, uplink_kbps)"
        " values ($1, date_trunc('hour', now()) - make_interval(hours => $2), $3, 5, -80, 6000)",
        [(camera, hours, cell) for camera in range(1, 5) for hours in range(1, 80, 6)],
    )
    told = (await client.get("/api/coverage/forecast?lat=51&lon=1")).json()
    assert (told["verdict"], told["where"], told["observations"]) == ("clear", "here", 4 * 14)
    for query, field in (
        ("lat=91&lon=1", "lat"),
        ("lat=51&lon=nan", "lon"),
        ("lat=51", "lon"),
        ("lat=x&lon=1", "lat"),
    ):
        wrong = await client.get(f"/api/coverage/forecast?{query}")
        assert (wrong.status_code, wrong.json()["field"]) == (422, field)
