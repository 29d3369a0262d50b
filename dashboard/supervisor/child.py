"""One part's process, seen from the supervisor: start, readiness, end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from sightline.dashboard.settings import FILE_VARIABLE, PREFIX, Settings, variable
from sightline.dashboard.supervisor.errors import PartFailedError
from sightline.dashboard.supervisor.parts import Part

_LOG_LIMIT_BYTES = 10_000_000


def child_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a part: every setting as resolved here, and no file to add to them."""
    kept = {name: value for name, value in environment.items() if not name.startswith(PREFIX)}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if value is not None:
            kept[variable(name)] = str(value)
    kept[FILE_VARIABLE] = os.devnull
    return kept


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}"


class Child:
    """A part's process, in a session of its own so that the terminal's Ctrl-C passes it by."""

    def __init__(self, part: Part, settings: Settings, logs: Path) -> None:
        self.part = part
        self.settings = settings
        self.log = logs / f"{part.name}.log"
        self.restarts = 0
        self.restarted_time: float | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    async def start(self) -> None:
        """Start the process; its output is appended to the part's log."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sightline.dashboard.supervisor.part",
                self.part.name,
                str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=child_environment(self.settings, os.environ),
                start_new_session=True,
            )

    async def wait(self) -> int:
        """Wait until the process has ended; returns its exit code (negative: the signal)."""
        assert self._process is not None
        return await self._process.wait()

    async def wait_ready(self, timeout_s: float) -> None:
        """Wait until the part can do its work.

        Raises:
            PartFailedError: it ended, or was not ready in time; with the log's last lines.
        """
        url = self.part.ready_url(self.settings)
        try:
            async with asyncio.timeout(timeout_s):
                while self.pid is not None:
                    if url is None or await is_ready(url, self.settings):
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise self._failed(f"was not ready within {timeout_s:.0f} s") from None
        raise self._failed(f"did not start ({how_it_ended(await self.wait())})")

    def _failed(self, what: str) -> PartFailedError:
        last = self.log.read_text(errors="replace").splitlines()[-12:]
        return PartFailedError(
            "\n    ".join([f"The {self.part.title} {what}; {self.log} ends:", *last])
        )

    async def stop(self, hurry: asyncio.Event, within_s: float) -> bool:
        """End the process: asked first, killed after `within_s` or when `hurry` is set.

        Returns whether it ended by itself.
        """
        if self._process is None:
            return True
        if self.pid is None:
            self._kill_group()  # what it may have started itself
            return True
        self._process.terminate()
        waits = {asyncio.create_task(self.wait()), asyncio.create_task(hurry.wait())}
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        in_time = self.pid is None
        self._kill_group()
        await self.wait()
        return in_time

    def _kill_group(self) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def is_ready(url: str, settings: Settings) -> bool:
    """Whether `url` answers 200 within a second."""
    headers = {}
    if "/internal/" in url and settings.internal_secret is not None:
        headers["Authorization"] = f"Bearer {settings.internal_secret.get_secret_value()}"
    timeout = aiohttp.ClientTimeout(total=1)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers=headers) as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
