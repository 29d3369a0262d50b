"""From a fix that a camera sends to the pixel that it changes: whole installation, real socket, real browser.

A force reports once a second over a bridge, and its live map is open. One more camera, with a socket of its own, goes to and
fro between two places; the time is taken from its sending until the map, which was drawn for it, has another colour there.
How many cameras and for how long comes from the environment: `BENCH_PIXEL_CAMERAS`, `BENCH_PIXEL_S`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import numpy as np
from playwright.sync_api import Page
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_socket
from websockets.typing import Subprotocol

from benchmarks.ingest.force import Force, running_force
from benchmarks.ingest.load import Run, run_load
from benchmarks.map.render import browser_page
from benchmarks.measure import Goal, Measure
from sightline.ingest.fleet.load import MIDDLE
from sightline.sql import accounts, connect, query

CAMERAS: Final = int(os.environ.get("BENCH_PIXEL_CAMERAS", "5000"))
SECONDS: Final = float(os.environ.get("BENCH_PIXEL_S", "90"))
_PROBE: Final = "PROBE-000001"
_PLACE: Final = (MIDDLE[0] + 0.04, MIDDLE[1])
_STEP_LAT: Final = 30 / 111_320
"""30 m to the north and back, as fast as a car goes."""
_ZOOM: Final = 15
_PAUSE_S: Final = (0.9, 1.5)
_WARM_S: Final = 10.0
_READY_WITHIN_MS: Final = 60_000
_MOST_MS: Final = 1_000.0
_GREEN: Final = (18, 184, 134)
"""A camera that records, with a good signal."""
_WATCH: Final = Path(__file__).with_name("pixel.js")


@dataclass(frozen=True)
class Seen:
    """What was seen of the camera that goes to and fro.

    Attributes:
        late_ms: for each fix that was seen, from its sending to the pixel.
        sent: how many were sent.
    """

    late_ms: list[float]
    sent: int


def measures() -> Iterator[Measure]:
    """Percentiles of the time to the pixel, what was not seen at all, and what the force's load came to meanwhile."""
    with running_force(CAMERAS, bridge=True) as force:
        seen, run = _watched(force)
    words = f"{CAMERAS:,} cameras at 1 Hz, {seen.sent} fixes: sent → pixel"
    for percent in (50, 95, 99):
        goal = Goal(_MOST_MS, at_least=False) if percent == 95 else None
        value = float(np.percentile(seen.late_ms, percent))
        yield Measure("map", f"{words}, p{percent}", value, "ms", goal)
        words = "… sent → pixel"
    unseen = seen.sent - len(seen.late_ms)
    yield Measure("map", "… fixes that no pixel showed", unseen, "fixes", Goal(0, at_least=False))
    yield Measure("map", "… of the force dropped", run.dropped, "fixes", Goal(0, at_least=False))


def _watched(force: Force) -> tuple[Seen, Run]:
    token, password = asyncio.run(_accounts(force))
    page_url = _page_url(force)
    with browser_page() as page:
        page.goto(page_url)
        page.fill("#username", "watcher")
        page.fill("#password", password)
        page.press("#password", "Enter")
        page.wait_for_url("**/map*", timeout=_READY_WITHIN_MS)
        lat, lon = _PLACE
        page.goto(f"{page_url}map?at={lat},{lon},{_ZOOM}")
        page.wait_for_selector("#live-map-map[data-far]", timeout=_READY_WITHIN_MS)
        return _to_and_fro(force, token, page)


async def _accounts(force: Force) -> tuple[str, str]:
    """Token of the camera, password of the one who watches."""
    connection = await connect(force.settings, "owner")
    try:
        token = accounts.new_token()
        hashes = [accounts.token_hash(token)]
        await connection.fetchval(query("fleet.load_cameras"), [_PROBE], hashes)
        return token, (await accounts.add_user(connection, "watcher", "fim")).password
    finally:
        await connection.close()


def _page_url(force: Force) -> str:
    return urlunsplit(("http", urlsplit(force.feed_url).netloc, "/", "", ""))


def _to_and_fro(force: Force, token: str, page: Page) -> tuple[Seen, Run]:
    """Let the force report, and the camera walk in the middle of it."""
    runs: list[Run] = []
    load = threading.Thread(
        target=lambda: runs.append(run_load(force, SECONDS + 2 * _WARM_S)), daemon=True
    )
    load.start()
    with connect_socket(
        force.gateway_url.replace("/bridge", "/camera"),
        subprotocols=[Subprotocol("sightline.camera.v1")],
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
        max_queue=None,  # nobody reads its acknowledgements
    ) as socket:
        _send(socket, 1, 0)
        _wait(page, _WARM_S)
        page.evaluate(
            _WATCH.read_text(encoding="utf-8"), {"step_lat": _STEP_LAT, "green": list(_GREEN)}
        )
        sent_ms: list[float] = []
        until_s = time.monotonic() + SECONDS
        draw = random.Random(1)
        while time.monotonic() < until_s:
            number = len(sent_ms) + 1
            sent_ms.append(time.time() * 1000)
            _send(socket, number + 1, number % 2)
            # Not in step with anything.
            _wait(page, draw.uniform(*_PAUSE_S))
        _wait(page, 3)
        shown: list[tuple[int, float]] = page.evaluate("window.sightlineSeen")
    load.join()
    return Seen(_lateness(sent_ms, shown), len(sent_ms)), runs[0]


def _wait(page: Page, seconds: float) -> None:
    """While the browser's messages are still taken."""
    page.wait_for_timeout(1000 * seconds)


def _send(socket: ClientConnection, seq: int, north: int) -> None:
    lat, lon = _PLACE
    fix = {
        "time": int(time.time() * 1000), "lat": lat + north * _STEP_LAT, "lon": lon, "accuracy_m": 4.0, "speed_mps": 20.0,
        "recording": "recording", "battery_pct": 71, "signal": {"bearer": "lte", "rsrp_dbm": -80, "uplink_kbps": 6100},
    }  # fmt: skip
    socket.send(json.dumps({"type": "report", "seq": seq, "fixes": [fix]}))


def _lateness(sent_ms: list[float], shown: list[tuple[int, float]]) -> list[float]:
    """For each fix, how long it took until its place was green, where that was before the next fix but one was sent."""
    late = []
    for number, at_ms in enumerate(sent_ms):
        north = (number + 1) % 2
        end_ms = sent_ms[number + 2] if number + 2 < len(sent_ms) else float("inf")
        first = next((ms for place, ms in shown if place == north and at_ms <= ms < end_ms), None)
        if first is not None:
            late.append(first - at_ms)
    return late
