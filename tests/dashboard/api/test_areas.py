"""The force's own areas, through the API."""

from __future__ import annotations

from typing import Any

from shapely.geometry import MultiPolygon, box, shape

NORTH = MultiPolygon([box(1.0, 56.3, 1.4, 56.5), box(1.5, 56.3, 1.6, 56.4)])


async def test_areas_come_by_name_with_their_outlines(force: Any) -> None:
    await force.owner.executemany(
        "insert into area (code, name, geom) values ($1, $2, st_multi(st_geomfromwkb($3, 4326)))",
        [("Z", "North", NORTH.wkb), ("A", "South", box(1.0, 56.1, 1.4, 56.3).wkb)],
    )
    await force.owner.execute("insert into area (code, name) values ('X', 'Without an outline')")
    answer = await (await force.as_("fim")).get("/api/areas")
    assert answer.status_code == 200
    features = answer.json()["features"]
    assert [f["properties"] for f in features] == [
        {"code": "Z", "name": "North"},
        {"code": "A", "name": "South"},
    ]
    assert shape(features[0]["geometry"]).equals(NORTH)


async def test_a_force_without_areas_has_none(force: Any) -> None:
    answer = await (await force.as_("fim")).get("/api/areas")
    assert answer.json() == {"type": "FeatureCollection", "features": []}
