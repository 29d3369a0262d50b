"""Fills a demo's empty database: the demo users, then the invented force and its history.

A process of its own (`python -m sightline.dashboard.supervisor.seed SUPERVISOR_PID`), so that it
can be stopped at any moment; a database that was left half filled is made anew next time. Each
line it prints is a line of the demo's progress.
"""

from __future__ import annotations

import asyncio
import sys
import time

from sightline.dashboard.settings import Settings, load_settings
from sightline.dashboard.supervisor.data_directory import DataDirectory
from sightline.dashboard.supervisor.part import configure_logging, die_with
from sightline.sql import accounts, connect

DEMO_USERS = {
    "fim": "Frances Imrie (Oscar 1)",
    "negco": "Nell Coburn",
    "commander": "Callum Mander",
    "supervisor": "Sunita Visor",
    "planner": "Piers Lanner",
    "coordinator": "Cora Dinnet",
    "auditor": "Audrey Torrance",
    "admin": "Adam Minn",
    "officer": "Olive Fisher",
}
"""Username, which is the role's name too → the name on screen."""


async def ensure_demo_users(settings: Settings) -> None:
    """Make the demo users, and passwords for those whose password nobody knows any more."""
    directory = DataDirectory(settings.data_dir)
    passwords = directory.credentials()
    connection = await connect(settings, "owner")
    try:
        present = {row["username"] for row in await accounts.list_users(connection)}
        for name, display_name in DEMO_USERS.items():
            if name not in present:
                made = await accounts.add_user(
                    connection, name, name, display_name=display_name, actor="system:demo"
                )
            elif name not in passwords:
                made = await accounts.set_password(connection, name, actor="system:demo")
            else:
                continue
            passwords[name] = made.password
    finally:
        await connection.close()
    directory.write_credentials(passwords)


class Progress:
    """Prints what is being done, at most one line a second for the same thing."""

    def __init__(self) -> None:
        self._what = ""
        self._printed = 0.0

    def __call__(self, what: str, share: float) -> None:
        """Tell that `share` (0 to 1) of `what` is done."""
        now = time.monotonic()
        if what == self._what and share < 1 and now - self._printed < 1:
            return
        self._what, self._printed = what, now
        sys.stdout.write(f"  {what}: {share:.0%}\n")
        sys.stdout.flush()


async def seed(settings: Settings) -> None:
    """Fill the database unless the demo in the data directory is complete already."""
    from sightline.ingest.fleet.seed import seed_demo

    await ensure_demo_users(settings)
    demo = DataDirectory(settings.data_dir).demo()
    if demo is None or not demo.complete:
        await seed_demo(
            settings,
            cameras=settings.fleet_cameras,
            seed=settings.fleet_seed,
            progress=Progress(),
        )


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    _settings = load_settings()
    configure_logging(_settings.log_level)
    asyncio.run(seed(_settings))
