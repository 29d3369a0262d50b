"""The feed's socket as somebody's own client would use it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sightline.dashboard.access.cookies import SESSION_COOKIE
from sightline.dashboard.feed import socket as feed_socket
from tests.conftest import Database
from tests.dashboard.dashboard_server import serving
from tests.dashboard.feed_reading import read_frame
from tests.force import Force, Person


class Clients:
    """Opens feeds of one running dashboard."""

    def __init__(self, force: Force, url: str) -> None:
        self.force, self._url = force, url

    @property
    def url(self) -> str:
        return self._url

    @property
    def port(self) -> int:
        return int(self._url.rsplit(":", 1)[1])

    def dropped(self) -> bool:
        """Whether the server has let go of every feed."""
        return not any(task.get_name() == "feed to browser" for task in asyncio.all_tasks())

    def feed(self, person: Person | None, query: str = "", **options: Any) -> Any:
        headers = {"Cookie": f"{SESSION_COOKIE}={person.token}"} if person else {}
        address = self._url.replace("http", "ws") + "/api/feed" + query
        return connect(
            address, additional_headers=headers, compression=None, max_size=2**24, **options
        )


@pytest.fixture
async def clients(database: Database) -> AsyncIterator[Clients]:
    force = await Force.create(database)
    for number in range(3):
        await force.camera(f"C{number}")
    async with serving(force) as url:
        yield Clients(force, url)


async def messages(feed: ClientConnection, kind: str, within_s: float = 4) -> Any:
    async with asyncio.timeout(within_s):
        async for text in feed:
            message = json.loads(text)
            if message["type"] == kind:
                yield message


async def first(feed: ClientConnection, kind: str) -> dict[str, Any]:
    async for message in messages(feed, kind):
        return message  # type: ignore[no-any-return]
    raise AssertionError(f"no {kind} came")


async def settled(feed: ClientConnection) -> int:
    """Read until nothing changes any more; the number to resume from."""
    async for delta in messages(feed, "delta"):
        if not delta["cameras"]:
            return int(delta["seq"])
    raise AssertionError("no delta came")


async def test_json_without_asking_for_anything_else(clients: Clients) -> None:
    fim = await clients.force.user("fim")
    async with clients.feed(fim) as feed:
        snapshot = await first(feed, "snapshot")
        refs = [camera["properties"]["camera"] for camera in snapshot["cameras"]]
        assert refs == ["C0", "C1", "C2"]
        await settled(feed)
        await clients.force.owner.execute(
            "update live set recording = 2, batch = 9 where camera_id = (select id from camera where ref = 'C1')"
        )
        await clients.force.owner.execute("notify sightline_live")
        async for delta in messages(feed, "delta"):
            if delta["cameras"]:
                break
        (camera,) = delta["cameras"]
        assert (camera["properties"]["camera"], camera["properties"]["recording"]) == (
            "C1",
            "buffering",
        )
        assert delta["seq"] > snapshot["seq"]
        assert delta["removed"] == []


async def test_json_cameras_are_the_features_of_the_api(clients: Clients) -> None:
    owner = clients.force.owner
    await owner.execute("insert into network_operator (plmn) values ('234-30')")
    await owner.execute("insert into radio_cell (operator_id, cell) values (1, '2A1F')")
    await owner.execute(
        "update live set accuracy_m = 4.8, speed_mps = 1.4, heading_deg = 212.5, battery_pct = 71, flags = 2, bearer = 1,"
        " rsrp_dbm = -92, rsrq_db = -11.5, sinr_db = 8.2, rssi_dbm = -61, uplink_kbps = 6100, operator_id = 1, cell_id = 1,"
        " signal_time = now(), fix_time = now() + interval '20 s' where camera_id = (select id from camera where ref = 'C1')"
    )
    await owner.execute("update camera set audio_out = 'speaker' where ref = 'C1'")
    await owner.execute("select alert_eyes_on((select id from camera where ref = 'C1'))")
    await owner.execute("insert into camera (ref) values ('C9')")
    fim = await clients.force.user("fim")
    async with asyncio.timeout(15):  # the directory is read every 10 s
        while True:
            async with clients.feed(fim) as feed:
                told = {
                    camera["id"]: camera for camera in (await first(feed, "snapshot"))["cameras"]
                }
            if "C9" in told and told["C1"]["properties"]["eyes_on"]:
                break
            await asyncio.sleep(0.5)
    async with httpx.AsyncClient(cookies={SESSION_COOKIE: fim.token}) as client:
        answer = await client.get(f"{clients.url}/api/cameras")
    features = {feature["id"]: feature for feature in answer.json()["features"]}
    assert told.keys() == features.keys()
    for ref, feature in features.items():
        for name in ("age_s", "fix_age_s"):
            one, other = feature["properties"].pop(name), told[ref]["properties"][name]
            assert (one is None) == (other is None)
            assert one is None or abs(one - other) < 20
        assert told[ref]["properties"].items() >= feature["properties"].items()
        assert told[ref] == {**feature, "properties": told[ref]["properties"]}
    said = told["C1"]["properties"]
    assert said["signal"] | {"time": None} == {
        "bearer": "lte", "time": None, "operator": "234-30", "cell": "2A1F", "rsrp_dbm": -92, "rsrq_db": -11.5,
        "sinr_db": 8.2, "rssi_dbm": -61, "uplink_kbps": 6100,
    }  # fmt: skip
    assert (said["speed_mps"], said["audio_out"], said["fix_age_s"]) == (1.4, "speaker", 0)
    documentation = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text()
    for name in [*said, *said["signal"]]:
        assert f"`{name}`" in documentation, name


async def test_a_client_resumes_with_what_changed_meanwhile(clients: Clients) -> None:
    fim = await clients.force.user("fim")
    async with clients.feed(fim) as feed:
        seq = await settled(feed)
    await clients.force.owner.execute(
        "update live set battery_pct = 7, batch = 9 where camera_id = (select id from camera where ref = 'C2')"
    )
    await clients.force.owner.execute("notify sightline_live")
    await asyncio.sleep(0.8)
    async with clients.feed(fim, f"?since={seq}") as feed:
        delta = await first(feed, "delta")
        assert [camera["properties"]["battery_pct"] for camera in delta["cameras"]] == [7]
    async with clients.feed(fim, "?since=12") as feed:
        assert len((await first(feed, "snapshot"))["cameras"]) == 3


async def test_binary_begins_with_names(clients: Clients) -> None:
    fim = await clients.force.user("fim")
    async with clients.feed(fim, "?format=binary") as feed:
        async with asyncio.timeout(4):
            directory = json.loads(await feed.recv())
            frame = read_frame(await feed.recv())
    assert directory["type"] == "directory"
    assert {camera["n"] for camera in directory["cameras"]} == set(frame.cameras)
    assert len(frame.cameras) == 3


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("?format=xml", "format is 'xml', but must be json or binary"),
        ("?since=-1", "since is '-1', but must be the seq of a message"),
        (
            "?since=9007199254740993",
            "since is '9007199254740993', but must be the seq of a message",
        ),
    ],
)
async def test_a_wrong_parameter_is_named(clients: Clients, query: str, reason: str) -> None:
    fim = await clients.force.user("fim")
    async with clients.feed(fim, query) as feed:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(feed.recv(), 4)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4400, reason)


async def test_who_is_not_let_in(clients: Clients) -> None:
    fim, planner = await clients.force.user("fim"), await clients.force.user("planner")
    for person, options, status in (
        (None, {}, 401),
        (planner, {}, 403),
        (fim, {"origin": "https://elsewhere.test"}, 403),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with clients.feed(person, **options):
                pass
        assert refused.value.response.status_code == status


async def test_the_end_of_the_session_closes_the_feed(clients: Clients) -> None:
    fim = await clients.force.user("fim")
    async with clients.feed(fim) as feed:
        await first(feed, "snapshot")
        await clients.force.owner.execute("select session_end(id, 'signed out') from session")
        async with asyncio.timeout(3):
            await feed.wait_closed()
    assert (feed.close_code, feed.close_reason) == (4401, "signed out")


async def test_what_a_client_says_is_passed_over(clients: Clients) -> None:
    fim = await clients.force.user("fim")
    async with clients.feed(fim) as feed:
        await feed.send("{}" * 100)
        await feed.send(b"\0" * 100)
        assert (await first(feed, "snapshot"))["cameras"]


async def test_who_does_not_read_is_dropped(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_socket, "DRAIN_WITHIN_S", 0.5)
    await clients.force.owner.execute(
        "insert into camera (ref) select 'X' || n from generate_series(1, 4000) n"
    )
    await clients.force.owner.execute(
        "insert into live (camera_id, gateway_id, batch, seen_time) select id, 1, 2, now() from camera"
        " on conflict do nothing"
    )
    fim = await clients.force.user("fim")
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", clients.port))
    async with clients.feed(fim, sock=small, max_queue=1, close_timeout=0.1):
        await asyncio.sleep(0.3)
        assert not clients.dropped()
        async with asyncio.timeout(20):
            while not clients.dropped():
                await clients.force.owner.execute(
                    "update live set seen_time = now(), batch = batch + 1"
                )
                await clients.force.owner.execute("notify sightline_live")
                await asyncio.sleep(0.4)
