"""The stream gate through the API: every refusal with its status, code and audit row; opening, watching, ending."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from sightline.ingest.media.turn import sign
from tests.serving import serving

ASK = {"camera": "CAM-1", "purpose": "negotiator_triage", "reason": "man on a roof"}
OFFER = (Path(__file__).parents[2] / "ingest" / "media" / "viewer_offer.sdp").read_text()


async def open_stream(client: httpx.AsyncClient, force: Any, **changes: Any) -> httpx.Response:
    body = {**ASK, "incident": force.incident, **changes}
    return await client.post("/api/streams", json={k: v for k, v in body.items() if v is not None})


async def test_a_stream_opens_and_its_audit_row_is_there(force: Any) -> None:
    answer = await open_stream(await force.as_("fim"), force)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["whep"] == f"/whep/{made['stream']}"
    assert made["id"] == made["stream"]
    assert len(made["token"]) >= 43
    (row,) = await force.audit("stream.open")
    assert (row["outcome"], row["actor"], row["actor_role"], row["object_id"], row["purpose"], row["reason"], row["incident_id"]) == (
        "allowed", "fim", "fim", "CAM-1", "negotiator_triage", "man on a roof", force.incident,
    )  # fmt: skip
    assert row["operation"] == "consultation"
    assert row["session_id"] is not None


async def test_where_a_turn_server_is_set_the_browser_is_told_with_credentials_that_run_out(
    force: Any,
) -> None:
    fim = await force.as_("fim")
    assert "ice_servers" not in (await open_stream(fim, force)).json()
    force.services.settings = force.services.settings.model_copy(
        update={
            "media_turn_url": "turn:turn.force.example:3478",
            "media_turn_secret": SecretStr("shared-with-the-turn-server"),
        }
    )
    made = (await open_stream(fim, force)).json()
    (server,) = made["ice_servers"]
    until, _, user = server["username"].partition(":")
    assert user == made["stream"], "no name of a person goes to the TURN server's log"
    assert 0 < int(until) - time.time() - 43_000 < 1000
    assert server["urls"] == ["turn:turn.force.example:3478"]
    assert server["credential"] == sign("shared-with-the-turn-server", server["username"])


async def test_the_camera_is_told_to_send_and_that_it_is_watched(force: Any) -> None:
    await open_stream(await force.as_("fim"), force)
    rows = await force.owner.fetch("select body from camera_command order by id")
    watched, start = (json.loads(row["body"]) for row in rows)
    assert (watched["type"], watched["roles"], watched["silent"]) == ("watched", ["FIM"], False)
    assert start["type"] == "stream_start"
    assert start["whip"] == f"http://127.0.0.1:8766/whip/{start['stream']}"
    # what the camera was told redeems, and only once
    redeem = "select camera from publication_redeem($1, sha256(convert_to($2, 'UTF8')))"
    arguments = (redeem, start["stream"], start["token"])
    assert await force.owner.fetchval(*arguments) == "CAM-1"
    assert await force.owner.fetchval(*arguments) is None


async def test_a_second_viewer_shares_the_publication(force: Any) -> None:
    fim, negco = await force.as_("fim"), await force.as_("negco")
    first, second = await open_stream(fim, force), await open_stream(negco, force)
    assert first.json()["stream"] != second.json()["stream"]
    assert await force.owner.fetchval("select count(*) from publication") == 1
    listed = (await negco.get("/api/streams")).json()["streams"]
    assert [(s["username"], s["mine"]) for s in listed] == [("fim", False), ("negco", True)]
    for stream in listed:
        assert "token" not in stream


REFUSALS = [
    ({"camera": "CAM-2"}, 409, "not_recording", "buffering"),
    ({"camera": "CAM-3"}, 409, "stale", "heard"),
    ({"camera": "NOPE"}, 404, "camera_unknown", "no such camera"),
    ({"purpose": "use_of_force_scrutiny"}, 403, "purpose_forbidden", "use of force"),
    ({"purpose": "stop_search_scrutiny"}, 403, "purpose_forbidden", "stop and search"),
    ({"purpose": "curiosity"}, 422, "purpose_unknown", "curiosity"),
    ({"purpose": None}, 422, "purpose_unknown", "purpose"),
    ({"reason": "  "}, 422, "reason_missing", "few words"),
    ({"reason": None}, 422, "reason_missing", "few words"),
    ({"incident": None}, 422, "incident_missing", "incident"),
    ({"incident": 4711}, 404, "incident_unknown", "incident"),
]


@pytest.mark.parametrize(("changes", "status", "code", "words"), REFUSALS)
async def test_the_gate_refuses_and_the_refusal_is_in_the_audit(
    force: Any, changes: dict[str, Any], status: int, code: str, words: str
) -> None:
    answer = await open_stream(await force.as_("fim"), force, **changes)
    document = answer.json()
    assert (answer.status_code, document["code"]) == (status, code), document
    assert words in document["detail"]
    (row,) = await force.audit("stream.open")
    assert row["outcome"] == "refused"
    assert row["object_id"] == changes.get("camera", "CAM-1")
    assert json.loads(row["detail"])["code"] == code
    assert await force.owner.fetchval("select count(*) from stream_session") == 0
    assert await force.owner.fetchval("select count(*) from camera_command") == 0


async def test_an_unknown_purpose_is_answered_with_those_that_there_are(force: Any) -> None:
    answer = await open_stream(await force.as_("fim"), force, purpose="curiosity")
    assert answer.json()["field"] == "purpose"
    assert "officer_safety" in answer.json()["allowed"]
    assert "use_of_force_scrutiny" not in answer.json()["allowed"]


async def test_a_closed_incident_opens_no_stream(force: Any) -> None:
    await force.owner.execute("update incident set closed_time = now()")
    answer = await open_stream(await force.as_("fim"), force)
    assert (answer.status_code, answer.json()["code"]) == (409, "incident_closed")


async def test_the_age_of_the_position_plays_no_part(force: Any) -> None:
    await force.owner.execute("update live set fix_time = now() - interval '3 hours'")
    assert (await open_stream(await force.as_("fim"), force)).status_code == 201


async def test_without_a_relay_nothing_opens(force: Any) -> None:
    await force.owner.execute("update relay set heartbeat_time = now() - interval '1 minute'")
    answer = await open_stream(await force.as_("fim"), force)
    assert (answer.status_code, answer.json()["code"]) == (503, "relay_away")
    assert (await force.audit("stream.open"))[0]["outcome"] == "refused"


async def test_who_cannot_reach_the_camera(force: Any) -> None:
    supervisor, commander = await force.as_("supervisor"), await force.as_("commander")
    own = await open_stream(supervisor, force, incident=None, purpose="officer_safety")
    assert own.status_code == 201  # CAM-1 is of the supervisor's unit
    other = await open_stream(
        supervisor, force, camera="CAM-4", incident=None, purpose="officer_safety"
    )
    assert (other.status_code, other.json()["code"]) == (403, "camera_out_of_reach")
    answer = await open_stream(commander, force)
    assert (answer.status_code, answer.json()["code"]) == (403, "camera_out_of_reach")
    refused = [row for row in await force.audit("stream.open") if row["outcome"] == "refused"]
    assert [(row["object_id"], json.loads(row["detail"])["code"]) for row in refused] == [
        ("CAM-4", "camera_out_of_reach"), ("CAM-1", "camera_out_of_reach"),
    ]  # fmt: skip
    fim = await force.as_("fim")
    await fim.put(
        f"/api/incidents/{force.incident}/people/commander", json={"capacity": "commander"}
    )
    await fim.put(f"/api/incidents/{force.incident}/cameras/CAM-1")
    assert (await open_stream(commander, force)).status_code == 201


async def test_officer_safety_opens_first_and_links_afterwards(force: Any) -> None:
    fim = await force.as_("fim")
    made = (await open_stream(fim, force, purpose="officer_safety", incident=None)).json()
    provisional = (await fim.get(f"/api/incidents/{made['incident']}")).json()
    assert provisional["provisional"]
    assert provisional["link_by"] is not None
    assert provisional["cameras"] == ["CAM-1"]
    answer = await fim.post(f"/api/incidents/{made['incident']}/link", json={"log_number": "K-1"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == force.incident
    assert answer.json()["cameras"] == ["CAM-1"]
    (stream,) = (await fim.get("/api/streams")).json()["streams"]
    assert stream["incident"] == force.incident  # and goes on
    again = await fim.post(f"/api/incidents/{made['incident']}/link", json={"log_number": "K-1"})
    assert (again.status_code, again.json()["code"]) == (409, "not_provisional")


async def test_one_ends_ones_own_stream(force: Any) -> None:
    fim, negco = await force.as_("fim"), await force.as_("negco")
    stream = (await open_stream(fim, force)).json()["stream"]
    assert (await negco.delete(f"/api/streams/{stream}")).status_code == 404
    assert (await fim.delete(f"/api/streams/{stream}")).status_code == 204
    assert (await fim.delete(f"/api/streams/{stream}")).status_code == 204
    assert (await fim.get("/api/streams")).json() == {"streams": []}
    (row,) = await force.audit("stream.end")
    assert (row["actor"], row["reason"]) == ("fim", "ended by the viewer")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update live set recording = 1", "the camera stopped recording"),
        ("update live set seen_time = now() - interval '10 minutes'", "nothing is heard from the camera"),
        ("update app_user set role = 'planner' where username = 'fim'", "role changed"),
        ("select session_end(id, 'signed out') from session", "signed out"),
        ("update incident set closed_time = now()", "the incident was closed"),
        ("update camera set disabled_time = now()", "the camera was disabled"),
        ("delete from role_capability where role = 'fim' and capability = 'stream.open'", "the permission was withdrawn"),
    ],
)  # fmt: skip
async def test_the_gate_ends_a_stream_when_its_ground_falls_away(
    force: Any, change: str, reason: str
) -> None:
    stream = (await open_stream(await force.as_("fim"), force)).json()["stream"]
    media = await force.database.connect("media")
    ask = "select id, reason from media_must_end(array[$1]::uuid[], '{}')"
    assert await media.fetch(ask, stream) == []
    await force.owner.execute(change)
    (row,) = await media.fetch(ask, stream)
    assert str(row["id"]) == stream
    assert reason in row["reason"]


async def test_an_open_stream_keeps_an_idle_session(force: Any) -> None:
    client = await force.as_("fim")
    await open_stream(client, force)
    await force.owner.execute("update session set last_seen_time = now() - interval '61 minutes'")
    assert (await client.get("/api/me")).status_code == 200


class Relay:
    """A relay's internal API as far as the dashboard uses it: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.status = 201
        self.url = ""

    async def view(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        body = await request.text()
        if self.status != 201:
            problem = {"code": "camera_silent", "detail": "The camera did not begin to send."}
            return web.json_response(
                problem, status=self.status, content_type="application/problem+json"
            )
        return web.Response(status=201, text=f"answer to {body}", content_type="application/sdp")


@pytest.fixture
async def relay(force: Any) -> AsyncIterator[Relay]:
    made = Relay()
    app = web.Application()
    app.add_routes([web.post("/internal/viewings/{stream}", made.view)])
    async with serving(app) as made.url:
        await force.owner.execute("update relay set internal_url = $1", made.url)
        yield made


async def offer(
    client: httpx.AsyncClient, made: dict[str, Any], token: str | None = None, body: str = OFFER
) -> httpx.Response:
    headers = {
        "Content-Type": "application/sdp",
        "Authorization": f"Bearer {token or made['token']}",
    }
    return await client.post(made["whep"], content=body, headers=headers)


async def told(force: Any) -> list[str]:
    """What the officer who asked for eyes on has been told, in order."""
    rows = await force.owner.fetch(
        "select body from camera_command where body ->> 'type' = 'eyes_on_state' order by id"
    )
    return [json.loads(row["body"])["state"] for row in rows]


async def test_who_asked_for_eyes_on_is_watched_as_long_as_somebody_watches(
    force: Any, relay: Relay
) -> None:
    ask = "select alert_eyes_on($1)"
    camera = force.cameras["CAM-1"]
    assert await force.owner.fetchval(ask, camera) == "waiting"
    client, other = await force.as_("fim"), await force.as_("negco")
    first = (await open_stream(client, force)).json()
    (alert,) = (await client.get("/api/alerts")).json()["alerts"]
    refused = await client.post(f"/api/alerts/{alert['id']}/ack", json={"state": "watching"})
    assert (refused.status_code, refused.json()["field"]) == (422, "state")
    assert (alert["state"], await told(force)) == ("waiting", []), "nobody has a picture yet"

    assert (await offer(client, first)).status_code == 201
    second = (await open_stream(other, force)).json()
    assert (await offer(other, second)).status_code == 201
    assert await told(force) == ["watching"]
    assert await force.owner.fetchval(ask, camera) == "watching"
    assert (await client.delete(f"/api/streams/{first['stream']}")).status_code == 204
    assert await told(force) == ["watching"], "the other one watches still"
    assert (await other.delete(f"/api/streams/{second['stream']}")).status_code == 204
    assert await told(force) == ["watching", "seen"]
    (alert,) = (await client.get("/api/alerts")).json()["alerts"]
    assert (alert["state"], alert["answered_by"]) == ("seen", "Fim")
    assert "Nobody watches" in alert["to_do"]

    assert await force.owner.fetchval(ask, camera) == "seen", "twice at once is one call"
    await force.owner.execute("update alert set answered_time = now() - interval '31 s'")
    assert await force.owner.fetchval(ask, camera) == "waiting", "nobody's eyes still: a new call"
    states = await force.owner.fetch("select state from alert order by id")
    assert [row["state"] for row in states] == ["ended", "waiting"]


async def test_a_call_while_somebody_watches_is_answered_as_watched(
    force: Any, relay: Relay
) -> None:
    client = await force.as_("fim")
    made = (await open_stream(client, force)).json()
    assert (await offer(client, made)).status_code == 201
    ask = "select alert_eyes_on($1)"
    assert await force.owner.fetchval(ask, force.cameras["CAM-1"]) == "waiting", "that is a call"
    (alert,) = (await client.get("/api/alerts")).json()["alerts"]
    answer = await client.post(f"/api/alerts/{alert['id']}/ack", json={"state": "seen"})
    assert answer.json() == {"id": alert["id"], "state": "watching"}
    assert await told(force) == ["watching"]
    again = await client.post(f"/api/alerts/{alert['id']}/ack", json={"state": "seen"})
    assert (again.json()["state"], await told(force)) == ("watching", ["watching"])


class TestWhep:
    async def test_the_token_buys_one_answer(self, force: Any, relay: Relay) -> None:
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        answer = await offer(client, made)
        assert (answer.status_code, answer.text) == (201, f"answer to {OFFER}")
        assert answer.headers["location"] == made["whep"]
        assert answer.headers["content-type"] == "application/sdp"
        (asked,) = relay.asked
        publication = await force.owner.fetchval("select id from publication")
        assert asked.query["publication"] == str(publication)
        assert asked.headers["Authorization"] == f"Bearer {'s' * 40}"
        again = await offer(client, made)
        assert again.status_code == 401
        assert (await force.audit("stream.redeem"))[0]["outcome"] == "refused"

    @pytest.mark.usefixtures("relay")
    async def test_without_a_cookie_the_token_is_enough(self, force: Any) -> None:
        made = (await open_stream(await force.as_("fim"), force)).json()
        assert (await offer(force.client(), made)).status_code == 201

    @pytest.mark.parametrize("role", ["fim", "negco"])
    async def test_but_it_is_of_no_use_in_another_session(
        self, force: Any, relay: Relay, role: str
    ) -> None:
        made = (await open_stream(await force.as_("fim"), force)).json()
        assert (await offer(await force.as_(role), made)).status_code == 401
        assert relay.asked == []

    @pytest.mark.parametrize(
        "ended", ["update session set expires_time = now()", "update app_user set role = 'planner'"]
    )
    async def test_a_session_that_is_over_opens_nothing_and_that_is_in_the_audit(
        self, force: Any, relay: Relay, ended: str
    ) -> None:
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        await force.owner.execute(ended)
        assert (await offer(client, made)).status_code == 401
        assert relay.asked == []
        (row,) = await force.audit("stream.redeem")
        assert (row["outcome"], row["object_id"]) == ("refused", made["stream"])

    async def test_it_is_good_for_30_seconds_and_only_while_the_session_lives(
        self, force: Any, relay: Relay
    ) -> None:
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        await force.owner.execute("update stream_session set token_expires = now()")
        assert (await offer(client, made)).status_code == 401
        made = (await open_stream(client, force)).json()
        left = await force.owner.fetchval("select max(token_expires) - now() from stream_session")
        assert 28 < left.total_seconds() <= 30
        await client.delete("/api/session")
        assert (await offer(force.client(), made)).status_code == 401
        assert relay.asked == []

    @pytest.mark.usefixtures("relay")
    async def test_wrong_or_missing_token_and_wrong_body(self, force: Any) -> None:
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        assert (await client.post(made["whep"], content=OFFER)).status_code == 401
        assert (await offer(client, made, token="x" * 43)).status_code == 401
        headers = {"Authorization": f"Bearer {made['token']}", "Content-Type": "text/plain"}
        answer = await client.post(made["whep"], content=OFFER, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, "Content-Type")
        assert (
            await client.post(f"/whep/{uuid4()}", headers=headers, content="x")
        ).status_code == 422
        assert (await client.post("/whep/nonsense", headers=headers)).status_code == 422

    @pytest.mark.parametrize(
        ("body", "words"),
        [("", "v=0"), ("offer", "v=0"), ("v=0\r\nm=audio 9 x 0\r\n", "video line")],
    )
    async def test_what_is_no_offer_does_not_cost_the_token(
        self, force: Any, relay: Relay, body: str, words: str
    ) -> None:
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        answer = await offer(client, made, body=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_offer")
        assert words in answer.json()["detail"]
        assert relay.asked == []
        assert (await offer(client, made)).status_code == 201

    async def test_the_token_is_of_no_use_once_the_camera_is_out_of_sight(
        self, force: Any, relay: Relay
    ) -> None:
        fim, negco = await force.as_("fim"), await force.as_("negco")
        made = (await open_stream(negco, force)).json()
        secret = await fim.post(
            "/api/incidents", json={"title": "Kidnap", "grade": "immediate", "restricted": True}
        )
        put = await fim.put(f"/api/incidents/{secret.json()['id']}/cameras/CAM-1")
        assert put.status_code == 200, put.text
        assert (await negco.get("/api/cameras/CAM-1")).status_code == 404
        assert (await offer(negco, made)).status_code == 401
        assert relay.asked == []
        assert (await negco.get("/api/streams")).json() == {"streams": []}
        (row,) = await force.audit("stream.end")
        assert row["reason"] == "the camera is no longer the viewer's to see"

    async def test_a_camera_that_does_not_begin(self, force: Any, relay: Relay) -> None:
        relay.status = 504
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        answer = await offer(client, made)
        assert (answer.status_code, answer.json()["code"]) == (504, "camera_silent")
        assert answer.json()["detail"] == "The camera did not begin to send."
        assert (
            await force.owner.fetchval("select end_reason from stream_session")
            == "no picture: camera_silent"
        )

    async def test_a_relay_that_does_not_answer(self, force: Any) -> None:
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        async with asyncio.timeout(3):
            answer = await offer(client, made)
        assert (answer.status_code, answer.json()["code"]) == (503, "relay_away")
        assert (await client.get("/api/streams")).json() == {"streams": []}

    @pytest.mark.usefixtures("relay")
    async def test_leaving(self, force: Any) -> None:
        client = await force.as_("fim")
        made = (await open_stream(client, force)).json()
        await offer(client, made)
        stranger = await force.as_("negco")
        assert (await stranger.delete(made["whep"])).status_code == 404
        assert (await client.delete(made["whep"])).status_code == 200
        assert (await client.get("/api/streams")).json() == {"streams": []}
        made = (await open_stream(client, force)).json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        assert (await force.client().delete(made["whep"], headers=headers)).status_code == 200


async def test_a_reason_that_nobody_can_read_is_none(force: Any) -> None:
    fim = await force.as_("fim")
    asked = {"camera": "CAM-1", "purpose": "pursuit", "incident": force.incident}
    for reason in ("\u200b\u200b\u200b", "\u00a0 \u2060\ufeff x"):
        answer = await fim.post("/api/streams", json={**asked, "reason": reason})
        assert (answer.status_code, answer.json()["code"]) == (422, "reason_missing")
    assert [row["outcome"] for row in await force.audit("stream.open")] == ["refused"] * 2
