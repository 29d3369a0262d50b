"""Stops the private cluster when the supervisor dies without having done so itself.

PostgreSQL is no child of the supervisor (`pg_ctl` starts it, as another user when started by
root), so the kernel cannot be asked to end it. This small process holds the reading end of a pipe:
when the writing end closes without a farewell, the supervisor is gone.

`python -m sightline.dashboard.supervisor.guard DATA_DIR`
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sightline.sql.cluster import PrivateCluster

FAREWELL = b"stopped"


class Guard:
    """The guard's process, seen from the supervisor."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start guarding."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            str(self._data_dir),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def dismiss(self) -> None:
        """The cluster has been stopped: there is nothing to guard any more."""
        if self._process is not None and self._process.returncode is None:
            await self._process.communicate(FAREWELL)


def main(data_dir: Path) -> None:
    """Wait for the end of the supervisor, and stop the cluster if it did not say farewell."""
    said = b""
    while piece := os.read(sys.stdin.fileno(), 64):
        said += piece
    if said != FAREWELL:
        PrivateCluster(data_dir).stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
