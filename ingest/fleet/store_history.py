"""Writes the invented week into the database: fixes, coverage, and the map of the county."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import asyncpg
import numpy as np
import shapely

from sightline.ingest.content import contents_of, text_word
from sightline.ingest.fields import RECORDING
from sightline.ingest.fleet.basemap import basemap_features
from sightline.ingest.fleet.bins import Bins, bins_of
from sightline.ingest.fleet.county import County
from sightline.ingest.fleet.force import HISTORY_DAYS
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.history import Group
from sightline.ingest.fleet.noise import Floats
from sightline.ingest.fleet.projection import to_mercator
from sightline.ingest.fleet.radio import OPERATORS, cell_name
from sightline.ingest.fleet.readings import Ints, Readings
from sightline.ingest.merge import FLAG_LATE
from sightline.ingest.packed_copy import PackedCopy
from sightline.ingest.rows import FIX_KINDS
from sightline.sql import query

_NOT_KNOWN = ("altitude_m", "rssi_dbm")
"""What the invented cameras do not report."""
_FIXES = PackedCopy({name: kind for name, kind in FIX_KINDS.items() if name not in _NOT_KNOWN})
_SAID = ("lat", "lon", "accuracy_m", "speed_mps", "heading_deg", "battery_pct")
_HEARD = ("rsrp_dbm", "rsrq_db", "sinr_db", "uplink_kbps")
_SIGNAL = (*_HEARD, "operator_id", "cell_id")
_BINS = PackedCopy(
    {
        "camera_id": "int4",
        "bin_start": "timestamptz",
        "cell": "int8",
        "operator_id": "int2",
        "bearer": "int2",
        "samples": "int4",
        "rsrp_dbm": "float4",
        "rsrq_db": "float4",
        "sinr_db": "float4",
        "uplink_kbps": "float4",
        "gap": "bool",
    }
)
_MEDIANS = ("rsrp_dbm", "rsrq_db", "sinr_db", "uplink_kbps")


class Cells:
    """Numbers of networks and cells in the database."""

    def __init__(self, operators: Ints, cells: list[Ints]) -> None:
        self.operators = operators
        self._cells = cells

    def of(self, operator: Ints, cell: Ints) -> Ints:
        """The database's number of each cell."""
        numbers = np.zeros(len(cell), dtype=np.int64)
        for k, known in enumerate(self._cells):
            mine = operator == k
            numbers[mine] = known[cell[mine]]
        return numbers


async def add_cells(connection: asyncpg.Connection, ground: Ground) -> Cells:
    """Register the networks and every cell of the county."""
    rows = await connection.fetch(query("fleet.add_operators"), list(OPERATORS))
    ids = {row["plmn"]: row["id"] for row in rows}
    operators = np.array([ids[plmn] for plmn in OPERATORS], dtype=np.int64)
    cells = []
    for k, network in enumerate(ground.radio.networks):
        named = [cell_name(k, number) for number in range(3 * len(network.masts.xy))]
        rows = await connection.fetch(
            query("fleet.add_cells"), [int(operators[k])] * len(named), named
        )
        known = {row["cell"]: row["id"] for row in rows}
        cells.append(np.array([known[name] for name in named], dtype=np.int64))
    return Cells(operators, cells)


async def write_history(
    connection: asyncpg.Connection,
    groups: Iterator[Group],
    camera_ids: Ints,
    cells: Cells,
    epoch_s: int,
    each: Callable[[Group], None],
) -> int:
    """Write all groups; the next one is computed while one is written. Returns the fixes stored.

    Args:
        connection: of the owner.
        groups: of `history.history`.
        camera_ids: the database's number of each officer's camera.
        cells: of `add_cells`.
        epoch_s: where history ends.
        each: hears of every group once it is written.
    """
    last = datetime.fromtimestamp(epoch_s, UTC).date()
    await connection.fetchval(
        query("fleet.ensure_partitions"),
        last - timedelta(days=HISTORY_DAYS + 1),
        last + timedelta(days=2),
    )
    stored = 0
    computing = asyncio.create_task(asyncio.to_thread(_next, groups, camera_ids, cells))
    while (made := await computing) is not None:
        group, fixes, bins = made
        computing = asyncio.create_task(asyncio.to_thread(_next, groups, camera_ids, cells))
        await _copy(connection, "fix", _FIXES, fixes)
        await _copy(connection, "coverage_bin", _BINS, bins)
        stored += int(group.stored.sum())
        each(group)
    return stored


