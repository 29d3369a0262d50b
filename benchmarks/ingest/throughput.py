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
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
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
        fixes = CAMERAS * ROUNDS * BATCH
        path_us, path_s, gateway_us = _whole_path(place, load, fixes)
        copy_us, copy_s = asyncio.run(_raw_copy(place))
    return Figures(path_us, gateway_us, fixes / path_s, copy_us, fixes / copy_s)


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


def _whole_path(place: Installation, load: list[bytes], fixes: int) -> tuple[float, float, float]:
    """Processor µs a fix, seconds, and the gateway's share of the µs."""
    with gateway(place) as running:
        used, seconds, used_by_gateway = asyncio.run(_sent(place, running, load))
    stored = asyncio.run(_count(place))
    if stored != fixes:
        raise RuntimeError(f"{stored} fixes were stored of {fixes}")
    return used / fixes * 1e6, seconds, used_by_gateway / fixes * 1e6


async def _sent(
    place: Installation, running: Gateway, load: list[bytes]
) -> tuple[float, float, float]:
    """Send everything; processor seconds of all and of the gateway, and seconds, without the first contact."""
    token = await bridge_token(place)
    async with connect_socket(
        f"{running.url}/bridge",
        subprotocols=[Subprotocol("sightline.bridge.v1")],
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
    ) as socket:
        await exchange(
            socket, load[:CAMERAS]
        )  # every camera's first contact, and the numbers of its cell
        await _empty(place)
        pids = (running.pid, *server_pids(place.cluster.directory))
        before, before_gateway, began = cpu_s(pids), cpu_s([running.pid]), time.perf_counter()
        await exchange(socket, load[CAMERAS:])
        seconds = time.perf_counter() - began
        return cpu_s(pids) - before, seconds, cpu_s([running.pid]) - before_gateway


async def _empty(place: Installation) -> None:
    connection = await connect(place.settings, "owner")
    try:
        await connection.execute(query("bench.empty"))
    finally:
        await connection.close()


async def _count(place: Installation) -> int:
    connection = await connect(place.settings, "owner")
    try:
        count: int = await connection.fetchval(query("bench.count"))
        return count
    finally:
        await connection.close()


async def _raw_copy(place: Installation) -> tuple[float, float]:
    """Processor µs a row, and seconds."""
    connection = await connect(place.settings, "owner")
    try:
        whole = io.BytesIO()
        await connection.copy_from_query(query("bench.fixes"), output=whole, format="binary")
        chunks = list(_chunks(whole.getvalue(), COPY_ROWS))
        rows = await connection.fetchval(query("bench.count"))
        await connection.execute(query("bench.empty"))
        pids = (os.getpid(), *server_pids(place.cluster.directory))
        before, began = cpu_s(pids), time.perf_counter()
        for chunk in chunks:
            await connection.copy_to_table(
                "fix", schema_name="sightline", source=_once(chunk), format="binary"
            )
        seconds, used = time.perf_counter() - began, cpu_s(pids) - before
        if await connection.fetchval(query("bench.count")) != rows:
            raise RuntimeError("raw COPY did not store the same rows")
        return used / rows * 1e6, seconds
    except asyncpg.PostgresError as error:
        raise RuntimeError(f"raw COPY failed: {error}") from error
    finally:
        await connection.close()


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
