"""The frame around the pages: where each role begins, what the header shows, what browsers load."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sightline.dashboard.access.cookies import CSRF_HEADER, SESSION_COOKIE
from sightline.dashboard.live_map.layout import layout as live_map
from sightline.dashboard.pages import PAGES
from sightline.dashboard.shell import ids
from sightline.dashboard.shell.stream_dialog import (
    incident_choices,
    likely_incident,
    provisional_words,
)
from tests.conftest import Database
from tests.dashboard.dashboard_server import serving
from tests.force import Force

INCIDENTS = [
    {"id": 7, "log_number": "HC-7", "title": "Man on the bridge", "cameras": ["C2"], "provisional": False, "created_by": "bridge"},
    {"id": 8, "log_number": None, "title": "Officer safety", "cameras": ["C1", "C2"], "provisional": True, "created_by": "other"},
    {"id": 9, "log_number": None, "title": "Officer safety", "cameras": ["C3"], "provisional": True, "created_by": "fim"},
]  # fmt: skip
"""Newest last, other than the dialog gets them: it must not matter."""


@dataclass
class Front:
    """A running dashboard as people of each role reach it."""

    force: Force
    url: str

    async def as_role(self, role: str) -> httpx.AsyncClient:
        person = await self.force.user(role)
        return httpx.AsyncClient(
            base_url=self.url,
            cookies={SESSION_COOKIE: person.token},
            headers={CSRF_HEADER: "csrf", "Origin": self.url},
        )


@pytest.fixture
async def front(database: Database) -> AsyncIterator[Front]:
    force = await Force.create(database)
    async with serving(force) as url:
        yield Front(force, url)


async def shown(client: httpx.AsyncClient, path: str) -> Any:
    """What the frame puts into the page for an address, as Dash asks for it."""
    outputs = f"..{ids.PAGE}.children...{ids.PAGE_SHOWN}.data.."
    return await client.post(
        "/_dash-update-component",
        json={
            "output": outputs,
            "outputs": [
                {"id": ids.PAGE, "property": "children"}, {"id": ids.PAGE_SHOWN, "property": "data"},
            ],
            "inputs": [
                {"id": ids.LOCATION, "property": "pathname", "value": path},
                {"id": ids.LOCATION, "property": "search", "value": ""},
            ],
            "state": [{"id": ids.PAGE_SHOWN, "property": "data", "value": None}],
            "changedPropIds": [f"{ids.LOCATION}.pathname"],
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "home"),
    [
        ("fim", "/map"), ("negco", "/triage"), ("commander", "/map"), ("supervisor", "/map"),
        ("officer", "/map"), ("coordinator", "/on-call"), ("planner", "/coverage"), ("auditor", "/audit"), ("admin", "/admin"),
    ],
)  # fmt: skip
async def test_each_role_begins_at_its_home(front: Front, role: str, home: str) -> None:
    async with await front.as_role(role) as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, home)
        page = await client.get(home)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")


async def test_a_role_without_a_page_is_told_so(front: Front) -> None:
    """A force may take a role's last capability away."""
    await front.force.owner.execute("delete from role_capability where role = 'auditor'")
    async with await front.as_role("auditor") as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        said = (await shown(client, "/")).text
        assert "The role Auditor has no page in this version of Sightline." in said


async def test_a_page_of_another_role_is_not_drawn(front: Front) -> None:
    async with await front.as_role("auditor") as client:
        assert (await client.get("/map")).status_code == 403
        assert (await shown(client, "/map")).status_code == 403


async def test_an_address_that_leads_nowhere_says_so(front: Front) -> None:
    async with await front.as_role("fim") as client:
        assert "There is no such page" in (await shown(client, "/nowhere")).text


async def test_the_layout_tells_the_browser_who_it_is_for(front: Front) -> None:
    async with await front.as_role("fim") as client:
        layout = (await client.get("/_dash-layout")).json()
        frame = layout["props"]["children"]["props"]
        facts = json.loads(frame["data-facts"])
        assert (facts["role"], facts["username"]) == ("fim", "fim")
        assert facts["capabilities"]["stream.open"] == "all"
        assert facts["pages"][:2] == ["/map", "/triage"]


async def test_scripts_come_from_here_and_are_asked_about_each_time(front: Front) -> None:
    async with await front.as_role("fim") as client:
        page = (await client.get("/map")).text
        assert "http://" not in page.replace("http://www.w3.org", "")
        assert "https://" not in page
        script = await client.get("/static/live_map.js")
        assert script.headers["cache-control"] == "no-cache"
        again = await client.get(
            "/static/live_map.js", headers={"If-None-Match": script.headers["etag"]}
        )
        assert again.status_code == 304
        library = await client.get("/static/lib/maplibre-gl/maplibre-gl.mjs")
        assert library.headers["content-type"].startswith("text/javascript")
        assert (await client.get("/static/lib/maplibre-gl/../../package.json")).status_code == 404


async def test_a_script_that_there_is_not_is_404(front: Front) -> None:
    async with await front.as_role("fim") as client:
        page = (await client.get("/map")).text
        there = re.findall(r'src="(/_dash-component-suites/[^"?]+)', page)
        assert len(there) > 5
        for path in there:
            assert (await client.get(path)).status_code == 200, path
        for path in (
            "dash/nope.js", "nope/x.js", "nope", "", "dash/__init__.py", "dash/deps/%2e%2e/%2e%2e/__init__.py",
        ):  # fmt: skip
            answer = await client.get(f"/_dash-component-suites/{path}")
            assert answer.status_code == 404, (path, answer.text[:200])
            assert answer.json()["code"] == "not_found"
        assert (await client.get("/assets/nope.js")).status_code == 404


async def test_no_page_opens_a_socket_that_is_not_ours(front: Front) -> None:
    async with await front.as_role("fim") as client:
        assert "_dash-ws-callback" not in (await client.get("/map")).text


def test_every_page_has_a_frame_without_data() -> None:
    for page in PAGES:
        assert page.layout() is not None
    assert live_map(camera="C1", at="nonsense") is not None


@pytest.mark.parametrize("incidents", [INCIDENTS, INCIDENTS[::-1]], ids=["oldest", "newest"])
@pytest.mark.parametrize(
    ("camera", "wanted", "chosen"),
    [
        ("C9", "7", "7"),
        ("C1", "99", "8"),
        ("C1", None, "8"),
        ("C2", None, "7"),  # a real incident before a provisional one
        ("C9", None, None),  # at no incident: nothing is proposed, least of all a provisional one
        ("C9", "8", None),  # somebody else's provisional incident is not for another camera
        ("C1", "8", "8"),
        ("C9", "9", "9"),  # one's own may be
    ],
)
def test_the_dialog_begins_with_the_incident_that_is_meant(
    incidents: list[dict[str, Any]], camera: str, wanted: str | None, chosen: str | None
) -> None:
    assert likely_incident(incidents, camera, wanted, "fim") == chosen


def test_the_dialog_offers_open_incidents_and_says_what_none_means() -> None:
    labels = [choice["label"] for choice in incident_choices(INCIDENTS[::-1])]
    assert labels == [
        "HC-7 · Man on the bridge",
        "provisional · Officer safety",
        "provisional · Officer safety",
    ]
    assert "within 10 minutes" in provisional_words(10)
