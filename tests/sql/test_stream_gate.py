"""The stream gate, as the database keeps it."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest

from sightline.sql.accounts import token_hash
from tests.conftest import Database
from tests.force import Force, Person


@pytest.fixture
async def force(database: Database) -> Force:
    force = await Force.create(database)
    await force.relay()
    return force


async def _open(
    force: Force, person: Person, camera: str = "AB4-000001", *, incident: int | None,
    purpose: str = "negotiator_triage", reason: str = "See the subject on the bridge",
) -> asyncpg.Record:  # fmt: skip
    async with force.acting(person) as connection:
        row = await connection.fetchrow(
            "select * from stream_open($1, $2, $3, $4, $5)",
            camera, purpose, reason, incident, token_hash("viewer"),
        )  # fmt: skip
        assert row is not None
        return row


async def _must_end(force: Force, stream: object) -> list[asyncpg.Record]:
    media = await force.database.connect("media")
    rows: list[asyncpg.Record] = await media.fetch(
        "select * from media_must_end($1::uuid[], '{}'::uuid[])", [stream]
    )
    return rows


async def test_a_recording_camera_opens_and_is_audited_before_its_address(force: Force) -> None:
    fim, incident = await force.user("fim"), await force.incident()
    await force.camera()
    opened = await _open(force, fim, incident=incident)
    assert opened["http"] == 201
    (row,) = await force.audit("stream.open")
    assert (row["actor"], row["actor_role"], row["outcome"], row["purpose"]) == (
        "fim",
        "fim",
        "allowed",
        "negotiator_triage",
    )
    assert row["incident_id"] == incident
    told = await force.owner.fetchval(
        "select body from camera_command where body ->> 'type' = 'watched'"
    )
    assert '"FIM"' in told


@pytest.mark.parametrize(
    ("state", "seen_s", "code", "words"),
    [
        ("buffering", 0, "not_recording", "buffering, not recording"),
        ("off", 0, "not_recording", "switched off"),
        ("unknown", 0, "not_recording", "unknown state"),
        ("recording", 121, "stale", "heard"),
    ],
)
async def test_a_camera_that_does_not_record_or_is_stale_refuses(
    force: Force, state: str, seen_s: float, code: str, words: str
) -> None:
    fim, incident = await force.user("fim"), await force.incident()
    await force.camera(state=state, seen_s=seen_s)
    refused = await _open(force, fim, incident=incident)
    assert (refused["http"], refused["code"]) == (409, code)
    assert words in refused["message"]
    (row,) = await force.audit("stream.open")
    assert row["outcome"] == "refused"


async def test_the_age_of_the_position_refuses_nothing(force: Force) -> None:
    fim, incident = await force.user("fim"), await force.incident()
    camera = await force.camera()
    await force.owner.execute(
        "update live set fix_time = now() - interval '2 hours' where camera_id = $1", camera
    )
    assert (await _open(force, fim, incident=incident))["http"] == 201


@pytest.mark.parametrize(
    ("change", "http", "code"),
    [
        ({"purpose": "use_of_force_scrutiny"}, 403, "purpose_forbidden"),
        ({"purpose": "curiosity"}, 422, "purpose_unknown"),
        ({"reason": "  "}, 422, "reason_missing"),
        ({"incident": None}, 422, "incident_missing"),
        ({"incident": 4711}, 404, "incident_unknown"),
        ({"camera": "AB4-999999"}, 404, "camera_unknown"),
    ],
)
async def test_what_is_not_permitted_or_missing_refuses(
    force: Force, change: dict[str, object], http: int, code: str
) -> None:
    fim, incident = await force.user("fim"), await force.incident()
    await force.camera()
    refused = await _open(force, fim, **({"incident": incident} | change))  # type: ignore[arg-type]
    assert (refused["http"], refused["code"]) == (http, code)


async def test_officer_safety_opens_first_on_a_provisional_incident(force: Force) -> None:
    fim = await force.user("fim")
    await force.camera()
    opened = await _open(force, fim, incident=None, purpose="officer_safety")
    assert opened["http"] == 201
    incident = await force.owner.fetchrow(
        "select * from incident where id = $1", opened["incident_id"]
    )
    assert incident is not None
    assert incident["provisional"]
    assert incident["link_by"] is not None


@pytest.mark.parametrize("role", ["planner", "coordinator", "auditor", "admin", "officer"])
async def test_roles_without_the_permission_are_refused(force: Force, role: str) -> None:
    person, incident = await force.user(role), await force.incident()
    await force.camera()
    refused = await _open(force, person, incident=incident)
    assert (refused["http"], refused["code"]) == (403, "role_not_permitted")


async def test_a_commander_sees_only_what_he_is_assigned_to(force: Force) -> None:
    commander, incident = await force.user("commander"), await force.incident()
    camera = await force.camera()
    assert (await _open(force, commander, incident=incident))["http"] == 403
    await force.at_incident(camera, incident)
    await force.assign(commander, incident, "commander")
    assert (await _open(force, commander, incident=incident))["http"] == 201


async def test_a_camera_at_a_restricted_incident_is_for_those_named(force: Force) -> None:
    fim, other = await force.user("fim"), await force.user("fim", "fim2")
    camera, incident = await force.camera(), await force.incident(restricted=True)
    await force.at_incident(camera, incident)
    await force.assign(fim, incident)
    assert (await _open(force, fim, incident=incident))["http"] == 201
    open_incident = await force.incident("Something else")
    assert (await _open(force, other, incident=open_incident))["code"] == "camera_unknown"
    cue = await force.owner.fetchval(
        "select body ->> 'silent' from camera_command where body ->> 'type' = 'watched'"
    )
    assert cue == "true"


async def test_a_camera_that_is_hidden_is_answered_like_one_that_is_not_there(force: Force) -> None:
    commander, incident = await force.user("commander"), await force.incident()
    await force.assign(commander, incident, "commander")
    await force.at_incident(await force.camera(), await force.incident(restricted=True))
    hidden = await _open(force, commander, incident=incident)
    absent = await _open(force, commander, "AB4-999999", incident=incident)
    assert [hidden[name] for name in ("http", "code", "message")] == [
        absent[name] for name in ("http", "code", "message")
    ]
    assert (hidden["http"], hidden["code"]) == (404, "camera_unknown")
    codes = [json.loads(row["detail"])["code"] for row in await force.audit("stream.open")]
    assert codes == ["camera_out_of_reach", "camera_unknown"]


async def test_a_negco_streams_while_on_call(force: Force) -> None:
    negco, incident = await force.user("negco"), await force.incident()
    await force.camera()
    assert (await _open(force, negco, incident=incident))["code"] == "camera_out_of_reach"
    await force.negotiator("N4", "negco", negco)
    assert (await _open(force, negco, incident=incident))["http"] == 201


async def test_without_a_relay_nothing_opens(database: Database) -> None:
    force = await Force.create(database)
    fim, incident = await force.user("fim"), await force.incident()
    await force.camera()
    assert (await _open(force, fim, incident=incident))["http"] == 503


async def _recording_stops(force: Force, camera: int, fim: Person, incident: int) -> None:
    await force.set_state(camera, "buffering")


async def _goes_stale(force: Force, camera: int, fim: Person, incident: int) -> None:
    await force.owner.execute("update live set seen_time = now() - interval '5 minutes'")


async def _disabled(force: Force, camera: int, fim: Person, incident: int) -> None:
    await force.owner.execute("update camera set disabled_time = now()")


async def _signs_out(force: Force, camera: int, fim: Person, incident: int) -> None:
    await force.owner.execute("select session_end(id, 'signed out') from session")


async def _role_changes(force: Force, camera: int, fim: Person, incident: int) -> None:
    await force.owner.execute("update app_user set role = 'planner'")


async def _permission_goes(force: Force, camera: int, fim: Person, incident: int) -> None:
    await force.owner.execute(
        "delete from role_capability where role = 'fim' and capability = 'stream.open'"
    )


async def _incident_closes(force: Force, camera: int, fim: Person, incident: int) -> None:
    await force.owner.execute("update incident set closed_time = now()")


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (_recording_stops, "stopped recording"),
        (_goes_stale, "nothing is heard"),
        (_disabled, "disabled"),
        (_signs_out, "signed out"),
        (_role_changes, "role changed"),
        (_permission_goes, "permission was withdrawn"),
        (_incident_closes, "incident was closed"),
    ],
)
async def test_an_open_stream_ends_by_itself(force: Force, happens: object, words: str) -> None:
    fim, incident, camera = await force.user("fim"), await force.incident(), await force.camera()
    stream = (await _open(force, fim, incident=incident))["stream_id"]
    assert await _must_end(force, stream) == []
    await happens(force, camera, fim, incident)  # type: ignore[operator]
    (ended,) = await _must_end(force, stream)
    assert ended["id"] == stream
    assert words in ended["reason"]
    (row,) = await force.audit("stream.end")
    assert words in row["reason"]
    (again,) = await _must_end(force, stream)  # said until the relay has let go
    assert again["reason"] == ended["reason"]


# Each arranges who watches camera AB4-000001 for which incident, and gives back what takes the sight away.


async def _hidden(force: Force, camera: int, incident: int, **hides: bool) -> tuple[Person, str]:
    """A FIM, and another FIM's restricted incident or exercise, to which the camera comes."""
    other = await force.incident("Kidnap", **hides)
    await force.assign(await force.user("fim", "fim2"), other)
    return await force.user("fim"), (
        f"insert into incident_camera (incident_id, camera_id) values ({other}, {camera})"
    )


