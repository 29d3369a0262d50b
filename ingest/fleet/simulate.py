"""A load generator: simulated cameras that report at a given rate, whatever comes back.

Open loop: a report is due at its time, not when the one before was acknowledged, and its latency is
counted from when it was due, so that a gateway that falls behind cannot hide it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from sightline.ingest.camera import messages as m
from sightline.ingest.camera.backoff import Backoff
from sightline.ingest.fleet.errors import FleetError, GatewayUnreachableError
from sightline.sql import connect as connect_database
from sightline.sql import query
from sightline.sql.accounts import new_token, token_hash
from sightline.sql.settings import DatabaseSettings

BRIDGE_SUBPROTOCOL = "sightline.bridge.v1"
REPORT_EVERY_S = 5.0
DRAIN_S = 5.0
"""How long to wait for the last acknowledgements."""
_CONNECT_AT_ONCE = 200
_LET_IN_WITHIN_S = 300.0
"""How long a connection goes by a gateway's advice to come back later."""
_MIDDLE = (56.43, 1.08)
"""Latitude and longitude around which the load moves: the invented county."""


@dataclass
class Load:
    """What was sent and what came back.

    Attributes:
        sent: reports sent, one fix each.
        acked: reports acknowledged.
        rejected: entries of acknowledgements that refuse a fix or a value.
        errors: messages of type error, and connections lost.
        latency_ms: from when each report was due to its acknowledgement.
    """

    sent: int = 0
    acked: int = 0
    rejected: int = 0
    errors: int = 0
    latency_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, percent: float) -> float | None:
        """A percentile of the latency, nearest rank; None before anything was acknowledged."""
        if not self.latency_ms:
            return None
        ordered = sorted(self.latency_ms)
        return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]

    def sentence(self, seconds: float) -> str:
        """The figures in words."""
        told = ", ".join(
            f"p{percent} {value:.0f} ms"
            for percent in (50, 95, 99)
            if (value := self.percentile_ms(percent)) is not None
        )
        return (
            f"{self.sent:,} sent ({self.sent / max(seconds, 1e-9):,.0f}/s), {self.acked:,} acknowledged,"
            f" {self.rejected:,} rejected, {self.errors:,} errors; latency {told or 'unknown'}"
        )


async def run(
    settings: DatabaseSettings,
    *,
    cameras: int,
    rate_hz: float,
    gateway_url: str,
    tokens: Path | None = None,
    duration_s: float | None = None,
    output: TextIO | None = None,
) -> Load:
    """Send until `duration_s` has passed, or until cancelled.

    Args:
        settings: of the database, where load-test cameras are made unless `tokens` is given.
        cameras: how many report.
        rate_hz: reports a second of each.
        gateway_url: ws:// address; ending in /bridge, one connection carries all cameras.
        tokens: file with {"cameras": {id: token}} or {"bridge": token}.
        duration_s: None goes on until cancelled.
        output: where figures go; standard output by default.

    Raises:
        FleetError: there are not enough tokens.
        GatewayUnreachableError: nobody answers at the address, or it refuses the tokens.
    """
    out = output or sys.stdout
    bridge = gateway_url.rstrip("/").endswith("/bridge")
    names = [f"load:{number:06d}" for number in range(cameras)]
    if tokens is not None:
        links = _given(tokens, cameras, names, bridge=bridge)
    elif bridge:
        raise FleetError('A bridge\'s load needs its token: --tokens FILE with {"bridge": token}.')
    else:
        made = await _make_cameras(settings, names)
        links = [(token, [name]) for name, token in made.items()]
    load = Load()
    lines = [_Line(token, refs, load, bridge=bridge) for token, refs in links]
    began = time.monotonic()
    try:
        await _connect_all(lines, gateway_url)
        out.write(f"{len(lines):,} connections in {time.monotonic() - began:.1f} s\n")
        began = time.monotonic()
        await _send_for(lines, load, rate_hz, cameras, duration_s, out)
    finally:
        seconds = time.monotonic() - began
        await asyncio.gather(*(line.close() for line in lines))
        out.write(load.sentence(seconds) + "\n")
        out.flush()
    return load


def _given(
    file: Path, cameras: int, names: Sequence[str], *, bridge: bool
) -> list[tuple[str, list[str]]]:
    """(token, cameras of the connection) from a file of tokens."""
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise FleetError(f"{file} holds no tokens: {error}.") from error
    if not isinstance(content, dict):
        raise FleetError(f"{file} holds no tokens: it is no JSON object.")
    if bridge:
        if "bridge" not in content:
            raise FleetError(f"{file} holds no bridge's token.")
        return [(content["bridge"], list(content.get("cameras", names))[:cameras])]
    known = list(content.get("cameras", {}).items())[:cameras]
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


