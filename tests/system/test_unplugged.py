"""The database goes away under a running demo: it is said, nothing acknowledged is lost, it comes back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

import asyncpg
from websockets.sync.client import connect

from sightline.sql.cluster import PrivateCluster
from tests.system.conftest import Demo
from tests.system.test_foreign_camera import Camera, _fix

AWAY_S = 8.0


async def _stored_latitudes(url: str, camera: str) -> list[float]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "select lat from sightline.fix f join sightline.camera c on c.id = f.camera_id where c.ref = $1",
            camera,
        )
        return [row["lat"] for row in rows]
    finally:
        await connection.close()


class Traffic:
    """One camera that goes on reporting, each report from another place."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self.sent: dict[int, float] = {}
        self.acknowledged: list[float] = []

    def send(self) -> None:
        """Send one report and wait a moment."""
        seq = len(self.sent) + 1
        self.sent[seq] = 57 + seq * 1e-5
        self._camera.send({"type": "report", "seq": seq, "fixes": [_fix(lat=self.sent[seq])]})
        time.sleep(0.05)

    def receive(self, within_s: float) -> None:
        """Take acknowledgements until all are there or the time is over."""
        deadline = time.monotonic() + within_s
        while len(self.acknowledged) < len(self.sent) and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                message = json.loads(self._camera.socket.recv(timeout=0.1))
                if message["type"] == "ack":
                    self.acknowledged.append(self.sent[message["seq"]])


class Screen:
    """What the feed says of the database."""

    def __init__(self, demo: Demo, cookie: str) -> None:
        self.socket = connect(
            demo.url.replace("http", "ws") + "/api/feed",
            additional_headers={"Cookie": cookie, "Origin": demo.url},
            max_size=None,
            legacy=True,
        )
        self.database = "unknown"

    def look(self) -> str:
        """The newest state that the feed has told: ok or lost."""
        with contextlib.suppress(TimeoutError):
            while True:
                message = json.loads(self.socket.recv(timeout=0.01))
                if message["type"] == "health":
                    self.database = message["database"]
        return self.database

    def says_within(self, state: str, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while self.look() != state and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.database == state


def test_it_says_so_within_three_seconds_loses_nothing_and_recovers(demo: Demo) -> None:
    made = demo.made("camera", "add", "UNPLUGGED-1")
    fim = demo.sign_in("fim")
    screen = Screen(demo, fim.cookie)
    traffic = Traffic(Camera(demo, made["camera"], made["token"]))
    cluster = PrivateCluster(demo.data_dir)
    for _ in range(10):
        traffic.send()
    assert screen.says_within("ok", 5)
    cluster.stop()
    stopped = time.monotonic()
    assert screen.says_within("lost", 3.0), "the feed did not say that the database is lost"
    while time.monotonic() - stopped < AWAY_S:
        traffic.send()
    cluster.start()
    traffic.receive(within_s=30)
    assert sorted(traffic.acknowledged) == sorted(traffic.sent.values())
    stored = asyncio.run(_stored_latitudes(demo.urls()["owner"], made["camera"]))
    assert sorted(stored) == sorted(traffic.sent.values())
    assert screen.says_within("ok", 15)
    assert fim.get("/api/me")["username"] == "fim"