async def _goes_to_a_restricted_incident(
    force: Force, camera: int, incident: int
) -> tuple[Person, str]:
    return await _hidden(force, camera, incident, restricted=True)


async def _goes_to_an_exercise(force: Force, camera: int, incident: int) -> tuple[Person, str]:
    return await _hidden(force, camera, incident, exercise=True)


async def _its_incident_becomes_restricted(
    force: Force, camera: int, incident: int
) -> tuple[Person, str]:
    await force.at_incident(camera, incident)
    return await force.user("fim"), f"update incident set restricted = true where id = {incident}"


async def _the_incident_alone_becomes_restricted(
    force: Force, camera: int, incident: int
) -> tuple[Person, str]:
    return await force.user("fim"), f"update incident set restricted = true where id = {incident}"


async def _no_longer_named(force: Force, camera: int, incident: int) -> tuple[Person, str]:
    fim = await force.user("fim")
    await force.at_incident(camera, incident)
    await force.assign(fim, incident)
    await force.owner.execute("update incident set restricted = true")
    return fim, "update incident_person set until = now()"


async def _goes_off_call(force: Force, camera: int, incident: int) -> tuple[Person, str]:
    negco = await force.user("negco")
    await force.negotiator("N4", "negco", negco)
    return negco, (
        "update rota_shift set during = tstzrange(now() - interval '9 hours', now() - interval '1 s')"
    )


