"""The load generator on a force, and what its parts use meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import psutil

from benchmarks.ingest.force import Force
from benchmarks.processes import cpu_s, memory_mb

_SAMPLE_S: Final = 5.0
_SETTLED: Final = 0.25
"""Part of a run after which memory must not grow any more."""


@dataclass
class Run:
    """What one run came to.

    Attributes:
        cameras: how many.
        figures: of the load generator; see `Load.figures`.
        cores: part → share of a core that it used while the load lasted.
        memory_mb: of the gateway, one figure after the other.
        looked: what `run_load` was given to look at, one figure after the other.
    """

    cameras: int
    figures: dict[str, float] = field(default_factory=dict)
    cores: dict[str, float] = field(default_factory=dict)
    memory_mb: list[float] = field(default_factory=list)
    looked: list[float] = field(default_factory=list)

    @property
    def dropped(self) -> float:
        """Reports that were due and not acknowledged, or refused."""
        figures = self.figures
        return figures["due"] - figures["acknowledged"] + figures["rejected"] + figures["errors"]

    @property
    def growth(self) -> float:
        """Memory at the end ÷ memory once the run had settled."""
        settled = self.memory_mb[int(len(self.memory_mb) * _SETTLED)]
        return self.memory_mb[-1] / settled


def run_load(force: Force, seconds: float, look: Callable[[], float] | None = None) -> Run:
    """One report a second from each camera.

    Args:
        force: the force.
        seconds: for how long.
        look: gives a figure that is noted every few seconds.
    """
    command = [
        sys.executable, "-m", "sightline.dashboard.cli", "simulate", "--json",
        "--cameras", str(force.cameras), "--duration", str(seconds),
        "--tokens", str(force.tokens), "--gateway", force.gateway_url,
        "--data-dir", str(force.directory),
        *(("--feed", force.feed_url) if force.feed_url else ()),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as generator:
        assert generator.stdout is not None
        try:
            json.loads(generator.stdout.readline())  # all are connected
            run = Run(force.cameras)
            _watch(run, force, generator.pid, seconds, look)
            run.figures = json.loads(generator.stdout.readline())
        finally:
            generator.kill()
    return run


def _watch(
    run: Run, force: Force, generator: int, seconds: float, look: Callable[[], float] | None
) -> None:
    """Note processor time, memory and what else is looked at while the load lasts."""

    def used_s() -> dict[str, float]:
        parts = {**force.pids, "database": force.database, "load generator": [generator]}
        return {part: cpu_s(pids) for part, pids in parts.items()}

    began_s, before = time.monotonic(), used_s()
    while time.monotonic() - began_s < seconds - _SAMPLE_S and psutil.pid_exists(generator):
        time.sleep(_SAMPLE_S)
        run.memory_mb.append(memory_mb(force.pids["gateway"][0]))
        if look is not None:
            run.looked.append(look())
    took_s, after = time.monotonic() - began_s, used_s()
    run.cores = {part: (after[part] - before[part]) / took_s for part in after}
