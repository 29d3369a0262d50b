"""The demo: everything on this machine, with an invented force in a database of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from dataclasses import replace

from sightline.dashboard.settings import Settings, SettingsError
from sightline.dashboard.supervisor.child import child_environment
from sightline.dashboard.supervisor.data_directory import DataDirectory, Demo
from sightline.dashboard.supervisor.errors import DataDirectoryError, PartFailedError
from sightline.dashboard.supervisor.parts import DEMO_PARTS
from sightline.dashboard.supervisor.run import Say, Supervisor
from sightline.sql import connect, query
from sightline.sql.cluster import PrivateCluster

_CONNECTED_WITHIN_S = 30.0


def choose_demo(
    present: Demo | None, has_database: bool, directory: DataDirectory, settings: Settings
) -> Demo:
    """The demo to run: the one in the directory, else a new one as the settings say.

    `settings` count only where they were set by somebody. Pure but for the path in messages.

    Raises:
        DataDirectoryError: the directory holds real data.
        SettingsError: it holds a demo of another size or seed.
    """
    if present is None:
        if has_database:
            raise DataDirectoryError(
                f"The data directory {directory.path} holds a database that is not a demo's,"
                " or something else in postgres/, and a demo never touches that:"
                " choose another for the demo with --data-dir or SIGHTLINE_DATA_DIR."
            )
        return Demo(seed=settings.fleet_seed, cameras=settings.fleet_cameras)
    if not present.complete:
        return Demo(seed=settings.fleet_seed, cameras=settings.fleet_cameras)
    for option, setting, value in (
        ("--cameras", "fleet_cameras", present.cameras),
        ("--seed", "fleet_seed", present.seed),
    ):
        wanted = getattr(settings, setting)
        if setting in settings.model_fields_set and wanted != value:
            raise SettingsError(
                f"{option} is {wanted}, but the demo in {directory.path} was made with {value}:"
                f" leave {option} out to use it, or choose another --data-dir for a new one."
            )
    return present


class DemoSupervisor(Supervisor):
    """Adds the invented force to the supervisor."""

    def __init__(self, settings: Settings, demo: Demo, say: Say) -> None:
        settings = settings.model_copy(
            update={
                "demo": True,
                "database_url": None,  # never mix invented people into somebody's database
                "fleet_cameras": demo.cameras,
                "fleet_seed": demo.seed,
            }
        )
        super().__init__(settings, DEMO_PARTS, say)
        self._demo = demo

    async def discard_unfinished(self) -> None:
        """Remove a database whose filling was interrupted, and mark the directory as a demo's."""
        cluster = PrivateCluster(self.settings.data_dir)
        before = self.directory.demo()
        # Only what an earlier demo marked as its own and unfinished; anything else may be a force's.
        if before is not None and not before.complete and cluster.directory.exists():
            self.say("  the last set-up of this demo was interrupted; starting afresh")
            await asyncio.to_thread(cluster.stop, mode="immediate")
            await asyncio.to_thread(shutil.rmtree, cluster.directory)
            cluster.secrets_file.unlink(missing_ok=True)
            self.directory.credentials_file.unlink(missing_ok=True)
        elif not self._demo.complete and self.directory.has_database():
            raise DataDirectoryError(
                f"{cluster.directory} holds something that no demo made: choose another data directory"
                " for the demo with --data-dir or SIGHTLINE_DATA_DIR."
            )
        self.directory.write_demo(self._demo)

    async def prepare(self) -> None:
        """Fill the database if it is new."""
        if self._demo.complete and self.directory.credentials():
            return
        await self._seed()
        self._demo = replace(self._demo, complete=True)
        self.directory.write_demo(self._demo)

    async def _seed(self) -> None:
        log_file = self.directory.logs / "seed.log"
        with log_file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sightline.dashboard.supervisor.seed",
                str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=child_environment(self.settings, os.environ),
                start_new_session=True,
            )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                self.say(line.decode().rstrip())
            code = await process.wait()
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if code != 0:
            last = log_file.read_text(errors="replace").splitlines()[-12:]
            raise PartFailedError("\n    ".join(["The invented force could not be made:", *last]))

    async def settle(self) -> None:
        """Wait until the simulated cameras are connected."""
        # With it comes numpy, which the supervisor needs for nothing else.
        from sightline.ingest.fleet.files import FleetFiles

        fleet = FleetFiles(self.settings.data_dir).cameras()
        connection = await connect(self.settings, "owner")
        try:
            wanted = round(0.95 * self._demo.cameras)
            connected = 0
            for _ in range(int(_CONNECTED_WITHIN_S / 0.25)):
                connected = await connection.fetchval(query("supervisor.connected_cameras"), fleet)
                if connected >= wanted:
                    break
                await asyncio.sleep(0.25)
        finally:
            await connection.close()
        self.say(f"  {connected} of {self._demo.cameras} cameras are connected")
