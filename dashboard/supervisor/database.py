"""The private cluster under the supervisor: started, watched, started again after a crash."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from sightline.dashboard.supervisor.guard import Guard
from sightline.sql.cluster import PrivateCluster
from sightline.sql.errors import ClusterError

_LOOK_EVERY_S = 1.0
_LONGEST_PAUSE_S = 30.0


class SupervisedCluster:
    """A private cluster for as long as the supervisor runs."""

    def __init__(self, data_dir: Path, say: Callable[[str], None]) -> None:
        self._cluster = PrivateCluster(data_dir)
        self._guard = Guard(data_dir)
        self._say = say
        self._starting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server while it runs."""
        return self._cluster.pid()

    async def start(self) -> None:
        """Start the server, made first if need be.

        Raises:
            ClusterError: with what PostgreSQL said.
        """
        await self._guard.start()
        await self._start_server()

    async def _start_server(self) -> None:
        # A thread cannot be cancelled: `stop` waits for it, or the server would start after it.
        self._starting = asyncio.create_task(asyncio.to_thread(self._cluster.start))
        await asyncio.shield(self._starting)

    async def watch(self) -> None:
        """Start the server again when it has crashed; leave it alone when somebody stopped it."""
        pause_s = _LOOK_EVERY_S
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._cluster.is_running():
                continue
            if await asyncio.to_thread(self._cluster.was_stopped_cleanly):
                self._say("The database was stopped; waiting until it is started again.")
                while not self._cluster.is_running():  # noqa: ASYNC110 - another program starts it
                    await asyncio.sleep(_LOOK_EVERY_S)
                self._say("The database runs again.")
                continue
            self._say("The database stopped unexpectedly; starting it again.")
            await asyncio.sleep(_LOOK_EVERY_S)  # what is left of it must be gone first
            try:
                await self._start_server()
                self._say("The database runs again.")
                pause_s = _LOOK_EVERY_S
            except ClusterError as error:
                self._say(f"The database does not start: {error} Trying again in {pause_s:.0f} s.")
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop the server, without waiting for its tidying when `hurry` is set."""
        if self._starting is not None:
            # What it failed with has been said by whoever waited for it, or nobody wants it any more.
            await asyncio.gather(self._starting, return_exceptions=True)
        mode = "immediate" if hurry.is_set() else "fast"
        try:
            await asyncio.to_thread(self._cluster.stop, mode=mode, timeout_s=3)
        except ClusterError:
            # it did not end in time; what is committed is safe in any mode
            with contextlib.suppress(ClusterError):
                await asyncio.to_thread(self._cluster.stop, mode="immediate", timeout_s=2)
        await self._guard.dismiss()
