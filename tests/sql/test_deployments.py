"""The deployment of negotiators: who may do what in which state, as the database keeps it."""

from __future__ import annotations

import asyncio
import itertools

import asyncpg
import pytest

from tests.conftest import Database
from tests.force import Force, Person


@pytest.fixture
async def force(database: Database) -> Force:
    return await Force.create(database)


async def _request(force: Force, person: Person, incident: int) -> int:
    async with force.acting(person) as connection:
        row = await connection.fetchrow(
            'select * from deployment_request($1, \'{"what": "man on a bridge"}\')', incident
        )
    assert row is not None
    assert row["outcome"] == "ok", row
    return int(row["deployment_id"])


async def _act(
    force: Force, person: Person, deployment: int, action: str, *, members: list[int] | None = None,
    recommendation: str | None = None, why: str = "because",
) -> asyncpg.Record:  # fmt: skip
    async with force.acting(person) as connection:
        row = await connection.fetchrow(
            "select * from deployment_act($1, $2, $3, $4, $5)",
            deployment,
            action,
            why,
            members,
            recommendation,
        )
    assert row is not None
    return row


async def _state(force: Force, deployment: int) -> str:
    return str(await force.owner.fetchval("select state from deployment where id = $1", deployment))


class Job:
    """The cast of one job: FIM, NegCo, two negotiators on call, an incident and its request."""

    def __init__(self, force: Force) -> None:
        self.force = force

    async def begin(self) -> Job:
        force = self.force
        self.fim, self.negco = await force.user("fim"), await force.user("negco")
        self.incident = await force.incident()
        self.team = [await force.negotiator("N1"), await force.negotiator("N2")]
        self.deployment = await _request(force, self.fim, self.incident)
        return self

    async def dispatch(self) -> None:
        done = await _act(self.force, self.fim, self.deployment, "dispatch", members=self.team)
        assert done["outcome"] == "ok", done


@pytest.fixture
async def job(force: Force) -> Job:
    return await Job(force).begin()


async def test_the_main_job_ends_cancelled_en_route_with_who_and_why(job: Job) -> None:
    force = job.force
    await _act(
        force,
        job.negco,
        job.deployment,
        "recommend",
        recommendation="deploy",
        why="Subject agitated",
    )
    assert await _state(force, job.deployment) == "triage"
    await job.dispatch()
    await _act(force, job.fim, job.deployment, "en_route")
    assert await _state(force, job.deployment) == "en_route"
    await _act(force, job.fim, job.deployment, "cancel", why="Subject came down")
    assert await _state(force, job.deployment) == "cancelled_en_route"
    rows = await force.owner.fetch(
        "select * from deployment_transition where deployment_id = $1 order by id", job.deployment
    )
    assert [r["action"] for r in rows] == ["request", "recommend", "dispatch", "en_route", "cancel"]
    assert (rows[-1]["by_username"], rows[-1]["by_role"], rows[-1]["rationale"]) == (
        "fim",
        "fim",
        "Subject came down",
    )
    log = [
        r["text"]
        for r in await force.owner.fetch(
            "select text from incident_log where incident_id = $1 order by id", job.incident
        )
    ]
    assert log[-1] == "Cancelled en route. Subject came down"
    assert {r["state"] for r in await force.owner.fetch("select state from deployment_member")} == {
        "cancelled"
    }


async def test_cancelled_before_anybody_set_off_is_plainly_cancelled(job: Job) -> None:
    await job.dispatch()
    await _act(job.force, job.fim, job.deployment, "cancel")
    assert await _state(job.force, job.deployment) == "cancelled"


async def test_only_a_negco_recommends_and_never_decides(job: Job) -> None:
    force = job.force
    assert (await _act(force, job.fim, job.deployment, "recommend", recommendation="deploy"))[
        "outcome"
    ] == "forbidden"
    for action in ("dispatch", "cancel", "advice_only", "stand_down"):
        assert (await _act(force, job.negco, job.deployment, action, members=job.team))[
            "outcome"
        ] == "forbidden"
    refusals = [r for r in await force.audit("deployment.dispatch") if r["outcome"] == "refused"]
    assert [r["actor"] for r in refusals] == ["negco"]


async def test_a_commander_decides_only_when_in_charge(job: Job) -> None:
    force, commander = job.force, await job.force.user("commander")
    await force.assign(commander, job.incident, "named")
    assert (await _act(force, commander, job.deployment, "cancel"))["outcome"] == "forbidden"
    await force.assign(commander, job.incident, "commander")
    assert (await _act(force, commander, job.deployment, "cancel"))["outcome"] == "ok"


async def test_every_pair_of_state_and_action_follows_the_table(job: Job) -> None:
    force = job.force
    rules = {
        (r["from_state"], r["action"])
        for r in await force.owner.fetch("select * from deployment_rule")
    }
    states = [r["code"] for r in await force.owner.fetch("select code from deployment_state")]
    actions = {a for _, a in rules} - {"recommend", "return"}
    for state, action in itertools.product(states, sorted(actions)):
        if (state, action) in rules:
            continue
        await force.owner.execute("update deployment set state = $1", state)
        row = await _act(force, job.fim, job.deployment, action, members=job.team)
        assert row["outcome"] == "conflict", (state, action)
        assert set(row["possible"]) == {a for s, a in rules if s == state}
        assert await _state(force, job.deployment) == state


async def test_advice_only_reopens_to_triage(job: Job) -> None:
    await _act(job.force, job.fim, job.deployment, "advice_only")
    await _act(job.force, job.fim, job.deployment, "reopen")
    assert await _state(job.force, job.deployment) == "triage"


