"""What the database holds, wherever: history as rows or packed, archive and quarantine."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from benchmarks.endurance.reading import Reading, narrow
from sightline.sql import connect, query
from sightline.sql.settings import DatabaseSettings

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RECORDING: Final = ("unknown", "off", "buffering", "recording")
_BEARER: Final = ("unknown", "lte", "nr", "wifi", "other")
_RADIO: Final = ("rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "uplink_kbps")
_MOTION: Final = ("accuracy_m", "altitude_m", "speed_mps", "heading_deg")


async def stored(settings: DatabaseSettings) -> dict[str, Counter[Reading]]:
    """By camera: how often each fix is stored, in all places together."""
    connection = await connect(settings, "owner", command_timeout=120)
    try:
        found: dict[str, Counter[Reading]] = defaultdict(Counter)
        for row in await connection.fetch(query("bench.kept_anywhere")):
            camera, moment, *rest = row
            time_us = (moment - _EPOCH) // timedelta(microseconds=1)
            bearer = rest[8] or "unknown"
            found[camera][(time_us, *rest[:8], bearer, *rest[9:])] += 1
        for row in await connection.fetch(query("bench.quarantined")):
            found[row["camera"]][_as_it_came(json.loads(row["raw"]))] += 1
    finally:
        await connection.close()
    return found


async def cameras_not_at_their_newest(settings: DatabaseSettings) -> list[str]:
    """Cameras whose live place is not that of their newest believed fix."""
    connection = await connect(settings, "owner", command_timeout=120)
    try:
        return [row["ref"] for row in await connection.fetch(query("bench.live_against_newest"))]
    finally:
        await connection.close()


def _as_it_came(raw: dict[str, Any]) -> Reading:
    heard = raw.get("signal") or {}
    return (
        raw["time_us"],
        float(raw["lat"]),
        float(raw["lon"]),
        *(narrow(raw.get(name)) for name in _MOTION),
        _RECORDING[raw.get("recording", 0)],
        narrow(raw.get("battery_pct")),
        _BEARER[heard.get("bearer", 0)],
        heard.get("operator"),
        heard.get("cell"),
        *(narrow(heard.get(name)) for name in _RADIO),
    )
