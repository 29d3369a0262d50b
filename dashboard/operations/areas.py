"""The force's own areas: divisions, boroughs, beats."""

from __future__ import annotations

import json
from typing import Any

from sightline.dashboard.access.acting import Actor
from sightline.sql import query


async def find(act: Actor) -> dict[str, Any]:
    """All that have an outline, by name, as a GeoJSON `FeatureCollection` with ``code`` and ``name``.

    Outlines are in WGS 84 and keep to within ten metres of what was imported, which is less than most fixes are sure of.
    """
    features = [
        {
            "type": "Feature",
            "properties": {"code": row["code"], "name": row["name"]},
            "geometry": json.loads(row["outline"]),
        }
        for row in await act.connection.fetch(query("areas.outlines"))
    ]
    return {"type": "FeatureCollection", "features": features}
