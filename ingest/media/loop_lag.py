"""How late the relay itself is: a packet that waited here did not wait on the camera's line."""

from __future__ import annotations

import asyncio
import time

EVERY_S = 0.025
REMEMBERED_S = 0.4
BUSY_MS = 40.0


class LoopLag:
    """Looks every 25 ms how late its event loop calls it; `close` ends that."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._busy_at = float("-inf")
        self._due = time.monotonic() + EVERY_S
        self._timer = self._loop.call_later(EVERY_S, self._look)

    def is_busy(self) -> bool:
        """Whether the loop was late within the last moments, or is just now."""
        now = time.monotonic()
        return now - self._busy_at < REMEMBERED_S or (now - self._due) * 1000 > BUSY_MS

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = time.monotonic()
        if (now - self._due) * 1000 > BUSY_MS:
            self._busy_at = now
        self._due = now + EVERY_S
        self._timer = self._loop.call_later(EVERY_S, self._look)
