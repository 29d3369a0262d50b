"""What the dashboard's tests share: a small force in a database of the test's own, and clients signed in by role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import HTMLResponse

from sightline.dashboard.access import CallbackPages, Page
from sightline.dashboard.access.acting import Credentials
from sightline.dashboard.access.cookies import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE
from sightline.dashboard.access.middleware import AccessMiddleware
from sightline.dashboard.access.sign_in import Session, begin
from sightline.dashboard.api import include_api
from sightline.dashboard.frames_socket import frame_routes
from sightline.dashboard.services import Services
from sightline.dashboard.settings import Settings
from sightline.sql.accounts import hash_password

ROLES = (
    "fim", "negco", "commander", "supervisor", "planner", "coordinator", "auditor", "admin", "officer",
)  # fmt: skip
PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)

BASE = "http://sightline.test"

PAGES = (
    Page("/", "Live map", "map.view"),
    Page("/triage", "Triage", "incident.read"),
    Page("/audit", "Audit", "audit.read"),
)


@dataclass
class Force:
    """A small force: one user a role, four cameras, three negotiators and a NegCo on call, one open incident.

    Attributes:
        database: of the test's own.
        owner: a connection of the owner, to look behind the scenes.
        services: of the dashboard under test; running.
        app: the application behind the door.
        users: role → id of the user, who is named like the role.
        cameras: ref → id. CAM-1 records (unit B3, the supervisor's), CAM-2 only buffers, CAM-3 is stale, CAM-4 records.
        negotiators: shoulder number → id; N1, N2, N3 negotiators, N4 NegCo, all on call.
        incident: id of the open incident.
    """

    database: Any
    owner: asyncpg.Connection
    services: Services
    app: Any
    users: dict[str, int] = field(default_factory=dict)
    cameras: dict[str, int] = field(default_factory=dict)
    negotiators: dict[str, int] = field(default_factory=dict)
    incident: int = 0
    relay: str = ""
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, *, address: str = "10.1.2.3", base: str = BASE) -> httpx.AsyncClient:
        """A client that nobody is signed in with."""
        transport = httpx.ASGITransport(
            self.app, raise_app_exceptions=False, client=(address, 4711)
        )
        client = httpx.AsyncClient(transport=transport, base_url=base)
        self._clients.append(client)
        return client

    async def session(self, username: str, **arguments: Any) -> Session:
        """A session of a user, begun without the password."""
        user_id = await self.owner.fetchval("select id from app_user where username = $1", username)
        async with self.services.transaction() as connection:
            return await begin(connection, user_id, "10.1.2.3", by="test", **arguments)

    async def as_(self, username: str) -> httpx.AsyncClient:
        """A browser's client, signed in as a user, that sends the CSRF token along."""
        session = await self.session(username)
        client = self.client()
        client.cookies.set(SESSION_COOKIE, session.token, domain="sightline.test")
        client.cookies.set(CSRF_COOKIE, session.csrf, domain="sightline.test")
        client.headers[CSRF_HEADER] = session.csrf
        return client

    async def credentials(self, username: str) -> Credentials:
        """What a request of a user would come with."""
        return Credentials((await self.session(username)).token, "10.1.2.3")

    async def audit(self, action: str) -> list[asyncpg.Record]:
        """Audit rows of an action, oldest first."""
        rows: list[asyncpg.Record] = await self.owner.fetch(
            "select * from audit_entry where action = $1 order by id", action
        )
        return rows

    async def state(self, camera: str, recording: int, *, age_s: float = 0.0) -> None:
        """What a camera last said."""
        await self.owner.execute(
            "update live set recording = $2, seen_time = now() - make_interval(secs => $3) where camera_id = $1",
            self.cameras[camera], recording, age_s,
        )  # fmt: skip

    async def hears_relay(self) -> None:
        """A relay that says that it lives (without one, no stream opens)."""
        await self.owner.execute("select media_heartbeat($1, 'http://127.0.0.1:1')", self.relay)

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@pytest.fixture
async def force(database: Any) -> AsyncIterator[Force]:
    """The small force, with a running dashboard."""
    owner = await database.connect()
    settings = Settings(data_dir=database.data_dir, internal_secret="s" * 40)
    services = Services(settings)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    include_api(app, services)
    for page in PAGES:
        app.add_api_route(page.path, _shell, include_in_schema=False)
    app.add_api_route("/_dash-update-component", _shell, methods=["POST"], include_in_schema=False)
    app.add_api_websocket_route("/api/feed", _echo)
    app.include_router(frame_routes(services))
    callbacks = CallbackPages()
    fake_dash = _FakeDash()
    with callbacks.of(fake_dash, "/audit"):
        fake_dash.callback_map["audit-table.rowData"] = {}
    with callbacks.of_every_page(fake_dash):
        fake_dash.callback_map["content.children"] = {}
    app.add_middleware(AccessMiddleware, services=services, pages=PAGES, callbacks=callbacks)
    async with services.running():
        made = Force(database, owner, services, app)
        await _seed(made)
        yield made
        await made.close()


class _FakeDash:
    def __init__(self) -> None:
        self.callback_map: dict[str, Any] = {}


async def _shell() -> HTMLResponse:
    return HTMLResponse("<p>page</p>")


async def _seed(force: Force) -> None:
    owner = force.owner
    unit = await owner.fetchval(
        "insert into unit (code, name) values ('B3', 'Response B3') returning id"
    )
    officer_ids = {}
    for number, name in (
        ("4417", "Jane Doe"),
        ("4418", "Olive Fisher"),
        ("N1", "Nora One"),
        ("N2", "Ned Two"),
        ("N3", "Nat Three"),
        ("N4", "Nell Four"),
    ):
        officer_ids[number] = await owner.fetchval(
            "insert into officer (shoulder_number, name, unit_id) values ($1, $2, $3) returning id",
            number, name, unit if number == "4417" else None,
        )  # fmt: skip
    for role in ROLES:
        force.users[role] = await owner.fetchval(
            "insert into app_user (username, display_name, role, password_hash, officer_id) values ($1, initcap($1), $1, $2, $3) returning id",
            role, _HASH, officer_ids["4418"] if role == "officer" else None,
        )  # fmt: skip
    await owner.execute("insert into user_unit values ($1, $2)", force.users["supervisor"], unit)
    gateway = await owner.fetchval("insert into gateway (name) values ('g1') returning id")
    wearers = {"CAM-1": "4417", "CAM-4": "4418"}
    for number, (ref, recording, age_s) in enumerate(
        (("CAM-1", 3, 0), ("CAM-2", 2, 0), ("CAM-3", 3, 600), ("CAM-4", 3, 0))
    ):
        force.cameras[ref] = await owner.fetchval(
            "insert into camera (ref, officer_id) values ($1, $2) returning id", ref, officer_ids.get(wearers.get(ref, ""))
        )  # fmt: skip
        await owner.execute(
            "insert into live (camera_id, gateway_id, batch, seen_time, recording, fix_time, lat, lon, accuracy_m, rsrp_dbm, uplink_kbps)"
            " values ($1, $2, 1, now() - make_interval(secs => $3), $4, now() - make_interval(secs => $3), $5, $6, 5, -85, 6000)",
            force.cameras[ref], gateway, float(age_s), recording, 51.0 + number / 100, 1.0,
        )  # fmt: skip
    today = datetime.now(UTC)
    for number, capacity in (
        ("N1", "negotiator"),
        ("N2", "negotiator"),
        ("N3", "negotiator"),
        ("N4", "negco"),
    ):
        force.negotiators[number] = await owner.fetchval(
            "insert into negotiator (officer_id, user_id, capacity, kidnap_trained, training_until) values ($1, $2, $3, true, $4) returning id",
            officer_ids[number], force.users["negco"] if number == "N4" else None, capacity, date(2040, 1, 1),
        )  # fmt: skip
        await owner.execute(
            "insert into rota_shift (negotiator_id, during) values ($1, tstzrange($2, $3))",
            force.negotiators[number], today - timedelta(hours=4), today + timedelta(hours=8),
        )  # fmt: skip
    force.incident = await owner.fetchval(
        "insert into incident (log_number, title, lat, lon, grade) values ('K-1', 'Man on a roof', 51.0, 1.0, 'immediate') returning id"
    )
    force.relay = str(uuid4())
    await force.hears_relay()


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    async for text in socket.iter_text():
        await socket.send_text(text)