async def _commanding(force: Force, camera: int, incident: int) -> Person:
    commander = await force.user("commander")
    await force.at_incident(camera, incident)
    await force.assign(commander, incident, "commander")
    return commander


async def _leaves_the_incident(force: Force, camera: int, incident: int) -> tuple[Person, str]:
    return await _commanding(force, camera, incident), "update incident_camera set until = now()"


async def _taken_off_the_incident(force: Force, camera: int, incident: int) -> tuple[Person, str]:
    return await _commanding(force, camera, incident), "update incident_person set until = now()"


async def _supervising(force: Force, camera: int, incident: int) -> Person:
    """A supervisor of unit A, to which the camera's officer belongs; the incident is theirs."""
    supervisor = await force.user("supervisor")
    for statement in (
        "insert into unit (code, name) values ('A', 'A'), ('B', 'B')",
        "insert into officer (shoulder_number, name, unit_id) select code, code, id from unit",
        "insert into user_unit select u.id, n.id from app_user u, unit n where n.code = 'A'",
        "update camera set officer_id = (select id from officer where name = 'A')",
        "update incident set created_by = (select id from app_user where role = 'supervisor')",
    ):
        await force.owner.execute(statement)
    return supervisor


async def _the_unit_is_taken_away(force: Force, camera: int, incident: int) -> tuple[Person, str]:
    return await _supervising(force, camera, incident), "delete from user_unit"


async def _the_officer_changes_units(
    force: Force, camera: int, incident: int
) -> tuple[Person, str]:
    return await _supervising(force, camera, incident), (
        "update officer set unit_id = (select id from unit where code = 'B')"
    )


