"""The whole dashboard on a port of its own, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from sightline.dashboard.app import Dashboard
from sightline.dashboard.http_server import server_config
from sightline.dashboard.settings import load_settings
from tests.force import Force


@asynccontextmanager
async def serving(force: Force, **settings_given: Any) -> AsyncIterator[str]:
    """The base URL of a dashboard over this force's database."""
    given = {"internal_secret": "s" * 40, **settings_given}
    settings = load_settings(
        data_dir=force.database.data_dir, dashboard_port=0, log_level="warning", **given
    )
    server = uvicorn.Server(server_config(Dashboard(settings).server, settings))
    running = asyncio.create_task(server._serve())
    async with asyncio.timeout(30):
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
