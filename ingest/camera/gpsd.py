"""Positions of a receiver by way of gpsd, the daemon that Linux boards have for it (its JSON protocol)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

AGAIN_AFTER_S: Final = 2.0
_WATCH: Final = b'?WATCH={"enable":true,"json":true};\n'
_HAS_PLACE: Final = 2
"""`mode` of a report from which on it has latitude and longitude."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where the receiver is (WGS 84 degrees); None is unknown.

    Attributes:
        lat: latitude.
        lon: longitude.
        accuracy_m: radius within which it is with 95%.
        altitude_m: above mean sea level.
        speed_mps: over ground.
        heading_deg: course over ground, from true north.
    """

    lat: float
    lon: float
    accuracy_m: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None


def place_of(report: dict[str, Any]) -> Place | None:
    """The place in a report of gpsd; None: it has none."""
    if report.get("class") != "TPV" or report.get("mode", 0) < _HAS_PLACE:
        return None
    if report.get("lat") is None or report.get("lon") is None:
        return None
    return Place(
        report["lat"],
        report["lon"],
        report.get("eph"),
        report.get("altMSL", report.get("alt")),
        report.get("speed"),
        report.get("track"),
    )


async def places(host: str = "127.0.0.1", port: int = 2947) -> AsyncIterator[Place]:
    """Places as they come, for ever; connects again where gpsd is away."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            log.warning("gpsd does not answer at %s:%d: %s", host, port, error)
            await asyncio.sleep(AGAIN_AFTER_S)
            continue
        try:
            writer.write(_WATCH)
            while line := await reader.readline():
                with contextlib.suppress(json.JSONDecodeError):  # half a line, as it ended
                    if (place := place_of(json.loads(line))) is not None:
                        yield place
        except (OSError, ValueError) as error:
            log.warning("gpsd broke off: %s", error)
        finally:
            writer.close()
        await asyncio.sleep(AGAIN_AFTER_S)
