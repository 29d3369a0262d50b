"""The relay notices when it is late itself."""

from __future__ import annotations

import asyncio
import time

from sightline.ingest.media.loop_lag import BUSY_MS, REMEMBERED_S, LoopLag


async def test_a_loop_that_was_held_up_is_busy_for_a_moment() -> None:
    lag = LoopLag()
    try:
        time.sleep((BUSY_MS + 60) / 1000)  # noqa: ASYNC251 - holding the loop up is the point
        assert lag.is_busy(), "before it could look"
        await asyncio.sleep(0.05)
        assert lag.is_busy()
        async with asyncio.timeout(10):
            await asyncio.sleep(REMEMBERED_S)
            while lag.is_busy():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.05)
    finally:
        lag.close()
