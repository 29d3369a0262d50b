"""`demo` and `up`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from argparse import Namespace

from sightline.dashboard import libraries
from sightline.dashboard.cli.console import load
from sightline.dashboard.supervisor.data_directory import DataDirectory, with_internal_secret
from sightline.dashboard.supervisor.demo import DemoSupervisor, choose_demo
from sightline.dashboard.supervisor.errors import DataDirectoryError
from sightline.dashboard.supervisor.part import run_part
from sightline.dashboard.supervisor.parts import DEMO_PARTS, UP_PARTS, part_named
from sightline.dashboard.supervisor.ports import check_ports
from sightline.dashboard.supervisor.run import Supervisor


def say(line: str) -> None:
    """One line of progress; a terminal that has gone away stops nothing."""
    with contextlib.suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


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
        check_ports(DEMO_PARTS, settings)
        say(f"Sightline demo: {chosen.cameras} cameras, data in {directory.path}")
        if settings.database_url:
            say("  SIGHTLINE_DATABASE_URL is not used: a demo has a database of its own")
        libraries.install()
        supervisor = DemoSupervisor(settings, chosen, say)
        asyncio.run(_run_demo(supervisor))
    return 0


async def _run_demo(supervisor: DemoSupervisor) -> None:
    await supervisor.discard_unfinished()
    await supervisor.run()


def up(options: Namespace) -> int:
    """All parts for real use, or one of them in the foreground."""
    settings = with_internal_secret(load(options))
    if options.part:
        if options.part == "dashboard":
            libraries.install()
        return run_part(part_named(options.part), settings)
    directory = DataDirectory(settings.data_dir)
    with directory.locked():
        if settings.database_url is None and directory.demo():
            raise DataDirectoryError(
                f"The data directory {directory.path} holds a demo, with invented people:"
                " choose another for real use with --data-dir or SIGHTLINE_DATA_DIR."
            )
        check_ports(UP_PARTS, settings)
        say(f"Sightline: data in {directory.path}")
        libraries.install()
        asyncio.run(Supervisor(settings, UP_PARTS, say).run())
    return 0