class _Line:
    """One connection, of one camera or of a bridge with many."""

    def __init__(self, token: str, refs: list[str], load: Load, *, bridge: bool) -> None:
        self.refs = refs
        self._token = token
        self._load = load
        self._bridge = bridge
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._seq = int(time.time() * 1000)
        self._due: dict[int, float] = {}

    async def connect(self, url: str, at_once: asyncio.Semaphore) -> None:
        """Connect; where the gateway says that it is too early, as soon as it says."""
        deadline = time.monotonic() + _LET_IN_WITHIN_S
        backoff = Backoff(random.random)
        while True:
            async with at_once:
                retry_after = await self._try_to_connect(url)
            if retry_after is None:
                return
            wait_s = backoff.after_refused_for_now(retry_after)
            if time.monotonic() + wait_s > deadline:
                raise GatewayUnreachableError(
                    f"{url} has let a camera wait for {_LET_IN_WITHIN_S:.0f} s and says: later."
                )
            await asyncio.sleep(wait_s)

    async def _try_to_connect(self, url: str) -> str | None:
        """Connect; what the gateway says instead of letting us in: when to come back."""
        subprotocol = BRIDGE_SUBPROTOCOL if self._bridge else m.SUBPROTOCOL
        try:
            self._socket = await connect(
                url,
                subprotocols=[Subprotocol(subprotocol)],
                additional_headers={"Authorization": f"Bearer {self._token}"},
                compression=None,
                open_timeout=20,
                close_timeout=1,
            )
            if not self._bridge:
                hello = m.Hello(self.refs[0], "load", "1", int(time.time() * 1000), "none")
                await self._socket.send(m.encode(hello), text=True)
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            if isinstance(error, InvalidStatus) and error.response.status_code == 503:
                return str(error.response.headers.get("Retry-After", ""))
            raise GatewayUnreachableError(f"{url} does not let us in: {error}.") from error
        self._reader = asyncio.create_task(self._read(self._socket))
        return None

    async def send(self, which: int, due: float) -> None:
        """A report of one of the line's cameras that was due at `due` (monotonic seconds)."""
        if self._socket is None:
            return
        self._seq += 1
        self._due[self._seq] = due
        message = m.encode(m.Report(self._seq, [_fix(which)]))
        if self._bridge:
            message = json.dumps(json.loads(message) | {"camera": self.refs[which]}).encode()
        try:
            await self._socket.send(message, text=True)
            self._load.sent += 1
        except ConnectionClosed:
            self._load.errors += 1
            self._socket = None

    @property
    def waiting(self) -> int:
        """Reports without an acknowledgement."""
        return len(self._due) if self._socket is not None else 0

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                content = msgspec.json.decode(text)
                if content["type"] == "ack":
                    self._acknowledged(content)
                elif content["type"] == "error":
                    self._load.errors += 1

    def _acknowledged(self, ack: dict[str, object]) -> None:
        due = self._due.pop(int(str(ack["seq"])), None)
        if due is not None:
            self._load.acked += 1
            self._load.latency_ms.append(1000 * (time.monotonic() - due))
        rejected = ack.get("rejected")
        self._load.rejected += len(rejected) if isinstance(rejected, list) else 0

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        if self._socket is not None:
            await self._socket.close()


def _fix(number: int) -> m.Fix:
    """Somewhere on a circle of the camera's own, walked in ten minutes."""
    now = time.time()
    turn = 2 * math.pi * ((now / 600.0 + number * 0.618) % 1.0)
    away = 0.02 + 0.12 * ((number * 0.381966) % 1.0)
    return m.Fix(
        time=int(now * 1000),
        lat=round(_MIDDLE[0] + 0.003 * math.sin(turn) + away * math.sin(number), 6),
        lon=round(_MIDDLE[1] + 0.005 * math.cos(turn) + 2 * away * math.cos(number), 6),
        recording="recording",
        accuracy_m=5.0,
        speed_mps=2.0,
        battery_pct=80,
        signal=m.Signal("lte", "234-30", "LOAD", -90 - number % 20, -11.0, 9.5, None, 6100),
    )


async def _connect_all(lines: Sequence[_Line], url: str) -> None:
    at_once = asyncio.Semaphore(_CONNECT_AT_ONCE)

    await asyncio.gather(*(line.connect(url, at_once) for line in lines))


async def _send_for(
    lines: Sequence[_Line],
    load: Load,
    rate_hz: float,
    cameras: int,
    duration_s: float | None,
    out: TextIO,
) -> None:
    sources = [(line, which) for line in lines for which in range(len(line.refs))]
    # Evenly spaced over the interval, not all cameras at once.
    step_s = 1.0 / (rate_hz * cameras)
    began = time.monotonic()
    told_s = REPORT_EVERY_S
    number = 0
    sending: set[asyncio.Task[None]] = set()
    while duration_s is None or number * step_s < duration_s:
        elapsed_s = time.monotonic() - began
        if duration_s is not None:
            elapsed_s = min(elapsed_s, duration_s - step_s / 2)
        while number * step_s <= elapsed_s:
            line, which = sources[number % len(sources)]
            task = asyncio.create_task(line.send(which, began + number * step_s))
            sending.add(task)
            task.add_done_callback(sending.discard)
            number += 1
        if elapsed_s > told_s:
            out.write(f"{elapsed_s:5.0f} s: {load.sentence(elapsed_s)}\n")
            out.flush()
            told_s += REPORT_EVERY_S
        await asyncio.sleep(max(0.001, began + number * step_s - time.monotonic()))
    await asyncio.gather(*sending)
    await _drain(lines)


async def _drain(lines: Sequence[_Line]) -> None:
    deadline = time.monotonic() + DRAIN_S
    while any(line.waiting for line in lines) and time.monotonic() < deadline:  # noqa: ASYNC110 - polls a count
        await asyncio.sleep(0.05)