async def test_cancelling_part_of_the_team_lets_the_rest_go_on(job: Job) -> None:
    await job.dispatch()
    await _act(job.force, job.fim, job.deployment, "en_route", members=job.team[:1])
    assert await _state(job.force, job.deployment) == "en_route"
    await _act(job.force, job.fim, job.deployment, "cancel", members=job.team[:1])
    assert await _state(job.force, job.deployment) == "deployed"  # the others get ready still
    await _act(job.force, job.fim, job.deployment, "cancel")
    assert await _state(job.force, job.deployment) == "cancelled_en_route"


async def test_nobody_is_in_two_live_deployments(job: Job) -> None:
    await job.dispatch()
    second = await _request(job.force, job.fim, await job.force.incident("Another"))
    row = await _act(job.force, job.fim, second, "dispatch", members=job.team)
    assert (row["outcome"], row["code"]) == ("conflict", "member_busy")
    assert "N1" in row["message"]


@pytest.mark.parametrize(
    "detail",
    ["{}", '{"welfare_check": false}', '{"welfare_check": " "}', '{"welfare_check": null}', '{"welfare_check": 1}'],
)  # fmt: skip
async def test_a_return_without_a_welfare_check_is_refused_by_the_database(
    job: Job, detail: str
) -> None:
    force = job.force
    await force.owner.execute("update deployment set state = 'stood_down'")
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        async with force.acting(job.negco) as connection:
            await connection.fetchrow(
                "select * from deployment_act($1, 'return', 'what happened', null, null, $2)",
                job.deployment, detail,
            )  # fmt: skip
    assert refused.value.constraint_name == "deployment_return_welfare"
    assert await _state(force, job.deployment) == "stood_down"


async def test_what_a_return_says_stays_out_of_steps_and_log(job: Job) -> None:
    force = job.force
    await force.owner.execute("update deployment set state = 'stood_down'")
    async with force.acting(job.negco) as connection:
        await connection.fetchrow(
            "select * from deployment_act($1, 'return', 'what happened', null, null, $2)",
            job.deployment, '{"welfare_check": "all well"}',
        )  # fmt: skip
    last = "order by id desc limit 1"
    assert (
        await force.owner.fetchval(f"select text from incident_log {last}"),
        await force.owner.fetchval(f"select rationale from deployment_transition {last}"),
        (await force.audit("deployment.return"))[0]["reason"],
    ) == ("Return filed", "", None)


async def test_of_two_concurrent_decisions_one_wins_and_the_other_is_told(job: Job) -> None:
    rows = await asyncio.gather(
        _act(job.force, job.fim, job.deployment, "advice_only"),
        _act(job.force, job.fim, job.deployment, "not_required"),
    )
    assert sorted(r["outcome"] for r in rows) == ["conflict", "ok"]
    loser = next(r for r in rows if r["outcome"] == "conflict")
    assert set(loser["possible"]) == {"reopen", "cancel"}


async def test_command_is_handed_over_by_acceptance(job: Job) -> None:
    force = job.force
    commander, other = await force.user("commander"), await force.user("commander", "commander2")
    offer = "select outcome from deployment_hand_over($1, $2)"
    accept = "select outcome from deployment_hand_over_accept($1)"
    async with force.acting(job.fim) as connection:
        assert await connection.fetchval(offer, job.deployment, commander.user_id) == "ok"
    async with force.acting(other) as connection:
        assert await connection.fetchval(accept, job.deployment) == "not_found"
    async with force.acting(commander) as connection:
        assert await connection.fetchval(accept, job.deployment) == "ok"
    assert await force.owner.fetchval("select commander_id from deployment") == commander.user_id


@pytest.mark.parametrize("kind", ["restricted", "exercise"])
async def test_a_closed_circle_is_invisible_to_the_rest_everywhere(force: Force, kind: str) -> None:
    fim, other = await force.user("fim"), await force.user("fim", "fim2")
    incident = await force.incident("Kidnap", **{kind: True})
    await force.assign(fim, incident)
    deployment = await _request(force, fim, incident)
    tables = ("incident", "incident_person", "incident_log", "deployment", "deployment_transition")
    async with force.acting(fim) as connection:
        for table in tables:
            assert await connection.fetchval(f"select count(*) from {table}") == 1, table
    async with force.acting(other) as connection:
        for table in tables:
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
    assert (await _act(force, other, deployment, "cancel"))["outcome"] == "not_found"


async def test_nobody_signed_in_sees_nothing(force: Force) -> None:
    await force.incident()
    dashboard = await force.database.connect("dashboard")
    assert await dashboard.fetchval("select count(*) from incident") == 0


async def test_an_incident_by_log_number_is_idempotent(force: Force) -> None:
    fim = await force.user("fim")
    put = "select * from incident_put($1)"
    body = '{"log_number": "KP-20261120-0042", "title": "Man on bridge", "lat": 57, "lon": 2, "grade": "immediate"}'
    async with force.acting(fim) as connection:
        first = await connection.fetchrow(put, body)
    async with force.acting(fim) as connection:
        again = await connection.fetchrow(put, body.replace("Man on bridge", "Man on the bridge"))
    assert first is not None
    assert again is not None
    assert (first["made"], again["made"]) == (True, False)
    assert first["incident_id"] == again["incident_id"]
    assert await force.owner.fetchval("select title from incident") == "Man on the bridge"
