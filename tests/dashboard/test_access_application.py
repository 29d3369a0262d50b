"""The real application behind the real door: every route, socket and callback as nobody and as each role."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import dash
import httpx
import pytest
import uvicorn

from sightline.dashboard.access.cookies import CSRF_HEADER, SESSION_COOKIE
from sightline.dashboard.access.middleware import AccessMiddleware
from sightline.dashboard.access.pages import EVERY_PAGE, CallbackPages, Page, may_see, page_at
from sightline.dashboard.access.rules import RULES, SOCKET, Open, find
from sightline.dashboard.app import Dashboard

ROLES = (
    "fim", "negco", "commander", "supervisor", "planner", "coordinator", "auditor", "admin", "officer",
)  # fmt: skip

UUIDS = frozenset({"stream", "talk", "snapshot"})
STREAM = "00000000-0000-4000-8000-000000000000"

DENIED = {"GET /_reload-hash", f"{SOCKET} /_dash-ws-callback", "GET {path:path}"}
"""Dash's own, which nobody needs: without a rule nobody gets them."""


@dataclass
class Served:
    """The application on a port, with the callbacks and pages that its door knows."""

    url: str
    app: Dashboard
    pages: tuple[Page, ...]
    callbacks: CallbackPages
    rules: tuple[Any, ...]
    outputs: list[str]


@pytest.fixture
async def served(force: Any) -> AsyncIterator[Served]:
    dashboard = Dashboard(force.services.settings)
    (door,) = (m for m in dashboard.server.user_middleware if m.cls is AccessMiddleware)
    config = uvicorn.Config(dashboard.server, host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done()
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(
        f"http://127.0.0.1:{port}",
        dashboard,
        tuple(door.kwargs["pages"]),
        door.kwargs["callbacks"],
        tuple(door.kwargs.get("rules", RULES)),
        sorted(dash.get_app().callback_map),
    )
    server.should_exit = True
    await task


def calls(routes: list[Any]) -> set[str]:
    """METHOD PATH of every route, mounts as ``PATH/**``."""
    found: set[str] = set()
    for route in routes:
        if hasattr(route, "original_router"):
            found |= calls(route.original_router.routes)
        elif type(route).__name__ == "Mount":
            found.add(f"GET {route.path}/**")
        elif getattr(route, "methods", None):
            found |= {f"{method} {route.path}" for method in route.methods if method != "HEAD"}
        else:
            found.add(f"{SOCKET} {route.path}")
    return found


def example(path: str) -> str:
    """A path as somebody might ask for it."""
    path = re.sub(r"/?(\{\w+:path\}|\*\*)", "/nothing/here.js", path)
    return re.sub(r"\{(\w+)\}", lambda place: STREAM if place[1] in UUIDS else "1", path)


async def client_of(force: Any, served: Served, role: str | None) -> httpx.AsyncClient:
    client = httpx.AsyncClient(base_url=served.url)
    if role is not None:
        session = await force.session(role)
        client.cookies.set(SESSION_COOKIE, session.token)
        client.headers[CSRF_HEADER] = session.csrf
    return client


async def test_every_route_has_a_rule_or_is_denied_on_purpose(force: Any, served: Served) -> None:
    of_pages = {f"GET {page.path}" for page in served.pages}
    for call in calls(served.app.server.routes) - DENIED - of_pages:
        method, path = call.split(" ")
        assert find(served.rules, method, example(path)).rule is not None, call


async def test_nobody_is_let_in_anywhere(force: Any, served: Served) -> None:
    async with await client_of(force, served, None) as client:
        for call in sorted(calls(served.app.server.routes)):
            method, path = call.split(" ")
            rule = find(served.rules, method, example(path)).rule
            if method == SOCKET or (rule is not None and rule.who is Open.EVERYBODY):
                continue
            answer = await client.request(method, example(path))
            assert answer.status_code in (401, 303), (call, answer.status_code)
        for page in served.pages:
            answer = await client.get(example(page.path))
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in")
        for output in served.outputs:
            answer = await client.post("/_dash-update-component", json={"output": output})
            assert answer.status_code == 401


async def test_every_callback_belongs_to_a_page(served: Served) -> None:
    assert served.outputs
    for output in served.outputs:
        where = served.callbacks.page_of(output)
        assert where is not None, output
        assert where == EVERY_PAGE or page_at(served.pages, where) is not None, output


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_its_pages_and_their_callbacks_and_no_others(
    force: Any, served: Served, role: str
) -> None:
    async with force.services.acting(await force.credentials(role)) as act:
        capabilities = act.user.capabilities
    async with await client_of(force, served, role) as client:
        for page in served.pages:
            answer = await client.get(example(page.path))
            assert answer.status_code == (200 if may_see(page, capabilities) else 403), page.path
        for output in served.outputs:
            where = served.callbacks.page_of(output)
            page = None if where is None or where == EVERY_PAGE else page_at(served.pages, where)
            if page is None or may_see(page, capabilities):
                continue
            answer = await client.post("/_dash-update-component", json={"output": output})
            assert answer.status_code == 403, output
        for call in DENIED:
            method, path = call.split(" ")
            if method != SOCKET:
                assert (await client.request(method, example(path))).status_code == 404


async def test_the_policy_names_dashs_inline_scripts(force: Any, served: Served) -> None:
    visible = next(page for page in served.pages if "map.view" in page.capabilities)
    async with await client_of(force, served, "fim") as client:
        policy = (await client.get(example(visible.path))).headers["content-security-policy"]
    for script in dash.get_app().csp_hashes():
        assert script in policy
