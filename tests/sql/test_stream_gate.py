"""The stream gate, as the database keeps it."""

from __future__ import annotations

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
