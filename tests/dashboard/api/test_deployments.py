"""A deployment's whole life through the API: who may do what in which state, and who of two comes first."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """A step that must work; gives the deployment."""
    answer = await client.post(f"/api/deployments{path}", json=body or None)
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = answer.json()
    return made


async def refused(client: httpx.AsyncClient, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """A step that must not work; gives status and problem."""
    answer = await client.post(f"/api/deployments{path}", json=body or None)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()


async def another_incident(force: Any) -> int:
    """An incident beside the one that there is: each has one live deployment at most."""
    made: int = await force.owner.fetchval(
        "insert into incident (title, grade) values ('Man on a bridge', 'immediate') returning id"
    )
    return made


@pytest.fixture
async def asked(force: Any) -> str:
    """A request for negotiators by the supervisor; its path."""
    fim = await force.as_("fim")
    await fim.put(f"/api/incidents/{force.incident}/cameras/CAM-1")  # of the supervisor's unit
    supervisor = await force.as_("supervisor")
    made = await post(
        supervisor,
        "",
        incident=force.incident,
        request={"what": "Man on a roof", "rvp": "Mill Lane"},
    )
    return f"/{made['id']}"


async def test_the_whole_life_to_cancelled_en_route(force: Any, asked: str) -> None:
    fim, negco = await force.as_("fim"), await force.as_("negco")
    made = (await fim.get(f"/api/deployments{asked}")).json()
    assert (made["state"], made["requested_by"], made["request"]) == (
        "requested", "supervisor", {"what": "Man on a roof", "rvp": "Mill Lane"},
    )  # fmt: skip
    assert set(made["may"]) == {"dispatch", "advice_only", "not_required", "cancel"}

    triage = await post(
        negco, f"{asked}/recommend", recommendation="deploy", rationale="He listens"
    )
    assert (triage["state"], triage["may"]) == ("triage", ["recommend"])
    sent = await post(fim, f"{asked}/dispatch", rationale="As recommended")
    assert sent["state"] == "deployed"
    assert [(m["officer"], m["state"]) for m in sent["members"]] == [
        ("N1", "mobilising"),
        ("N2", "mobilising"),
    ]
    going = await post(negco, f"{asked}/en-route")
    assert going["state"] == "en_route"
    over = await post(fim, f"{asked}/cancel", rationale="He came down by himself")
    assert over["state"] == "cancelled_en_route"
    assert {m["state"] for m in over["members"]} == {"cancelled"}
    assert [(t["action"], t["to"], t["by"], t["role"]) for t in over["transitions"]] == [
        ("request", "requested", "supervisor", "supervisor"), ("recommend", "triage", "negco", "negco"),
        ("dispatch", "deployed", "fim", "fim"), ("en_route", "en_route", "negco", "negco"),
        ("cancel", "cancelled_en_route", "fim", "fim"),
    ]  # fmt: skip
    assert over["transitions"][-1]["rationale"] == "He came down by himself"
    log = (await fim.get(f"/api/incidents/{force.incident}/log")).json()["log"]
    assert (log[-1]["text"], log[-1]["author"]) == (
        "Cancelled en route. He came down by himself",
        "fim",
    )
    (row,) = await force.audit("deployment.cancel")
    assert (row["actor"], row["reason"], row["outcome"]) == (
        "fim",
        "He came down by himself",
        "allowed",
    )
    # the team is free again, and whoever was not called out goes next
    second = await post(fim, "", incident=force.incident)
    sent = await post(fim, f"/{second['id']}/dispatch", rationale="again")
    assert "N3" in [m["officer"] for m in sent["members"]]


async def test_to_the_scene_and_to_the_return(force: Any, asked: str) -> None:
    fim, negco, coordinator = [await force.as_(role) for role in ("fim", "negco", "coordinator")]
    await post(fim, f"{asked}/dispatch", rationale="at once")  # straight from requested
    await post(fim, f"{asked}/en-route")
    first, second = (force.negotiators[number] for number in ("N1", "N2"))
    there = await post(negco, f"{asked}/on-scene", members=[first])
    assert {m["negotiator"]: m["state"] for m in there["members"]} == {
        first: "on_scene",
        second: "en_route",
    }
    status, problem = await refused(fim, f"{asked}/cancel", rationale="too late")
    assert (status, problem["code"]) == (409, "not_possible_in_state")
    assert problem["possible"] == ["on_scene", "stood_down"]
    assert "stand_down" in problem["actions"]
    part = await post(fim, f"{asked}/stand-down", members=[second])
    assert part["state"] == "on_scene"
    done = await post(fim, f"{asked}/stand-down", rationale="resolved")
    assert (done["state"], {m["state"] for m in done["members"]}) == ("stood_down", {"released"})
    assert done["live"] is False
    status, problem = await refused(negco, f"{asked}/return", outcome="resolved")
    assert (status, problem["field"]) == (422, "welfare_check")
    filed = await post(
        coordinator,
        f"{asked}/return",
        welfare_check="both well",
        outcome="resolved",
        summary="talked down",
    )
    assert filed["state"] == "returned"
    assert filed["return"]["welfare_check"] == "both well"
    assert filed["possible"] == []


class TestTheReturn:
    """It closes a deployment, with a welfare check of the team, for those who read returns."""

    @pytest.fixture
    async def over(self, force: Any, asked: str) -> str:
        """A deployment that is stood down; its path."""
        await force.owner.execute("update negotiator set phone = '07700 900123'")
        fim = await force.as_("fim")
        await post(fim, f"{asked}/dispatch", rationale="r")
        await post(fim, f"{asked}/en-route")
        await post(fim, f"{asked}/on-scene")
        await post(fim, f"{asked}/stand-down")
        return asked

    @pytest.mark.parametrize("welfare_check", [False, 0, 1, "", "  ", "\u200b", None, ["ok"]])
    async def test_that_nobody_was_asked_is_no_welfare_check(
        self, force: Any, over: str, welfare_check: Any
    ) -> None:
        negco = await force.as_("negco")
        status, problem = await refused(negco, f"{over}/return", welfare_check=welfare_check)
        assert (status, problem["field"]) == (422, "welfare_check")
        assert "true where all were asked" in problem["detail"] or "read" in problem["detail"]
        assert (await negco.get(f"/api/deployments{over}")).json()["state"] == "stood_down"

    async def test_that_all_were_asked_is_one(self, force: Any, over: str) -> None:
        filed = await post(await force.as_("negco"), f"{over}/return", welfare_check=True)
        assert (filed["state"], filed["return"]["welfare_check"]) == ("returned", True)

    async def test_it_is_for_those_who_read_returns_and_numbers_for_those_who_ring(
        self, force: Any, over: str
    ) -> None:
        body = {"welfare_check": "one shaken", "summary": "talked down", "lessons": "RVP too close"}
        await post(await force.as_("negco"), f"{over}/return", **body)
        await force.owner.execute(
            "insert into incident_person (incident_id, user_id, capacity) values ($1, $2, 'named')",
            force.incident, force.users["commander"],
        )  # fmt: skip
        for role, reads in (
            ("fim", True), ("negco", True), ("commander", True), ("coordinator", True), ("supervisor", False),
        ):  # fmt: skip
            client = await force.as_(role)
            answer = await client.get(f"/api/deployments{over}")
            told = answer.json()
            assert (told["return"] is not None) == reads, role
            assert {m["phone"] for m in told["members"]} == {"07700 900123" if reads else None}
            listed = await client.get("/api/deployments")
            incident = await client.get(f"/api/incidents/{force.incident}")
            for text in (answer.text, listed.text, incident.text):
                if not reads:
                    assert not any(said in text for said in (*body.values(), "900123")), role


class TestARequestSentTwice:
    async def test_a_double_click_asks_once(self, force: Any) -> None:
        client = await force.as_("fim")
        body = {"incident": force.incident, "request": {"what": "Man on a roof"}}
        answers = await asyncio.gather(
            *(client.post("/api/deployments", json=body) for _ in range(4))
        )
        assert [answer.status_code for answer in answers] == [201] * 4
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await force.owner.fetchval("select count(*) from deployment") == 1

    async def test_another_request_or_another_person_asks_anew(self, force: Any) -> None:
        fim = await force.as_("fim")
        first = await post(fim, "", incident=force.incident, request={"what": "one"})
        second = await post(fim, "", incident=force.incident, request={"what": "two"})
        assert first["id"] != second["id"]
        await force.owner.execute(
            "update deployment set requested_time = now() - interval '4 seconds'"
        )
        assert (await post(fim, "", incident=force.incident, request={"what": "two"}))[
            "id"
        ] not in (first["id"], second["id"])

    async def test_one_that_has_ended_is_asked_anew(self, force: Any) -> None:
        fim = await force.as_("fim")
        first = await post(fim, "", incident=force.incident)
        await post(fim, f"/{first['id']}/cancel", rationale="r")
        assert (await post(fim, "", incident=force.incident))["id"] != first["id"]


async def test_command_is_not_handed_to_oneself(force: Any, asked: str) -> None:
    status, problem = await refused(await force.as_("fim"), f"{asked}/hand-over", to="fim")
    assert (status, problem["code"]) == (409, "same_person")
    assert "somebody else" in problem["detail"]


async def test_sentences_say_how_many(force: Any, asked: str) -> None:
    fim = await force.as_("fim")
    problem = (await refused(fim, f"{asked}/dispatch", rationale="r", members=[]))[1]
    assert problem["detail"] == "members is []; it must be a list of at least 1."
    await post(fim, f"{asked}/dispatch", rationale="r", members=["N1", "N2"])
    other = await post(fim, "", incident=await another_incident(force))
    for members, said in ((["N1"], "Nora One is"), (["N2", "N1"], "Ned Two, Nora One are")):
        problem = (await refused(fim, f"/{other['id']}/dispatch", rationale="r", members=members))[
            1
        ]
        assert problem["detail"] == f"{said} already in a live deployment."


async def test_advice_only_and_reopening(force: Any, asked: str) -> None:
    fim = await force.as_("fim")
    assert (await post(fim, f"{asked}/decide", decision="advice_only", rationale="r"))[
        "state"
    ] == "advice_only"
    status, problem = await refused(fim, f"{asked}/dispatch", rationale="now")
    assert (status, problem["possible"]) == (409, ["triage", "cancelled"])
    assert (await post(fim, f"{asked}/decide", decision="reopen", rationale="r"))[
        "state"
    ] == "triage"
    assert (await post(fim, f"{asked}/decide", decision="not_required", rationale="r"))[
        "state"
    ] == "not_required"
    assert (await post(fim, f"{asked}/cancel", rationale="r"))["state"] == "cancelled"


async def test_part_of_a_team_is_turned_round(force: Any, asked: str) -> None:
    fim = await force.as_("fim")
    await post(
        fim, f"{asked}/dispatch", rationale="r", members=["N1", "N2", force.negotiators["N3"]]
    )
    going = await post(fim, f"{asked}/en-route", members=["N1"])
    assert [m["state"] for m in going["members"]] == ["en_route", "mobilising", "mobilising"]
    part = await post(fim, f"{asked}/cancel", rationale="one is enough", members=["N2"])
    assert (part["state"], part["members"][1]["state"]) == ("en_route", "cancelled")
    status, problem = await refused(fim, f"{asked}/en-route", members=["N2"])
    assert (status, problem["code"]) == (409, "member_state")


async def test_a_step_that_concerns_nobody(force: Any, asked: str) -> None:
    fim = await force.as_("fim")
    await post(fim, f"{asked}/dispatch", rationale="r")
    await post(fim, f"{asked}/en-route")
    status, problem = await refused(fim, f"{asked}/en-route")
    assert (status, problem["code"]) == (409, "member_state")


class TestOneWinner:
    """Of steps at the same time, one comes first, and the other is told what is possible now."""

    async def test_two_dispatches(self, force: Any, asked: str) -> None:
        clients = [await force.as_("fim") for _ in range(4)]
        answers = await asyncio.gather(
            *(c.post(f"/api/deployments{asked}/dispatch", json={"rationale": "r"}) for c in clients)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["code"] in ("already_dispatched", "member_busy")
        assert await force.owner.fetchval("select count(*) from deployment_member") == 2

    async def test_dispatch_against_not_required(self, force: Any, asked: str) -> None:
        one, other = await force.as_("fim"), await force.as_("fim")
        first, second = await asyncio.gather(
            one.post(f"/api/deployments{asked}/dispatch", json={"rationale": "r"}),
            other.post(
                f"/api/deployments{asked}/decide",
                json={"decision": "not_required", "rationale": "r"},
            ),
        )
        assert sorted((first.status_code, second.status_code)) == [200, 409]
        steps = await force.owner.fetch("select action from deployment_transition order by id")
        assert len(steps) == 2

    async def test_nobody_is_in_two_live_deployments(self, force: Any, asked: str) -> None:
        fim = await force.as_("fim")
        other = await post(fim, "", incident=await another_incident(force))
        answers = await asyncio.gather(
            fim.post(
                f"/api/deployments{asked}/dispatch", json={"rationale": "r", "members": ["N1"]}
            ),
            fim.post(
                f"/api/deployments/{other['id']}/dispatch",
                json={"rationale": "r", "members": ["N1"]},
            ),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        (loser,) = (answer for answer in answers if answer.status_code == 409)
        assert loser.json()["code"] == "member_busy"


async def test_by_default_those_go_who_were_called_out_least(force: Any, asked: str) -> None:
    fim = await force.as_("fim")
    incident = await another_incident(force)
    for number in ("N1", "N1", "N3"):
        made = await post(fim, "", incident=incident)
        await post(fim, f"/{made['id']}/dispatch", rationale="r", members=[number])
        await post(fim, f"/{made['id']}/cancel", rationale="r")
    chosen = await post(fim, f"{asked}/dispatch", rationale="r")
    assert [m["officer"] for m in chosen["members"]] == ["N2", "N3"]


async def test_nobody_on_call(force: Any, asked: str) -> None:
    await force.owner.execute("delete from rota_shift")
    status, problem = await refused(await force.as_("fim"), f"{asked}/dispatch", rationale="r")
    assert (status, problem["code"]) == (409, "nobody_on_call")


class TestWhoMay:
    async def test_the_negco_recommends_and_does_not_decide(self, force: Any, asked: str) -> None:
        negco, fim = await force.as_("negco"), await force.as_("fim")
        for path, body in (
            ("dispatch", {"rationale": "r"}),
            ("cancel", {"rationale": "r"}),
            ("decide", {"decision": "not_required", "rationale": "r"}),
            ("stand-down", {}),
        ):
            assert (await refused(negco, f"{asked}/{path}", **body))[0] == 403
        assert (await refused(fim, f"{asked}/recommend", recommendation="deploy", rationale="r"))[
            0
        ] == 403
        rows = await force.owner.fetch(
            "select action, outcome from audit_entry where outcome = 'refused' order by id"
        )
        assert [row["action"] for row in rows] == [
            "deployment.dispatch", "deployment.cancel", "deployment.decide", "deployment.stand_down", "deployment.recommend",
        ]  # fmt: skip

    async def test_a_commander_decides_only_when_in_charge(self, force: Any, asked: str) -> None:
        fim, commander = await force.as_("fim"), await force.as_("commander")
        people = f"/api/incidents/{force.incident}/people/commander"
        assert (await refused(commander, f"{asked}/dispatch", rationale="r"))[0] == 404
        await fim.put(people, json={"capacity": "named"})
        status, problem = await refused(commander, f"{asked}/dispatch", rationale="r")
        assert (status, problem["code"]) == (403, "role_not_permitted")
        assert (await force.audit("deployment.dispatch"))[0]["outcome"] == "refused"
        await fim.put(people, json={"capacity": "commander"})
        sent = await post(commander, f"{asked}/dispatch", rationale="r")
        assert (sent["state"], sent["commander"]) == ("deployed", "commander")

    async def test_command_changes_hands_by_acceptance(self, force: Any, asked: str) -> None:
        fim, commander = await force.as_("fim"), await force.as_("commander")
        assert (await refused(commander, f"{asked}/hand-over/accept"))[0] == 404
        offered = await post(fim, f"{asked}/hand-over", to="commander")
        assert (offered["commander"], offered["handover_to"]) == (None, "commander")
        assert (await refused(commander, f"{asked}/dispatch", rationale="r"))[0] == 403
        assert (await refused(fim, f"{asked}/hand-over/accept"))[1]["code"] == "not_offered_to_you"
        taken = await post(commander, f"{asked}/hand-over/accept")
        assert (taken["commander"], taken["handover_to"]) == ("commander", None)
        assert (await post(commander, f"{asked}/dispatch", rationale="r"))["state"] == "deployed"
        assert (await refused(fim, f"{asked}/hand-over", to="planner"))[1][
            "code"
        ] == "not_a_commander"
        assert (await refused(fim, f"{asked}/hand-over", to="nobody"))[0] == 404

    async def test_a_member_of_the_team_sets_the_own_state(self, force: Any, asked: str) -> None:
        fim, officer = await force.as_("fim"), await force.as_("officer")
        await force.owner.execute(
            "update negotiator set user_id = $1 where id = $2",
            force.users["officer"],
            force.negotiators["N1"],
        )
        assert (await officer.get(f"/api/deployments{asked}")).status_code == 404
        await post(fim, f"{asked}/dispatch", rationale="r")
        mine = (await officer.get(f"/api/deployments{asked}")).json()
        listed = (await officer.get("/api/deployments")).json()["deployments"]
        assert [deployment["id"] for deployment in listed] == [int(asked[1:])]
        assert (mine["request"]["rvp"], mine["may"]) == ("Mill Lane", ["en_route"])
        going = await post(officer, f"{asked}/en-route")
        assert [m["state"] for m in going["members"]] == ["en_route", "mobilising"]
        other = await officer.post(f"/api/deployments{asked}/en-route", json={"members": ["N2"]})
        states = {
            m["officer"]: m["state"]
            for m in (await fim.get(f"/api/deployments{asked}")).json()["members"]
        }
        assert states["N2"] == "mobilising", other.text
        assert (await refused(officer, f"{asked}/cancel", rationale="r"))[0] == 403
        assert (await officer.get(f"/api/incidents/{force.incident}")).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("recommend", {"recommendation": "wait", "rationale": "r"}, "recommendation"),
        ("recommend", {"recommendation": "deploy"}, "rationale"),
        ("recommend", {"recommendation": "deploy", "rationale": " "}, "rationale"),
        ("recommend", {"recommendation": "deploy", "rationale": "r", "force": 1}, "force"),
    ],
)
async def test_bad_recommendations(
    force: Any, asked: str, path: str, body: dict[str, Any], field: str
) -> None:
    status, problem = await refused(await force.as_("negco"), f"{asked}/{path}", **body)
    assert (status, problem["field"]) == (422, field)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("decide", {"decision": "deploy", "rationale": "r"}, "decision"),
        ("dispatch", {}, None),
        ("dispatch", {"rationale": "r", "members": []}, "members"),
        ("dispatch", {"rationale": "r", "members": ["X9"]}, "members"),
        ("dispatch", {"rationale": "r", "members": [0]}, "members.0"),
        ("cancel", {"members": [1]}, "rationale"),
        ("hand-over", {}, None),
    ],
)
async def test_bad_decisions(
    force: Any, asked: str, path: str, body: dict[str, Any], field: str | None
) -> None:
    status, problem = await refused(await force.as_("fim"), f"{asked}/{path}", **body)
    assert (status, problem.get("field")) == (422, field)
    assert problem["detail"]


async def test_a_negotiator_that_there_is_not(force: Any, asked: str) -> None:
    status, problem = await refused(
        await force.as_("fim"), f"{asked}/dispatch", rationale="r", members=[4711]
    )
    assert (status, problem["code"]) == (409, "member_unknown")


async def test_unknown_fields_of_a_request_and_unknown_incidents(force: Any) -> None:
    fim = await force.as_("fim")
    status, problem = await refused(fim, "", incident=force.incident, request={"mood": "bad"})
    assert (status, problem["field"], problem["code"]) == (422, "request.mood", "unknown_field")
    assert (await refused(fim, "", incident=4711))[0] == 404
    await force.owner.execute("update incident set closed_time = now()")
    assert (await refused(fim, "", incident=force.incident))[1]["code"] == "incident_closed"


async def test_lists(force: Any, asked: str) -> None:
    fim = await force.as_("fim")
    incident = await another_incident(force)
    other = await post(fim, "", incident=incident)
    await post(fim, f"/{other['id']}/cancel", rationale="r")

    async def ids(query: str) -> list[int]:
        listed = (await fim.get(f"/api/deployments{query}")).json()["deployments"]
        return [deployment["id"] for deployment in listed]

    first = int(asked[1:])
    assert await ids("") == [other["id"], first]
    assert await ids("?live=true") == [first]
    assert await ids(f"?incident={incident}&live=false") == [other["id"]]
    assert await ids(f"?incident={incident}&live=true") == []
    assert await ids("?incident=4711") == []


class TestRota:
    async def test_who_is_on_call(self, force: Any) -> None:
        told = (await (await force.as_("fim")).get("/api/rota")).json()
        assert [p["officer"] for p in told["negotiators"]] == ["N1", "N2", "N3"]
        assert [p["officer"] for p in told["negcos"]] == ["N4"]
        assert told["problems"] == []
        later = (
            await (await force.as_("fim")).get("/api/rota", params={"at": "2030-01-01T00:00:00Z"})
        ).json()
        assert later["negotiators"] == []
        assert later["problems"] == [
            "two negotiators short; one NegCo short; nobody trained for kidnap and extortion"
        ]

    async def test_gaps(self, force: Any) -> None:
        now = await force.owner.fetchval("select now()")
        span = {"from": now.isoformat(), "to": (now + timedelta(hours=12)).isoformat()}
        told = (await (await force.as_("coordinator")).get("/api/rota/cover", params=span)).json()
        (gap,) = told["gaps"]
        assert gap["negotiators_missing"] == 2
        assert gap["negcos_missing"] == 1
        assert gap["kidnap_missing"] is True

    async def test_the_coordinator_changes_it(self, force: Any) -> None:
        coordinator = await force.as_("coordinator")
        n1, n2, n4 = (force.negotiators[number] for number in ("N1", "N2", "N4"))

        def shift(who: int, start: str, end: str) -> dict[str, Any]:
            return {
                "negotiator": who,
                "from": f"2030-01-01T{start}:00Z",
                "to": f"2030-01-01T{end}:00Z",
            }

        body: dict[str, Any] = {
            "from": "2030-01-01T08:00:00Z", "to": "2030-01-01T20:00:00Z",
            "shifts": [shift(who, "08:00", "20:00") for who in (n1, n2, n4)],
        }  # fmt: skip
        answer = await coordinator.put("/api/rota", json=body)
        assert (answer.status_code, answer.json()["gaps"]) == (200, [])
        # a change in the middle leaves the parts around it
        body.update({"from": "2030-01-01T10:00:00Z", "to": "2030-01-01T12:00:00Z"})
        body["shifts"] = [shift(n1, "10:00", "12:00")]
        short = await coordinator.put("/api/rota", json=body)
        assert (short.status_code, short.json()["code"]) == (409, "cover_short")
        answer = await coordinator.put("/api/rota", json={**body, "reason": "training day"})
        assert answer.status_code == 200
        rows = await force.owner.fetch(
            "select count(*) as shifts, sum(upper(during) - lower(during)) as total from rota_shift"
            " where during && '[2030-01-01, 2030-01-02)' and negotiator_id = $1", n2,
        )  # fmt: skip
        assert (rows[0]["shifts"], rows[0]["total"]) == (2, timedelta(hours=10))
        assert [row["reason"] for row in await force.audit("rota.write")] == [None, "training day"]

    @pytest.mark.parametrize(
        ("shifts", "status", "told"),
        [
            (
                [
                    {
                        "negotiator": 4711,
                        "from": "2030-01-01T08:00:00Z",
                        "to": "2030-01-01T09:00:00Z",
                    }
                ],
                422,
                "shifts.0.negotiator",
            ),
            (
                [{"negotiator": 1, "from": "2030-01-01T07:00:00Z", "to": "2030-01-01T09:00:00Z"}],
                422,
                "within",
            ),
            (
                [{"negotiator": 1, "from": "2030-01-01T08:00:00", "to": "2030-01-01T09:00:00Z"}],
                422,
                "shifts.0.from",
            ),
            (
                [{"negotiator": 1, "from": "2030-01-01T08:00:00Z", "to": "2030-01-01T09:00:00Z"}]
                * 2,
                409,
                "on call in part",
            ),
        ],
    )
    async def test_bad_rotas(self, force: Any, shifts: list[Any], status: int, told: str) -> None:
        body = {
            "from": "2030-01-01T08:00:00Z",
            "to": "2030-01-01T20:00:00Z",
            "shifts": shifts,
            "reason": "r",
        }
        answer = await (await force.as_("coordinator")).put("/api/rota", json=body)
        assert answer.status_code == status, answer.text
        assert told in answer.text
        assert (
            await force.owner.fetchval(
                "select count(*) from rota_shift where during && '[2030-01-01, 2030-01-02)'"
            )
            == 0
        )


async def test_command_of_what_is_over_is_not_handed_over(force: Any, asked: str) -> None:
    fim = await force.as_("fim")
    await post(fim, f"{asked}/hand-over", to="commander")
    await post(fim, f"{asked}/cancel", rationale="Came down")
    status, problem = await refused(fim, f"{asked}/hand-over", to="commander")
    assert (status, problem["code"], problem["possible"]) == (409, "not_possible_in_state", [])
    commander = await force.as_("commander")
    status, problem = await refused(commander, f"{asked}/hand-over/accept")
    assert (status, problem["code"]) == (409, "not_possible_in_state")
    reasons = [row["reason"] for row in await force.audit("deployment.hand_over_accept")]
    assert reasons == ["state cancelled"]


async def test_command_is_of_all_that_goes_on_at_the_incident(force: Any, asked: str) -> None:
    fim, commander = await force.as_("fim"), await force.as_("commander")
    another = await post(fim, "", incident=force.incident, request={"what": "A second man"})
    for deployment in (asked, f"/{another['id']}"):
        await post(fim, f"{deployment}/hand-over", to="commander")
    await post(commander, f"{asked}/hand-over/accept")
    for deployment in (asked, f"/{another['id']}"):
        shown = (await fim.get(f"/api/deployments{deployment}")).json()
        assert (shown["commander"], shown["handover_to"]) == ("commander", None)


async def test_who_takes_a_command_that_was_not_offered_is_in_the_audit(
    force: Any, asked: str
) -> None:
    fim = await force.as_("fim")
    status, problem = await refused(fim, f"{asked}/hand-over/accept")
    assert (status, problem["code"]) == (403, "not_offered_to_you")
    row = (await force.audit("deployment.hand_over_accept"))[-1]
    assert (row["actor"], row["outcome"], row["reason"]) == ("fim", "refused", "not offered")
