"""`up` for real: all parts on a cluster of their own, started, killed, and stopped."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.ports import free_port

READY_WITHIN_S = 120
PORTS = {
    "DASHBOARD_PORT": socket.SOCK_STREAM,
    "GATEWAY_PORT": socket.SOCK_STREAM,
    "GATEWAY_HTTP_PORT": socket.SOCK_STREAM,
    "GATEWAY_COT_PORT": socket.SOCK_STREAM,
    "MEDIA_INTERNAL_PORT": socket.SOCK_STREAM,
    "MEDIA_PORT": socket.SOCK_DGRAM,
}


def free_ports() -> dict[str, str]:
    """Ports that nobody has, as settings."""
    return {f"SIGHTLINE_{name}": str(free_port(kind)) for name, kind in PORTS.items()}


class Up:
    """A supervisor in a process of its own, and what it says."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")
        } | free_ports()
        self.said = data_dir / "said"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.begin()
        self.wait_for(lambda: "ready: " in self.said.read_text(), READY_WITHIN_S)

    def begin(self) -> None:
        """Start it without waiting."""
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sightline.dashboard.cli", "up",
                 "--data-dir", self.data_dir],
                env=self.environment, stdout=said, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def wait_for(
        self, condition: Callable[[], bool], within_s: float, pause_s: float = 0.1
    ) -> None:
        """Wait for something, as long as the supervisor may take for it."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, self.said.read_text()
            assert self.process.poll() is None or "Stopp" in self.said.read_text(), (
                self.said.read_text()
            )
            time.sleep(pause_s)

    def wait_for_status(self, condition: Callable[[], bool]) -> None:
        """Wait for something that `status` says; to ask costs a second of a processor."""
        self.wait_for(condition, within_s=60, pause_s=1)

    def status(self) -> dict[str, Any]:
        """What `status --json` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "sightline.dashboard.cli", "status", "--json",
             "--data-dir", self.data_dir],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(done.stdout)
        assert (done.returncode == 0) is found["ok"]
        return found

    def part(self, name: str) -> dict[str, Any]:
        """One part's status."""
        return next(part for part in self.status()["parts"] if part["name"] == name)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this data directory, the database included."""
        found = []
        for process in psutil.process_iter(["cmdline", "environ", "status"]):
            if process.info["status"] == psutil.STATUS_ZOMBIE:
                continue
            environment = process.info["environ"] or {}
            if (
                str(self.data_dir) in (process.info["cmdline"] or [])
                or f"{self.data_dir}/postgres" in (process.info["cmdline"] or [])
                or environment.get("SIGHTLINE_DATA_DIR") == str(self.data_dir)
            ):
                found.append(process)
        return found

    def end(self) -> None:
        """Leave nothing behind, whatever a test did."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()


@pytest.fixture
def fresh() -> Iterator[Up]:
    """Not started yet, with an empty data directory."""
    data_dir = Path(tempfile.mkdtemp(prefix="sightline-up-"))
    data_dir.chmod(0o755)  # root's database runs as another user, who must get there
    made = Up(data_dir)
    try:
        yield made
    finally:
        made.end()
        shutil.rmtree(data_dir)


@pytest.fixture
def up(fresh: Up) -> Up:
    """Ready."""
    fresh.start()
    return fresh


def test_it_is_ready_well_watched_and_stops_without_leaving_anything(up: Up) -> None:
    said = up.said.read_text().splitlines()
    assert [line for line in said if line.startswith("ready: ")] == [said[-1]]
    assert said[-1].endswith(up.environment["SIGHTLINE_DASHBOARD_PORT"])
    assert up.status()["keeper_silent_s"] is not None
    up.wait_for_status(lambda: up.status()["ok"])

    # a keeper that stands still is noticed, though its process is there
    keeper = psutil.Process(up.part("keeper")["pid"])
    keeper.suspend()
    up.wait_for_status(lambda: up.status()["keeper_silent_s"] > 5)
    keeper.resume()
    up.wait_for_status(lambda: up.status()["keeper_silent_s"] < 5)

    # a part that is killed comes back, and it is said
    before = up.part("gateway")
    psutil.Process(before["pid"]).kill()
    up.wait_for_status(lambda: up.part("gateway")["restarts"] == 1)
    up.wait_for_status(lambda: up.part("gateway")["ready"])
    assert any("started again" in problem for problem in up.status()["problems"])
    assert up.part("gateway")["pid"] != before["pid"]
    assert "The gateway stopped unexpectedly (killed by SIGKILL)" in up.said.read_text()

    # so does the database
    pid = int((up.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    psutil.Process(pid).kill()
    up.wait_for(lambda: "The database runs again." in up.said.read_text(), within_s=60)
    up.wait_for_status(lambda: up.status()["database"] == "ok")
    up.wait_for_status(lambda: all(part["ready"] for part in up.status()["parts"]))

    # a second one on the same data is refused
    second = subprocess.run(
        [sys.executable, "-m", "sightline.dashboard.cli", "up", "--data-dir", up.data_dir],
        env=up.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert "is in use by another Sightline" in second.stderr

    # and Ctrl-C ends everything
    began = time.monotonic()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=15) == 0
    assert time.monotonic() - began < 10
    assert up.processes() == []
    assert up.said.read_text().endswith("Stopped.\n")
    assert "killed" not in up.said.read_text().split("Stopping")[1]


def test_nothing_outlives_a_supervisor_that_is_killed(up: Up) -> None:
    up.process.kill()
    up.process.wait()
    deadline = time.monotonic() + 15
    while up.processes() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert up.processes() == []


@pytest.mark.parametrize("place", ["postgres.new-*", "postgres"])
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_stopped_while_the_database_is_being_made_it_leaves_nothing(
    fresh: Up, place: str, by: signal.Signals
) -> None:
    fresh.begin()
    fresh.wait_for(lambda: any(fresh.data_dir.glob(place)), within_s=60)
    os.killpg(fresh.process.pid, by)  # all of the terminal's processes, as Ctrl-C does
    assert fresh.process.wait(timeout=60) == 130
    assert fresh.processes() == []
    said = fresh.said.read_text()
    assert "ready" not in said
    assert "Traceback" not in said
    assert said.endswith("Stopped.\n")


def test_a_terminal_that_is_closed_is_an_end_like_any_other(fresh: Up) -> None:
    ours, theirs = os.openpty()
    fresh.process = subprocess.Popen(
        [sys.executable, "-m", "sightline.dashboard.cli", "up", "--data-dir", fresh.data_dir],
        env=fresh.environment, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while b"Making the database" not in said:
        said += os.read(ours, 1024)
    os.close(ours)
    fresh.process.send_signal(signal.SIGHUP)
    assert fresh.process.wait(timeout=60) == 130
    assert fresh.processes() == []
