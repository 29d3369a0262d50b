"""The whole product, as a user starts it: one demo for all tests of this folder."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
CAMERAS = 60
_READY_WITHIN_S = 240


@dataclass
class Demo:
    """A demo that runs.

    Attributes:
        url: base URL of the dashboard.
        data_dir: its data directory.
        environment: with which further commands find it.
        gateway: base URL of the camera WebSocket.
        gateway_http: base URL of the gateway's HTTP.
        process: the supervisor.
        reader: takes what it prints.
        clients: of everybody who signed in; closed at the end.
    """

    url: str
    data_dir: Path
    environment: dict[str, str]
    gateway: str
    gateway_http: str
    process: subprocess.Popen[str]
    reader: threading.Thread
    clients: list[httpx.Client] = field(default_factory=list)

    def command(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `sightline ARGUMENTS` against this demo."""
        return subprocess.run(
            [sys.executable, "-m", "sightline.dashboard.cli", *arguments],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def made(self, *arguments: str) -> dict[str, str]:
        """Run a command that makes something; what it printed."""
        done = self.command(*arguments)
        assert done.returncode == 0, done.stderr
        printed: dict[str, str] = json.loads(done.stdout)
        return printed

    def password(self, role: str) -> str:
        users = json.loads((self.data_dir / "demo-credentials.json").read_text())["users"]
        return str(users[role])

    def sign_in(self, role: str) -> Person:
        """Sign in through the API as the demo user of this role."""
        client = httpx.Client(base_url=self.url, timeout=20)
        answer = client.post(
            "/api/session", json={"username": role, "password": self.password(role)}
        )
        assert answer.status_code in (200, 201), answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        self.clients.append(client)
        return Person(role, client)

    def urls(self) -> dict[str, str]:
        """The database's URLs by role."""
        found: dict[str, str] = json.loads((self.data_dir / "database.json").read_text())
        return found


@dataclass
class Person:
    """Somebody signed in over the API."""

    role: str
    client: httpx.Client

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, expect: int = 200) -> Any:
        answer = self.client.post(path, json=body if body is not None else {})
        assert answer.status_code == expect, (path, answer.status_code, answer.text)
        return answer.json()

    def cameras(self, recording: str) -> list[dict[str, Any]]:
        """Properties of the live cameras in this recording state."""
        found = self.get("/api/cameras", recording=recording)["features"]
        return [feature["properties"] for feature in found]


def start_demo(data_dir: Path, cameras: int = CAMERAS) -> Demo:
    """Start a demo on free ports and wait until it says that it is ready."""
    ports = {
        name: free_port()
        for name in ("DASHBOARD", "GATEWAY", "GATEWAY_HTTP", "GATEWAY_COT", "MEDIA_INTERNAL")
    }
    ports["MEDIA"] = free_port(socket.SOCK_DGRAM)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_")},
        **{f"SIGHTLINE_{name}_PORT": str(port) for name, port in ports.items()},
        "SIGHTLINE_DATA_DIR": str(data_dir),
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "sightline.dashboard.cli", "demo", "--cameras", str(cameras)],
        env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    stdout = process.stdout
    reader = threading.Thread(target=lambda: [lines.put(line) for line in stdout], daemon=True)
    reader.start()
    printed: list[str] = []
    deadline = time.monotonic() + _READY_WITHIN_S
    while not any(line.startswith("ready: ") for line in printed):
        left = deadline - time.monotonic()
        told = "the demo did not start:\n" + "".join(printed)
        assert left > 0, told
        assert process.poll() is None, told
        with contextlib.suppress(queue.Empty):
            printed.append(lines.get(timeout=1))
    url = next(line for line in printed if line.startswith("ready: ")).split(" ", 1)[1].strip()
    return Demo(
        url, data_dir, environment, f"ws://127.0.0.1:{ports['GATEWAY']}",
        f"http://127.0.0.1:{ports['GATEWAY_HTTP']}", process,
        reader,
    )  # fmt: skip


def stop_demo(demo: Demo) -> list[str]:
    """End a demo as Ctrl-C does. Returns the command lines of whatever is left of it after 10 s."""
    family = [
        demo.process.pid,
        *(p.pid for p in psutil.Process(demo.process.pid).children(recursive=True)),
    ]
    postmaster = demo.data_dir / "postgres" / "postmaster.pid"
    if postmaster.exists():
        family.append(int(postmaster.read_text().splitlines()[0]))
    for client in demo.clients:
        client.close()
    demo.process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        demo.process.wait(timeout=10)
        demo.reader.join(timeout=5)
        if demo.process.stdout:
            demo.process.stdout.close()
    left = []
    for pid in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                left.append(" ".join(process.cmdline()))
    return left


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    """The demo that all tests of this folder share."""
    directory = Path(tempfile.mkdtemp(prefix="sightline-demo-"))
    directory.chmod(0o755)
    running = start_demo(directory / "data")
    try:
        yield running
    finally:
        left = stop_demo(running)
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        shutil.rmtree(directory, ignore_errors=True)
    assert left == [], "Ctrl-C left processes behind"
