"""The same fixes in the languages of the peers, with every number that they have in ours. Pure.

A fix is what `benchmarks.ingest.reports.Walker` makes: the camera protocol's own fields and units, with the time in
milliseconds since 1970 UTC.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import msgspec

STALE_AFTER: Final = timedelta(seconds=120)
_UNKNOWN_M: Final = "9999999.0"

Fix = dict[str, Any]


def cot_event(ref: str, fix: Fix) -> bytes:
    """A fix as a Cursor-on-Target event, version 2.0, as TAK programs send it.

    What CoT knows stands where TAK programs look for it (`point`, `track` with metres a second and degrees, `status`);
    recording state and radio stand in an element of our own in `detail`, which servers have to pass on.

    Args:
        ref: the camera.
        fix: full telemetry.
    """
    at = datetime.fromtimestamp(fix["time"] / 1000, UTC)
    time, stale = _cot_time(at), _cot_time(at + STALE_AFTER)
    own = {"recording": fix["recording"], **fix["signal"]}
    radio = "".join(f" {name}={quoteattr(str(value))}" for name, value in own.items())
    return (
        f'<event version="2.0" uid={quoteattr(ref)} type="a-f-G-U-C" how="m-g" time="{time}" start="{time}" stale="{stale}">'
        f'<point lat="{fix["lat"]}" lon="{fix["lon"]}" hae="{fix["altitude_m"]}" ce="{fix["accuracy_m"]}" le="{_UNKNOWN_M}"/>'
        f"<detail><contact callsign={quoteattr(ref)}/>"
        f'<track course="{fix["heading_deg"]}" speed="{fix["speed_mps"]}"/>'
        f'<status battery="{fix["battery_pct"]}"/>'
        f"<__sightline{radio}/></detail></event>"
    ).encode()


def context(ref: str) -> str:
    """What Signal K calls a camera: a vessel of its own."""
    return f"vessels.{vessel(ref)}"


def vessel(ref: str) -> str:
    """The name of a camera among the vessels; a dot would divide it."""
    return f"urn:mrn:sightline:{ref}".replace(".", "_")


def signalk_delta(ref: str, fixes: Sequence[Fix]) -> bytes:
    """Fixes of one camera as one Signal K delta, an update for each, in one line.

    Units are Signal K's: metres a second, radians, a charge from 0 to 1. As there, each quantity is a value with a path of its
    own, which is what clients subscribe to and what units belong to; only a position is an object. Paths are the
    specification's where it has one.

    Args:
        ref: the camera.
        fixes: full telemetry, oldest first.
    """
    return _encode({"context": context(ref), "updates": [_update(fix) for fix in fixes]}) + b"\n"


def position(fix: Fix) -> dict[str, float]:
    """The value of `navigation.position`; degrees and metres, WGS 84."""
    return {"latitude": fix["lat"], "longitude": fix["lon"], "altitude": fix["altitude_m"]}


def _update(fix: Fix) -> dict[str, object]:
    values = {
        "navigation.position": position(fix),
        "navigation.speedOverGround": fix["speed_mps"],
        "navigation.courseOverGroundTrue": math.radians(fix["heading_deg"]),
        "navigation.gnss.horizontalAccuracy": fix["accuracy_m"],
        "electrical.batteries.camera.capacity.stateOfCharge": fix["battery_pct"] / 100,
        "communication.camera.recording": fix["recording"],
        **{f"communication.camera.{name}": value for name, value in fix["signal"].items()},
    }
    return {
        "$source": "bench",
        "timestamp": _signalk_time(fix["time"]),
        "values": [{"path": path, "value": value} for path, value in values.items()],
    }


_encode = msgspec.json.Encoder().encode


def _cot_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _signalk_time(time_ms: int) -> str:
    return _cot_time(datetime.fromtimestamp(time_ms / 1000, UTC))
