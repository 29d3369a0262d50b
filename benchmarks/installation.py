"""A throw-away installation for a benchmark: a private cluster that is as durable as the product's, and a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sightline.sql import connect, query
from sightline.sql.cluster import PrivateCluster
from sightline.sql.migrate import migrate
from sightline.sql.settings import DatabaseSettings

_STARTS_WITHIN_S = 60.0
_PORTS = range(5_000, 8_000)
"""Below the ephemeral ones."""


@dataclass(frozen=True)
class Installation:
    """A data directory with a running database of the newest schema."""

    cluster: PrivateCluster
    settings: DatabaseSettings


@dataclass(frozen=True)
class Gateway:
    """A gateway process of its own.

    Attributes:
        pid: its process.
        url: ws:// address without a path.
        http_url: http:// address of its other port, without a path.
    """

    pid: int
    url: str
    http_url: str


def free_port() -> int:
    """A TCP port that nobody listens on now, and that no other connection will be given a moment later."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    """An empty database in a new directory, removed afterwards."""
    root = Path(tempfile.mkdtemp(prefix="sightline-bench-"))
    root.chmod(0o755)  # the server runs as another account
    cluster = PrivateCluster(root)
    try:
        cluster.start()
        settings = DatabaseSettings(data_dir=root)
        asyncio.run(migrate(settings))
        asyncio.run(_days(settings))
        yield Installation(cluster, settings)
    finally:
        cluster.stop(mode="immediate")
        shutil.rmtree(root)


async def _days(settings: DatabaseSettings) -> None:
    connection = await connect(settings, "owner")
    try:
        await connection.execute(query("keeper.partitions_ahead"), 2)
    finally:
        await connection.close()


class GatewayProcess:
    """A gateway that can be killed and started again, on the same ports."""

    def __init__(self, place: Installation, **settings: str) -> None:
        """`settings`: further settings, such as ``gateway_flush_ms="250"``."""
        self._port, self._http_port = free_port(), free_port()
        given = {
            "data_dir": str(place.settings.data_dir),
            "gateway_port": str(self._port),
            "gateway_http_port": str(self._http_port),
            "gateway_cot_port": str(free_port()),
            "log_level": "warning",
            **settings,
        }
        self._environment = os.environ | {
            f"SIGHTLINE_{name.upper()}": value for name, value in given.items()
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process; 0 where there is none."""
        return 0 if self._process is None else self._process.pid

    @property
    def url(self) -> str:
        """ws:// address without a path."""
        return f"ws://127.0.0.1:{self._port}"

    @property
    def http_url(self) -> str:
        """http:// address of its other port, without a path."""
        return f"http://127.0.0.1:{self._http_port}"

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "sightline.dashboard.cli", "up", "gateway"]
        self._process = subprocess.Popen(command, env=self._environment)
        if wait:
            wait_until_alive(self._process, self._http_port, "gateway")

    def readiness(self) -> str:
        """What it says of itself, with reasons."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._http_port}/readyz", timeout=5
            ) as answer:
                return str(answer.read(), "utf-8")
        except urllib.error.HTTPError as error:
            return str(error.read(), "utf-8")
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            return repr(error)

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """In an orderly way."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(15)


@contextlib.contextmanager
def gateway(place: Installation, **settings: str) -> Iterator[Gateway]:
    """A gateway on the installation, until the end of the block.

    Args:
        settings: further settings, such as ``gateway_flush_ms="250"``.
    """
    process = GatewayProcess(place, **settings)
    try:
        process.start()
        yield Gateway(process.pid, process.url, process.http_url)
    finally:
        process.stop()


@contextlib.contextmanager
def part(name: str, place: Installation, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a part on the installation, until the end of the block."""
    given = {"data_dir": str(place.settings.data_dir), "log_level": "warning", **settings}
    environment = os.environ | {f"SIGHTLINE_{key.upper()}": value for key, value in given.items()}
    command = [sys.executable, "-m", "sightline.dashboard.cli", "up", name]
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(15)


def wait_until_alive(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    """Wait until a part answers on its HTTP port.

    Raises:
        RuntimeError: it ended, or takes too long.
    """
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError(f"the {name} did not start; its messages stand above")
