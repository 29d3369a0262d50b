"""What a stream would be like at a place, from what the force's cameras have measured there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError
from sightline.ingest import forecast as statistics
from sightline.sql import query

KNOWN_FOR = timedelta(days=31)
"""Device-bins older than this say little of the network of today."""


async def forecast(act: Actor, lat: float, lon: float) -> statistics.Forecast:
    """The forecast for a place in WGS 84 degrees.

    Raises:
        ForbiddenError: the role does not see forecasts.
        InvalidError: the place is not on Earth.
    """
    await act.require("coverage.forecast", "coverage.forecast", "place", f"{lat:.4f},{lon:.4f}")
    for name, value, limit in (("lat", lat, 90), ("lon", lon, 180)):
        if not -limit <= value <= limit:
            raise InvalidError(
                f"{name} is {value}; it must be from -{limit} to {limit}.",
                name,
                f"-{limit} to {limit}",
            )
    rows = await act.connection.fetch(
        query("coverage_api.bins"),
        statistics.cells_around(lat, lon),
        datetime.now(UTC) - KNOWN_FOR,
    )
    return statistics.forecast([statistics.CellBin(*row) for row in rows], lat, lon)
