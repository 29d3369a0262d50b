"""Packed history: bytes a fix on disk, whether every digit comes back, and what packing costs beside ingest.

Two kinds of history, both on the real PostGIS: the invented force's own, and real drive tests where they are at hand,
sent through the gateway as if they had been driven some hours ago.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import numpy as np
from websockets.asyncio.client import connect as connect_socket
from websockets.typing import Subprotocol

from benchmarks.ingest.bridge import bridge_token, exchange, register
from benchmarks.ingest.reports import REFS
from benchmarks.installation import Installation, gateway, installation
from benchmarks.measure import Goal, Measure
from benchmarks.processes import cpu_s, server_pids
from sightline.ingest.adapters.tracks import Track
from sightline.ingest.camera.messages import Fix
from sightline.ingest.fleet import history
from sightline.ingest.fleet.casebook import open_sites, postings
from sightline.ingest.fleet.county import build_county
from sightline.ingest.fleet.force import build_force
from sightline.ingest.fleet.places import build_ground
from sightline.ingest.fleet.replay import read_tracks
from sightline.ingest.fleet.store_history import add_cells, write_history
from sightline.ingest.history.packing import PackHistory
from sightline.sql import connect, query

CAMERAS: Final = 120
DRIVE_TESTS: Final = Path("../shared/data/drivetests/cork-5g-drivetests.zip")
_AFTER_S: Final = 900.0
_ENDED_S_AGO: Final = 9_000.0
_REPORT: Final = 600


def measures() -> Iterator[Measure]:
    """Size, exactness and cost."""
    with installation() as place:
        asyncio.run(_write_fleet(place))
        yield from _packed(place, "the invented force's own days")
    if DRIVE_TESTS.exists():
        with installation() as place:
            _drive(place)
            yield from _packed(place, "real drive tests")


def _packed(place: Installation, what: str) -> Iterator[Measure]:
    rows, row_bytes, packed_bytes, used_us, kept = asyncio.run(_pack(place))
    yield Measure("ingest", f"history as rows, with their index: {what}", row_bytes, "bytes/fix")
    yield Measure(
        "ingest",
        f"packed history, all overhead included: {what}",
        packed_bytes,
        "bytes/fix",
        Goal(12, at_least=False),
    )
    yield Measure(
        "ingest",
        "… fixes that are not as they were, field by field",
        float(rows - kept),
        "fixes",
        Goal(0, at_least=False),
    )
    yield Measure("ingest", "… packing: processor time of all processes", used_us, "µs/fix")


async def _pack(place: Installation) -> tuple[int, float, float, float, int]:
    """Pack everything that is over: fixes packed, bytes of each as rows and packed, processor µs, fixes as before."""
    owner = await connect(place.settings, "owner")
    keeper = await connect(place.settings, "keeper")
    try:
        await owner.execute("vacuum analyze fix")
        row_bytes = await owner.fetchval(query("bench.row_bytes"))
        before = await _contents(owner)
        pids = (os.getpid(), *server_pids(place.cluster.directory))
        used = cpu_s(pids)
        packed = await PackHistory(rest=0)(keeper, after_s=_AFTER_S)
        used = cpu_s((os.getpid(), *server_pids(place.cluster.directory))) - used
        after = await _contents(owner)
        packed_bytes = await owner.fetchval(query("bench.segment_bytes"))
        left = await owner.fetchval(query("bench.count"))
        kept = len(before & after) - left if len(before) == len(after) else 0
        return packed, row_bytes, packed_bytes / packed, used / packed * 1e6, kept
    finally:
        await owner.close()
        await keeper.close()


async def _contents(owner: asyncpg.Connection) -> set[tuple[int, int]]:
    """Two numbers for each fix, of all its fields."""
    return {tuple(row) for row in await owner.fetch(query("bench.fingerprints"))}


# --- the invented force


async def _write_fleet(place: Installation) -> None:
    now_s = int(time.time())
    county = build_county(1)
    ground = build_ground(county)
    force = build_force(ground, CAMERAS, 1)
    posted = postings(ground, force, open_sites(ground, force))
    camera_ids = np.arange(1, CAMERAS + 1)
    await register(place, CAMERAS)
    owner = await connect(place.settings, "owner")
    try:
        cells = await add_cells(owner, ground)
        groups = history.history(ground, force, now_s, posted)
        await write_history(owner, groups, camera_ids, cells, now_s, lambda _group: None)
    finally:
        await owner.close()


# --- drive tests


def _drive(place: Installation) -> None:
    tracks = read_tracks([DRIVE_TESTS], ZoneInfo("Europe/Dublin"), [])
    asyncio.run(register(place, len(tracks)))
    with gateway(place) as running:
        asyncio.run(_send(place, running.url, list(_reports(tracks))))


def _reports(tracks: Sequence[Track]) -> Iterator[bytes]:
    """Each track as the backlog of a camera of its own, with new times and nothing else changed."""
    encode = msgspec.json.Encoder().encode
    end_ms = int((time.time() - _ENDED_S_AGO) * 1000)
    for number, track in enumerate(tracks):
        later_ms = end_ms - track.fixes[-1].time
        fixes = [msgspec.structs.replace(fix, time=fix.time + later_ms) for fix in track.fixes]
        for seq, part in enumerate(_parts(fixes)):
            yield encode(
                {"type": "report", "camera": REFS.format(number), "seq": seq, "fixes": part}
            )


def _parts(fixes: list[Fix]) -> Iterator[list[Fix]]:
    for start in range(0, len(fixes), _REPORT):
        yield fixes[start : start + _REPORT]


async def _send(place: Installation, url: str, load: list[bytes]) -> None:
    token = await bridge_token(place)
    async with connect_socket(
        f"{url}/bridge",
        subprotocols=[Subprotocol("sightline.bridge.v1")],
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
    ) as socket:
        if not await exchange(socket, load, doubts=True):
            raise RuntimeError("nothing of the drive tests was stored")
