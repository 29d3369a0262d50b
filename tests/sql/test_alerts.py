"""Alerts that the system raises by itself: of signal, of cover. Who may know of them, how they are answered and end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightline.dashboard.rota.cover import Minimum, Shift, shortfall
from sightline.ingest.quality import quality
from sightline.sql.accounts import token_hash
from tests.conftest import Database
from tests.force import Force, Person


@pytest.fixture
async def force(database: Database) -> Force:
    force = await Force.create(database)
    await force.relay()
    await force.owner.execute("select fix_partitions_ensure(current_date - 1, current_date + 1)")
    return force


async def look(force: Force) -> None:
    """What the keeper does each second."""
    keeper = await force.database.connect("keeper")
    await keeper.fetchval("select alerts_of_signal()")
    await keeper.fetchval("select alerts_of_cover()")


async def alerts(force: Force) -> list[tuple[str, str, dict[str, Any]]]:
    """Alerts that are not over: kind, state, detail."""
    rows = await force.owner.fetch(
        "select kind, state, detail from alert where state <> 'ended' order by id"
    )
    return [(row["kind"], row["state"], json.loads(row["detail"])) for row in rows]


async def why(force: Force) -> list[str]:
    return [detail["why"] for _, _, detail in await alerts(force)]


class Streamed:
    """A camera that somebody watches at an incident, with a picture that arrives."""

    def __init__(self, force: Force, camera: int, incident: int, stream: Any) -> None:
        self.force, self.camera, self.incident, self.stream = force, camera, incident, stream

    @classmethod
    async def begin(
        cls, force: Force, person: Person, incident: int, ref: str = "AB4-000001"
    ) -> Streamed:
        camera = await force.camera(ref)
        await force.at_incident(camera, incident)
        made = cls(force, camera, incident, None)
        await made.open(person)
        return made

    async def open(self, person: Person) -> None:
        async with self.force.acting(person) as connection:
            row = await connection.fetchrow(
                "select * from stream_open((select ref from camera where id = $1), 'negotiator_triage', 'to see', $2, $3)",
                self.camera, self.incident, token_hash("viewer"),
            )  # fmt: skip
            assert row["http"] == 201, row["message"]
            self.stream = row["stream_id"]
            await connection.fetchrow(
                "select * from publication_ensure($1, 'http://127.0.0.1', 'secret')", self.stream
            )
        await self.picture(0)

    async def picture(self, ago_s: float) -> None:
        """The newest picture came then."""
        await self.force.owner.execute(
            "update publication set token_used_time = now(), media_time = now() - make_interval(secs => $2) where camera_id = $1",
            self.camera, float(ago_s),
        )  # fmt: skip
        await self.force.owner.execute(
            "update stream_session set opened_time = now() - interval '5 minutes' where camera_id = $1",
            self.camera,
        )

    async def heard(self, ago_s: float, rsrp_dbm: float | None, uplink_kbps: float | None) -> None:
        """A fix of that age with this signal, which is the newest."""
        await self.force.owner.execute(
            "insert into fix (camera_id, retention_class, recording, fix_time, received_time, content_hash, lat, lon, rsrp_dbm, uplink_kbps)"
            " values ($1, 'r', 3, now() - make_interval(secs => $2), now(), (random() * 1e15)::bigint, 57, 2, $3, $4)",
            self.camera, float(ago_s), rsrp_dbm, uplink_kbps,
        )  # fmt: skip
        await self.force.owner.execute(
            "update live set rsrp_dbm = $2, uplink_kbps = $3, seen_time = now() - make_interval(secs => $4) where camera_id = $1",
            self.camera, rsrp_dbm, uplink_kbps, float(ago_s),
        )  # fmt: skip

    async def weak_for(self, seconds: int) -> None:
        for ago in range(seconds, -1, -1):
            await self.heard(ago, -115, 300)

    async def later(self, seconds: float) -> None:
        """As if so much time had passed without a word."""
        for change in (
            "update fix set fix_time = fix_time - make_interval(secs => $2) where camera_id = $1",
            "update live set seen_time = seen_time - make_interval(secs => $2) where camera_id = $1",
            "update publication set media_time = media_time - make_interval(secs => $2) where camera_id = $1",
            "update stream_session set ended_time = ended_time - make_interval(secs => $2) where camera_id = $1",
        ):
            await self.force.owner.execute(change, self.camera, float(seconds))

    async def end(self, reason: str) -> None:
        await self.force.owner.execute("select stream_end($1, $2)", self.stream, reason)


@pytest.fixture
async def fim(force: Force) -> Person:
    return await force.user("fim")


@pytest.fixture
async def streamed(force: Force, fim: Person) -> Streamed:
    return await Streamed.begin(force, fim, await force.incident())


async def test_a_good_stream_raises_nothing(force: Force, streamed: Streamed) -> None:
    for ago in range(60, -1, -1):
        await streamed.heard(ago, -85, 6_000)
    await look(force)
    assert await alerts(force) == []


async def test_signal_that_was_bad_only_for_a_moment_raises_nothing(
    force: Force, streamed: Streamed
) -> None:
    await streamed.heard(12, -85, 6_000)
    await streamed.weak_for(8)
    await look(force)
    assert await alerts(force) == []


async def test_a_camera_that_says_nothing_of_its_signal_raises_nothing(
    force: Force, streamed: Streamed
) -> None:
    for ago in range(40, -1, -1):
        await streamed.heard(ago, None, None)
    await look(force)
    assert await alerts(force) == []


async def test_signal_about_to_be_lost_then_lost_then_back(
    force: Force, streamed: Streamed, fim: Person
) -> None:
    await streamed.weak_for(20)
    await look(force)
    await look(force)
    assert await why(force) == ["weak"], "once"
    async with force.acting(fim) as connection:
        await connection.fetchval("select alert_answer(id, 'seen') from alert")
    await look(force)
    assert [state for _, state, _ in await alerts(force)] == ["seen"]
    await streamed.picture(11)
    await look(force)
    ((_, state, detail),) = await alerts(force)
    assert (state, detail["why"]) == ("waiting", "lost"), "worse: asked for anew"
    await streamed.picture(0)
    await streamed.later(45)  # of sixty, and a busy machine takes some of its own
    await streamed.picture(0)
    await streamed.heard(0, -85, 6_000)
    await look(force)
    assert await why(force) == ["lost"], "not over at the first good fix"
    await streamed.later(16)
    await streamed.picture(0)
    await streamed.heard(0, -85, 6_000)
    await look(force)
    assert await alerts(force) == []
    said = await force.owner.fetch(
        "select action, actor from audit_entry where object_type = 'alert' order by id"
    )
    assert [tuple(row) for row in said] == [
        ("alert.signal", "system:keeper"), ("alert.seen", "fim"), ("alert.signal", "system:keeper"), ("alert.ended", "system:keeper"),
    ]  # fmt: skip


async def test_a_stream_that_silence_ended_says_so_until_the_camera_is_heard(
    force: Force, streamed: Streamed
) -> None:
    await streamed.heard(0, -85, 6_000)
    await streamed.later(121)
    await streamed.end("nothing is heard from the camera")
    await look(force)
    assert await why(force) == ["lost"]
    await streamed.later(600)
    await look(force)
    assert await why(force) == ["lost"], "as long as nothing is heard"
    await streamed.heard(0, -85, 6_000)
    await look(force)
    assert await alerts(force) == []


@pytest.mark.parametrize("reason", ["ended by its viewer", "the camera stopped recording"])
async def test_a_stream_that_somebody_ended_raises_nothing(
    force: Force, streamed: Streamed, reason: str
) -> None:
    await streamed.heard(0, -85, 6_000)
    await streamed.later(121)
    await streamed.end(reason)
    await look(force)
    assert await alerts(force) == []


async def test_closing_the_stream_or_the_incident_ends_the_alert(
    force: Force, streamed: Streamed, fim: Person
) -> None:
    await streamed.picture(20)
    await look(force)
    assert await why(force) == ["lost"]
    await streamed.end("ended by its viewer")
    await look(force)
    assert await alerts(force) == []
    await streamed.open(fim)
    await streamed.picture(20)
    await look(force)
    assert await why(force) == ["lost"]
    await force.owner.execute("update incident set closed_time = now()")
    await look(force)
    assert await alerts(force) == []


async def test_only_who_may_see_the_incident_knows_of_it(force: Force) -> None:
    named, other = await force.user("fim", "named"), await force.user("fim", "other")
    incident = await force.incident(restricted=True)
    await force.assign(named, incident)
    streamed = await Streamed.begin(force, named, incident)
    await force.owner.execute("select alert_eyes_on($1)", streamed.camera)
    await streamed.picture(20)
    await look(force)
    seen: dict[str, int] = {}
    for stage in ("open", "closed"):
        for person in (named, other):
            async with force.acting(person) as connection:
                rows = await connection.fetch("select kind from alert a where alert_visible(a)")
            seen[f"{person.username} {stage}"] = len(rows)
        await force.owner.execute("update incident set closed_time = now()")
    assert seen == {"named open": 2, "other open": 0, "named closed": 2, "other closed": 0}
    planner = await force.user("planner")
    async with force.acting(planner) as connection:
        assert not await connection.fetch("select from alert a where alert_visible(a)")


async def test_an_answer_to_signal_tells_the_camera_nothing_and_ends_nothing(
    force: Force, streamed: Streamed, fim: Person
) -> None:
    await streamed.picture(20)
    await look(force)
    async with force.acting(fim) as connection:
        await connection.fetchval("select alert_answer(id, 'seen') from alert")
    assert not await force.owner.fetchval(
        "select count(*) from camera_command where body ->> 'type' = 'eyes_on_state'"
    )
    for state in ("ended", "watching", "nonsense"):
        with pytest.raises(asyncpg.CheckViolationError):
            async with force.acting(fim) as connection:
                await connection.fetchval("select alert_answer(id, $1) from alert", state)


async def test_a_force_without_negotiators_is_not_short_of_cover(force: Force) -> None:
    await look(force)
    assert await alerts(force) == []


async def test_short_cover_is_a_standing_warning_that_is_overridden_with_a_reason(
    force: Force, fim: Person
) -> None:
    await force.negotiator("N1")
    await look(force)
    await look(force)
    assert await alerts(force) == [
        ("cover_short", "waiting", {"negotiators": 1, "negcos": 1, "kidnap": True})
    ]
    with pytest.raises(asyncpg.CheckViolationError):
        async with force.acting(fim) as connection:
            await connection.fetchval("select alert_answer(id, 'seen', '  ') from alert")
    async with force.acting(fim) as connection:
        await connection.fetchval("select alert_answer(id, 'seen', 'Kent stands in') from alert")
    await look(force)
    ((_, state, detail),) = await alerts(force)
    assert (state, detail["reason"]) == ("seen", "Kent stands in")
    async with force.acting(await force.user("fim", "other")) as connection:
        await connection.fetchval("select alert_answer(id, 'seen', 'never mind') from alert")
    ((_, state, detail),) = await alerts(force)
    assert (state, detail["reason"]) == ("seen", "Kent stands in"), "whoever was first"
    (row,) = await force.audit("alert.seen")
    assert row["reason"] == "Kent stands in"
    await force.owner.execute("update negotiator set kidnap_trained = true")
    await look(force)
    assert [state for _, state, _ in await alerts(force)] == ["waiting"], "another gap, asked anew"
    await force.negotiator("N2")
    await force.negotiator("C1", "negco")
    await look(force)
    assert await alerts(force) == []


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["negotiator", "negco"]), st.booleans(),
        st.integers(-2, 2), st.integers(-30, 30), st.integers(1, 40),
    ),
    max_size=6,
)  # fmt: skip
"""Capacity, trained for kidnap, days until the training lapses, hours until the shift begins, and its length."""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(people=PEOPLE, hours=st.integers(-26, 26))
async def test_the_database_and_the_page_agree_on_what_is_missing(
    force: Force, people: list[tuple[Any, bool, int, int, int]], hours: int
) -> None:
    now = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
    at = now + timedelta(hours=hours)
    shifts = []
    transaction = force.owner.transaction()
    await transaction.start()
    try:
        for number, (capacity, kidnap, days, start_h, length_h) in enumerate(people):
            person = await force.negotiator(f"P{number}", capacity)
            start = now + timedelta(hours=start_h)
            until = (now + timedelta(days=days)).date()
            await force.owner.execute(
                "update negotiator set kidnap_trained = $2, training_until = $3 where id = $1", person, kidnap, until
            )  # fmt: skip
            await force.owner.execute("delete from rota_shift where negotiator_id = $1", person)
            end = start + timedelta(hours=length_h)
            await force.owner.execute(
                "insert into rota_shift (negotiator_id, during) values ($1, tstzrange($2, $3))", person, start, end
            )  # fmt: skip
            shifts.append(Shift(person, f"P{number}", capacity, kidnap, until, start, end))
        said = await force.owner.fetchval("select cover_missing($1)", at)
    finally:
        await transaction.rollback()
    missing = shortfall(shifts, at, Minimum())
    wanted = {
        "negotiators": missing.negotiators,
        "negcos": missing.negcos,
        "kidnap": missing.kidnap,
    }
    assert (json.loads(said) if said else None) == (wanted if missing else None)


async def test_the_database_and_the_forecast_agree_on_no_signal(database: Database) -> None:
    owner = await database.connect()
    for rsrp in (None, -140, -110.5, -110, -109, -80):
        for uplink in (None, 0, 799, 800, 1_600, 9_000):
            said = await owner.fetchval("select signal_none($1::real, $2::real)", rsrp, uplink)
            if rsrp is None and uplink is None:
                assert said is None
            else:
                assert said == (quality(rsrp, None, None, uplink) == "none"), (rsrp, uplink)
