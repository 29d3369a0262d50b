"""Incidents and the command log through the API, and restricted ones on every output."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

NEW = {"title": "Woman on a bridge", "lat": 51.2, "lon": 0.5, "grade": "immediate"}


async def make(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/incidents", json={**NEW, **changes})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_incident_is_made_and_comes_back_whole(force: Any) -> None:
    client = await force.as_("fim")
    made = await make(
        client, log_number="K-9", type="concern", talkgroup="TG 4", resources=["RB31"]
    )
    assert made["id"]
    for name, value in {
        **NEW,
        "log_number": "K-9",
        "resources": ["RB31"],
        "restricted": False,
    }.items():
        assert made[name] == value
    listed = (await client.get("/api/incidents")).json()["incidents"]
    assert [incident["id"] for incident in listed] == [made["id"], force.incident]
    rows = await force.audit("incident.create")
    assert (rows[0]["actor"], rows[0]["object_id"]) == ("fim", str(made["id"]))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"), ({"title": None}, "title"), ({"grade": "urgent"}, "grade"), ({"lat": 91}, "lat"),
        ({"lon": None}, None), ({"lat": "north"}, "lat"), ({"grade": 3}, "grade"), ({"colour": "red"}, "colour"),
        ({"regime": "martial"}, "regime"), ({"retention_category": "forever"}, "retention_category"), ({"title": "a\0b"}, None),
        ({"title": "\ud800"}, None), ({"resources": "RB31"}, "resources"), ({"title": "x" * 300}, "title"),
        ({"log_number": "a/b"}, "log_number"), ({"lat": 1e400}, None),
    ],
)  # fmt: skip
async def test_bad_input_is_named(force: Any, changes: dict[str, Any], field: str | None) -> None:
    client = await force.as_("fim")
    content = json.dumps({**NEW, **changes})
    answer = await client.post(
        "/api/incidents", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    document = answer.json()
    assert document["detail"]
    if field:
        assert document["field"] == field
    assert await force.owner.fetchval("select count(*) from incident") == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{" * 50_000])
async def test_a_body_that_is_no_object(force: Any, content: bytes) -> None:
    client = await force.as_("fim")
    answer = await client.post(
        "/api/incidents", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_log_number_belongs_to_one_incident(force: Any) -> None:
    client = await force.as_("fim")
    answer = await client.post("/api/incidents", json={**NEW, "log_number": "K-1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "log_number_taken")


class TestByLogNumber:
    """From the force's command-and-control system."""

    async def put(self, client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
        return await client.put("/api/incidents/by-log/K-77", json={**NEW, **changes})

    async def test_the_same_twice_is_one_incident(self, force: Any) -> None:
        client = await force.as_("fim")
        first, second = await self.put(client), await self.put(client)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()

    async def test_at_the_same_time_as_well(self, force: Any) -> None:
        client = await force.as_("fim")
        answers = await asyncio.gather(*(self.put(client) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1

    async def test_a_change_changes_what_it_says_and_nothing_else(self, force: Any) -> None:
        client = await force.as_("fim")
        made = (await self.put(client, talkgroup="TG 4")).json()
        changed = (
            await client.put("/api/incidents/by-log/K-77", json={"grade": "standard"})
        ).json()
        assert changed == {**made, "grade": "standard", "grade_name": "Standard"}

    async def test_a_new_one_needs_title_and_grade(self, force: Any) -> None:
        answer = await (await force.as_("fim")).put(
            "/api/incidents/by-log/K-78", json={"title": "x"}
        )
        assert (answer.status_code, answer.json()["field"]) == (422, "grade")

    async def test_it_takes_a_provisional_incident_over(self, force: Any) -> None:
        client = await force.as_("fim")
        made = (
            await client.post(
                "/api/streams",
                json={"camera": "CAM-1", "purpose": "officer_safety", "reason": "alone"},
            )
        ).json()
        answer = await self.put(client, provisional_incident=made["incident"])
        assert answer.json()["id"] == made["incident"]
        assert not answer.json()["provisional"]
        assert answer.json()["link_by"] is None


class TestLinking:
    """A provisional incident becomes, or is linked to, what it turned out to be."""

    async def opened(self, client: httpx.AsyncClient) -> int:
        """The provisional incident of a stream that was opened first."""
        answer = await client.post(
            "/api/streams", json={"camera": "CAM-1", "purpose": "officer_safety", "reason": "alone"}
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["incident"])

    async def test_to_a_log_number_that_is_known(self, force: Any) -> None:
        fim = await force.as_("fim")
        provisional = await self.opened(fim)
        body = {"provisional_incident": provisional, "talkgroup": "TG 4"}
        for _ in range(2):  # idempotent
            answer = await fim.put("/api/incidents/by-log/K-1", json=body)
            assert (answer.status_code, answer.json()["id"]) == (200, force.incident)
            assert (answer.json()["cameras"], answer.json()["talkgroup"]) == (["CAM-1"], "TG 4")
        left = (await fim.get(f"/api/incidents/{provisional}")).json()
        assert (left["linked_to"], left["provisional"]) == (force.incident, False)
        assert len(await force.audit("incident.link")) == 2  # one each

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    async def test_what_is_no_provisional_incident_is_said(self, force: Any, method: str) -> None:
        fim = await force.as_("fim")
        path = "/api/incidents" + ("/by-log/K-99" if method == "PUT" else "")
        for named, status, code in (
            (123456, 404, "incident_unknown"),
            (force.incident, 409, "not_provisional"),
        ):
            for body in ({**NEW, "provisional_incident": named}, {"provisional_incident": named}):
                answer = await fim.request(method, path, json=body)
                if method == "POST" and "title" not in body:
                    assert answer.status_code == 422
                else:
                    assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert await force.owner.fetchval("select count(*) from incident") == 1

    async def test_once_only(self, force: Any) -> None:
        fim = await force.as_("fim")
        provisional = await self.opened(fim)
        body = {**NEW, "provisional_incident": provisional}
        for _ in range(2):
            assert (await fim.put("/api/incidents/by-log/K-77", json=body)).json()[
                "id"
            ] == provisional
        other = await fim.put("/api/incidents/by-log/K-78", json=body)
        assert (other.status_code, other.json()["code"]) == (409, "not_provisional")

    @pytest.mark.parametrize("role", ["supervisor", "commander", "negco"])
    async def test_by_whoever_opened_it(self, force: Any, role: str) -> None:
        fim, opener = await force.as_("fim"), await force.as_(role)
        for path in ("people/commander", "cameras/CAM-1"):
            await fim.put(
                f"/api/incidents/{force.incident}/{path}",
                json={"capacity": "commander"} if "people" in path else None,
            )
        provisional = await self.opened(opener)
        answer = await opener.post(f"/api/incidents/{provisional}/link", json={"log_number": "K-1"})
        assert (answer.status_code, answer.json()["id"]) == (200, force.incident), answer.text
        assert {row["actor"] for row in await force.audit("incident.link")} == {role}
        left = await force.owner.fetchrow("select * from incident where id = $1", provisional)
        assert (left["linked_to"], left["link_by"]) == (force.incident, None)

    @pytest.mark.parametrize(
        ("hidden", "sees"), [({}, 200), ({"restricted": True}, 404), ({"exercise": True}, 404)]
    )
    async def test_its_commander_goes_on_seeing_what_was_moved(
        self, force: Any, hidden: dict[str, bool], sees: int
    ) -> None:
        fim, commander = await force.as_("fim"), await force.as_("commander")
        provisional = await self.opened(fim)
        named = await fim.put(
            f"/api/incidents/{provisional}/people/commander", json={"capacity": "commander"}
        )
        assert named.status_code == 200, named.text
        target = (await fim.post("/api/incidents", json={**NEW, **hidden})).json()["id"]
        linked = await fim.post(f"/api/incidents/{provisional}/link", json={"incident": target})
        assert linked.status_code == 200, linked.text
        assert (await commander.get(f"/api/incidents/{target}")).status_code == sees

    async def test_an_incident_keeps_the_commander_that_it_has(self, force: Any) -> None:
        fim = await force.as_("fim")
        provisional = await self.opened(fim)
        for incident, user in ((force.incident, "commander"), (provisional, "fim")):
            answer = await fim.put(
                f"/api/incidents/{incident}/people/{user}", json={"capacity": "commander"}
            )
            assert answer.status_code == 200, answer.text
        await fim.post(f"/api/incidents/{provisional}/link", json={"incident": force.incident})
        found = await force.owner.fetch(
            "select user_id, capacity from incident_person where incident_id = $1 and until is null order by 2",
            force.incident,
        )
        assert [tuple(row) for row in found] == [
            (force.users["commander"], "commander"),
            (force.users["fim"], "named"),
        ]

    async def test_not_by_others_nor_to_what_the_opener_does_not_see(self, force: Any) -> None:
        fim, supervisor, negco = [await force.as_(r) for r in ("fim", "supervisor", "negco")]
        provisional = await self.opened(supervisor)
        unseen = await supervisor.post(
            f"/api/incidents/{provisional}/link", json={"incident": force.incident}
        )
        assert (unseen.status_code, unseen.json()["code"]) == (404, "incident_unknown")
        other = await negco.post(
            f"/api/incidents/{provisional}/link", json={"incident": force.incident}
        )
        assert (other.status_code, other.json()["code"]) == (403, "role_not_permitted")
        (row,) = await force.audit("incident.link")
        assert (row["actor"], row["outcome"]) == ("negco", "refused")
        linked = await fim.post(f"/api/incidents/{provisional}/link", json={"log_number": "K-1"})
        assert linked.status_code == 200


@pytest.mark.parametrize(
    "path", ["%ff", "%20", "%20%20", "%01", "%00", "%e2%80%ae", "%0a", "K-%0a1", "x" * 65]
)
async def test_a_log_number_in_a_path_is_checked_as_in_a_body(force: Any, path: str) -> None:
    answer = await (await force.as_("fim")).put(f"/api/incidents/by-log/{path}", json=NEW)
    assert (answer.status_code, answer.json()["field"]) == (422, "log_number"), answer.text
    assert await force.owner.fetchval("select count(*) from incident") == 1


async def test_blanks_around_a_log_number_are_taken_off_in_a_path_too(force: Any) -> None:
    answer = await (await force.as_("fim")).put(
        "/api/incidents/by-log/%20K-1%20", json={"title": "On the roof", "log_number": "K-1 "}
    )
    assert (answer.status_code, answer.json()["id"]) == (200, force.incident)


class TestLog:
    async def write(self, client: httpx.AsyncClient, force: Any, **entry: Any) -> httpx.Response:
        return await client.post(f"/api/incidents/{force.incident}/log", json=entry)

    async def test_entries_by_role_in_order(self, force: Any) -> None:
        fim, negco = await force.as_("fim"), await force.as_("negco")
        note = (await self.write(fim, force, text="Ambulance called", kind="note")).json()
        advice = (await self.write(negco, force, text="Do not rush him", kind="advice")).json()
        log = (await fim.get(f"/api/incidents/{force.incident}/log")).json()["log"]
        assert [(e["id"], e["author"], e["author_role"], e["kind"], e["text"]) for e in log] == [
            (note["id"], "fim", "fim", "note", "Ambulance called"),
            (advice["id"], "negco", "negco", "advice", "Do not rush him"),
        ]
        later = await fim.get(f"/api/incidents/{force.incident}/log", params={"after": note["id"]})
        assert [entry["id"] for entry in later.json()["log"]] == [advice["id"]]
        whole = (await fim.get(f"/api/incidents/{force.incident}")).json()
        assert len(whole["log"]) == 2
        assert (await force.audit("log.advice"))[0]["actor"] == "negco"

    async def test_advice_is_the_negcos(self, force: Any) -> None:
        answer = await self.write(await force.as_("fim"), force, text="I advise", kind="advice")
        assert answer.status_code == 403
        assert (await force.audit("log.advice"))[0]["outcome"] == "refused"

    async def test_a_commander_writes_where_assigned(self, force: Any) -> None:
        fim, commander = await force.as_("fim"), await force.as_("commander")
        assert (await self.write(commander, force, text="In place")).status_code == 404
        await fim.put(
            f"/api/incidents/{force.incident}/people/commander", json={"capacity": "commander"}
        )
        assert (await self.write(commander, force, text="In place")).status_code == 201

    async def test_acknowledging(self, force: Any) -> None:
        fim, negco = await force.as_("fim"), await force.as_("negco")
        entry = (await self.write(negco, force, text="Do not rush him", kind="advice")).json()["id"]
        path = f"/api/incidents/{force.incident}/log/{entry}/ack"
        understood = (await fim.post(path)).json()
        assert (understood["kind"], understood["about"], understood["text"]) == (
            "acknowledgement",
            entry,
            "Understood",
        )
        by_radio = (await fim.post(path, json={"by": "PS Stone"})).json()
        assert (by_radio["acknowledged_by"], by_radio["text"]) == (
            "PS Stone",
            "Acknowledged by radio, by PS Stone",
        )
        other = await fim.post(f"/api/incidents/{force.incident}/log/4711/ack")
        assert (other.status_code, other.json()["code"]) == (404, "entry_unknown")

    @pytest.mark.parametrize(
        ("entry", "field"),
        [
            ({"text": "  "}, "text"),
            ({}, "text"),
            ({"text": "x", "kind": "decision"}, "kind"),
            ({"text": "x" * 5000}, "text"),
            ({"text": "\u200b\u202e"}, "text"),
        ],
    )
    async def test_bad_entries(self, force: Any, entry: dict[str, Any], field: str) -> None:
        answer = await self.write(await force.as_("fim"), force, **entry)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


class TestPeopleAndCameras:
    async def test_one_commander_at_a_time(self, force: Any) -> None:
        fim = await force.as_("fim")
        path = f"/api/incidents/{force.incident}/people"
        named = (await fim.put(f"{path}/commander", json={"capacity": "commander"})).json()
        assert [(p["username"], p["capacity"]) for p in named["people"]] == [
            ("commander", "commander")
        ]
        second = await fim.put(f"{path}/fim", json={"capacity": "commander"})
        assert (second.status_code, second.json()["code"]) == (409, "commander_named")
        unable = await fim.put(f"{path}/planner", json={"capacity": "commander"})
        assert (unable.status_code, unable.json()["code"]) == (409, "not_a_commander")
        assert (await fim.put(f"{path}/nobody", json={})).status_code == 404
        assert (await fim.delete(f"{path}/commander")).status_code == 404  # hands over instead

    async def test_cameras_come_and_go(self, force: Any) -> None:
        fim = await force.as_("fim")
        path = f"/api/incidents/{force.incident}/cameras"
        for _ in range(2):
            assert (await fim.put(f"{path}/CAM-1")).json()["cameras"] == ["CAM-1"]
        assert len(await force.audit("incident.attend")) == 1
        assert (await fim.delete(f"{path}/CAM-1")).json()["cameras"] == []
        assert (await fim.put(f"{path}/NOPE")).json()["code"] == "camera_unknown"

    async def test_closing(self, force: Any) -> None:
        fim = await force.as_("fim")
        made = (
            await fim.post("/api/deployments", json={"incident": force.incident, "request": {}})
        ).json()
        path = f"/api/incidents/{force.incident}/close"
        busy = await fim.post(path)
        assert (busy.status_code, busy.json()["code"]) == (409, "deployment_live")
        await fim.post(f"/api/deployments/{made['id']}/cancel", json={"rationale": "resolved"})
        closed = (await fim.post(path, json={"reason": "resolved"})).json()
        assert closed["closed_time"]
        assert (await fim.post(path)).json()["code"] == "incident_closed"
        assert (await fim.get("/api/incidents")).json()["incidents"] == []
        assert len((await fim.get("/api/incidents?state=closed")).json()["incidents"]) == 1


class TestRestricted:
    """A kidnap that only the NegCo and whoever made it may know of."""

    @pytest.fixture
    async def kidnap(self, force: Any) -> dict[str, Any]:
        """Made by another FIM, with CAM-1 there, a deployment and a stream of the NegCo's."""
        await force.owner.execute(
            "insert into app_user (username, display_name, role) values ('covert', 'Covert', 'fim')"
        )
        client = await force.as_("covert")
        made = await make(client, title="Kidnap", restricted=True, log_number="S-1")
        path = f"/api/incidents/{made['id']}"
        await client.put(f"{path}/people/negco", json={"capacity": "negco"})
        await client.put(f"{path}/cameras/CAM-1")
        entry = (await client.post(f"{path}/log", json={"text": "secret"})).json()
        await force.owner.execute("select alert_eyes_on($1)", force.cameras["CAM-1"])
        deployment = await client.post(
            "/api/deployments", json={"incident": made["id"], "request": {"what": "kidnap"}}
        )
        negco = await force.as_("negco")
        ask = {
            "camera": "CAM-1",
            "purpose": "negotiator_triage",
            "reason": "advice",
            "incident": made["id"],
        }
        stream = await negco.post("/api/streams", json=ask)
        assert stream.status_code == 201, stream.text
        return {"id": made["id"], "entry": entry["id"], "deployment": deployment.json()["id"]}

    async def test_who_is_named_sees_it(self, force: Any, kidnap: dict[str, Any]) -> None:
        negco = await force.as_("negco")
        assert (await negco.get(f"/api/incidents/{kidnap['id']}")).json()["title"] == "Kidnap"
        assert (await negco.get(f"/api/deployments/{kidnap['deployment']}")).status_code == 200
        assert (await negco.get("/api/cameras/CAM-1")).status_code == 200
        assert {row["actor"] for row in await force.audit("incident.view")} >= {"negco"}

    @pytest.mark.parametrize("role", ["fim", "commander", "supervisor", "coordinator"])
    async def test_nobody_else_sees_it_on_any_output(
        self, force: Any, kidnap: dict[str, Any], role: str
    ) -> None:
        client = await force.as_(role)
        incident, deployment = kidnap["id"], kidnap["deployment"]
        hidden = [
            f"/api/incidents/{incident}", f"/api/incidents/{incident}/log", f"/api/deployments/{deployment}",
        ]  # fmt: skip
        if role != "coordinator":
            hidden.append("/api/cameras/CAM-1")
            assert "CAM-1" not in (await client.get("/api/cameras")).text
            assert "CAM-1" not in (await client.get("/api/streams")).text
        for path in hidden:
            assert (await client.get(path)).status_code == 404, path
        for path in ("/api/incidents?state=all", "/api/deployments"):
            assert str(incident) not in str(
                [x["id"] for x in next(iter((await client.get(path)).json().values()))]
            )
            assert "idnap" not in (await client.get(path)).text
        if role == "fim":
            assert (await client.get("/api/alerts")).json() == {"alerts": []}
            assert (await client.get("/api/alerts/past")).json() == {"alerts": []}

    @pytest.mark.usefixtures("kidnap")
    async def test_its_log_number_is_taken_like_any_other(self, force: Any) -> None:
        fim = await force.as_("fim")
        hidden, seen = [
            await fim.post("/api/incidents", json={**NEW, "log_number": number})
            for number in ("S-1", "K-1")
        ]
        assert (hidden.status_code, hidden.json()["code"]) == (409, "log_number_taken")
        assert hidden.json() == seen.json()

    async def test_nor_changes_it(self, force: Any, kidnap: dict[str, Any]) -> None:
        fim = await force.as_("fim")
        incident, deployment = kidnap["id"], kidnap["deployment"]
        tries = [
            ("POST", f"/api/incidents/{incident}/log", {"text": "x"}),
            ("POST", f"/api/incidents/{incident}/log/{kidnap['entry']}/ack", {}),
            ("PUT", f"/api/incidents/{incident}/people/fim", {"capacity": "named"}),
            ("PUT", f"/api/incidents/{incident}/cameras/CAM-2", None),
            ("POST", f"/api/incidents/{incident}/close", {}),
            ("PUT", "/api/incidents/by-log/S-1", NEW),
            ("POST", "/api/deployments", {"incident": incident}),
            ("POST", f"/api/deployments/{deployment}/cancel", {"rationale": "x"}),
            ("POST", f"/api/deployments/{deployment}/hand-over", {"to": "fim"}),
            ("POST", f"/api/deployments/{deployment}/hand-over/accept", None),
            ("POST", "/api/alerts/1/ack", {}),
            ("POST", "/api/streams", {"camera": "CAM-1", "purpose": "pursuit", "reason": "why", "incident": force.incident}),
            ("POST", "/api/streams", {"camera": "CAM-2", "purpose": "pursuit", "reason": "why", "incident": incident}),
            ("GET", f"/api/cameras/CAM-2/track?purpose=pursuit&incident={incident}", None),
        ]  # fmt: skip
        for method, path, body in tries:
            answer = await fim.request(method, path, json=body)
            assert answer.status_code == 404, (method, path, answer.text)
            assert "idnap" not in answer.text

    @pytest.mark.usefixtures("kidnap")
    async def test_the_camera_is_told_silently(self, force: Any) -> None:
        body = await force.owner.fetchval(
            "select body from camera_command where body ->> 'type' = 'watched' order by id desc limit 1"
        )
        assert json.loads(body)["silent"] is True

    async def test_an_exercise_reaches_only_its_members(self, force: Any) -> None:
        await force.owner.execute(
            "insert into app_user (username, display_name, role) values ('umpire', 'Umpire', 'fim')"
        )
        made = await make(await force.as_("umpire"), title="Exercise Gull", exercise=True)
        assert (
            await (await force.as_("fim")).get(f"/api/incidents/{made['id']}")
        ).status_code == 404


async def test_whoever_hides_an_incident_goes_on_seeing_it(force: Any) -> None:
    fim = await force.as_("fim")
    for number, field in (("K-1", "restricted"), ("K-9", "exercise")):
        if number != "K-1":
            await force.owner.execute(
                "insert into incident (log_number, title, grade) values ($1, 'Siege', 'immediate')",
                number,
            )
        answer = await fim.put(f"/api/incidents/by-log/{number}", json={field: True})
        assert answer.status_code == 200, answer.text
        made = answer.json()
        assert made[field] is True
        assert [(p["username"], p["capacity"]) for p in made["people"]] == [("fim", "named")]
        assert (await fim.get(f"/api/incidents/{made['id']}")).status_code == 200


async def test_the_same_sent_again_leaves_no_trace(force: Any) -> None:
    fim = await force.as_("fim")
    body = {**NEW, "resources": ["RB31", "RB32"], "lat": 51.5, "lon": 1.5}
    answers = [await fim.put("/api/incidents/by-log/K-7", json=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert answers[1].json() == answers[0].json() == answers[2].json()
    assert await force.audit("incident.change") == []
    await fim.put("/api/incidents/by-log/K-7", json={"resources": ["RB31"]})
    assert len(await force.audit("incident.change")) == 1


async def test_a_provisional_incident_always_has_its_time_to_be_linked(force: Any) -> None:
    fim = await force.as_("fim")
    made = await make(fim, provisional=True, log_number="K-8")
    assert made["link_by"] is not None
    again = (await fim.put("/api/incidents/by-log/K-8", json={"title": "Other words"})).json()
    assert (again["title"], again["link_by"]) == ("Other words", made["link_by"])
    over = (await fim.put("/api/incidents/by-log/K-8", json={"provisional": False})).json()
    assert (over["provisional"], over["link_by"]) == (False, None)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": "a\0b"}, "title"),
        ({"resources": ["RB31", "\ud800"]}, "resources.1"),
        ({"nobody\0knows": 1}, "nobody\\x00knows"),
        ({"lon": None}, "lon"),
        ({"lat": None}, "lat"),
    ],
)
async def test_what_is_wrong_is_named_also_where_the_whole_is_looked_at(
    force: Any, fields: dict[str, Any], named: str
) -> None:
    fim = await force.as_("fim")
    content = json.dumps({**NEW, **fields})
    headers = {"Content-Type": "application/json"}
    answer = await fim.post("/api/incidents", content=content, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, named), answer.text
    assert answer.json()["detail"].startswith(named)


async def test_a_parameter_that_a_call_does_not_know_is_refused(force: Any) -> None:
    fim = await force.as_("fim")
    answer = await fim.get("/api/incidents?sate=closed")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field")
    assert (answer.json()["field"], answer.json()["allowed"]) == ("sate", ["state"])
