"""The browser of the tests: the system's own Chromium, without a screen, on loopback only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
    or "/usr/bin/chromium"
)

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--allow-loopback-in-peer-connection",
]
"""WebGL in software; WebRTC between two ends of the loopback interface."""

_UNTIL_WE_END = '"$@" & read -r _; kill 0'
"""The shell's input ends with us, however we end; it ends its group, in which Playwright closes the browser."""


@contextmanager
def running() -> Iterator[str]:
    """One Chromium for many tests; what Playwright's `connect` takes.

    To start a browser takes longer than most tests look at it. Whoever connects makes contexts of their own, which share
    nothing, and which end with the connection.
    """
    with tempfile.TemporaryDirectory(prefix="sightline-chromium-") as directory:
        config = Path(directory) / "server.json"
        config.write_text(
            json.dumps({"executablePath": CHROMIUM, "args": FLAGS, "host": "127.0.0.1"})
        )
        serve = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium",
                 "--config", str(config)]  # fmt: skip
        with subprocess.Popen(
            ["sh", "-c", _UNTIL_WE_END, "sh", *serve],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        ) as server:  # fmt: skip
            assert server.stdin is not None
            assert server.stdout is not None
            try:
                address = server.stdout.readline().strip()
                assert address.startswith("ws://"), "Chromium did not start; Playwright said why"
                yield address
            finally:
                server.stdin.close()
                server.stdout.read()  # until Playwright has closed the browser
