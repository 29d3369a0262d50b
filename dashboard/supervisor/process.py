"""Which process a number means: numbers are given again, a number and its start are not."""

from __future__ import annotations

from pathlib import Path

_STARTTIME = 22 - 3
"""Field 22 of proc(5), counted from field 3: the second may hold spaces and brackets."""


def process_start(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (no setting of a clock changes it); None if it is not there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[_STARTTIME])
