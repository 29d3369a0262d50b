"""The supervisor: database, schema, parts in order; watches them; stops them in order.

Raises the errors of `sightline.dashboard.supervisor.errors` and `sightline.sql.errors` while
starting; once everything runs, whatever fails is started again and said.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence

import asyncpg

from sightline.dashboard.settings import Settings
from sightline.dashboard.supervisor.child import Child, how_it_ended
from sightline.dashboard.supervisor.data_directory import DataDirectory
from sightline.dashboard.supervisor.database import SupervisedCluster
from sightline.dashboard.supervisor.errors import PartFailedError, SupervisorError
from sightline.dashboard.supervisor.parts import KEEPER, STOP_WAVES, Part
from sightline.dashboard.supervisor.process import process_start
from sightline.sql import connect, query
from sightline.sql.migrate import migrate

_READY_WITHIN_S = 60.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STEADY_AFTER_S = 60.0
"""A part that has run this long before it fails is started again without a longer pause."""

_PARTS_STOP_WITHIN_S = 7.0
"""All parts end within this; the database has the rest of the 10 s that a shutdown may take."""
_LEAST_STOP_S = 1.5
"""What is kept of that for each wave that still waits for its turn."""

Say = Callable[[str], None]


def restart_pause_s(previous_s: float, ran_s: float) -> float:
    """Seconds to wait before a part is started again: longer each time it fails soon again."""
    if previous_s == 0 or ran_s >= _STEADY_AFTER_S:
        return _FIRST_PAUSE_S
    return min(previous_s * 2, _LONGEST_PAUSE_S)


class Supervisor:
    """Runs the parts until SIGINT or SIGTERM.

    Subclasses (the demo) add what happens between the schema and the parts.
    """

    def __init__(self, settings: Settings, parts: Sequence[Part], say: Say) -> None:
        self.settings = settings
        self.say = say
        self.directory = DataDirectory(settings.data_dir)
        self._parts = parts
        self._children: dict[str, Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._cluster: SupervisedCluster | None = None
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._began = time.time()
        self._ready = False

    async def run(self) -> bool:
        """Start everything, stay until asked to stop, stop everything; returns whether it was ready before."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started with nohup
            loop.add_signal_handler(number, self._asked_to_stop)
        asked = asyncio.create_task(self._stop.wait())
        starting = asyncio.create_task(self._start())
        try:
            await asyncio.wait({asked, starting}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return False
            await starting
            await self._announce()
            await asked
            return True
        finally:
            asked.cancel()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await self._stop_all()

    async def prepare(self) -> None:
        """What has to happen once the schema is there and before the parts start."""

    async def settle(self) -> None:
        """What to wait for once all parts are ready."""

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
            return
        self.say("Stopping (once more to hurry).")
        self._stop.set()

    async def _start(self) -> None:
        if self.settings.database_url is None:
            verb = "Starting" if self.directory.has_database() else "Making"
            await self._timed(f"{verb} the database", self._start_cluster())
        try:
            applied = await migrate(self.settings)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise SupervisorError(
                f"The schema in the database of {self.settings.database_place} cannot be brought up to date:"
                f" {str(error) or 'it does not answer'}."
            ) from error
        if applied:
            self.say(f"  schema: {len(applied)} migrations applied, now at {applied[-1]}")
        await self.prepare()
        for wave in (False, True):
            await self._start_together([p for p in self._parts if p.needs_the_others is wave])
        await self._keeper_connected()
        await self.settle()

    async def _keeper_connected(self) -> None:
        """Wait for the keeper: it answers nobody, so only the database can tell that it has begun.

        Raises:
            PartFailedError: it has not in time; its log says why.
        """
        connection = await connect(self.settings, "owner")
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                while await connection.fetchval(query("supervisor.keeper_silent")) is None:  # noqa: ASYNC110 - in another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise PartFailedError(
                f"The keeper was not at work within {_READY_WITHIN_S:.0f} s;"
                f" its log is {self._children[KEEPER.name].log}."
            ) from None
        finally:
            await connection.close()

    async def _start_together(self, parts: Sequence[Part]) -> None:
        """Start parts at once; the first that fails stops the others' waiting."""
        try:
            async with asyncio.TaskGroup() as starting:
                for part in parts:
                    child = Child(part, self.settings, self.directory.logs)
                    self._children[part.name] = child
                    work = self._timed(f"Starting the {part.title}", self._start_child(child))
                    starting.create_task(work)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _start_cluster(self) -> None:
        self._cluster = SupervisedCluster(self.settings.data_dir, self.say)
        await self._cluster.start()
        self._tasks.append(asyncio.create_task(self._cluster.watch()))

    async def _start_child(self, child: Child) -> None:
        await child.start()
        await child.wait_ready(_READY_WITHIN_S)
        self._tasks.append(asyncio.create_task(self._keep(child)))

    async def _timed(self, what: str, work: Awaitable[None]) -> None:
        began = time.monotonic()
        await work
        self.say(f"  {what}: {time.monotonic() - began:.1f} s")

    async def _announce(self) -> None:
        self._ready = True
        self._write_state()
        self.say(f"ready: {self.settings.local_base(self.settings.dashboard_port)}")

    async def _keep(self, child: Child) -> None:
        """Start a part again whenever it ends."""
        pause_s = 0.0
        while True:
            began = time.monotonic()
            code = await child.wait()
            pause_s = restart_pause_s(pause_s, time.monotonic() - began)
            self.say(
                f"The {child.part.title} stopped unexpectedly ({how_it_ended(code)});"
                f" starting it again in {pause_s:g} s. Its log is {child.log}."
            )
            child.restarts += 1
            child.restarted_time = time.time()
            self._write_state()
            await asyncio.sleep(pause_s)
            await child.start()
            self._write_state()

    def _write_state(self) -> None:
        """Tell `status` what runs."""
        if not self._ready:
            return
        self.directory.write_run_state(
            {
                "pid": os.getpid(),
                "pid_start": process_start(os.getpid()),
                "began": self._began,
                "demo": self.settings.demo,
                "url": self.settings.local_base(self.settings.dashboard_port),
                "settings": {
                    name: getattr(self.settings, name)
                    for name in (
                        "host",
                        *(p for part in self._parts for p, _ in part.settings_ports),
                    )
                },
                "parts": {
                    name: {
                        "pid": child.pid,
                        "restarts": child.restarts,
                        "restarted_time": child.restarted_time,
                    }
                    for name, child in self._children.items()
                },
            }
        )

    async def _stop_all(self) -> None:
        """Sources first, the database last; all within 10 s."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        deadline = time.monotonic() + _PARTS_STOP_WITHIN_S
        for later, wave in zip(reversed(range(len(STOP_WAVES))), STOP_WAVES, strict=True):
            within_s = max(deadline - time.monotonic() - later * _LEAST_STOP_S, _LEAST_STOP_S)
            children = [self._children[part.name] for part in wave if part.name in self._children]
            in_time = await asyncio.gather(
                *(child.stop(self._hurry, within_s) for child in children)
            )
            for child in (c for c, ended in zip(children, in_time, strict=True) if not ended):
                self.say(f"  the {child.part.title} did not end in time and was killed")
        if self._cluster is not None:
            await self._cluster.stop(self._hurry)
        self.say("Stopped.")
