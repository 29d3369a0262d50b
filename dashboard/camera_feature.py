"""A camera as a GeoJSON feature (RFC 7946): the one form in which the API and the JSON feed show it. Pure.

Both make the same structs, which are encoded as they stand: the feed makes tens of thousands at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from sightline.ingest.freshness import Freshness
from sightline.ingest.quality import Quality

Recording = Literal["unknown", "off", "buffering", "recording"]
RECORDING: Final[tuple[Recording, ...]] = ("unknown", "off", "buffering", "recording")
"""Words by the code in the database."""

BEARERS: Final = ("unknown", "lte", "nr", "wifi", "other")
"""Words by the code in the database."""


class CameraSignal(msgspec.Struct, frozen=True, gc=False):
    """What a camera last said of its radio, and when by its own clock; None is unknown."""

    bearer: str
    time: str | None
    operator: str | None
    cell: str | None
    rsrp_dbm: float | None
    rsrq_db: float | None
    sinr_db: float | None
    rssi_dbm: float | None
    uplink_kbps: float | None


class CameraProperties(msgspec.Struct, frozen=True, gc=False):
    """One camera now; None is unknown, times are as `time_words` writes them.

    Attributes:
        camera: its id in messages.
        kind: ``body_worn`` or ``tracker``.
        officer: shoulder number of the wearer.
        officer_name: rank and name of the wearer.
        call_sign: of the present duty.
        unit: code of the wearer's unit.
        unit_name: its name.
        recording: latest state by arrival.
        recording_since: since when it is so.
        freshness: how old what we know is, in a word; ``never`` without any position.
        seen_time: when anything that proves the state was last received.
        age_s: seconds since then.
        fix_time: device's time of the position.
        fix_age_s: seconds since then.
        accuracy_m: radius, metres.
        speed_mps, heading_deg: of the movement.
        quality: what a stream would be like now, from the signal.
        signal: in numbers.
        battery_pct: 0 to 100.
        stuck: reports one position while moving by other signs.
        fix_flagged: the newest fix was quarantined.
        streamed: somebody watches it.
        eyes_on: its officer asks for eyes on and is not yet watched.
        audio_out: ``none``, ``earpiece`` or ``speaker``.
        distance_m: from the place that was asked for, left out where none was.
    """

    camera: str
    kind: str
    officer: str | None
    officer_name: str | None
    call_sign: str | None
    unit: str | None
    unit_name: str | None
    recording: Recording
    recording_since: str | None
    freshness: Freshness
    seen_time: str | None
    age_s: float | None
    fix_time: str | None
    fix_age_s: float | None
    accuracy_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    quality: Quality
    signal: CameraSignal
    battery_pct: float | None
    stuck: bool
    fix_flagged: bool
    streamed: bool
    eyes_on: bool
    audio_out: str | None
    distance_m: float | msgspec.UnsetType = msgspec.UNSET


Feature = dict[str, Any]
"""A GeoJSON feature; its properties are a dict or a struct."""


def camera_feature(lat: float | None, lon: float | None, properties: CameraProperties) -> Feature:
    """A camera at a place in WGS 84 degrees; its geometry is null without one."""
    return {
        "type": "Feature",
        "id": properties.camera,
        "geometry": point(lat, lon),
        "properties": properties,
    }


def point(lat: float | None, lon: float | None) -> dict[str, Any] | None:
    """A GeoJSON point, None where the place is not known."""
    return None if lat is None else {"type": "Point", "coordinates": [lon, lat]}


def time_words(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC to the millisecond, which is as exact as cameras are."""
    if moment is None:
        return None
    nearest = moment.astimezone(UTC) + timedelta(microseconds=500)
    return nearest.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def age(seconds: float | None) -> float | None:
    """An age to the tenth of a second. A device's clock may run ahead; an age is never below 0."""
    return None if seconds is None else round(max(0.0, seconds), 1)


def rounded(value: Any) -> Any:
    """A measured value as it was sent: the database keeps it in single precision, which adds digits."""
    return round(value, 2) if isinstance(value, float) else value
