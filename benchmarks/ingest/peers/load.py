"""The cameras of the throughput benchmark, reporting to a peer for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.ingest.peers.place import PeerError
from benchmarks.ingest.peers.telemetry import Fix
from benchmarks.ingest.reports import Walker
from benchmarks.ingest.throughput import CAMERAS
from benchmarks.processes import cpu_s

WARM_SECONDS: Final = 5.0
"""Of load that does not count yet: code is compiled, memory found."""
SECONDS: Final = 20.0
"""Of load that counts."""
ANSWERS_WITHIN_S: Final = 60.0
_STARTS_WITHIN_S: Final = 30.0


@dataclass(frozen=True)
class Rate:
    """What a server took.

    Attributes:
        fixes: confirmed.
        used_s: processor seconds of its processes.
        seconds: of the clock.
    """

    fixes: int
    used_s: float
    seconds: float

    @property
    def per_cpu_s(self) -> float:
        """Fixes a second of processor time."""
        return self.fixes / self.used_s

    @property
    def per_s(self) -> float:
        """Fixes a second of the clock."""
        return self.fixes / self.seconds


class Stopwatch:
    """Processor time of a server, and the clock, from now on."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._seconds = seconds
        self._used_s = cpu_s([pid])
        self._began = time.perf_counter()

    @property
    def is_over(self) -> bool:
        """Whether so many seconds have gone."""
        return time.perf_counter() - self._began >= self._seconds

    def rate(self, fixes: int) -> Rate:
        """What was taken until now."""
        return Rate(fixes, cpu_s([self._pid]) - self._used_s, time.perf_counter() - self._began)


def fleet() -> list[Walker]:
    """The cameras."""
    return [Walker(number, 1) for number in range(CAMERAS)]


def readings(
    walkers: Sequence[Walker], first_ms: int, count: int
) -> Iterator[tuple[str, list[Fix]]]:
    """Of each camera in turn so many fixes, a second apart.

    Args:
        first_ms: time of the first one, milliseconds since 1970 UTC.
    """
    for walker in walkers:
        yield walker.ref, [walker.fix(first_ms + 1000 * second) for second in range(count)]


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a server that is starting.

    Raises:
        PeerError: it does not listen in time.
    """
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise PeerError(f"nothing listens on port {port}") from None
            await asyncio.sleep(0.1)
