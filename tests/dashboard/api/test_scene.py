"""What lies around a scene, through the API: the RVP, and when negotiators arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sightline.dashboard.operations.rvp import place_in

AT = {"lat": 51.2797, "lon": 1.0793}


async def rvp(force: Any, who: str, **body: Any) -> httpx.Response:
    client = await force.as_(who)
    return await client.put(f"/api/incidents/{force.incident}/rvp", json=body)


async def notes(force: Any) -> list[str]:
    log = await (await force.as_("fim")).get(f"/api/incidents/{force.incident}/log")
    return [entry["text"] for entry in log.json()["log"] if entry["kind"] == "note"]


async def test_an_rvp_is_on_the_incident_and_in_its_log(force: Any) -> None:
    answer = await rvp(force, "fim", name=" Mill  Lane car park ", **AT)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rvp"] == {"name": "Mill Lane car park", **AT}
    assert await notes(force) == ["RVP: Mill Lane car park, TR 148 578"]
    # the same twice is said once
    await rvp(force, "negco", name="Mill Lane car park", **AT)
    assert len(await notes(force)) == 1
    assert (await rvp(force, "fim", **AT)).json()["rvp"] == {"name": "", **AT}
    assert (await notes(force))[-1] == "RVP: TR 148 578"
    client = await force.as_("fim")
    gone = await client.delete(f"/api/incidents/{force.incident}/rvp")
    assert gone.json()["rvp"] is None
    assert (await notes(force))[-1] == "RVP: none any more"
    assert [row["action"] for row in await force.audit("incident.rvp")] == ["incident.rvp"] * 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "lat": 51.2}, "lon"),
        ({"lat": 91, "lon": 0}, "lat"),
        ({"lat": 51, "lon": 181}, "lon"),
        ({"name": "x", "where": "y"}, "where"),
    ],
)
async def test_a_wrong_rvp_is_said(force: Any, body: dict[str, Any], field: str) -> None:
    answer = await rvp(force, "fim", **body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field
    assert await notes(force) == []


async def test_an_rvp_of_an_incident_that_is_closed_or_hidden_is_refused(force: Any) -> None:
    await force.owner.execute("update incident set restricted = true where id = $1", force.incident)
    hidden = await rvp(force, "negco", name="Mill Lane")
    assert hidden.status_code == 404
    await force.owner.execute(
        "update incident set restricted = false, closed_time = now() where id = $1", force.incident
    )
    closed = await rvp(force, "fim", name="Mill Lane")
    assert (closed.status_code, closed.json()["code"]) == (409, "incident_closed")


async def request(force: Any, said: str) -> dict[str, Any]:
    client = await force.as_("fim")
    answer = await client.post(
        "/api/deployments", json={"incident": force.incident, "request": {"rvp": said}}
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def incident(force: Any) -> dict[str, Any]:
    client = await force.as_("fim")
    found: dict[str, Any] = (await client.get(f"/api/incidents/{force.incident}")).json()
    return found


async def test_the_rvp_of_a_request_is_the_incidents(force: Any) -> None:
    await force.owner.execute(
        "update incident set lat = $2, lon = $3 where id = $1", force.incident, *AT.values()
    )
    asked = await request(force, "Mill Lane car park, TR 148 578")
    found = (await incident(force))["rvp"]
    assert found["name"] == "Mill Lane car park, TR 148 578"
    assert found["lat"] == pytest.approx(51.2797, abs=0.001)
    assert await notes(force) == ["RVP: Mill Lane car park, TR 148 578"]
    # one that is only a name takes no place away
    client = await force.as_("fim")
    await client.post(f"/api/deployments/{asked['id']}/cancel", json={"rationale": "Came down"})
    await request(force, "by the river")
    assert (await incident(force))["rvp"]["name"] == "Mill Lane car park, TR 148 578"
    assert (await notes(force))[-1] == (
        "The request says another RVP: by the river. The one on the map stays: Mill Lane car park, TR 148 578."
    )


async def test_a_place_far_from_the_incident_is_no_rvp_of_it(force: Any) -> None:
    await force.owner.execute(
        "update incident set lat = $2, lon = $3 where id = $1", force.incident, *AT.values()
    )
    await request(force, "Mill Lane, see NO 161 496")
    assert (await incident(force))["rvp"] == {
        "name": "Mill Lane, see NO 161 496", "lat": None, "lon": None,
    }  # fmt: skip


async def test_an_rvp_that_is_only_a_name_is_kept_as_that(force: Any) -> None:
    await request(force, "Mill Lane")
    assert (await incident(force))["rvp"] == {"name": "Mill Lane", "lat": None, "lon": None}


@pytest.mark.parametrize(
    ("text", "is_place"),
    [
        ("TR 148 578", True), ("51.2797, 1.0793", True), ("tr 148 578", True), ("gate 2, TR148578.", True), ("at TR 14812 57834 north", True),
        ("Mill Lane", False), ("TR 14", False), ("TR 148 578 or TR 149 579", False), ("", False),
        ("Car park, tel no 0161 4960", False), ("10, 5", False), ("at tr 148 578", False),
    ],
)  # fmt: skip
def test_a_place_is_found_in_what_is_said(text: str, is_place: bool) -> None:
    assert (place_in(text) is not None) == is_place


async def out(force: Any) -> str:
    """A team that was sent; path of its deployment."""
    made = await request(force, "Mill Lane")
    client = await force.as_("fim")
    path = f"/api/deployments/{made['id']}"
    sent = await client.post(f"{path}/dispatch", json={"rationale": "Go"})
    assert sent.status_code == 200, sent.text
    return path


async def test_who_is_en_route_and_when_they_arrive_is_on_the_incident(force: Any) -> None:
    path = await out(force)
    negco = await force.as_("negco")
    at = (datetime.now(UTC) + timedelta(minutes=25)).replace(microsecond=0)
    off = await negco.post(f"{path}/en-route", json={"members": ["N1"], "arrival": at.isoformat()})
    assert off.status_code == 200, off.text
    (deployment,) = (await incident(force))["deployments"]
    (member,) = deployment["en_route"]
    assert datetime.fromisoformat(member["arrival"]) == at
    assert member["camera"] is None
    # the phone of the negotiator, and before it the camera that is worn
    officer = await force.owner.fetchval("select id from officer where shoulder_number = 'N1'")
    phone = await force.owner.fetchval(
        "insert into camera (ref, kind, officer_id) values ('PHONE-N1', 'tracker', $1) returning id", officer
    )  # fmt: skip
    assert (await incident(force))["deployments"][0]["en_route"][0]["camera"] == "PHONE-N1"
    worn = await force.owner.fetchval("insert into camera (ref) values ('AB4-9') returning id")
    await force.owner.execute(
        "insert into duty (camera_id, officer_id, during) values ($1, $2, tstzrange(now() - interval '1 h', null))", worn, officer
    )  # fmt: skip
    assert (await incident(force))["deployments"][0]["en_route"][0]["camera"] == "AB4-9"
    assert phone != worn
    await negco.post(f"{path}/on-scene", json={"members": ["N1"]})
    assert (await incident(force))["deployments"][0]["en_route"] == []


async def test_who_sets_off_later_says_nothing_for_those_before(force: Any) -> None:
    path = await out(force)
    fim = await force.as_("fim")
    soon, later = (
        (datetime.now(UTC) + timedelta(minutes=minutes)).replace(microsecond=0)
        for minutes in (10, 60)
    )
    await fim.post(f"{path}/en-route", json={"members": ["N1"], "arrival": soon.isoformat()})
    both = await fim.post(f"{path}/en-route", json={"arrival": later.isoformat()})
    assert [datetime.fromisoformat(m["arrival"]) for m in both.json()["members"]] == [soon, later]


async def test_an_arrival_is_said_again_by_those_who_may_and_of_those_who_are_en_route(
    force: Any,
) -> None:
    path = await out(force)
    fim, supervisor = await force.as_("fim"), await force.as_("supervisor")
    at = (datetime.now(UTC) + timedelta(minutes=40)).isoformat()
    early = await fim.post(f"{path}/arrival", json={"arrival": at})
    assert (early.status_code, early.json()["code"]) == (409, "member_state")
    await fim.post(f"{path}/en-route", json={})
    said = await fim.post(f"{path}/arrival", json={"arrival": at})
    assert said.status_code == 200, said.text
    assert {datetime.fromisoformat(m["arrival"]) for m in said.json()["members"]} == {
        datetime.fromisoformat(at)
    }
    taken_back = await fim.post(f"{path}/arrival", json={"arrival": None, "members": ["N1"]})
    assert [m["arrival"] is None for m in taken_back.json()["members"]] == [True, False]
    assert (await supervisor.post(f"{path}/arrival", json={"arrival": at})).status_code == 403
    far = (datetime.now(UTC) + timedelta(hours=13)).isoformat()
    for wrong in ("2020-01-01T00:00:00Z", far, "soon", 7):
        answer = await fim.post(f"{path}/arrival", json={"arrival": wrong})
        assert (answer.status_code, answer.json()["field"]) == (422, "arrival"), wrong
    other = await fim.post(f"{path}/arrival", json={"arrival": at, "members": ["N4"]})
    assert (other.status_code, other.json()["code"]) == (409, "member_state")


async def phone_of(force: Any, shoulder_number: str) -> str:
    """A negotiator's phone, which was heard now; its id."""
    phone = await force.owner.fetchval(
        "insert into camera (ref, kind, officer_id) select 'PHONE-' || shoulder_number, 'tracker', id from officer where shoulder_number = $1 returning id",
        shoulder_number,
    )  # fmt: skip
    await force.owner.execute(
        "insert into live (camera_id, gateway_id, batch, seen_time, recording, recording_time, recording_since, fix_time,"
        " fix_received_time, lat, lon) values ($1, 1, 1, now(), 0, now(), now(), now(), now(), 51.3, 1.1)",
        phone,
    )  # fmt: skip
    return f"PHONE-{shoulder_number}"


