"""The door: every path as nobody and as each role, forged requests, sockets, headers, a database that is away."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.routing import APIRoute, APIWebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sightline.dashboard.access.rules import RULES, SOCKET, Open, find

ROLES = (
    "fim", "negco", "commander", "supervisor", "planner", "coordinator", "auditor", "admin", "officer",
)  # fmt: skip

# The matrix of roles in the words of the API: who gets past the door, per call.
ALLOWED = {
    "GET /api/cameras": "fim negco commander supervisor officer",
    "GET /api/cameras/{camera}": "fim negco commander supervisor officer",
    "GET /api/cameras/{camera}/track": "fim negco commander supervisor",
    "POST /api/replay": "fim negco commander supervisor",
    "GET /api/purposes": "fim negco commander supervisor",
    "WEBSOCKET /api/feed": "fim negco commander supervisor officer",
    "GET /api/streams": "fim negco commander supervisor",
    "POST /api/streams": "fim negco commander supervisor",
    "DELETE /api/streams/{stream}": "fim negco commander supervisor",
    "WEBSOCKET /api/streams/{stream}/frames": "fim negco commander supervisor",
    "POST /api/streams/{stream}/snapshot": "fim negco commander supervisor",
    "GET /api/snapshots/{snapshot}": "fim negco commander supervisor coordinator",
    "POST /api/talk": "negco",
    "GET /api/talk/{talk}": "negco",
    "DELETE /api/talk/{talk}": "negco",
    "GET /api/talk/{talk}/turns/{turn}": "fim negco commander supervisor coordinator",
    "GET /api/incidents/{incident}/talks": "fim negco commander supervisor coordinator",
    "GET /api/alerts": "fim",
    "GET /api/alerts/past": "fim",
    "POST /api/alerts/{alert}/ack": "fim",
    "GET /api/posts": "fim negco",
    "GET /api/posts/going-along": "fim negco",
    "POST /api/posts/{post}/take": "fim negco",
    "POST /api/posts/{post}/offer": "fim negco",
    "POST /api/posts/{post}/accept": "fim negco",
    "POST /api/posts/{post}/withdraw": "fim negco",
    "POST /api/posts/{post}/leave": "fim negco",
    "GET /api/incidents": "fim negco commander supervisor coordinator",
    "POST /api/incidents": "fim",
    "PUT /api/incidents/by-log/{log_number}": "fim",
    "GET /api/incidents/{incident}": "fim negco commander supervisor coordinator",
    "POST /api/incidents/{incident}/link": "fim negco commander supervisor",  # whoever opened it
    "POST /api/incidents/{incident}/close": "fim",
    "PUT /api/incidents/{incident}/people/{username}": "fim",
    "DELETE /api/incidents/{incident}/people/{username}": "fim",
    "PUT /api/incidents/{incident}/cameras/{camera}": "fim",
    "DELETE /api/incidents/{incident}/cameras/{camera}": "fim",
    "PUT /api/incidents/{incident}/rvp": "fim negco commander supervisor",
    "DELETE /api/incidents/{incident}/rvp": "fim negco commander supervisor",
    "GET /api/incidents/{incident}/log": "fim negco commander supervisor coordinator",
    "POST /api/incidents/{incident}/log": "fim negco commander",
    "POST /api/incidents/{incident}/log/{entry}/ack": "fim negco commander",
    "GET /api/deployments": "fim negco commander supervisor coordinator officer",
    "POST /api/deployments": "fim commander supervisor",
    "GET /api/deployments/{deployment}": "fim negco commander supervisor coordinator officer",
    "POST /api/deployments/{deployment}/recommend": "negco",
    "POST /api/deployments/{deployment}/decide": "fim commander",
    "POST /api/deployments/{deployment}/dispatch": "fim commander",
    "POST /api/deployments/{deployment}/en-route": "fim negco commander officer",
    "POST /api/deployments/{deployment}/arrival": "fim negco commander officer",
    "POST /api/deployments/{deployment}/on-scene": "fim negco commander officer",
    "POST /api/deployments/{deployment}/cancel": "fim commander",
    "POST /api/deployments/{deployment}/stand-down": "fim commander",
    "POST /api/deployments/{deployment}/return": "negco coordinator",
    "POST /api/deployments/{deployment}/hand-over": "fim commander",
    "POST /api/deployments/{deployment}/hand-over/accept": "fim commander",
    "GET /api/rota": "fim negco commander coordinator",
    "PUT /api/rota": "coordinator",
    "GET /api/rota/cover": "fim negco commander coordinator",
    "GET /api/places": "fim negco commander supervisor officer",
    "GET /api/areas": "fim negco commander supervisor officer",
    "GET /api/coverage/forecast": "fim negco commander planner",
    "GET /api/audit": "auditor",
    "GET /api/audit/watched-me": "officer",
    "GET /metrics": "admin",
    "GET /": "fim negco commander supervisor officer",
    "GET /triage": "fim negco commander supervisor coordinator",
    "GET /audit": "auditor",
}
SIGNED_IN = {
    "GET /api/me",
    "GET /api/openapi.json",
    "DELETE /api/session",
    "POST /_dash-update-component",
}
EVERYBODY = {
    "GET /sign-in", "GET /sign-in/{file}", "POST /api/session", "POST /api/session/demo", "GET /healthz", "GET /readyz",
}  # fmt: skip
ONE_TIME = {
    "POST /whep/{stream}", "DELETE /whep/{stream}", "POST /whip/{talk}", "DELETE /whip/{talk}",
}  # fmt: skip

PLACES = {
    "camera": "CAM-1", "stream": "00000000-0000-4000-8000-000000000000", "talk": "00000000-0000-4000-8000-000000000000", "snapshot": "00000000-0000-4000-8000-000000000000", "file": "sign-in.css", "username": "nobody",
    "log_number": "K-77",
}  # fmt: skip


def calls(app: Any) -> list[str]:
    """METHOD PATH of every route of an application."""
    found: list[str] = []
    for route in app.routes:
        if hasattr(route, "original_router"):
            found += calls(route.original_router)
        elif isinstance(route, APIRoute):
            found += [f"{method} {route.path}" for method in route.methods if method != "HEAD"]
        elif isinstance(route, APIWebSocketRoute):
            found.append(f"{SOCKET} {route.path}")
        else:
            found += [
                f"{method} {route.path}" for method in route.methods or () if method != "HEAD"
            ]
    return sorted(found)


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda place: PLACES.get(place[1], "9999"), path)


async def status(client: httpx.AsyncClient, call: str) -> int:
    method, path = call.split(" ")
    if method == SOCKET:
        return 0
    answer = await client.request(method, filled(path), follow_redirects=False)
    return answer.status_code


async def test_every_route_is_in_the_table_and_in_this_test(force: Any) -> None:
    known = set(ALLOWED) | SIGNED_IN | EVERYBODY | ONE_TIME
    assert set(calls(force.app)) == known


async def test_every_rule_of_the_table_but_dashs_and_the_files_has_a_route(force: Any) -> None:
    rules = {f"{rule.method} {rule.path}" for rule in RULES}
    others = {f"GET {path}" for path in (
        "/tiles/**", "/static/**", "/_dash-component-suites/**", "/_dash-layout", "/_dash-dependencies",
        "/_favicon.ico",
    )}  # fmt: skip
    assert rules - others <= set(calls(force.app))


async def test_nobody_gets_nothing(force: Any) -> None:
    client = force.client()
    for call in calls(force.app):
        got = await status(client, call)
        if call in EVERYBODY:
            assert got not in (401, 403), call
        elif call.startswith(SOCKET):
            continue
        elif call in {"GET /", "GET /triage", "GET /audit"}:
            assert got == 303, call
        else:
            assert got == 401, call


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_what_the_matrix_says_and_nothing_else(force: Any, role: str) -> None:
    client = await force.as_(role)
    for call, roles in ALLOWED.items():
        if call.startswith(SOCKET):
            continue
        before = await force.owner.fetchval(
            "select count(*) from audit_entry where outcome = 'refused'"
        )
        got = await status(client, call)
        after = await force.owner.fetchval(
            "select count(*) from audit_entry where outcome = 'refused'"
        )
        if role in roles.split():
            assert got not in (401, 403), (call, got)
        else:
            assert got == 403, (call, got)
            assert after == before + 1, f"{call}: a refusal leaves one audit row"


async def test_a_page_of_another_role_says_which_page_and_what_to_do(force: Any) -> None:
    client = await force.as_("planner")
    answer = await client.get("/triage", headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "The page Triage is not for the role Planner. Go on with a page of yours" in answer.text


async def test_a_refusal_names_what_it_was_about(force: Any) -> None:
    client = await force.as_("planner")
    body = {"camera": "CAM-1", "purpose": "officer_safety", "reason": "curious\0"}
    answer = await client.post("/api/streams", json=body)
    assert answer.status_code == 403
    assert answer.json()["code"] == "role_not_permitted"
    (row,) = await force.audit("stream.open")
    assert (row["outcome"], row["actor"], row["object_type"], row["object_id"], row["purpose"]) == (
        "refused", "planner", "camera", "CAM-1", "officer_safety",
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/nothing", "/api/cameras/", "/tiles/x", "/static/x.js", "/ogc/", "/ogc/collections", "/api/reports/x",
     "/api/coverage/cells", "/api/talks", "/API/cameras", "/nothing", "//api/cameras", "/api/../api/me/x"],
)  # fmt: skip
async def test_an_unknown_path_is_401_for_nobody_and_404_for_whoever_is_signed_in(
    force: Any, path: str
) -> None:
    nobody = await force.client().get(path)
    for_people = path in ("/nothing", "/API/cameras", "//api/cameras")
    assert nobody.status_code == (303 if for_people else 401)
    signed_in = await (await force.as_("fim")).get(path)
    assert signed_in.status_code == 404
    kind = "text/html" if for_people else "application/problem+json"
    assert signed_in.headers["content-type"].startswith(kind)


async def test_a_known_path_with_another_method(force: Any) -> None:
    answer = await (await force.as_("fim")).put("/api/cameras", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert (await force.client().put("/api/cameras", json={})).status_code == 401


async def test_nobody_is_led_to_the_sign_in_page_and_back(force: Any) -> None:
    answer = await force.client().get("/triage?deployment=3", follow_redirects=False)
    assert answer.headers["location"] == "/sign-in?next=%2Ftriage%3Fdeployment%3D3"


class TestForgery:
    """What another site makes a browser send."""

    async def test_without_the_token(self, force: Any) -> None:
        client = await force.as_("fim")
        del client.headers["X-CSRF-Token"]
        answer = await client.post("/api/incidents", json={"title": "x", "grade": "standard"})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_missing")
        assert (await client.get("/api/me")).status_code == 200

    async def test_with_the_token_of_another_session(self, force: Any) -> None:
        client, other = await force.as_("fim"), await force.session("fim")
        client.headers["X-CSRF-Token"] = other.csrf
        answer = await client.delete("/api/session")
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_wrong")
        assert (await force.audit("request"))[0]["reason"] == "csrf_wrong"

    @pytest.mark.parametrize(
        "header",
        [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    )
    async def test_from_another_origin(self, force: Any, header: dict[str, str]) -> None:
        client = await force.as_("fim")
        answer = await client.delete("/api/session", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        nobody = force.client()
        body = {"username": "fim", "password": "correct horse battery"}
        answer = await nobody.post("/api/session", json=body, headers=header)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")

    async def test_from_our_own_pages(self, force: Any) -> None:
        client = await force.as_("fim")
        headers = {"Origin": "http://sightline.test", "Sec-Fetch-Site": "same-origin"}
        assert (await client.delete("/api/session", headers=headers)).status_code == 204

    async def test_behind_a_proxy_the_public_address_is_our_own(self, force: Any) -> None:
        public = {"dashboard_public_url": "https://map.force.example"}
        force.services.settings = force.services.settings.model_copy(update=public)
        client = await force.as_("fim")
        headers = {"Origin": "https://map.force.example"}
        assert (await client.delete("/api/session", headers=headers)).status_code == 204

    async def test_a_callback_needs_the_token_too(self, force: Any) -> None:
        client = await force.as_("fim")
        del client.headers["X-CSRF-Token"]
        answer = await client.post("/_dash-update-component", json={"output": "content.children"})
        assert answer.status_code == 403


class TestCallbacks:
    """Dash's callbacks, each by the page that it belongs to."""

    async def call(self, force: Any, role: str, body: Any) -> httpx.Response:
        client = await force.as_(role)
        content = body if isinstance(body, bytes) else json.dumps(body)
        return await client.post("/_dash-update-component", content=content)

    async def test_of_a_page_that_the_role_sees(self, force: Any) -> None:
        assert (
            await self.call(force, "auditor", {"output": "audit-table.rowData"})
        ).status_code == 200

    async def test_of_a_page_that_it_does_not_see(self, force: Any) -> None:
        answer = await self.call(force, "fim", {"output": "audit-table.rowData"})
        assert answer.status_code == 403
        (row,) = await force.audit("request")
        assert row["outcome"] == "refused"
        assert "/audit" in row["reason"]

    async def test_going_to_a_page(self, force: Any) -> None:
        def to(path: str) -> dict[str, Any]:
            return {
                "output": "content.children",
                "inputs": [{"id": "location", "property": "pathname", "value": path}],
            }

        assert (await self.call(force, "fim", to("/triage"))).status_code == 200
        for path in ("/audit", "/audit/"):
            assert (await self.call(force, "fim", to(path))).status_code == 403

    @pytest.mark.parametrize(
        "body", [{}, [], {"output": 3}, {"output": "other.children"}, b"\xff", b"", b"[" * 100_000]
    )
    async def test_one_that_belongs_nowhere(self, force: Any, body: Any) -> None:
        assert (await self.call(force, "fim", body)).status_code == 403


