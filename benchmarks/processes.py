"""Processor time and memory of processes, read from /proc."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil


def cpu_s(pids: Iterable[int]) -> float:
    """Seconds of processor time, user and system, that these processes have used so far; ended ones count nothing."""
    total = 0.0
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def server_pids(cluster_directory: Path) -> list[int]:
    """The postmaster of a cluster and all its processes."""
    postmaster = int((cluster_directory / "postmaster.pid").read_text().split("\n", 1)[0])
    return [
        postmaster,
        *(child.pid for child in psutil.Process(postmaster).children(recursive=True)),
    ]


def memory_mb(pid: int) -> float:
    """Megabytes that a process has for itself (proportional set size)."""
    return psutil.Process(pid).memory_full_info().pss / 1e6