async def _another_officer_signs_on(force: Force, camera: int, incident: int) -> tuple[Person, str]:
    return await _supervising(force, camera, incident), (
        "insert into duty (camera_id, officer_id, during)"
        f" select {camera}, id, tstzrange(now(), null) from officer where name = 'B'"
    )


_CAMERA_GONE = "the camera is no longer the viewer's to see"
_INCIDENT_GONE = "the incident is no longer the viewer's to see"
LOSING_SIGHT = [
    (_goes_to_a_restricted_incident, _CAMERA_GONE),
    (_goes_to_an_exercise, _CAMERA_GONE),
    (_its_incident_becomes_restricted, _CAMERA_GONE),
    (_the_incident_alone_becomes_restricted, _INCIDENT_GONE),
    (_no_longer_named, _CAMERA_GONE),
    (_goes_off_call, _CAMERA_GONE),
    (_leaves_the_incident, _CAMERA_GONE),
    (_taken_off_the_incident, _CAMERA_GONE),
    (_the_unit_is_taken_away, _CAMERA_GONE),
    (_the_officer_changes_units, _CAMERA_GONE),
    (_another_officer_signs_on, _CAMERA_GONE),
]
losing_sight = pytest.mark.parametrize(("arrange", "reason"), LOSING_SIGHT)
_REDEEM = "select * from viewing_redeem($1, $2)"


@losing_sight
async def test_a_stream_ends_with_the_right_to_see(force: Force, arrange: Any, reason: str) -> None:
    camera, incident = await force.camera(), await force.incident()
    person, withdraw = await arrange(force, camera, incident)
    stream = (await _open(force, person, incident=incident))["stream_id"]
    async with force.acting(person) as connection:
        await connection.execute("select publication_ensure($1, 'http://h', 's')", stream)
        assert await connection.fetchrow(_REDEEM, stream, token_hash("viewer")) is not None
    assert await _must_end(force, stream) == []
    await force.owner.execute(withdraw)
    (ended,) = await _must_end(force, stream)
    assert (ended["id"], ended["reason"]) == (stream, reason)
    (row,) = await force.audit("stream.end")
    assert (row["reason"], row["actor"]) == (reason, "system:gate")


@losing_sight
async def test_a_token_is_of_no_use_without_the_right_to_see(
    force: Force, arrange: Any, reason: str
) -> None:
    camera, incident = await force.camera(), await force.incident()
    person, withdraw = await arrange(force, camera, incident)
    stream = (await _open(force, person, incident=incident))["stream_id"]
    async with force.acting(person) as connection:
        await connection.execute("select publication_ensure($1, 'http://h', 's')", stream)
    await force.owner.execute(withdraw)
    async with force.acting(person) as connection:
        assert await connection.fetchrow(_REDEEM, stream, token_hash("viewer")) is None
    (refused,) = await force.audit("stream.redeem")
    assert (refused["outcome"], refused["reason"]) == ("refused", reason)
    assert (await force.audit("stream.end"))[0]["reason"] == reason


async def test_who_is_named_goes_on_watching_when_the_camera_becomes_restricted(
    force: Force,
) -> None:
    fim, camera, incident = await force.user("fim"), await force.camera(), await force.incident()
    stream = (await _open(force, fim, incident=incident))["stream_id"]
    kidnap = await force.incident("Kidnap", restricted=True)
    await force.assign(fim, kidnap)
    await force.at_incident(camera, kidnap)
    assert await _must_end(force, stream) == []


async def test_a_provisional_incident_is_its_makers_to_see(force: Force) -> None:
    camera = await force.camera()
    supervisor = await _supervising(force, camera, await force.incident())
    stream = (await _open(force, supervisor, incident=None, purpose="officer_safety"))["stream_id"]
    assert await _must_end(force, stream) == []


