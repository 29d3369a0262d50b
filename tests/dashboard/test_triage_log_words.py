"""The command log names people: who was sent and who turned round; whose camera was streamed, from when to when."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sightline.dashboard.operations import deployments
from sightline.dashboard.triage.command_log import layout
from sightline.dashboard.triage.command_log.timeline import (
    Entry,
    Stream,
    Streams,
    folded,
    people_words,
    timeline,
)
from sightline.dashboard.triage.reads import read_log
from tests.dashboard.triage_values import NOW, acting


async def log_of(force, role: str = "negco") -> list[Entry]:
    async with acting(force, role) as act:
        return await read_log(act.connection, force.incident)


async def test_the_log_says_who_was_sent_who_set_off_and_who_turned_round(force):
    one, two = force.negotiators["N1"], force.negotiators["N2"]
    async with acting(force, "fim") as act:
        made = (await deployments.request(act, force.incident, {"what": "on the roof"}))["id"]
        await deployments.dispatch(act, made, "Agree with NegCo.", [one, two])
        await deployments.en_route(act, made, "", [one])
        await deployments.cancel(act, made, "Came down by himself.")
    cancelled, en_route, dispatched, request = await log_of(force)
    names = [name for name, _ in dispatched.people]
    assert len(names) == 2
    assert dispatched.text == "Negotiators dispatched. Agree with NegCo."
    assert people_words(dispatched) == [f"Sent: {', '.join(names)}"]
    assert people_words(en_route) == [f"Set off: {names[0]}"]
    assert cancelled.text == "Cancelled en route. Came down by himself."
    assert people_words(cancelled) == [
        f"Turned round: {names[0]}",
        f"Stopped before leaving: {names[1]}",
    ]
    assert people_words(request) == []


async def test_who_is_sent_again_has_not_set_off_again(force):
    one, two = force.negotiators["N1"], force.negotiators["N2"]
    async with acting(force, "fim") as act:
        made = (await deployments.request(act, force.incident, {}))["id"]
        await deployments.dispatch(act, made, "height", [one, two])
        await deployments.en_route(act, made, "", [one, two])
        await deployments.cancel(act, made, "one is enough", [one])
        await deployments.dispatch(act, made, "worse again", [one])
        await deployments.cancel(act, made, "over", [one])
    last, *_ = await log_of(force)
    assert [set_off for _, set_off in last.people] == [False]


async def opened(force, camera: str) -> str:
    async with acting(force, "fim") as act:
        row = await act.connection.fetchrow(
            "select * from stream_open($1, 'scene_advice', 'to advise the scene', $2, $3)",
            camera, force.incident, camera.encode() * 8,
        )  # fmt: skip
    assert row["http"] == 201, row["message"]
    return str(row["stream_id"])


async def test_a_stream_is_named_by_who_wore_the_camera_also_for_who_did_not_open_it(force):
    await force.hears_relay()
    await force.owner.execute(
        "insert into duty (camera_id, officer_id, call_sign, during) select id, officer_id, 'RB31',"
        " tstzrange(now() - interval '1 hour', now() + interval '8 hours') from camera where ref = 'CAM-1'"
    )
    await opened(force, "CAM-1")
    (entry,) = await log_of(force, "negco")
    assert entry.stream.whose == "RB31 PC Jane Doe"
    assert entry.stream.purpose == "Advice to the scene"
    assert entry.stream.ended is None
    await force.owner.execute("update incident set restricted = true")
    assert await log_of(force, "negco") == []


async def test_a_stream_that_has_ended_says_when(force):
    await force.hears_relay()
    stream = await opened(force, "CAM-1")
    await force.owner.execute(
        "update stream_session set ended_time = now(), end_reason = 'ended' where id::text = $1",
        stream,
    )
    (entry,) = await log_of(force, "fim")
    assert entry.stream.ended is not None


def note(number: int) -> Entry:
    return Entry(number, NOW + timedelta(minutes=number), "note", "DI Rowe", "NegCo", "text")


def stream(number: int, call_sign: str = "RB31", minutes: int | None = 3) -> Entry:
    at = NOW + timedelta(minutes=number)
    ended = None if minutes is None else at + timedelta(minutes=minutes)
    of = Stream("CAM-1", call_sign, "PC Jane Doe", "Advice to the scene", at, ended)
    return Entry(number, at, "stream", "Oscar 1", "FIM", "Stream of CAM-1 opened", stream=of)


def said(drawn: object) -> str:
    return json.dumps(drawn, ensure_ascii=False, default=lambda part: part.to_plotly_json())


def test_streams_in_a_row_are_one_line_and_a_note_between_them_divides_it():
    lines = folded(timeline([stream(1), stream(2, "RB20"), note(3), stream(4, minutes=None)]))
    assert [type(line).__name__ for line in lines] == ["Streams", "Line", "Streams"]
    assert [entry.id for entry in lines[2].entries] == [2, 1]


def test_the_line_says_whose_camera_and_from_when_to_when():
    drawn = said(
        layout.log(timeline([stream(1), stream(2, "RB20"), stream(6)]), NOW, may_write=False)
    )
    assert "3 streams" in drawn
    assert "RB31 PC Jane Doe 14:03–14:06, 14:08–14:11; RB20 PC Jane Doe 14:04–14:07" in drawn
    assert "14:03–14:06 RB31 PC Jane Doe, Advice to the scene: FIM Oscar 1 (camera CAM-1)" in drawn
    still = said(layout.log(timeline([stream(1, minutes=None)]), NOW, may_write=False))
    assert "RB31 PC Jane Doe since 14:03" in still


@pytest.mark.parametrize("number", [4, 7])
def test_many_cameras_do_not_fill_the_log(number):
    run = Streams(tuple(stream(n, f"RB{n}") for n in range(number, 0, -1)))
    drawn = said(layout.log(timeline(run.entries), NOW, may_write=False))
    assert ("3 more" in drawn) == (number == 7)


async def test_a_talk_stands_with_what_was_said_to_be_heard_again(force):
    owner = force.owner
    await force.session("negco")
    camera = await owner.fetchval("insert into camera (ref, audio_out) values ('T-1', 'earpiece') returning id")  # fmt: skip
    stream = await owner.fetchval(
        "insert into stream_session (camera_id, user_id, session_id, role, purpose, reason, incident_id,"
        " token_hash, token_expires, expires_time)"
        " select $1, s.user_id, s.id, 'negco', 'negotiator_triage', 'hear him', $2, 'x', now(), now()"
        " from session s where s.user_id = $3 returning id",
        camera, force.incident, force.users["negco"],
    )  # fmt: skip
    await force.hears_relay()
    talk = await owner.fetchval(
        "insert into talk (stream_id, camera_id, user_id, incident_id, relay_id, audio_out, speak_token_hash,"
        " speak_token_expires, asked_time, answer_by, accepted_time)"
        " select $1, $2, $3, $4, relay.id, 'earpiece', 'x', now(), now(), now(), now() from relay returning id",
        stream, camera, force.users["negco"], force.incident,
    )  # fmt: skip
    for number, sound in ((1, b"OggS"), (2, None), (3, b"OggS")):
        await owner.execute(
            "select talk_spoken($1, $2, now() - interval '9 seconds', now(), $3)",
            talk,
            number,
            sound,
        )
    await owner.execute("select talk_end($1, 'the speaker ended it'), talk_log($1)", talk)
    (entry,) = [one for one in await log_of(force) if one.kind == "talk"]
    assert "Talked" in entry.text
    assert entry.text == (
        "Talked to T-1 through the camera's earpiece: 3 times, 27 s in all; ended: the speaker ended it"
    )
    addresses = [turn.address for turn in entry.spoken]
    assert addresses == [f"/api/talk/{talk}/turns/{number}" for number in (1, 3)]
    drawn = json.dumps(layout.log(timeline([entry]), NOW, may_write=True).to_plotly_json(), default=lambda c: c.to_plotly_json())  # fmt: skip
    assert "2 recordings of what was said" in drawn
    assert '"preload": "none"' in drawn