class TestBodies:
    async def test_a_large_body_is_refused_by_its_announced_length(self, force: Any) -> None:
        client = await force.as_("fim")
        answer = await client.post("/api/incidents", content=b" " * 300_000)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    async def test_and_where_no_length_is_announced(self, force: Any) -> None:
        async def endless() -> Any:
            while True:
                yield b" " * 10_000

        client = await force.as_("fim")
        answer = await client.post("/api/incidents", content=endless())
        assert answer.status_code == 413

    async def test_nobody_cannot_make_the_server_read_much(self, force: Any) -> None:
        answer = await force.client().post("/api/session", content=b" " * 10_000)
        assert answer.status_code == 413


async def test_every_answer_has_its_headers(force: Any) -> None:
    client = await force.as_("fim")
    for path in ("/", "/api/me", "/nothing", "/sign-in", "/healthz"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
        assert "unsafe-eval" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


async def test_readiness_gives_reasons_to_the_administrator_and_on_the_machine_only(
    force: Any,
) -> None:
    for client in (force.client(), await force.as_("fim")):
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.text) == (200, "yes\n")
    await force.owner.execute("update relay set heartbeat_time = now() - interval '1 minute'")
    for client in (await force.as_("admin"), force.client(address="127.0.0.1")):
        document = (await client.get("/readyz")).json()
        assert document["ready"]
        assert any("relay silent for 6" in reason for reason in document["reasons"])
    proxied = await force.client(address="127.0.0.1").get(
        "/readyz", headers={"X-Forwarded-For": "1.2.3.4"}
    )
    assert proxied.text == "yes\n"
    assert (await force.client().get("/healthz")).text == "yes\n"