class TestNobodyBeginsToWatch:
    async def test_the_stream_ends_with_its_token(self, force: Force) -> None:
        fim, incident = await force.user("fim"), await force.incident()
        await force.camera()
        stream = (await _open(force, fim, incident=incident))["stream_id"]
        async with force.acting(fim) as connection:
            await connection.execute("select publication_ensure($1, 'http://h', 's')", stream)
        await force.owner.execute(
            "update stream_session set token_expires = now() + interval '1 s'"
        )
        assert await _must_end(force, stream) == []
        await force.owner.execute("update stream_session set token_expires = now()")
        (ended,) = await _must_end(force, stream)
        assert ended["reason"] == "nobody began to watch within 30 seconds"
        (row,) = await force.audit("stream.end")
        assert row["reason"] == ended["reason"]
        told = await force.owner.fetch("select body from camera_command order by id")
        assert json.loads(told[-1]["body"]) == {"type": "watched", "roles": [], "silent": False}
        await force.owner.execute("update publication set wanted_until = now()")
        await _must_end(force, stream)
        assert await force.owner.fetchval("select end_reason from publication") == "nobody watches"

    async def test_it_keeps_no_session_alive(self, force: Force) -> None:
        fim, incident = await force.user("fim"), await force.incident()
        await force.camera()
        stream = (await _open(force, fim, incident=incident))["stream_id"]
        await force.owner.execute("update session set last_seen_time = now() - interval '2 hours'")
        alive = "select session_is_live(s) from session s"
        assert await force.owner.fetchval(alive)
        await force.owner.execute("update stream_session set token_expires = now()")
        await _must_end(force, stream)
        assert not await force.owner.fetchval(alive)

    async def test_one_that_is_watched_goes_on(self, force: Force) -> None:
        fim, incident = await force.user("fim"), await force.incident()
        await force.camera()
        stream = (await _open(force, fim, incident=incident))["stream_id"]
        async with force.acting(fim) as connection:
            await connection.fetchrow(_REDEEM, stream, token_hash("viewer"))
        await force.owner.execute("update stream_session set token_expires = now()")
        assert await _must_end(force, stream) == []


class TestACameraThatComesBack:
    """What a claim of its connection queues for it; `http://g:8766` is the gateway's address."""

    @pytest.fixture
    async def camera(self, force: Force) -> int:
        return await force.camera()

    async def watch(
        self, force: Force, incident: int | None = None, *, delivered: bool = True
    ) -> tuple[Any, Any]:
        """A FIM opens a stream, of which the camera was told: its publication and the first token."""
        fim = await force.user("fim")
        incident = incident or await force.incident()
        if await force.owner.fetchval("select restricted from incident where id = $1", incident):
            await force.assign(fim, incident)
        stream = (await _open(force, fim, incident=incident))["stream_id"]
        async with force.acting(fim) as connection:
            publication = await connection.fetchval(
                "select publication_id from publication_ensure($1, 'http://h:8766', 'first')",
                stream,
            )
        if delivered:
            await force.owner.execute("update camera_command set delivered_time = now()")
        return stream, publication

    async def claim(self, force: Force, *cameras: int) -> list[dict[str, Any]]:
        """What waits for cameras after another gateway claimed their connections."""
        gateway = await force.database.connect("gateway")
        rows = await gateway.fetch(
            "select * from claim_cameras($1::int[], 7, 'http://g:8766')", list(cameras)
        )
        assert sorted(row["camera_id"] for row in rows) == sorted(cameras)
        waiting = await force.owner.fetch(
            "select camera_id, body from camera_command where delivered_time is null order by id"
        )
        return [json.loads(row["body"]) | {"camera_id": row["camera_id"]} for row in waiting]

    async def redeems(self, force: Force, publication: Any, token: str) -> bool:
        gateway = await force.database.connect("gateway")
        row = await gateway.fetchrow(
            "select * from publication_redeem($1, $2)", publication, token_hash(token)
        )
        return row is not None

    async def test_hears_nothing_where_nobody_watches(self, force: Force, camera: int) -> None:
        stream, _ = await self.watch(force)
        other = await force.camera("AB4-000002")
        assert await self.claim(force, other) == []
        await force.owner.execute("select stream_end($1, 'over')", stream)
        await force.owner.execute("update camera_command set delivered_time = now()")
        assert await self.claim(force, camera, other) == []

    async def test_hears_who_watches_and_to_send(self, force: Force, camera: int) -> None:
        _, publication = await self.watch(force)
        watched, start = await self.claim(force, camera, await force.camera("AB4-000002"))
        assert watched == {
            "type": "watched", "roles": ["FIM"], "silent": False, "camera_id": camera,
        }  # fmt: skip
        assert (start["type"], start["stream"]) == ("stream_start", str(publication))
        assert start["whip"] == f"http://g:8766/whip/{publication}"
        assert start["token"] != "first"
        assert await self.redeems(force, publication, start["token"])
        assert not await self.redeems(force, publication, "first")

    async def test_may_have_been_on_its_way_with_the_first_token(
        self, force: Force, camera: int
    ) -> None:
        _, publication = await self.watch(force)
        _, start = await self.claim(force, camera)
        assert await self.redeems(force, publication, "first")
        assert not await self.redeems(force, publication, start["token"])

    async def test_is_not_told_to_send_while_it_sends(self, force: Force, camera: int) -> None:
        _, publication = await self.watch(force)
        assert await self.redeems(force, publication, "first")
        (watched,) = await self.claim(force, camera)
        assert watched["type"] == "watched"

    async def test_is_told_once_where_it_was_away_before(self, force: Force, camera: int) -> None:
        _, publication = await self.watch(force, delivered=False)
        heard = await self.claim(force, camera)
        (start,) = [message for message in heard if message["type"] == "stream_start"]
        assert start["token"] == "first"
        assert heard[-1]["type"] == "watched"
        assert await self.redeems(force, publication, "first")

    async def test_sends_anew_where_its_publication_is_over(
        self, force: Force, camera: int
    ) -> None:
        stream, before = await self.watch(force)
        await force.owner.execute("select publication_end($1, 'the relay stopped')", before)
        await force.owner.execute("update camera_command set delivered_time = now()")
        _, start = await self.claim(force, camera)
        publication = await force.owner.fetchval(
            "select publication_id from stream_session where id = $1", stream
        )
        assert publication != before
        assert start["stream"] == str(publication)
        assert await self.redeems(force, publication, start["token"])

    async def test_hears_it_silently_at_a_restricted_incident(
        self, force: Force, camera: int
    ) -> None:
        incident = await force.incident(restricted=True)
        await force.at_incident(camera, incident)
        await self.watch(force, incident)
        watched, _ = await self.claim(force, camera)
        assert watched["silent"]


