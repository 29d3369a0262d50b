"""The end of listening, without a connection that nobody closes."""

from __future__ import annotations

import asyncio


async def stop_listening(server: asyncio.Server) -> None:
    """Accept nobody any more; who was accepted is connected first.

    `Server.close` alone, called between the accepting of a connection and the making of its transport, leaves the
    connection open with nobody to close it: asyncio has accepted it, and then refuses to attach it to a closed server.

    Args:
        server: listens in the running loop; closed afterwards, what it has connected is not.
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        loop.remove_reader(listening)
    await asyncio.sleep(0)  # the transport of one accepted a moment ago is made in this turn
    server.close()
