"""All cameras come back at once after the gateway was killed: how long until all are on the map again.

`BENCH_STORM_CAMERAS` says how many; each is a socket of the reference client, on the same machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Iterator
from typing import Final

from benchmarks.ingest.reports import REFS
from benchmarks.installation import GatewayProcess, Installation, installation
from benchmarks.measure import Goal, Measure
from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.messages import Ack, Identity, Incoming
from sightline.ingest.settings import GatewaySettings
from sightline.sql import accounts, connect, query

CAMERAS: Final = int(os.environ.get("BENCH_STORM_CAMERAS", "5000"))
_GIVES_UP_S: Final = 240.0
_GRACE_S: Final = 15.0
"""For the gateway's own start, and for the wait of a client that found nobody while it started."""


class Returning:
    """A camera that knows when the gateway acknowledged it last."""

    def __init__(self, url: str, ref: str, token: str) -> None:
        self.heard_s = 0.0
        self.client = CameraClient(url, token, Identity(ref, "storm", "1"), self._hear)
        self.client.set_status("recording")

    def _hear(self, message: Incoming) -> None:
        if isinstance(message, Ack):
            self.heard_s = time.monotonic()


def measures() -> Iterator[Measure]:
    """Seconds until all are back, and how evenly they came."""
    logging.getLogger("sightline.ingest.camera").setLevel(logging.ERROR)
    with installation() as place:
        first_s, back_s, median_s, end_s = asyncio.run(_storm(place))
    per_s = GatewaySettings().gateway_admissions_a_second
    words = f"storm: {CAMERAS:,} cameras"
    yield Measure("endurance", f"{words} come for the first time, all acknowledged", first_s, "s")
    yield Measure("endurance", f"{words} after kill -9, half are back", median_s, "s")
    yield Measure(
        "endurance",
        f"{words} after kill -9, all are back and acknowledged",
        back_s,
        "s",
        Goal(2 * CAMERAS / per_s + _GRACE_S, at_least=False),
    )
    yield Measure(
        "endurance", f"{words}: orderly end of the gateway", end_s, "s", Goal(10, at_least=False)
    )


async def _storm(place: Installation) -> tuple[float, float, float, float]:
    process = GatewayProcess(place, log_level="error")
    await asyncio.to_thread(process.start)
    cameras = [
        Returning(f"{process.url}/camera", ref, token)
        for ref, token in (await _register(place)).items()
    ]
    began_s = time.monotonic()
    running = [asyncio.create_task(camera.client.run()) for camera in cameras]
    try:
        first_s = max(await _all_heard_after(cameras, began_s)) - began_s
        await asyncio.to_thread(process.kill)
        killed_s = time.monotonic()
        await asyncio.to_thread(process.start, wait=False)
        back = await _all_heard_after(cameras, killed_s)
        ending_s = time.monotonic()
        await asyncio.to_thread(process.stop)
        end_s = time.monotonic() - ending_s
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            await asyncio.to_thread(process.kill)
    return first_s, max(back) - killed_s, back[len(back) // 2] - killed_s, end_s


async def _all_heard_after(cameras: list[Returning], since_s: float) -> list[float]:
    """When each had its status acknowledged after `since_s`, in order."""
    async with asyncio.timeout(_GIVES_UP_S):
        while not all(camera.heard_s > since_s for camera in cameras):  # noqa: ASYNC110 - a count, without an event
            await asyncio.sleep(0.1)
    return sorted(camera.heard_s for camera in cameras)


async def _register(place: Installation) -> dict[str, str]:
    tokens = {REFS.format(number): accounts.new_token() for number in range(CAMERAS)}
    connection = await connect(place.settings, "owner")
    try:
        hashes = [accounts.token_hash(token) for token in tokens.values()]
        await connection.fetchval(query("fleet.load_cameras"), list(tokens), hashes)
    finally:
        await connection.close()
    return tokens
