"""A map into the database, in place of the one that was there: all of it or nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import asyncpg
import shapely

from sightline.ingest.basemap.reading import Features, MapFile
from sightline.sql import query

_AT_ONCE = 20_000


async def store_map(connection: asyncpg.Connection, found: MapFile, *, keep: bool) -> int:
    """Write a map; returns how many features.

    Args:
        connection: of the database's owner.
        found: what is drawn.
        keep: beside what is there; else in its place.
    """
    count = 0
    async with connection.transaction():
        await connection.execute(query("basemap.lock"))
        if not keep:
            await connection.execute(query("basemap.clear"))
        await connection.set_type_codec(
            "geometry", schema="public", encoder=bytes, decoder=bytes, format="binary"
        )
        rows = itertools.chain.from_iterable(_rows(features) for features in found.features)
        while batch := list(itertools.islice(rows, _AT_ONCE)):
            await connection.copy_records_to_table(
                "basemap_feature",
                schema_name="sightline",
                columns=["layer", "kind", "name", "rank", "geom"],
                records=batch,
            )
            count += len(batch)
        await connection.execute(query("basemap.attribute"), found.scheme.attribution, keep)
    await connection.execute(query("basemap.analyze"))
    return count


def _rows(features: Features) -> Iterator[tuple[str, str, str, int, bytes]]:
    wkb = shapely.to_wkb(shapely.set_srid(features.geometries, 3857), include_srid=True)
    for name, rank, shape in zip(features.names, features.ranks.tolist(), wkb, strict=True):
        yield features.layer, features.kind, name, rank, shape
