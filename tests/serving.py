"""An application of aiohttp, served in the test's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from sightline.ingest.listening import stop_listening


@asynccontextmanager
async def serving(
    app: web.Application, port: int = 0, *, handler_cancellation: bool = False
) -> AsyncIterator[str]:
    """Serve on the loopback interface until the end of the block; its address, without a slash at the end."""
    runner = web.AppRunner(app, handler_cancellation=handler_cancellation)
    await runner.setup()
    server = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        await stop_listening(server)
        await runner.cleanup()