async def test_metrics_for_the_administrator(force: Any) -> None:
    text = (await (await force.as_("admin")).get("/metrics")).text
    assert 'sightline_cameras{recording="recording"} 3.0' in text
    assert "sightline_streams_open 0.0" in text
    again = (await (await force.as_("admin")).get("/metrics")).text
    assert 'sightline_http_requests_total{method="GET",path="/metrics",status="200"} 1.0' in again


async def test_the_openapi_document_tells_of_every_call_of_the_api(force: Any) -> None:
    document = (await (await force.as_("fim")).get("/api/openapi.json")).json()
    told = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    hidden = {"POST /api/session/demo", "GET /api/openapi.json"}
    wanted = {c for c in calls(force.app) if " /api/" in c and not c.startswith(SOCKET)} - hidden
    assert wanted <= told
    assert "HTTPValidationError" not in json.dumps(document)
    assert document["paths"]["/api/streams"]["post"]["responses"]["default"]


def test_the_documentation_tells_of_every_call() -> None:
    text = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
    text = text.replace(
        "`PUT` and `DELETE /api/", "`PUT /api/incidents/{incident}/cameras/{camera}` `DELETE /api/"
    )
    told = {
        f"{method} {path}"
        for method, path in re.findall(r"(GET|POST|PUT|DELETE|WS) (/[^\s`?]+)", text)
    }
    wanted = {
        f"{rule.method.replace(SOCKET, 'WS')} {rule.path}"
        for rule in RULES
        if rule.path.startswith(("/api/", "/whep/", "/whip/", "/healthz", "/readyz", "/metrics"))
    }
    assert wanted - {"GET /api/openapi.json"} == told


