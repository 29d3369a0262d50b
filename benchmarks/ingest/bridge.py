"""A bridge as the benchmarks play it: cameras, a token, and reports with a bounded number of them on their way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Final

from websockets.asyncio.client import ClientConnection

from benchmarks.ingest.reports import REFS
from benchmarks.installation import Installation
from sightline.sql import accounts, connect, query

WINDOW: Final = 800
"""Reports that may wait for their acknowledgement."""


async def register(place: Installation, cameras: int) -> None:
    """Cameras for the load, numbered from 0."""
    connection = await connect(place.settings, "owner")
    try:
        refs = [REFS.format(number) for number in range(cameras)]
        hashes = [accounts.token_hash(accounts.new_token()) for _ in refs]
        await connection.fetchval(query("fleet.load_cameras"), refs, hashes)
    finally:
        await connection.close()


async def bridge_token(place: Installation) -> str:
    """The token of a new bridge."""
    connection = await connect(place.settings, "owner")
    try:
        return (await accounts.add_bridge(connection, "bench")).token
    finally:
        await connection.close()


async def exchange(socket: ClientConnection, load: Sequence[bytes], *, doubts: bool = False) -> int:
    """Send messages, with at most `WINDOW` of them waiting for their acknowledgement; the fixes that were stored.

    Args:
        socket: of a bridge.
        load: reports.
        doubts: whether the gateway may keep some of it aside.
    """
    room = asyncio.Semaphore(WINDOW)
    stored = 0

    async def hear() -> None:
        nonlocal stored
        for _ in load:
            answer = json.loads(await socket.recv())
            if answer["type"] != "ack" or (answer["rejected"] and not doubts):
                raise RuntimeError(f"not taken: {answer}")
            stored += answer["stored"]
            room.release()

    hearing = asyncio.create_task(hear())
    for message in load:
        await room.acquire()
        await socket.send(message, text=True)
        if hearing.done():
            break
    await hearing
    return stored
