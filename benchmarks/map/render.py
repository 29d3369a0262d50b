"""Time from the server's sending to the picture, and processor time of the browser, for three ways to draw the same feed.

How many cameras and for how long comes from the environment: `BENCH_MAP_CAMERAS`, of which a tenth change each second, for
`BENCH_MAP_S` seconds, and `BENCH_MAP_MOST` for the largest force.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.installation import free_port
from benchmarks.measure import Goal, Measure

CAMERAS: Final = int(os.environ.get("BENCH_MAP_CAMERAS", "22000"))
MOST: Final = int(os.environ.get("BENCH_MAP_MOST", "34000"))
SECONDS: Final = float(os.environ.get("BENCH_MAP_S", "30"))
_CHANGING: Final = 10
"""One of so many reports each second."""
FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
_READY_WITHIN_MS: Final = 120_000
_OTHERS: Final = {
    "geojson": ("MapLibre's GeoJSON layer with updateData", 0.1),
    "plotly": ("Plotly's Scattermap", 0.02),
}


@dataclass(frozen=True)
class Drawn:
    """What drawing took.

    Attributes:
        late_ms: median from sending to the picture.
        cpu_ms: processor time of the renderer for a tick.
        gpu_ms: likewise of the process that draws, in software.
        missed: ticks for which there was no picture of their own.
        ticks: how many there were.
    """

    late_ms: float
    cpu_ms: float
    gpu_ms: float
    missed: int
    ticks: int


def measures() -> Iterator[Measure]:
    """Ours against each of the others, then ours with the largest force."""
    with serving(CAMERAS) as url:
        ours = _drawn(url, "ours")
        others = {name: _drawn(url, name) for name in _OTHERS}
    yield from _told(
        f"map: {CAMERAS:,} cameras, {CAMERAS // _CHANGING:,} changes a second, ours", ours
    )
    for name, (words, most) in _OTHERS.items():
        other = others[name]
        yield from _told(f"… {words}", other)
        goal = Goal(most, at_least=False)
        yield Measure("map", "… ours ÷ that: to drawn", ours.late_ms / other.late_ms, "ratio", goal)
        goal = Goal(0.1, at_least=False)
        ratio = ours.cpu_ms / other.cpu_ms
        yield Measure("map", "… ours ÷ that: processor time of the renderer", ratio, "ratio", goal)
    with serving(MOST) as url:
        largest = _drawn(url, "ours")
    yield from _told(f"map: {MOST:,} cameras", largest)
    goal = Goal(0, at_least=False)
    yield Measure("map", f"… ticks missed of {largest.ticks}", largest.missed, "ticks", goal)


def _told(words: str, drawn: Drawn) -> Iterator[Measure]:
    yield Measure("map", f"{words}: sent → drawn, median", drawn.late_ms, "ms")
    yield Measure("map", "… renderer, each tick", drawn.cpu_ms, "ms")
    yield Measure("map", "… drawing process (software), each tick", drawn.gpu_ms, "ms")


@contextlib.contextmanager
def serving(cameras: int) -> Iterator[str]:
    """The address of a server with so many cameras, until the end of the block."""
    with serving_pid(cameras) as (url, _):
        yield url


@contextlib.contextmanager
def serving_pid(cameras: int) -> Iterator[tuple[str, int]]:
    """The same, with the server's process."""
    port = free_port()
    command = [
        sys.executable, "-m", "benchmarks.map.server",
        "--port", str(port), "--cameras", str(cameras), "--changes", str(cameras // _CHANGING),
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}/"
    with subprocess.Popen(command) as server:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and server.poll() is None:
                try:
                    with urllib.request.urlopen(url, timeout=1):
                        break
                except (urllib.error.URLError, TimeoutError, ConnectionError):
                    time.sleep(0.05)
            yield url, server.pid
        finally:
            server.terminate()
            server.wait(15)


@contextlib.contextmanager
def browser_page() -> Iterator[Page]:
    """A page of a fresh Chromium, which draws in software, until the end of the block."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), args=list(FLAGS), viewport={"width": 1440, "height": 900},
        )  # fmt: skip
        try:
            yield context.pages[0]
        finally:
            context.close()


def _drawn(url: str, layer: str) -> Drawn:
    with browser_page() as page:
        page.goto(f"{url}?layer={layer}")
        page.wait_for_function("window.bench?.ready", timeout=_READY_WITHIN_MS)
        time.sleep(5)
        page.evaluate("bench.drawn = []; bench.ticks = 0")
        before = _used_s()
        time.sleep(SECONDS)
        after = _used_s()
        drawn, ticks = page.evaluate("[bench.drawn, bench.ticks]")
    if not drawn:
        raise RuntimeError(f"{layer} drew nothing in {SECONDS:.0f} s")
    used = {kind: 1000 * (after[kind] - before[kind]) / ticks for kind in after}
    missed = max(0, ticks - len(drawn) - 1)  # the newest may be under way
    return Drawn(statistics.median(drawn), used["renderer"], used["gpu-process"], missed, ticks)


def _used_s() -> dict[str, float]:
    """Processor seconds of the browser's processes, by kind."""
    found = {"renderer": 0.0, "gpu-process": 0.0}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            for kind in found:
                if f"--type={kind}" in process.cmdline():
                    times = process.cpu_times()
                    found[kind] += times.user + times.system
    return found


def chromium() -> str:
    """Where the browser is."""
    return os.environ.get("BENCH_CHROMIUM", "/usr/bin/chromium")
