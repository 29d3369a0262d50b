"""Talk-back, as the database keeps it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from sightline.sql.accounts import token_hash
from tests.conftest import Database
from tests.force import Force, Person

CAMERA = "AB4-000001"
GATEWAY = "http://gateway:8766/"


@dataclass
class Scene:
    """A NegCo who watches a camera with an earpiece at an incident that they are named on."""

    force: Force
    negco: Person
    camera: int
    incident: int
    stream: UUID

    async def watch(self, person: Person, token: str) -> UUID:
        async with self.force.acting(person) as connection:
            opened = await connection.fetchrow(
                "select * from stream_open($1, 'negotiator_triage', 'hear him', $2, $3)",
                CAMERA, self.incident, token_hash(token),
            )  # fmt: skip
            assert opened["http"] == 201, opened["message"]
            await connection.fetchval(
                "select publication_id from publication_ensure($1, 'http://g', $2)",
                opened["stream_id"], uuid4().hex,
            )  # fmt: skip
        stream: UUID = opened["stream_id"]
        return stream

    async def ask(self, person: Person | None = None, stream: UUID | None = None) -> asyncpg.Record:
        async with self.force.acting(person or self.negco) as connection:
            return await connection.fetchrow(
                "select * from talk_open($1, $2)", stream or self.stream, token_hash("speak")
            )

    async def redeem(self, talk: UUID, token: str = "speak", person: Person | None = None) -> Any:
        async with self.force.acting(person or self.negco) as connection:
            return await connection.fetchval(
                "select relay_url from talk_speak_redeem($1, $2)", talk, token_hash(token)
            )

    async def answer(self, talk: object, *, accept: bool, camera: int | None = None) -> str | None:
        gateway = await self.force.database.connect("gateway")
        said: str | None = await gateway.fetchval(
            "select talk_answer($1, $2, $3, $4)",
            camera or self.camera, str(talk), accept, GATEWAY,
        )  # fmt: skip
        return said

    async def asked(self) -> UUID:
        """A talk of which the officer has been asked."""
        talk: UUID = (await self.ask())["talk_id"]
        assert await self.redeem(talk) is not None
        return talk

    async def command(self, kind: str) -> dict[str, Any] | None:
        body = await self.force.owner.fetchval(
            "select body from camera_command where body ->> 'type' = $1 order by id desc limit 1",
            kind,
        )
        return None if body is None else dict(json.loads(body))

    async def must_end(self, *talks: UUID) -> dict[UUID, str]:
        media = await self.force.database.connect("media")
        rows = await media.fetch("select id, reason from talks_must_end($1::uuid[])", list(talks))
        return {row["id"]: row["reason"] for row in rows}

    async def tell(self) -> int:
        """What nobody tells of any more is logged; how many talks."""
        keeper = await self.force.database.connect("keeper")
        n: int = await keeper.fetchval("select talks_log()")
        return n

    async def talk(self, talk: UUID) -> asyncpg.Record:
        return await self.force.owner.fetchrow("select * from talk where id = $1", talk)

    async def log(self) -> list[str]:
        rows = await self.force.owner.fetch(
            "select author, text from incident_log where kind = 'talk' order by id"
        )
        return [f"{row['author']}: {row['text']}" for row in rows]


@pytest.fixture
async def scene(database: Database) -> Scene:
    force = await Force.create(database)
    await force.relay()
    negco, incident = await force.user("negco"), await force.incident()
    await force.negotiator("N1", "negco", negco)
    await force.assign(negco, incident)
    camera = await force.camera(CAMERA)
    await force.owner.execute("update camera set audio_out = 'earpiece' where id = $1", camera)
    scene = Scene(force, negco, camera, incident, uuid4())
    scene.stream = await scene.watch(negco, "viewer")
    return scene


async def test_a_talk_from_the_first_wish_to_the_log(scene: Scene) -> None:
    opened = await scene.ask()
    assert (opened["http"], opened["audio_out"], opened["camera"]) == (201, "earpiece", CAMERA)
    assert await scene.command("talk_request") is None, "nobody is asked without a microphone"
    talk = opened["talk_id"]
    assert await scene.redeem(talk) == "http://127.0.0.1:1"
    assert await scene.command("talk_request") == {
        "type": "talk_request", "talk": str(talk), "by": "NegCo",
    }  # fmt: skip
    assert await scene.answer(talk, accept=True) == "accepted"
    start = await scene.command("talk_start")
    assert start is not None
    assert start["whep"] == f"http://gateway:8766/whep/{talk}"
    gateway = await scene.force.database.connect("gateway")
    redeem = "select relay_url from talk_hear_redeem($1, $2)"
    assert await gateway.fetchval(redeem, talk, token_hash("another")) is None
    assert await gateway.fetchval(redeem, talk, token_hash(start["token"])) == "http://127.0.0.1:1"
    assert await gateway.fetchval(redeem, talk, token_hash(start["token"])) is None, "used up"
    assert await scene.must_end(talk) == {}

    media = await scene.force.database.connect("media")
    await media.execute("select talk_heard($1)", talk)
    for number, sound in ((1, b"OggS one"), (2, b"OggS two"), (2, b"told twice")):
        await media.execute(
            "select talk_spoken($1, $2, now() - interval '20 seconds', now() - interval '11 seconds', $3)",
            talk, number, sound,
        )  # fmt: skip
    async with scene.force.acting(scene.negco) as connection:
        for _ in range(2):
            assert await connection.fetchval(
                "select talk_leave($1, $2, $3)", talk, token_hash("x"), "the speaker ended it"
            )
    assert await scene.log() == [], "the last words may not have been told"
    await media.fetchval("select media_ended('talk_told', $1, '')", talk)
    await media.fetchval("select media_ended('talk_told', $1, '')", talk)
    assert await scene.command("talk_stop") == {"type": "talk_stop", "talk": str(talk)}
    assert await scene.log() == [
        (
            f"negco: Talked to {CAMERA} through the camera's earpiece: 2 times, 18 s in all;"
            " ended: the speaker ended it"
        )
    ]
    (end,) = await scene.force.audit("talk.end")
    detail = json.loads(end["detail"])
    assert (detail["speaker"], len(detail["turns"]), detail["sound_kept"]) == ("negco", 2, True)
    assert (await scene.force.audit("talk.open"))[0]["actor"] == "negco"

    async with scene.force.acting(scene.negco) as connection:
        kept = await connection.fetchval("select sound from talk_sound($1, 2)", talk)
        turns = await connection.fetch("select number, kept from talk_turns($1)", scene.incident)
    assert kept == b"OggS two"
    assert [tuple(row) for row in turns] == [(1, True), (2, True)]
    assert len(await scene.force.audit("talk.listen")) == 1


async def test_only_a_negco_on_the_incident_talks(scene: Scene) -> None:
    fim = await scene.force.user("fim")
    refused = await scene.ask(fim, await scene.watch(fim, "fim's"))
    assert (refused["http"], refused["code"]) == (403, "role_not_permitted")
    other = await scene.force.user("negco", "other")
    await scene.force.negotiator("N2", "negco", other)
    stream = await scene.watch(other, "other's")
    refused = await scene.ask(other, stream)
    assert (refused["http"], refused["code"]) == (403, "not_assigned")
    stranger = await scene.ask(other, scene.stream)
    assert (stranger["http"], stranger["code"]) == (404, "stream_unknown")
    await scene.force.assign(other, scene.incident)
    assert (await scene.ask(other, stream))["http"] == 201
    outcomes = [row["outcome"] for row in await scene.force.audit("talk.open")]
    assert outcomes == ["refused", "refused", "refused", "allowed"]


async def test_a_request_brings_in_the_negco_on_call(scene: Scene) -> None:
    other = await scene.force.user("negco", "other")
    await scene.force.negotiator("N2", "negco", other)
    stream = await scene.watch(other, "other's")
    await scene.force.owner.execute(
        "insert into deployment (incident_id, requested_by, state) values ($1, $2, 'cancelled')",
        scene.incident, scene.negco.user_id,
    )  # fmt: skip
    assert (await scene.ask(other, stream))["code"] == "not_assigned", "nobody is asked for now"
    await scene.force.owner.execute("update deployment set state = 'requested'")
    assert (await scene.ask(other, stream))["http"] == 201
    await scene.force.owner.execute("delete from rota_shift")
    assert not await scene.force.owner.fetchval(
        "select talk_assigned($1, $2)", other.user_id, scene.incident
    )


async def test_who_triages_the_request_is_on_the_incident(scene: Scene) -> None:
    other = await scene.force.user("negco", "other")
    await scene.force.negotiator("N2", "negco", other)
    stream = await scene.watch(other, "other's")
    deployment = await scene.force.owner.fetchval(
        "insert into deployment (incident_id, requested_by, state) values ($1, $2, 'triage') returning id",
        scene.incident, scene.negco.user_id,
    )  # fmt: skip
    await scene.force.owner.execute(
        "insert into deployment_transition (deployment_id, to_state, action, by_user_id, by_username, by_role)"
        " values ($1, 'triage', 'recommend', $2, 'other', 'negco')",
        deployment, other.user_id,
    )  # fmt: skip
    assert (await scene.ask(other, stream))["http"] == 201
    await scene.force.owner.execute("delete from rota_shift")
    arguments = ("select talk_assigned($1, $2)", other.user_id, scene.incident)
    assert await scene.force.owner.fetchval(*arguments), "their shift may end meanwhile"
    await scene.force.owner.execute("update deployment set state = 'stood_down'")
    assert not await scene.force.owner.fetchval(*arguments), "nobody is asked for any more"


@pytest.mark.parametrize(
    ("statement", "http", "code"),
    [
        ("update incident set restricted = true", 409, "talk_off"),
        ("update camera set audio_out = 'none'", 409, "no_sound_out"),
        ("update camera set audio_out = null", 409, "no_sound_out"),
        ("select stream_end(id, 'the camera stopped recording') from stream_session", 409, "stream_ended"),
        ("update live set recording = 2", 409, "stream_ended"),
        ("select publication_end(id, 'nobody watches') from publication", 409, "no_picture"),
    ],
)  # fmt: skip
async def test_what_cannot_be_says_why(scene: Scene, statement: str, http: int, code: str) -> None:
    await scene.force.owner.execute(statement)
    refused = await scene.ask()
    assert (refused["http"], refused["code"]) == (http, code)
    assert refused["message"].endswith(".")
    assert refused["talk_id"] is None


async def test_one_at_a_time_has_the_officer(scene: Scene) -> None:
    await scene.ask()
    other = await scene.force.user("negco", "other")
    await scene.force.negotiator("N2", "negco", other)
    await scene.force.assign(other, scene.incident)
    refused = await scene.ask(other, await scene.watch(other, "other's"))
    assert (refused["code"], refused["message"][:12]) == ("talk_busy", "negco talks,")


async def test_a_token_is_good_once_for_its_session_and_for_half_a_minute(scene: Scene) -> None:
    talk = (await scene.ask())["talk_id"]
    other = await scene.force.user("negco", "other")
    assert await scene.redeem(talk, "another") is None
    assert await scene.redeem(talk, person=other) is None
    assert await scene.redeem(talk) is not None
    assert await scene.redeem(talk) is None
    async with scene.force.acting(scene.negco) as connection:
        await connection.fetchval(
            "select talk_leave($1, $2, $3)", talk, token_hash("speak"), "the speaker ended it"
        )
    late = (await scene.ask())["talk_id"]
    await scene.force.owner.execute(
        "update talk set speak_token_expires = now() - interval '1 second'"
    )
    assert await scene.redeem(late) is None
    assert await scene.must_end() == {}
    assert (await scene.talk(late))["end_reason"] == "no microphone came within 30 seconds"
    assert len(await scene.force.audit("talk.redeem")) == 4
    assert await scene.tell() == 1
    assert (await scene.log())[-1].endswith("no microphone came within 30 seconds")


async def test_the_officer_declines_or_does_not_answer_or_has_heard_enough(scene: Scene) -> None:
    declined = await scene.asked()
    assert await scene.answer(declined, accept=False) == "ended"
    assert (await scene.talk(declined))["end_reason"] == "the officer declined"
    assert await scene.answer(declined, accept=True) is None, "it is over"

    unanswered = await scene.asked()
    await scene.force.owner.execute("update talk set answer_by = now() - interval '1 second'")
    assert await scene.must_end(unanswered) == {unanswered: "the officer did not answer"}

    enough = await scene.asked()
    await scene.answer(enough, accept=True)
    assert await scene.answer(enough, accept=True) is None, "no second token"
    assert await scene.answer(enough, accept=False) == "ended"
    assert (await scene.talk(enough))["end_reason"] == "the officer ended it"


@pytest.mark.parametrize("said", ["", "not a uuid", "' or true --", "x" * 64])
async def test_what_a_camera_says_may_be_anything(scene: Scene, said: str) -> None:
    talk = await scene.asked()
    assert await scene.answer(said, accept=True) is None
    assert (await scene.talk(talk))["accepted_time"] is None


async def test_another_camera_answers_for_nobody(scene: Scene) -> None:
    talk = await scene.asked()
    other = await scene.force.camera("AB4-000002")
    assert await scene.answer(talk, accept=True, camera=other) is None
    assert await scene.answer(talk, accept=False, camera=other) is None
    assert (await scene.talk(talk))["ended_time"] is None


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update live set recording = 2", "the stream ended: the camera stopped recording"),
        ("update session set ended_time = now(), end_reason = 'signed out'",
         "the stream ended: the viewer's sign-in ended: signed out"),
        ("update incident set restricted = true", "the incident was restricted"),
        ("update incident_person set until = now()", "the speaker is no longer on the incident"),
        ("delete from role_capability where capability = 'talk.open'", "the permission was withdrawn"),
        ("update relay set heartbeat_time = now() - interval '11 seconds'", "the media relay stopped"),
        ("update talk set hear_token_expires = now()", "the camera did not begin to listen in time"),
        ("update talk set hear_token_used_time = now(), accepted_time = now() - interval '46 seconds'",
         "the camera did not begin to listen in time"),
    ],
)  # fmt: skip
async def test_what_ends_a_talk_ends_it_at_the_next_question(
    scene: Scene, statement: str, reason: str
) -> None:
    talk = await scene.asked()
    await scene.answer(talk, accept=True)
    assert await scene.must_end(talk) == {}
    await scene.force.owner.execute(statement)
    media = await scene.force.database.connect("media")
    await media.fetch("select * from media_must_end('{}', '{}')")
    assert await scene.must_end(talk) == {talk: reason}
    assert await scene.command("talk_stop") is not None


async def test_a_talk_of_which_a_relay_never_tells_the_last_words_is_logged_all_the_same(
    scene: Scene,
) -> None:
    talk = await scene.asked()
    await scene.answer(talk, accept=False)
    assert await scene.must_end() == {}
    assert await scene.log() == []
    assert await scene.tell() == 0
    await scene.force.owner.execute("update talk set ended_time = now() - interval '11 seconds'")
    assert await scene.tell() == 1
    (entry,) = await scene.log()
    assert entry == f"negco: Asked to talk to {CAMERA} through the camera: the officer declined"


async def test_the_force_may_keep_no_sound(scene: Scene) -> None:
    await scene.force.owner.execute(
        "update force_setting set value = '0' where key = 'talk_keep_sound'"
    )
    talk = await scene.asked()
    media = await scene.force.database.connect("media")
    await media.execute("select talk_spoken($1, 1, now(), now(), $2)", talk, b"OggS")
    assert await scene.force.owner.fetchval("select sound from talk_turn") is None
    async with scene.force.acting(scene.negco) as connection:
        assert await connection.fetchval("select sound from talk_sound($1, 1)", talk) is None
    assert (await scene.force.audit("talk.listen"))[0]["outcome"] == "refused"


async def test_what_was_said_at_a_restricted_incident_is_for_those_named(scene: Scene) -> None:
    talk = await scene.asked()
    media = await scene.force.database.connect("media")
    await media.execute("select talk_spoken($1, 1, now(), now(), $2)", talk, b"OggS")
    await scene.force.owner.execute("update incident set restricted = true")
    fim = await scene.force.user("fim")
    async with scene.force.acting(fim) as connection:
        assert await connection.fetchval("select sound from talk_sound($1, 1)", talk) is None
        assert await connection.fetch("select * from talk_turns($1)", scene.incident) == []


@pytest.mark.parametrize("role", ["dashboard", "gateway", "media", "keeper"])
async def test_no_role_reads_or_writes_talks_but_through_the_functions(
    scene: Scene, role: str
) -> None:
    connection = await scene.force.database.connect(role)
    for statement in (
        "select 1 from talk", "select 1 from talk_turn", "delete from talk_turn",
        "select talk_end(gen_random_uuid(), 'x')", "select talk_log(gen_random_uuid())",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_camera_at_a_restricted_incident_is_talked_through_for_none(scene: Scene) -> None:
    secret = await scene.force.incident("Kidnap", restricted=True)
    await scene.force.assign(scene.negco, secret)
    talk = await scene.asked()
    await scene.answer(talk, accept=True)
    await scene.force.at_incident(scene.camera, secret)
    assert await scene.must_end(talk) == {talk: "the incident was restricted"}
    assert (await scene.ask())["code"] == "talk_off"


async def test_who_makes_a_provisional_incident_is_not_by_that_on_it(scene: Scene) -> None:
    other = await scene.force.user("negco", "other")
    await scene.force.negotiator("N2", "negco", other)
    async with scene.force.acting(other) as connection:
        opened = await connection.fetchrow(
            "select * from stream_open($1, 'officer_safety', 'shouting', null, $2)",
            CAMERA, token_hash("mine"),
        )  # fmt: skip
        await connection.fetchval(
            "select publication_id from publication_ensure($1, 'http://g', $2)",
            opened["stream_id"], uuid4().hex,
        )  # fmt: skip
    assert (await scene.ask(other, opened["stream_id"]))["code"] == "not_assigned"


async def test_a_talk_goes_along_when_its_provisional_incident_is_linked(scene: Scene) -> None:
    talk = await scene.asked()
    await scene.answer(talk, accept=True)
    real = await scene.force.incident("The real one")
    await scene.force.owner.execute("update stream_session set incident_id = $1", real)
    assert (await scene.talk(talk))["incident_id"] == real
    assert await scene.must_end(talk) == {talk: "the speaker is no longer on the incident"}


async def test_who_was_taken_off_is_not_on_it_by_what_they_did_before(scene: Scene) -> None:
    deployment = await scene.force.owner.fetchval(
        "insert into deployment (incident_id, requested_by, state) values ($1, $2, 'triage') returning id",
        scene.incident, scene.negco.user_id,
    )  # fmt: skip
    await scene.force.owner.execute(
        "insert into deployment_transition (deployment_id, to_state, action, by_user_id, by_username, by_role)"
        " values ($1, 'triage', 'recommend', $2, 'negco', 'negco')",
        deployment, scene.negco.user_id,
    )  # fmt: skip
    await scene.force.owner.execute("delete from rota_shift")
    assigned = "select talk_assigned($1, $2)"
    arguments = (scene.negco.user_id, scene.incident)
    await scene.force.owner.execute("delete from incident_person")
    assert await scene.force.owner.fetchval(assigned, *arguments)
    await scene.force.assign(scene.negco, scene.incident)
    await scene.force.owner.execute("update incident_person set until = now()")
    assert not await scene.force.owner.fetchval(assigned, *arguments)


async def test_the_gate_waits_for_nobody_who_holds_the_incident(scene: Scene) -> None:
    await scene.ask()
    other = await scene.force.database.connect()
    holding = other.transaction()
    await holding.start()
    await other.execute("select from incident for update")
    await scene.force.owner.execute("update live set recording = 2")
    media = await scene.force.database.connect("media")
    async with asyncio.timeout(2):
        await media.fetch("select * from media_must_end('{}', '{}')")
        await media.fetch("select * from talks_must_end('{}')")
    await holding.rollback()
    assert await scene.tell() == 1


async def test_what_a_relay_did_not_tell_is_said_to_be_unknown(scene: Scene) -> None:
    talk = await scene.asked()
    await scene.answer(talk, accept=True)
    await scene.force.owner.execute("select talk_end($1, 'the media relay stopped')", talk)
    await scene.force.owner.execute("update talk set ended_time = now() - interval '11 seconds'")
    assert await scene.tell() == 1
    (entry,) = await scene.log()
    assert "what was said is not known: the media relay stopped" in entry


async def test_a_turn_that_a_clock_turned_round_is_kept(scene: Scene) -> None:
    talk = await scene.asked()
    media = await scene.force.database.connect("media")
    await media.execute(
        "select talk_spoken($1, 1, now(), now() - interval '2 seconds', $2)", talk, b"OggS"
    )
    assert await scene.force.owner.fetchval("select ended_time = began_time from talk_turn")


async def test_how_ones_own_talk_stands_is_for_its_own_session(scene: Scene) -> None:
    talk = await scene.asked()
    fim = await scene.force.user("fim")
    for person, state in ((scene.negco, "asked"), (fim, None)):
        async with scene.force.acting(person) as connection:
            row = await connection.fetchrow("select * from talk_state($1)", talk)
        assert (row and row["state"]) == state
