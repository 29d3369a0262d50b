"""`python -m benchmarks.map.server`: the product's feed with cameras that move, and pages that draw it.

Each second a number of cameras are elsewhere. There is no database: what is measured begins where the feed has read.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np
import plotly
import uvicorn
from fastapi import FastAPI, Response, WebSocket
from fastapi.responses import FileResponse

from sightline.dashboard.feed.copy_rows import LIVE_ROWS
from sightline.dashboard.feed.hub import FeedHub
from sightline.dashboard.feed.socket import serve_viewer
from sightline.dashboard.feed.viewer import Viewer
from sightline.dashboard.live_map.visibility import Viewing
from sightline.dashboard.live_state import CameraEntry
from sightline.dashboard.shell.static import mount_static

_HERE: Final = Path(__file__).parent
_PLOTLY: Final = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
WEST, SOUTH, EAST, NORTH = -0.5, 51.3, 0.3, 51.7
"""Within these degrees (WGS 84) the cameras are; the map shows all of it."""
_BUFFERING, _RECORDING = 2, 3
_INTERVALS: Final = {0: 60, 1: 60, 2: 5, 3: 1}


class Fleet:
    """Cameras that move, in a hub.

    Args:
        cameras: how many.
        changes: how many of them report each second.
        seed: of the chance.
    """

    def __init__(self, cameras: int, changes: int, seed: int = 1) -> None:
        self.hub = FeedHub()
        self._draw = np.random.default_rng(seed)
        self._cameras, self._changes = cameras, changes
        numbers = range(1, cameras + 1)
        entries = [
            CameraEntry(n, f"BENCH-{n:06d}", "body_worn", call_sign=f"B{n}") for n in numbers
        ]
        self.hub.changed(directory=self.hub.state.put_entries(entries, 60))
        self.hub.attach([])
        self._rows = np.zeros(cameras, LIVE_ROWS.dtype)
        self._rows["camera_id"] = np.arange(1, cameras + 1)
        self._rows["lat"] = self._draw.uniform(SOUTH, NORTH, cameras)
        self._rows["lon"] = self._draw.uniform(WEST, EAST, cameras)
        for name in ("accuracy_m", "rsrp_dbm", "battery_pct", "uplink_kbps"):
            self._rows[name] = {"accuracy_m": 5, "rsrp_dbm": -85, "battery_pct": 70}.get(name, 5000)
        for name in ("heading_deg", "rsrq_db", "sinr_db", "rssi_dbm", "speed_mps"):
            self._rows[name] = np.nan
        self._rows["recording"] = self._draw.choice((_BUFFERING, _RECORDING), cameras, p=(0.8, 0.2))
        self._report(np.arange(cameras))
        self.hub.beat()

    def tick(self) -> None:
        """Some report from a place nearby."""
        which = self._draw.choice(self._cameras, self._changes, replace=False)
        for name in ("lat", "lon"):
            self._rows[name][which] += self._draw.normal(0, 0.0002, len(which))
        self._report(which)
        self.hub.beat()

    def _report(self, which: Any) -> None:
        now_ms = time.time() * 1000
        for name in ("fix_time_ms", "seen_time_ms"):
            self._rows[name][which] = now_ms
        self.hub.changed(columns=self.hub.state.put_live(self._rows[which], _INTERVALS))


def make_app(fleet: Fleet) -> FastAPI:
    """The feed, the product's JavaScript, and the pages."""

    @contextlib.asynccontextmanager
    async def ticking(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_tick(fleet))
        yield
        task.cancel()

    app = FastAPI(lifespan=ticking)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(_HERE / "page.html")

    @app.get("/bench.js")
    async def script() -> FileResponse:
        return FileResponse(_HERE / "bench.js", media_type="text/javascript")

    @app.get("/plotly.js")
    async def library() -> FileResponse:
        return FileResponse(_PLOTLY, media_type="text/javascript")

    @app.get("/tiles/basemap/{z}/{x}/{y}.mvt")
    async def tile() -> Response:
        return Response(status_code=204)

    @app.websocket("/api/feed")
    async def feed(websocket: WebSocket) -> None:
        await websocket.accept()
        viewer = Viewer(uuid4(), Viewing(1, "all"), "binary")
        fleet.hub.join(viewer)
        try:
            await serve_viewer(websocket, viewer)
        finally:
            fleet.hub.leave(viewer)

    mount_static(app)
    return app


async def _tick(fleet: Fleet) -> None:
    due_s = time.monotonic()
    while True:
        due_s += 1.0
        await asyncio.sleep(due_s - time.monotonic())
        fleet.tick()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--port", "--cameras", "--changes"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args()
    app = make_app(Fleet(given.cameras, given.changes))
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", loop="uvloop")


if __name__ == "__main__":
    main()