def _next(
    groups: Iterator[Group], camera_ids: Ints, cells: Cells
) -> tuple[Group, bytes, bytes] | None:
    group = next(groups, None)
    if group is None:
        return None
    bins = bins_of(group.readings, group.received_ms)
    return group, pack_fixes(group, camera_ids, cells), pack_bins(bins, camera_ids, cells)


def pack_fixes(group: Group, camera_ids: Ints, cells: Cells) -> bytes:
    """Rows of `fix` for the readings that are stored."""
    r = Readings._make(column[group.stored] for column in group.readings)
    time_us = r.time_ms * 1000
    recorded = r.recording == RECORDING
    heard = {name: np.where(r.service, getattr(r, name), np.nan) + 0.0 for name in _HEARD}
    numbers = {
        **dict.fromkeys(_NOT_KNOWN, np.full(len(time_us), np.nan)),
        **{name: getattr(r, name) + 0.0 for name in _SAID},
        **heard,
    }
    values = {
        "camera_id": camera_ids[r.officer],
        "retention_class": np.where(recorded, ord("r"), ord("o")),
        "recording": r.recording,
        "bearer": np.where(r.service, r.bearer, 0),
        "fix_time": time_us,
        "received_time": group.received_ms[group.stored] * 1000,
        "content_hash": contents(r, numbers),
        **numbers,
        "operator_id": cells.operators[r.operator],
        "cell_id": cells.of(r.operator, r.cell),
        "flags": np.where(r.service, 0, FLAG_LATE),
    }
    nulls = dict.fromkeys(_SIGNAL, ~r.service) | {"heading_deg": np.isnan(r.heading_deg)}
    return _FIXES.encode(values, nulls)


def pack_bins(bins: Bins, camera_ids: Ints, cells: Cells) -> bytes:
    """Rows of `coverage_bin`."""
    known = ~np.isnan(bins.rsrp_dbm)
    values = {
        "camera_id": camera_ids[bins.officer],
        "bin_start": bins.start_us,
        "cell": bins.cell,
        "operator_id": np.where(bins.operator < 0, 0, cells.operators[bins.operator]),
        "bearer": bins.bearer,
        "samples": bins.samples,
        "rsrp_dbm": bins.rsrp_dbm,
        "rsrq_db": bins.rsrq_db,
        "sinr_db": bins.sinr_db,
        "uplink_kbps": bins.uplink_kbps,
        "gap": bins.gap,
    }
    return _BINS.encode(values, dict.fromkeys(_MEDIANS, ~known))


def contents(r: Readings, numbers: Mapping[str, Floats]) -> Ints:
    """The gateway's number of each reading, as if it had come in by a camera."""
    words = r.recording + 256 * np.where(r.service, r.bearer, 0)
    pairs, places = np.unique(np.stack([r.operator, r.cell]), axis=1, return_inverse=True)
    of_pair = [text_word(OPERATORS[k], cell_name(k, number)) for k, number in pairs.T.tolist()]
    text = np.where(r.service, np.array(of_pair, np.uint64)[places], 0)
    return contents_of(r.time_ms * 1000, words, text, numbers)


async def write_basemap(connection: asyncpg.Connection, county: County) -> int:
    """Write the map of the county; returns the number of features."""
    features = await asyncio.to_thread(basemap_features, county)
    rows = [
        (
            f.layer,
            f.kind,
            f.name,
            f.rank,
            shapely.to_wkb(shapely.set_srid(to_mercator(f.geometry), 3857), include_srid=True),
        )
        for f in features
    ]
    await connection.set_type_codec(
        "geometry",
        schema="public",
        encoder=bytes,
        decoder=bytes,
        format="binary",
    )
    await connection.copy_records_to_table(
        "basemap_feature",
        schema_name="sightline",
        columns=["layer", "kind", "name", "rank", "geom"],
        records=rows,
    )
    return len(rows)


async def _copy(
    connection: asyncpg.Connection, table: str, packed: PackedCopy, rows: bytes
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield rows

    await connection.copy_to_table(
        table,
        schema_name="sightline",
        source=stream(),
        columns=packed.columns,
        format="binary",
    )