async def test_a_database_that_is_away_is_said_within_3_seconds(force: Any) -> None:
    client, nobody = await force.as_("fim"), force.client()
    superuser = await force.database.superuser()
    await superuser.execute("alter role sightline_dashboard nologin")
    try:
        await superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sightline_dashboard'"
            " and datname = current_database()"
        )
        async with asyncio.timeout(3):
            answer = await client.get("/api/cameras")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
        page = await client.get("/triage")
        assert page.status_code == 503
        assert "The database does not answer" in page.text
        ready = await nobody.get("/readyz")
        assert (ready.status_code, ready.text) == (503, "no\n")
        assert (await nobody.get("/healthz")).status_code == 200
        door = await nobody.get("/sign-in")
        assert "does not answer" in door.text
        body = {"username": "fim", "password": "x"}
        assert (await nobody.post("/api/session", json=body)).status_code == 503
    finally:
        await superuser.execute("alter role sightline_dashboard login")
    assert (await client.get("/api/cameras")).status_code == 200  # it recovers by itself


async def test_a_database_that_is_silent_is_not_waited_for(force: Any) -> None:
    nobody = force.client()
    superuser = await force.database.superuser()
    holding = superuser.transaction()
    await holding.start()
    await superuser.execute("lock table sightline.relay in access exclusive mode")
    async with asyncio.timeout(2):
        answers = await asyncio.gather(*(nobody.get("/readyz") for _ in range(4)))
    assert [answer.status_code for answer in answers] == [503] * 4
    await holding.rollback()
    assert (await nobody.get("/readyz")).status_code == 200


