"""The process of one part: `python -m sightline.dashboard.supervisor.part NAME SUPERVISOR_PID`.

`up NAME` runs the same code without a supervisor.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable

import asyncpg

from sightline.dashboard.settings import Settings, SettingsError, load_settings
from sightline.dashboard.supervisor.data_directory import with_internal_secret
from sightline.dashboard.supervisor.parts import Part, part_named
from sightline.ingest.errors import IngestError
from sightline.sql.errors import DatabaseError

logger = logging.getLogger("sightline.part")  # the module itself is __main__ here

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_HARD_STOP_S = 9.0
"""After this long a part that was asked to end ends in any case."""

Run = Callable[[Settings, asyncio.Event], Awaitable[None]]


def die_with(supervisor_pid: int) -> None:
    """Have the kernel end this process when the supervisor dies, even by SIGKILL.

    Raises:
        OSError: the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != supervisor_pid:  # it died before the request was made
        sys.exit(1)


def run_part(part: Part, settings: Settings) -> int:
    """Run a part until SIGINT or SIGTERM; returns the exit code."""
    configure_logging(settings.log_level)
    allow_many_files()
    settings = with_internal_secret(settings)
    try:
        with asyncio.Runner(loop_factory=_loop_factory(part)) as runner:
            runner.run(_until_stopped(part, settings))
    except (DatabaseError, IngestError, OSError) as error:
        logger.critical("%s cannot run: %s", part.name, error)
        return 1
    except BaseExceptionGroup as group:
        logger.critical("%s cannot run: %s", part.name, _first(group), exc_info=_unknown(group))
        return 1
    except SystemExit as ended:  # a web server that has told its log why it cannot start
        logger.critical("%s cannot run: see above", part.name)
        return int(ended.code or 0) or 1
    return 0


def _first(error: BaseException) -> BaseException:
    """What began it, of errors that came together."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _unknown(group: BaseExceptionGroup) -> BaseException | None:
    """The group, with its traceback, where something in it is a fault of ours."""
    _, others = group.split((DatabaseError, IngestError, OSError, asyncpg.PostgresError))
    return others


def configure_logging(level: str) -> None:
    """One line an event on standard error, times in UTC."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )


def allow_many_files() -> None:
    """Raise the limit of open files to what this user may have: one socket a camera."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _loop_factory(part: Part) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if not part.uvloop:
        return None
    import uvloop

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _until_stopped(part: Part, settings: Settings) -> None:
    module, _, function = part.runs.partition(":")
    run: Run = getattr(importlib.import_module(module), function)
    stop = asyncio.Event()

    def asked_to_stop() -> None:
        if not stop.is_set():
            logger.info("%s is asked to stop", part.name)
            watchdog = threading.Timer(_HARD_STOP_S, os._exit, args=(3,))
            watchdog.daemon = True
            watchdog.start()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop)
    logger.info("%s starts (process %d)", part.name, os.getpid())
    await run(settings, stop)
    logger.info("%s has stopped", part.name)


def main(name: str, supervisor_pid: int) -> int:
    """Run the part `name` under a supervisor; settings come from the environment."""
    die_with(supervisor_pid)
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return run_part(part_named(name), settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
