"""A load generator: simulated cameras that report at a given rate, whatever comes back.

Open loop: a report is due at its time, not when the one before was acknowledged, and its latency is counted from when
it was due, so that a gateway that falls behind cannot hide it. Its fix bears that time, too. It is a process of its
own, and says so if it cannot keep its own pace.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np

from sightline.ingest.fleet.errors import FleetError
from sightline.ingest.fleet.load import Load, Walks, beginnings, ending
from sightline.ingest.fleet.load_feed import FeedWatch
from sightline.ingest.fleet.load_line import Line
from sightline.sql import connect as connect_database
from sightline.sql import query
from sightline.sql.accounts import new_token, token_hash
from sightline.sql.settings import DatabaseSettings

REPORT_EVERY_S: Final = 5.0
DRAIN_S: Final = 5.0
"""How long to wait for the last acknowledgements."""
_CONNECT_AT_ONCE: Final = 200
_TICK_S: Final = 0.01
_LATE_S: Final = 0.25
"""A generator that is so far behind its own pace measures itself."""


async def run(
    settings: DatabaseSettings,
    *,
    cameras: int,
    rate_hz: float,
    gateway_url: str,
    tokens: Path | None = None,
    duration_s: float | None = None,
    feed_url: str | None = None,
    output: TextIO | None = None,
    as_json: bool = False,
) -> Load:
    """Send until `duration_s` has passed, or until cancelled.

    Args:
        settings: of the database, where load-test cameras are made unless `tokens` is given.
        cameras: how many report.
        rate_hz: reports a second of each.
        gateway_url: ws:// address; ending in /bridge, one connection carries all cameras.
        tokens: file with {"cameras": {id: token}} or {"bridge": token}, and {"feed": token} for a feed.
        duration_s: None goes on until cancelled.
        feed_url: ws:// address of a dashboard's feed, to measure how long fixes take to it.
        output: where figures go; standard output by default.
        as_json: one JSON object when all are connected, and one at the end.

    Raises:
        FleetError: there are not enough tokens.
        GatewayUnreachableError: nobody answers at an address, or it refuses the tokens.
    """
    out = output or sys.stdout
    told = io.StringIO() if as_json else out
    given = None if tokens is None else _read(tokens)
    bridge = gateway_url.rstrip("/").endswith("/bridge")
    names = [f"load:{number:06d}" for number in range(cameras)]
    if given is not None:
        links = _given(given, tokens, cameras, names, bridge=bridge)
    elif bridge:
        raise FleetError('A bridge\'s load needs its token: --tokens FILE with {"bridge": token}.')
    else:
        made = await _make_cameras(settings, names)
        links = [(token, [name]) for name, token in made.items()]
    load = Load()
    lines = [Line(gateway_url, token, refs, load, bridge=bridge) for token, refs in links]
    watch = None
    if feed_url is not None:
        if given is None or "feed" not in given:
            raise FleetError('The feed needs a token: --tokens FILE with {"feed": token}.')
        watch = FeedWatch(feed_url, given["feed"], [ref for _, refs in links for ref in refs], load)
    began = time.monotonic()
    try:
        await _connect_all(lines)
        if watch is not None:
            await watch.connect()
        took_s = time.monotonic() - began
        if as_json:
            out.write(json.dumps({"connections": len(lines), "seconds": round(took_s, 3)}) + "\n")
        out.flush()
        told.write(f"{len(lines):,} connections in {took_s:.1f} s\n")
        began = time.monotonic()
        await _Sender(lines, load, rate_hz, bridge=bridge).run(duration_s, told)
    finally:
        seconds = time.monotonic() - began
        await asyncio.gather(*(line.close() for line in lines))
        if watch is not None:
            await watch.close()
        out.write((json.dumps(load.figures(seconds)) if as_json else load.sentence(seconds)) + "\n")
        out.flush()
    return load


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise FleetError(f"{file} holds no tokens: {error}.") from error
    if not isinstance(content, dict):
        raise FleetError(f"{file} holds no tokens: it is no JSON object.")
    return content


def _given(
    content: dict[str, Any],
    file: Path | None,
    cameras: int,
    names: Sequence[str],
    *,
    bridge: bool,
) -> list[tuple[str, list[str]]]:
    """(token, cameras of the connection) from a file of tokens."""
    if bridge:
        if "bridge" not in content:
            raise FleetError(f"{file} holds no bridge's token.")
        return [(str(content["bridge"]), list(content.get("cameras", names))[:cameras])]
    held = content.get("cameras", {})
    known = list(held.items())[:cameras] if isinstance(held, dict) else []
    if len(known) < cameras:
        raise FleetError(
            f"{file} holds tokens of {len(known)} cameras, but {cameras} are asked for."
        )
    return [(token, [ref]) for ref, token in known]


async def _make_cameras(settings: DatabaseSettings, names: Sequence[str]) -> dict[str, str]:
    made = {name: new_token() for name in names}
    connection = await connect_database(settings, "owner")
    try:
        hashes = [token_hash(token) for token in made.values()]
        await connection.fetchval(query("fleet.load_cameras"), list(made), hashes)
    finally:
        await connection.close()
    return made


async def _connect_all(lines: Sequence[Line]) -> None:
    at_once = asyncio.Semaphore(_CONNECT_AT_ONCE)
    await asyncio.gather(*(line.connect(at_once) for line in lines))


class _Sender:
    """Sends every report at its time."""

    def __init__(self, lines: Sequence[Line], load: Load, rate_hz: float, *, bridge: bool) -> None:
        self._lines = lines
        self._load = load
        self._sources = [line for line in lines for _ in line.refs]
        refs = [ref for line in lines for ref in line.refs]
        self._beginnings = list(beginnings(refs, bridge=bridge))
        self._endings = [ending(number) for number in range(20)]
        self._walks = Walks(len(refs))
        # Evenly spaced over the interval, not all cameras at once.
        self._step_s = 1.0 / (rate_hz * len(refs))

    async def run(self, duration_s: float | None, out: TextIO) -> None:
        """Send for so long, then wait for the last answers."""
        began_s, began_ms = time.monotonic(), time.time() * 1000
        told_s, number = REPORT_EVERY_S, 0
        last = None if duration_s is None else round(duration_s / self._step_s)
        while last is None or number < last:
            elapsed_s = time.monotonic() - began_s
            until = int(elapsed_s / self._step_s) + 1
            until = until if last is None else min(until, last)
            self._load.is_late |= (until - number) * self._step_s > _LATE_S + _TICK_S
            self._send(number, until, began_s, began_ms)
            number = max(number, until)
            if elapsed_s > told_s:
                out.write(f"{elapsed_s:5.0f} s: {self._load.sentence(elapsed_s)}\n")
                out.flush()
                told_s += REPORT_EVERY_S
            await asyncio.sleep(_TICK_S)
        if self._load.is_late:
            out.write(
                "The generator could not keep its own pace: the figures are partly its own.\n"
            )
        await self._drain()

    def _send(self, start: int, end: int, began_s: float, began_ms: float) -> None:
        numbers = np.arange(start, end)
        which = numbers % len(self._sources)
        due_ms = began_ms + 1000 * self._step_s * numbers
        lat, lon = self._walks.at(which, due_ms / 1000)
        due: dict[Line, list[tuple[str, str, float]]] = {}
        for number, camera, time_ms, north, east in zip(
            numbers.tolist(), which.tolist(), due_ms.tolist(), lat, lon, strict=True
        ):
            rest = (
                f',"fixes":[{{"time":{int(time_ms)},"lat":{north:.6f},"lon":{east:.6f}'
                + self._endings[camera % len(self._endings)]
            )
            report = (self._beginnings[camera], rest, began_s + number * self._step_s)
            due.setdefault(self._sources[camera], []).append(report)
        for line, reports in due.items():
            line.send(reports)
        self._load.due += max(0, end - start)

    async def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_S
        while any(line.waiting for line in self._lines) and time.monotonic() < deadline:  # noqa: ASYNC110 - polls a count
            await asyncio.sleep(0.05)
