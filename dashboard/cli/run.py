"""`demo` and `up`."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Iterable

from sightline.dashboard import libraries
from sightline.dashboard.cli.console import OPTIONS, database_errors, load, stop_writing
from sightline.dashboard.settings import Settings, SettingsError, variable
from sightline.dashboard.supervisor.data_directory import DataDirectory, with_internal_secret
from sightline.dashboard.supervisor.demo import DemoSupervisor, choose_demo
from sightline.dashboard.supervisor.errors import DataDirectoryError
from sightline.dashboard.supervisor.part import run_part
from sightline.dashboard.supervisor.parts import DEMO_PARTS, UP_PARTS, Part, part_named
from sightline.dashboard.supervisor.ports import check_ports
from sightline.dashboard.supervisor.run import Supervisor
from sightline.sql import connect, query
from sightline.sql.connect import Role, database_url
from sightline.sql.errors import ClusterError

_INTERRUPTED = 130
_NEEDS_DATABASE: dict[str, Role] = {"dashboard": "dashboard", "keeper": "keeper"}
"""Parts that end without a database, and their roles; the others wait for it."""


def say(line: str) -> None:
    """One line of progress; a terminal that has gone away stops nothing."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        stop_writing()


def check_ports_are_set(parts: Iterable[Part], settings: Settings) -> None:
    """Parts that run together find each other by their ports, which the system must not choose.

    Raises:
        SettingsError: one is 0.
    """
    for part in parts:
        for name, _ in part.settings_ports:
            if getattr(settings, name) == 0 and name not in part.optional_ports:
                given = f"{OPTIONS[name]} or " if name in OPTIONS else ""
                raise SettingsError(
                    f"{given}{variable(name)} is 0, but it must be a whole number from 1 to 65535:"
                    f" the other parts could not find the {part.title}."
                )


def demo(options: Namespace) -> int:
    """Everything on this machine with an invented force."""
    settings = with_internal_secret(
        load(
            options,
            fleet_cameras=options.cameras,
            fleet_seed=options.seed,
            host=options.host,
            dashboard_port=options.port,
        )
    )
    directory = DataDirectory(settings.data_dir)
    with directory.locked():
        chosen = choose_demo(directory.demo(), directory.has_database(), directory, settings)
        check_ports_are_set(DEMO_PARTS, settings)
        check_ports(DEMO_PARTS, settings)
        say(f"Sightline demo: {chosen.cameras} cameras, data in {directory.path}")
        if settings.database_url:
            say("  SIGHTLINE_DATABASE_URL is not used: a demo has a database of its own")
        libraries.install()
        supervisor = DemoSupervisor(settings, chosen, say)
        return _ended(asyncio.run(_run_demo(supervisor)))


async def _run_demo(supervisor: DemoSupervisor) -> bool:
    await supervisor.discard_unfinished()
    return await supervisor.run()


def _ended(was_ready: bool) -> int:
    """To be stopped is the normal end of what was ready, and an interruption before."""
    return 0 if was_ready else _INTERRUPTED


def up(options: Namespace) -> int:
    """All parts for real use, or one of them in the foreground."""
    settings = with_internal_secret(load(options))
    if options.part:
        return _up_part(part_named(options.part), settings)
    directory = DataDirectory(settings.data_dir)
    with directory.locked():
        if settings.database_url is None and directory.demo():
            raise DataDirectoryError(
                f"The data directory {directory.path} holds a demo, with invented people:"
                " choose another for real use with --data-dir or SIGHTLINE_DATA_DIR."
            )
        check_ports_are_set(UP_PARTS, settings)
        check_ports(UP_PARTS, settings)
        say(f"Sightline: data in {directory.path}")
        libraries.install()
        return _ended(asyncio.run(Supervisor(settings, UP_PARTS, say).run()))


def _up_part(part: Part, settings: Settings) -> int:
    """One part in the foreground; what would keep it from running is said before it starts."""
    check_ports([part], settings)
    database_url(settings, "owner")
    if part.name in _NEEDS_DATABASE:
        with database_errors(settings):
            asyncio.run(_meet_database(settings, _NEEDS_DATABASE[part.name]))
    if part.name == "dashboard":
        libraries.install()
    return run_part(part, settings)


async def _meet_database(settings: Settings, role: Role) -> None:
    connection = await connect(settings, role)
    try:
        if not await connection.fetchval(query("supervisor.has_schema")):
            raise ClusterError("The database has no schema: run 'sightline migrate' first.")
    finally:
        await connection.close()
