"""What the roles of the database may do with their own hands: no more than they need."""

from __future__ import annotations

import asyncpg
import pytest

from tests.conftest import Database
from tests.force import Force, Person

ROLES = ("fim", "negco", "commander", "supervisor", "planner", "coordinator", "auditor", "admin", "officer")  # fmt: skip


@pytest.fixture
async def force(database: Database) -> Force:
    return await Force.create(database)


@pytest.mark.parametrize(
    "change",
    [
        "update app_user set role = 'admin'",
        "insert into app_user (username, display_name, role) values ('x', 'x', 'admin')",
        "update session set expires_time = now() + interval '1 year'",
        "update incident set restricted = false",
        "insert into incident_person (incident_id, user_id, capacity) values (1, 1, 'named')",
        "delete from rota_shift",
        "update negotiator set active = false",
        "update camera set token_hash = null",
        "insert into post_holding (post, user_id) values ('x', 1)",
        "update audit_entry set actor = 'x'",
        "delete from audit_entry",
        "select log_append(1, 'decision', 'never taken')",
    ],
)
async def test_the_dashboard_changes_nothing_but_by_functions_that_check_who_acts(
    force: Force, change: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await force.pool.execute(change)


async def test_a_gateway_changes_of_a_command_only_when_it_was_delivered(
    database: Database,
) -> None:
    gateway = await database.connect("gateway")
    await gateway.execute("update camera_command set delivered_time = null")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await gateway.execute("update camera_command set body = '{}'")


@pytest.mark.parametrize("part", ["gateway", "media", "keeper", "audit"])
async def test_a_part_of_the_system_speaks_for_no_person_in_the_audit(
    database: Database, part: str
) -> None:
    owner, connection = await database.connect(), await database.connect(part)
    async with connection.transaction():
        await connection.execute(
            "select set_config('sightline.username', 'fim', true), set_config('sightline.role', 'fim', true)"
        )
        for actor in ("fim", None, "system:gate"):
            await connection.execute(
                "select audit_append('consultation', 'stream.open', 'camera', 'C', p_actor => $1)",
                actor,
            )
    rows = await owner.fetch(
        "select actor, actor_role from audit_entry where action = 'stream.open' order by id"
    )
    itself = f"system:sightline_{part}"
    assert [tuple(row) for row in rows] == [(itself, None), (itself, None), ("system:gate", None)]


async def test_the_audit_is_read_by_auditors_and_the_sealer(
    database: Database, force: Force
) -> None:
    await force.owner.execute("select audit_append('access', 'x', 'y', 'z')")
    for role in ROLES:
        async with force.acting(await force.user(role)) as connection:
            count = await connection.fetchval("select count(*) from audit_entry")
            assert (count > 0) == (role == "auditor"), role
    assert await force.pool.fetchval("select count(*) from audit_entry") == 0
    sealer = await database.connect("audit")
    assert await sealer.fetchval("select count(*) from audit_entry") > 0


async def test_people_write_to_the_log_what_their_role_lets_them(force: Force) -> None:
    open_one, hidden = await force.incident(), await force.incident(restricted=True)
    fim, planner = await force.user("fim"), await force.user("planner")
    write = "select log_write($1, $2, 'text', null, null)"
    async with force.acting(fim) as connection:
        assert await connection.fetchval(write, open_one, "note") > 0
    for person, incident, kind in (
        (fim, open_one, "advice"), (fim, open_one, "decision"), (fim, open_one, "stream"),
        (fim, hidden, "note"), (planner, open_one, "note"),
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with force.acting(person) as connection:
                await connection.fetchval(write, incident, kind)


async def test_a_list_of_incidents_has_exactly_those_that_one_by_one_are_visible(
    force: Force,
) -> None:
    people = {role: await force.user(role) for role in ROLES}
    kinds = [{}, {"restricted": True}, {"exercise": True}]
    incidents = [await force.incident(f"incident {n}", **kinds[n % 3]) for n in range(12)]
    await _mix(force, incidents, people)
    for role, person in people.items():
        async with force.acting(person) as connection:
            listed = await connection.fetch("select id from incident")
            visible = [i for i in incidents if await connection.fetchval("select incident_visible($1)", i)]  # fmt: skip
            team = await connection.fetch("select distinct deployment_id from deployment_member")
            seen = await connection.fetch("select id from deployment")
        assert sorted(row["id"] for row in listed) == sorted(visible), role
        assert {row["deployment_id"] for row in team} <= {row["id"] for row in seen}, role
    async with force.acting(people["supervisor"]) as connection:
        assert await connection.fetchval("select count(*) from incident") > 0


async def _mix(force: Force, incidents: list[int], people: dict[str, Person]) -> None:
    """Names some people, made some incidents by some, sends the supervisor's camera to some, asks for negotiators at some."""
    unit = await force.owner.fetchval(
        "insert into unit (code, name) values ('B3', 'B3') returning id"
    )
    await force.owner.execute(
        "insert into user_unit values ($1, $2)", people["supervisor"].user_id, unit
    )
    camera = await force.camera()
    await force.owner.execute("update camera set unit_id = $1", unit)
    everybody = list(people.values())
    for number, incident in enumerate(incidents):
        person = everybody[number % len(everybody)].user_id
        if number % 2:
            await force.owner.execute(
                "insert into incident_person (incident_id, user_id, capacity, until) values ($1, $2, 'named', $3)",
                incident, person, None,
            )  # fmt: skip
        else:
            await force.owner.execute(
                "update incident set created_by = $2 where id = $1", incident, person
            )
        if number in (0, 1, 4, 7):
            await force.owner.execute(
                "insert into incident_camera (incident_id, camera_id) values ($1, $2)",
                incident, camera,
            )  # fmt: skip
        if number in (0, 2, 3, 5, 8):
            await force.owner.execute(
                "insert into deployment (incident_id, requested_by) values ($1, $2)",
                incident, people["fim"].user_id,
            )  # fmt: skip
    for role in ("supervisor", "coordinator", "commander"):
        await force.owner.execute(
            "insert into incident_person (incident_id, user_id, capacity) values ($1, $2, 'named') on conflict do nothing",
            incidents[1], people[role].user_id,
        )  # fmt: skip


async def test_a_gateway_is_told_whom_to_hide_and_nothing_of_why(
    database: Database, force: Force
) -> None:
    hidden = await force.camera("C1")
    await force.camera("C2")
    incident = await force.incident(restricted=True)
    await force.at_incident(hidden, incident)
    gateway = await database.connect("gateway")
    assert [row[0] for row in await gateway.fetch("select cot_hidden()")] == [hidden]
    for secret in ("incident", "incident_camera", "camera_at_incident", "session", "app_user"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await gateway.fetch(f"select * from {secret}")
    await force.owner.execute("update incident set closed_time = now()")
    assert await gateway.fetch("select cot_hidden()") == []


async def test_a_gateway_audits_disclosures_as_itself_and_nothing_else(database: Database) -> None:
    owner, gateway = await database.connect(), await database.connect("gateway")
    await gateway.execute("select cot_disclosure('begin', 'wintak-1', '192.0.2.7', null, '{}')")
    row = await owner.fetchrow("select * from audit_entry where action = 'cot.begin'")
    assert (row["actor"], row["recipient"], row["address"]) == (
        "system:gateway",
        "wintak-1",
        "192.0.2.7",
    )
    with pytest.raises(asyncpg.CheckViolationError, match="step of a disclosure: sign_in"):
        await gateway.execute("select cot_disclosure('sign_in', 'x', 'x', null, '{}')")
    dashboard = await database.connect("dashboard")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await dashboard.execute("select cot_disclosure('end', 'x', 'x', null, '{}')")
