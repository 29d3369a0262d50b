"""The whole path (socket → parse → merge → committed → acknowledged) against raw binary COPY of the same rows.

Both go into the same table with the same index, and count the processor time of all processes that take part, except
whoever plays the cameras.
"""

from __future__ import annotations

import asyncio
import functools
import io
import os
import struct
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import asyncpg
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.typing import Subprotocol

from benchmarks.ingest.bridge import bridge_token, exchange, register
from benchmarks.ingest.reports import reports
from benchmarks.installation import Gateway, Installation, gateway, installation
from benchmarks.measure import Goal, Measure
from benchmarks.processes import cpu_s, server_pids
from sightline.sql import connect, query

CAMERAS = 2_000
ROUNDS = 16
PARTS = 4
"""In so many parts both take turns."""
BATCH = 50
COPY_ROWS = 20_000
_HEADER = 19
_TRAILER = 2


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        path_us: processor microseconds of all processes for a fix on the whole path.
        gateway_us: of these the gateway's.
        path_per_s: fixes a second of the clock.
        copy_us: processor microseconds for a row of raw COPY.
        copy_per_s: rows a second of the clock.
    """

    path_us: float
    gateway_us: float
    path_per_s: float
    copy_us: float
    copy_per_s: float


@functools.cache
def figures() -> Figures:
    """Measure, once in this process."""
    with installation() as place:
        asyncio.run(register(place, CAMERAS))
        first_ms = int(time.time() - (1 + ROUNDS) * BATCH - 30) * 1000
        load = list(reports(CAMERAS, 1 + ROUNDS, BATCH, first_ms))
        with gateway(place) as running:
            path, copy = asyncio.run(_in_turn(place, running, load))
    return Figures(
        path.all_s / path.fixes * 1e6,
        path.gateway_s / path.fixes * 1e6,
        path.fixes / path.clock_s,
        copy.all_s / copy.fixes * 1e6,
        copy.fixes / copy.clock_s,
    )


@dataclass
class Used:
    """What storing so many fixes took: processor seconds of all processes and of the gateway, and seconds of the clock."""

    fixes: int = 0
    all_s: float = 0.0
    gateway_s: float = 0.0
    clock_s: float = 0.0


def measures() -> Iterator[Measure]:
    """Fixes per second of processor time, and the ratio."""
    known = figures()
    yield Measure(
        "ingest", "raw binary COPY, encoded beforehand: processor time", known.copy_us, "µs/fix"
    )
    yield Measure(
        "ingest", f"whole path, batches of {BATCH}: processor time", known.path_us, "µs/fix"
    )
    yield Measure("ingest", "… of which the gateway's process", known.gateway_us, "µs/fix")
    yield Measure("ingest", "… fixes a second of the clock", known.path_per_s, "fixes/s")
    yield Measure(
        "ingest", "raw binary COPY, fixes a second of the clock", known.copy_per_s, "fixes/s"
    )
    yield Measure(
        "ingest",
        "whole path ÷ raw binary COPY, per processor second",
        known.copy_us / known.path_us,
        "ratio",
        Goal(0.5),
    )


async def _in_turn(place: Installation, running: Gateway, load: list[bytes]) -> tuple[Used, Used]:
    """The whole path and raw COPY, each with a part of the load after the other, so that both have the same weather.

    Does not count the first contact of each camera.
    """
    path, copy = Used(), Used()
    token = await bridge_token(place)
    owner = await connect(place.settings, "owner")
    try:
        async with connect_socket(
            f"{running.url}/bridge",
            subprotocols=[Subprotocol("sightline.bridge.v1")],
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
        ) as socket:
            await exchange(socket, load[:CAMERAS])
            size = CAMERAS * ROUNDS // PARTS
            for part in range(PARTS):
                await owner.execute(query("bench.empty"))
                start = CAMERAS + part * size
                pids = (running.pid, *server_pids(place.cluster.directory))
                await _send(path, socket, load[start : start + size], pids, running.pid)
                if (stored := await owner.fetchval(query("bench.count"))) != size * BATCH:
                    raise RuntimeError(f"{stored} fixes were stored of {size * BATCH}")
                await _copy(copy, owner, server_pids(place.cluster.directory))
    except asyncpg.PostgresError as error:
        raise RuntimeError(f"raw COPY failed: {error}") from error
    finally:
        await owner.close()
    return path, copy


async def _send(
    used: Used, socket: ClientConnection, load: list[bytes], pids: Sequence[int], gateway_pid: int
) -> None:
    before, before_gateway, began = cpu_s(pids), cpu_s([gateway_pid]), time.perf_counter()
    await exchange(socket, load)
    used.clock_s += time.perf_counter() - began
    used.all_s += cpu_s(pids) - before
    used.gateway_s += cpu_s([gateway_pid]) - before_gateway
    used.fixes += len(load) * BATCH


async def _copy(used: Used, owner: asyncpg.Connection, server: Sequence[int]) -> None:
    """Store the rows that are there once more, by raw COPY."""
    whole = io.BytesIO()
    await owner.copy_from_query(query("bench.fixes"), output=whole, format="binary")
    chunks = list(_chunks(whole.getvalue(), COPY_ROWS))
    rows = await owner.fetchval(query("bench.count"))
    await owner.execute(query("bench.empty"))
    pids = (os.getpid(), *server)
    before, began = cpu_s(pids), time.perf_counter()
    for chunk in chunks:
        await owner.copy_to_table(
            "fix", schema_name="sightline", source=_once(chunk), format="binary"
        )
    used.clock_s += time.perf_counter() - began
    used.all_s += cpu_s(pids) - before
    used.fixes += rows
    if await owner.fetchval(query("bench.count")) != rows:
        raise RuntimeError("raw COPY did not store the same rows")


async def _once(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk


def _chunks(content: bytes, rows: int) -> Iterator[bytes]:
    """Binary COPY data in parts of so many rows, each complete in itself."""
    header, at, begin, count = content[:_HEADER], _HEADER, _HEADER, 0
    while True:
        (fields,) = struct.unpack_from(">h", content, at)
        if fields == -1 or count == rows:
            yield header + content[begin:at] + b"\xff\xff"
            if fields == -1:
                return
            begin, count = at, 0
        at += 2
        for _ in range(fields):
            (length,) = struct.unpack_from(">i", content, at)
            at += 4 + max(length, 0)
        count += 1
