"""taky, a TAK server: Cursor-on-Target events over TCP, routed to a client that wants them all.

It stores nothing durably. Its picture in memory, for who comes later, is off (`max_persist_ttl = 0`): with it each event
costs a walk through all cameras. Nothing is logged.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from benchmarks.ingest.peers.load import (
    ANSWERS_WITHIN_S,
    SECONDS,
    WARM_SECONDS,
    Rate,
    Stopwatch,
    connected,
    fleet,
    readings,
)
from benchmarks.ingest.peers.place import PeerError, by_pip, last_lines, running
from benchmarks.ingest.peers.telemetry import Fix, cot_event
from benchmarks.installation import free_port

REQUIREMENT: Final = "taky==0.10"
ROUNDS: Final = 10
WINDOW: Final = 128
"""Events on their way: what waits to be sent taky copies with every event."""

_TOGETHER: Final = 8
_END: Final = b"</event>"


def measured(root: Path) -> dict[str, Rate]:
    """Install it, load it, and see that every event comes out again.

    Args:
        root: an empty directory.

    Raises:
        PeerError: it is not to be had here, or did not do what is measured.
    """
    programs = by_pip(root, REQUIREMENT)
    port = free_port()
    (root / "taky.conf").write_text(
        f"[taky]\nhostname = localhost\nbind_ip = 127.0.0.1\nroot_dir = {root}\n"
        f"[cot_server]\nport = {port}\nmax_persist_ttl = 0\n[ssl]\nenabled = false\n"
    )
    command = [str(programs / "taky"), "-l", "error", "-c", str(root / "taky.conf")]
    with running(command, root, os.environ) as process:
        try:
            return {"every event heard by one client": asyncio.run(_loaded(port, process.pid))}
        except (PeerError, OSError) as error:
            raise PeerError(f"{error!r}; it said: {last_lines(root)}") from error


async def _loaded(port: int, pid: int) -> Rate:
    walkers, first_ms = fleet(), time.time_ns() // 1_000_000
    # Made beforehand, so that it is the server that is busy; after the last it begins anew.
    load = [
        (ref, fixes[0])
        for turn in range(ROUNDS)
        for ref, fixes in readings(walkers, first_ms + turn * 1000, 1)
    ]
    events = [cot_event(ref, fix) for ref, fix in load]
    listening, listener = await connected(port)
    _, speaker = await connected(port)
    try:
        router = _Router(speaker, listening)
        _check_whole(await router.send(events), load)
        await router.send(itertools.cycle(events), Stopwatch(pid, WARM_SECONDS))
        before, watch = router.sent, Stopwatch(pid, SECONDS)
        await router.send(itertools.cycle(events), watch)
        return watch.rate(router.sent - before)
    finally:
        listener.close()
        speaker.close()


class _Router:
    """Sends events, and counts what comes out at the other client.

    Attributes:
        sent: events; all of them have come out when `send` returns.
    """

    def __init__(self, speaker: asyncio.StreamWriter, listening: asyncio.StreamReader) -> None:
        self._speaker = speaker
        self._listening = listening
        self._tail = b""
        self.sent = 0

    async def send(self, events: Iterable[bytes], watch: Stopwatch | None = None) -> bytes:
        """Send events until they, or the time, are over, and wait until all have come out.

        Returns:
            What came out; with a watch nothing of it.
        """
        waiting: list[bytes] = []
        out: list[bytes] | None = [] if watch is None else None
        on_their_way = 0
        for event in events:
            waiting.append(event)
            if len(waiting) < _TOGETHER:
                continue
            on_their_way += await self._say(waiting)
            while on_their_way > WINDOW:
                on_their_way -= await self._heard(out)
            if watch is not None and watch.is_over:
                break
        on_their_way += await self._say(waiting)
        while on_their_way:
            on_their_way -= await self._heard(out)
        return b"".join(out or ())

    async def _say(self, waiting: list[bytes]) -> int:
        self._speaker.write(b"".join(waiting))
        await self._speaker.drain()
        count = len(waiting)
        self.sent += count
        waiting.clear()
        return count

    async def _heard(self, out: list[bytes] | None) -> int:
        """Events that came out."""
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            data = await self._listening.read(1 << 18)
        if not data:
            raise PeerError("it closed the connection")
        if out is not None:
            out.append(data)
        known = self._tail + data
        self._tail = known[-len(_END) + 1 :]
        return known.count(_END)


def _check_whole(routed: bytes, sent: Sequence[tuple[str, Fix]]) -> None:
    """See that everything came out in full: all but `stale`, which goes with the picture in memory."""
    came = ET.fromstring(b"<all>" + routed + b"</all>")
    for event, (ref, fix) in zip(came, sent, strict=True):
        expected = ET.fromstring(cot_event(ref, fix))
        if _said(event) != _said(expected):
            raise PeerError(f"{_said(event)} came out of {_said(expected)}")


def _said(event: ET.Element) -> list[tuple[str, dict[str, str | float]]]:
    """Elements below an event and their attributes; coordinates as numbers, since they may be written anew."""
    return [
        (
            element.tag,
            {
                name: float(value) if element.tag == "point" else value
                for name, value in element.attrib.items()
            },
        )
        for element in event.iter()
        if element is not event
    ]