async def test_tokens_work_once_and_only_for_their_holder(force: Force) -> None:
    fim, other, incident = (
        await force.user("fim"),
        await force.user("fim", "fim2"),
        await force.incident(),
    )
    await force.camera()
    stream = (await _open(force, fim, incident=incident))["stream_id"]
    async with force.acting(fim) as connection:
        made = await connection.fetchrow(
            "select * from publication_ensure($1, 'http://h:8766', 'secret')", stream
        )
    assert made is not None
    assert made["made"]
    command = await force.owner.fetchval(
        "select body from camera_command where body ->> 'type' = 'stream_start'"
    )
    assert f"/whip/{made['publication_id']}" in command
    redeem = "select * from viewing_redeem($1, $2)"
    async with force.acting(other) as connection:
        assert await connection.fetchrow(redeem, stream, token_hash("viewer")) is None
    async with force.acting(fim) as connection:
        assert await connection.fetchrow(redeem, stream, token_hash("wrong")) is None
        assert await connection.fetchrow(redeem, stream, token_hash("viewer")) is not None
        assert await connection.fetchrow(redeem, stream, token_hash("viewer")) is None
    gateway = await force.database.connect("gateway")
    publication = "select * from publication_redeem($1, $2)"
    assert (
        await gateway.fetchrow(publication, made["publication_id"], token_hash("secret"))
        is not None
    )
    assert await gateway.fetchrow(publication, made["publication_id"], token_hash("secret")) is None


async def test_two_viewers_share_one_publication(force: Force) -> None:
    fim, other, incident = (
        await force.user("fim"),
        await force.user("fim", "fim2"),
        await force.incident(),
    )
    await force.camera()
    publications = set()
    for person in (fim, other):
        stream = (await _open(force, person, incident=incident))["stream_id"]
        async with force.acting(person) as connection:
            publications.add(
                await connection.fetchval(
                    "select publication_id from publication_ensure($1, 'http://h', 's')", stream
                )
            )
    assert len(publications) == 1


async def test_the_dashboard_cannot_write_sessions_or_audit_by_itself(force: Force) -> None:
    dashboard = await force.database.connect("dashboard")
    for statement in (
        "insert into stream_session select * from stream_session",
        "delete from audit_entry",
        "update deployment set state = 'deployed'",
        "insert into fix select * from fix",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await dashboard.execute(statement)