async def sees(force: Any, who: str, camera: str) -> bool:
    client = await force.as_(who)
    listed = (await client.get("/api/cameras")).json()["features"]
    one = await client.get(f"/api/cameras/{camera}")
    found = camera in {feature["properties"]["camera"] for feature in listed}
    assert (one.status_code == 200) == found
    return found


HIDE = (
    "update incident set restricted = true, created_by = (select id from app_user where username = 'fim')"
    " where id = $1"
)


@pytest.mark.parametrize("hidden_before", [True, False])
async def test_nobody_else_sees_negotiators_drive_to_a_restricted_incident(
    force: Any, hidden_before: bool
) -> None:
    phone = await phone_of(force, "N1")
    if hidden_before:
        await force.owner.execute(HIDE, force.incident)
    path = await out(force)
    if not hidden_before:
        assert await sees(force, "negco", phone)
        await force.owner.execute(HIDE, force.incident)
    assert (await sees(force, "fim", phone), await sees(force, "negco", phone)) == (True, False)
    client = await force.as_("fim")
    await client.post(f"{path}/cancel", json={"rationale": "Came down", "members": ["N1"]})
    assert await sees(force, "negco", phone)


async def test_what_they_book_on_with_on_the_way_is_hidden_and_what_they_hand_back_is_not(
    force: Any,
) -> None:
    await force.owner.execute(HIDE, force.incident)
    await out(force)
    camera = await force.owner.fetchval("select id from camera where ref = 'CAM-1'")
    assert await sees(force, "negco", "CAM-1")
    await force.owner.execute(
        "update duty set during = tstzrange(lower(during), now()) where camera_id = $1", camera
    )
    duty = await force.owner.fetchval(
        "insert into duty (camera_id, officer_id, during) select $1, id, tstzrange(now(), null) from officer"
        " where shoulder_number = 'N1' returning id", camera,
    )  # fmt: skip
    assert not await sees(force, "negco", "CAM-1")
    await force.owner.execute(
        "update duty set during = tstzrange(lower(during), clock_timestamp()) where id = $1", duty
    )
    assert await sees(force, "negco", "CAM-1")
    # where they were with it stays hidden
    async with force.services.acting(await force.credentials("negco")) as act:
        hidden = await act.connection.fetchval(
            "select $1::tstzrange <@ sightline.camera_hidden_times($2)",
            await force.owner.fetchval("select during from duty where id = $1", duty), camera,
        )  # fmt: skip
    assert hidden