def test_a_path_is_matched_whole() -> None:
    assert find(RULES, "GET", "/api/cameras/CAM-1").rule is not None
    assert find(RULES, "GET", "/api/cameras/CAM-1/x").rule is None
    assert (
        find(RULES, "GET", "/api/cameras/CAM-1\n").rule is not None
    )  # the route itself refuses that id
    assert find(RULES, "HEAD", "/api/me").rule is not None
    assert find(RULES, "GET", "/sign-in/../api/me").rule is None
    assert find(RULES, "POST", "/api/me").other_methods == ("GET",)
    assert all(rule.who != () for rule in RULES)
    assert {r.path for r in RULES if r.who is Open.EVERYBODY} == {
        "/sign-in", "/sign-in/{file}", "/api/session", "/api/session/demo", "/healthz", "/readyz",
    }  # fmt: skip


class TestSockets:
    """WebSockets, over a real server."""

    @pytest.fixture
    async def url(self, force: Any) -> Any:
        config = uvicorn.Config(
            force.app,
            host="127.0.0.1",
            port=0,
            log_level="warning",
            lifespan="off",
            ws="websockets-sansio",
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}"
        server.should_exit = True
        await task

    def cookie(self, session: Any) -> dict[str, str]:
        return {"Cookie": f"sightline_session={session.token}"}

    async def test_nobody_and_the_wrong_role_do_not_get_in(self, force: Any, url: str) -> None:
        for headers, code in (({}, 401), (self.cookie(await force.session("planner")), 403)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(url + "/api/feed", additional_headers=headers)
            assert refused.value.response.status_code == code
        assert (await force.audit("feed.open"))[0]["actor"] == "planner"

    async def test_nor_another_site_nor_an_unknown_path(self, force: Any, url: str) -> None:
        headers = self.cookie(await force.session("fim"))
        with pytest.raises(InvalidStatus) as refused:
            await connect(
                url + "/api/feed", additional_headers=headers, origin="http://evil.example"
            )
        assert refused.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as refused:
            await connect(url + "/api/other", additional_headers=headers)
        assert refused.value.response.status_code == 404

    async def test_our_own_page_gets_in(self, force: Any, url: str) -> None:
        headers = self.cookie(await force.session("fim"))
        origin = url.replace("ws:", "http:")
        async with connect(url + "/api/feed", additional_headers=headers, origin=origin) as socket:
            assert await socket.recv() == "hello"
            await socket.send("x")
            assert await socket.recv() == "x"
            assert len(force.services.sessions) == 1
        async with asyncio.timeout(3):
            while len(force.services.sessions):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)

    async def test_it_closes_when_the_session_ends(self, force: Any, url: str) -> None:
        session = await force.session("fim")
        async with connect(url + "/api/feed", additional_headers=self.cookie(session)) as socket:
            assert await socket.recv() == "hello"
            await force.owner.execute("update app_user set role = 'planner' where username = 'fim'")
            async with asyncio.timeout(1):  # by the database's notice; the watch's round takes 2 s
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "role changed")

    async def test_it_closes_also_when_no_notice_comes(self, force: Any, url: str) -> None:
        session = await force.session("fim")
        async with connect(url + "/api/feed", additional_headers=self.cookie(session)) as socket:
            assert await socket.recv() == "hello"
            await force.owner.execute(
                "update session set ended_time = now(), end_reason = 'taken away'"
            )
            async with asyncio.timeout(4):
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_head_is_answered_like_get(force: Any) -> None:
    fim, nobody = await force.as_("fim"), force.client()
    for client, path, status in (
        (nobody, "/healthz", 200), (nobody, "/readyz", 200), (fim, "/api/cameras", 200), (fim, "/api/nope", 404),
        (nobody, "/api/cameras", 401),
    ):  # fmt: skip
        assert (await client.head(path)).status_code == status, path
