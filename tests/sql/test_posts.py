"""Posts: held by one person at a time, handed over, and the turns of a call for eyes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sightline.sql import query
from tests.conftest import Database
from tests.force import Force, Person


@pytest.fixture
async def force(database: Database) -> Force:
    made = await Force.create(database)
    await made.owner.execute(
        "insert into post (code, name, role, alert_turn) values ('oscar_1', 'Oscar 1', 'fim', 1), ('oscar_2', 'Oscar 2', 'fim', 2)"
    )
    return made


async def do(force: Force, person: Person, action: str, post: str, *more: str) -> str:
    """What a function of posts answers this person: ok, or a code."""
    arguments = ", ".join(f"${n}" for n in range(1, 2 + len(more)))
    async with force.acting(person) as connection:
        row = await connection.fetchrow(f"select * from post_{action}({arguments})", post, *more)
    return str(row["code"] or row["outcome"])


async def holders(force: Force) -> dict[str, str]:
    rows = await force.owner.fetch(
        "select h.post, u.username from post_holding h join app_user u on u.id = h.user_id where h.to_time is null"
    )
    return dict(map(tuple, rows))


async def test_a_post_is_taken_once_and_handed_over_with_acceptance(force: Force) -> None:
    one, two, negco = [await force.user(role, name) for role, name in (("fim", "one"), ("fim", "two"), ("negco", "n"))]  # fmt: skip
    assert await do(force, negco, "take", "oscar_1") == "role_not_permitted"
    assert await do(force, one, "take", "nowhere") == "post_unknown"
    assert await do(force, one, "take", "oscar_1") == "ok"
    assert await do(force, two, "take", "oscar_1") == "post_held"
    assert await do(force, one, "take", "oscar_2") == "holds_another"
    assert await do(force, two, "offer", "oscar_1", one.username) == "post_not_held"
    assert await do(force, one, "offer", "oscar_1", negco.username) == "nobody_to_take_it"
    assert await do(force, two, "accept", "oscar_1") == "not_offered"
    assert await do(force, one, "offer", "oscar_1", two.username) == "ok"
    assert await holders(force) == {"oscar_1": one.username}, "not before it is accepted"
    assert await do(force, one, "withdraw", "oscar_1") == "ok"
    assert await do(force, two, "accept", "oscar_1") == "not_offered"
    assert await do(force, one, "offer", "oscar_1", two.username) == "ok"
    assert await do(force, two, "accept", "oscar_1") == "ok"
    assert await holders(force) == {"oscar_1": two.username}
    assert await do(force, one, "leave", "oscar_1") == "post_not_held"
    assert await do(force, two, "leave", "oscar_1") == "ok"
    assert await holders(force) == {}
    said = await force.owner.fetch(
        "select action, outcome from audit_entry where object_type = 'post' and outcome = 'allowed' order by id"
    )
    assert [row["action"] for row in said] == [
        "post.take", "post.offer", "post.withdraw", "post.offer", "post.accept", "post.leave",
    ]  # fmt: skip


async def turns(force: Force) -> list[str]:
    rows = await force.owner.fetch("select post from alert_turn order by from_time, post")
    return [row["post"] for row in rows]


async def wait(force: Force, seconds: int) -> int:
    """As if so much time had passed; how many were passed on."""
    await force.owner.execute(
        "update alert_turn set from_time = from_time - make_interval(secs => $1)", seconds
    )
    await force.owner.execute(
        "update alert set raised_time = raised_time - make_interval(secs => $1)", seconds
    )
    keeper = await force.database.connect("keeper")
    passed: int = await keeper.fetchval("select alerts_pass_on()")
    return passed


async def test_a_call_for_eyes_on_goes_from_post_to_post_until_it_is_answered(force: Force) -> None:
    one, two = await force.user("fim", "one"), await force.user("fim", "two")
    camera = await force.camera("CAM-1", "recording")
    await do(force, one, "take", "oscar_1")
    assert await force.owner.fetchval("select alert_eyes_on($1)", camera) == "waiting"
    assert await turns(force) == ["oscar_1"]
    assert await wait(force, 29) == 0
    assert await wait(force, 2) == 0, "nobody holds another post"
    await do(force, two, "take", "oscar_2")
    assert await wait(force, 0) == 1
    assert await turns(force) == ["oscar_1", "oscar_2"]
    assert await wait(force, 60) == 0, "there is no third"
    async with force.acting(two) as connection:
        alert = await connection.fetchval("select id from alert")
        await connection.fetchval("select alert_answer($1, 'seen')", alert)
    assert await force.owner.fetchval("select count(*) from alert where state = 'seen'") == 1
    async with force.acting(one) as connection:
        assert await connection.fetchval("select alert_answer($1, 'seen')", alert) == "seen"
    told = "select count(*) from camera_command where body ->> 'type' = 'eyes_on_state'"
    assert await force.owner.fetchval(told) == 1, "the officer hears of the first answer alone"
    assert len(await force.audit("alert.seen")) == 1


async def test_an_answer_ends_the_passing_on_and_without_posts_it_comes_to_all(
    force: Force,
) -> None:
    one = await force.user("fim", "one")
    camera, other = (
        await force.camera("CAM-1", "recording"),
        await force.camera("CAM-2", "recording"),
    )
    await force.owner.fetchval("select alert_eyes_on($1)", camera)
    assert await turns(force) == []
    await do(force, one, "take", "oscar_1")
    assert await wait(force, 31) == 1, "somebody has come"
    async with force.acting(one) as connection:
        await connection.fetchval("select alert_answer(id, 'seen') from alert")
    await force.owner.fetchval("select alert_eyes_on($1)", other)
    assert await turns(force) == ["oscar_1", "oscar_1"]
    assert await wait(force, 31) == 0


async def mine(force: Force, person: Person) -> list[bool]:
    """Of the alerts that somebody sees, whether each came to them."""
    async with force.acting(person) as connection:
        return [row["is_mine"] for row in await connection.fetch(query("alerts.open"))]


async def test_a_call_does_not_wait_for_somebody_who_is_not_there(force: Force) -> None:
    gone, here = await force.user("fim", "gone"), await force.user("fim", "here")
    await do(force, gone, "take", "oscar_1")
    await force.owner.execute(
        "select session_end(id, 'signed out') from session where user_id = $1", gone.user_id
    )
    await force.owner.fetchval("select alert_eyes_on($1)", await force.camera("CAM-1"))
    assert await turns(force) == []
    assert await mine(force, here) == [True], "it comes to all"


async def test_a_call_comes_to_all_once_the_holder_of_its_post_has_left(force: Force) -> None:
    one, other = await force.user("fim", "one"), await force.user("fim", "other")
    await do(force, one, "take", "oscar_1")
    await force.owner.fetchval("select alert_eyes_on($1)", await force.camera("CAM-1"))
    assert (await mine(force, one), await mine(force, other)) == ([True], [False])
    await do(force, one, "leave", "oscar_1")
    assert (await mine(force, one), await mine(force, other)) == ([True], [True])


async def test_a_call_from_a_restricted_incident_passes_by_who_may_not_know_of_it(
    force: Force,
) -> None:
    holder, named = await force.user("fim", "holder"), await force.user("fim", "named")
    camera = await force.camera("CAM-1")
    kidnap = await force.incident("Kidnap", restricted=True)
    await force.assign(named, kidnap)
    await force.at_incident(camera, kidnap)
    await do(force, holder, "take", "oscar_1")
    await force.owner.fetchval("select alert_eyes_on($1)", camera)
    assert await turns(force) == []
    assert (await mine(force, holder), await mine(force, named)) == ([], [True])
    assert await wait(force, 31) == 0
    await do(force, named, "take", "oscar_2")
    assert await wait(force, 0) == 1
    assert await turns(force) == ["oscar_2"]


async def test_of_alerts_at_a_restricted_incident_and_of_its_end_only_those_concerned_hear(
    force: Force,
) -> None:
    heard: list[dict[str, Any]] = []
    listener = await force.database.connect("dashboard")
    await listener.add_listener(
        "sightline_event", lambda *notice: heard.append(json.loads(notice[-1]))
    )
    named = await force.user("fim", "named")
    camera, incident = await force.camera("CAM-1"), await force.incident("Kidnap")
    await force.assign(named, incident)
    await force.at_incident(camera, incident)
    await force.owner.execute("update incident set restricted = true where id = $1", incident)
    await force.owner.fetchval("select alert_eyes_on($1)", camera)
    await force.owner.execute(
        "update incident_person set until = now() where incident_id = $1", incident
    )
    await force.owner.execute("update incident set title = 'Kidnap, over' where id = $1", incident)
    await listener.fetchval("select 1")
    told = [event for event in heard if event["event"] in ("alert", "incident_hidden")]
    assert told == [
        {"event": "incident_hidden", "incident": incident},
        {"event": "alert", "alert": told[1]["alert"], "incident": incident},
        {"event": "incident_hidden", "incident": incident, "user": named.user_id},
    ]
    await listener.close()