async def test_a_camera_that_somebody_else_wears_is_not_the_negotiators(force: Any) -> None:
    await phone_of(force, "N1")
    await force.owner.execute(
        "insert into duty (camera_id, officer_id, during) select c.id, o.id, tstzrange(now() - interval '1 h', null)"
        " from camera c, officer o where c.ref = 'PHONE-N1' and o.shoulder_number = 'N4'"
    )
    await force.owner.execute(HIDE, force.incident)
    path = await out(force)
    fim = await force.as_("fim")
    await fim.post(f"{path}/en-route", json={})
    assert await sees(force, "negco", "PHONE-N1")
    assert {m["camera"] for m in (await incident(force))["deployments"][0]["en_route"]} == {None}


async def test_a_deployment_that_is_linked_to_a_restricted_incident_is_hidden_with_its_team(
    force: Any,
) -> None:
    phone = await phone_of(force, "N1")
    await out(force)
    await force.owner.execute(
        "update incident set provisional = true where id = $1", force.incident
    )
    fim = await force.as_("fim")
    made = await fim.post(
        "/api/incidents",
        json={"title": "Kidnap", "grade": "immediate", "restricted": True, "log_number": "HC-9"},
    )
    assert made.status_code == 201, made.text
    assert await sees(force, "negco", phone)
    linked = await fim.post(f"/api/incidents/{force.incident}/link", json={"log_number": "HC-9"})
    assert linked.status_code == 200, linked.text
    assert (await sees(force, "fim", phone), await sees(force, "negco", phone)) == (True, False)


async def test_negotiators_on_their_way_to_any_other_incident_are_seen(force: Any) -> None:
    phone = await phone_of(force, "N1")
    await out(force)
    assert await sees(force, "negco", phone)
    assert phone not in (await incident(force))["cameras"]
