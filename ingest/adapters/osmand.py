"""The OsmAnd protocol, which Traccar Client and many trackers speak: parts of a request → messages. Pure.

Parameters are read as Traccar reads them (its `OsmAndProtocolDecoder`, and https://www.traccar.org/osmand/): `timestamp`
in seconds, milliseconds or text; `location=lat,lon` beside `lat` and `lon`; `speed` in knots; of a name that stands twice
the last value counts, and of `cell` the first, which is the serving one. JSON is what Traccar Client 9 sends
(`location.coords`, speed in metres a second, battery from 0 to 1), one object or several in `location`, or the
parameters as an object or an array of objects, as the Traccar Client SDK uploads them. Positions are WGS 84 degrees.

One thing differs on purpose: a position that the device itself calls invalid (`valid=false`) is not taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from sightline.ingest import protocol
from sightline.ingest.adapters.moment import (
    KNOT_MPS,
    Moment,
    Spoken,
    finite,
    is_said,
    number,
    spoken,
    times,
)
from sightline.ingest.errors import ProtocolError
from sightline.ingest.fields import EARLIEST_US, echo

FORM: Final = "application/x-www-form-urlencoded"
TAKES: Final = frozenset((FORM, "application/json", "application/octet-stream", "text/plain"))
"""Media types of a body; the third is what none at all means."""
TIME_ALLOWED: Final = (
    "seconds or milliseconds since 1970 UTC, RFC 3339 with a zone, or YYYY-MM-DD HH:MM:SS in UTC;"
    " from 2000-01-01 to 2100-01-01"
)
MOST_PARAMETERS: Final = 500

_SECONDS_BELOW: Final = EARLIEST_US // 1000
"""Traccar's bound is 2^31 − 1, which ends in 2038. In milliseconds all up to here is before 2000, and no time of a fix."""
_WHOLE: Final = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_WITHOUT_ZONE: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?)", re.ASCII)
_DEVICE: Final = ("id", "deviceid", "device_id")
_PLACE: Final = "latitude and longitude in degrees with a comma between, like 51.2724,0.5223"
_PARAMETERS: Final = {
    "lat": "lat", "lon": "lon", "bearing": "heading_deg", "heading": "heading_deg",
    "altitude": "altitude_m", "accuracy": "accuracy_m", "batt": "battery_pct",
}  # fmt: skip
_COORDS: Final = {
    "latitude": "lat", "longitude": "lon", "accuracy": "accuracy_m", "altitude": "altitude_m",
    "speed": "speed_mps", "heading": "heading_deg",
}  # fmt: skip


def read(query: str, media_type: str, body: bytes, received_us: int) -> Spoken:
    """One request.

    Args:
        query: of the address, undecoded; where there is none, the body has the parameters.
        media_type: of the body.
        body: may be empty.
        received_us: the server's clock, microseconds since 1970 UTC; the time of what says none.

    Raises:
        ProtocolError: nothing of it can be read.
    """
    if is_json(query, media_type, body):
        return _read_json(body, received_us)
    pairs = _pairs(query) or _pairs(body.decode(errors="replace"))
    if not pairs:
        raise ProtocolError(
            "missing_field",
            "Nothing was sent: neither parameters in the address nor a body.",
            allowed="lat, lon and timestamp, in the address, as a form or as JSON",
        )
    together: dict[str, list[object]] = {}
    for name, value in pairs:
        together.setdefault(name, []).append(value)
    return spoken(
        [_of_parameters(together, received_us)],
        device=_device({name: values[-1] for name, values in together.items()}),
        time_name="timestamp",
        time_allowed=TIME_ALLOWED,
    )


def is_json(query: str, media_type: str, body: bytes) -> bool:
    """Whether the body is read as JSON: it is said to be, or it can be nothing else."""
    begin = body.lstrip()[:1]
    if media_type == "application/json" or media_type.endswith("+json"):
        return bool(begin)
    return not query and begin in (b"{", b"[")


def _pairs(encoded: str) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(encoded.strip(), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise ProtocolError(
            "out_of_range",
            f"There are more than {MOST_PARAMETERS} parameters.",
            allowed=f"at most {MOST_PARAMETERS} parameters",
        ) from None
    return [(name, value.strip()) for name, value in pairs]


def _of_parameters(said: Mapping[str, Iterable[object]], received_us: int) -> Moment:
    moment = Moment()
    newest: dict[str, object] = {}
    for name, values in said.items():
        known = [value for value in values if is_said(value)]
        if not known:
            continue
        newest[name] = known[0] if name == "cell" else known[-1]
        _take_parameter(moment, name, newest[name])
    moment.own(newest)
    moment.time_unless_said(received_us)
    return moment


def _take_parameter(moment: Moment, name: str, value: object) -> None:
    if name in _PARAMETERS:
        moment.put(_PARAMETERS[name], number(value), name)
    elif name == "timestamp":
        moment.put("time", moment_of(value), name)
    elif name == "location":
        lat, lon = _place(value)
        moment.put("lat", number(lat), name)
        moment.put("lon", number(lon), name)
    elif name == "speed":
        moment.put("speed_mps", times(value, KNOT_MPS), name)
    elif name == "valid":
        moment.valid = value is True or str(value).lower() in ("true", "1")


def _place(value: object) -> tuple[str, str]:
    parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else []
    if len(parts) < 2:
        raise _wrong("location", value, _PLACE)
    return parts[0], parts[1]


def moment_of(value: object) -> object:
    """A `timestamp` as the camera protocol writes it: whole milliseconds since 1970 UTC, or RFC 3339.

    A number is seconds where as milliseconds it would be too long ago. A text without a zone is UTC. Anything else stays
    as it is.
    """
    if isinstance(value, str):
        if without_zone := _WITHOUT_ZONE.fullmatch(value):
            return f"{without_zone[1]}T{without_zone[2]}Z"
        value = int(value) if _WHOLE.fullmatch(value) else number(value)
    known = finite(value)
    if known is None:
        return value
    return round(known * 1000 if known < _SECONDS_BELOW else known)


# --- JSON


def _read_json(body: bytes, received_us: int) -> Spoken:
    document = protocol.json_document(body)
    roots = document if isinstance(document, list) else [document]
    moments: list[Moment] = []
    devices: list[object] = []
    for root in roots:
        if not isinstance(root, dict):
            raise _wrong(None, root, "an object with location or lat and lon, or an array of them")
        devices.append(_device(root))
        moments += _of_root(root, received_us)
    # Of several devices in one request none can be meant.
    device = devices[0] if devices and devices.count(devices[0]) == len(devices) else None
    return spoken(moments, device=device, time_name="timestamp", time_allowed=TIME_ALLOWED)


def _device(said: Mapping[str, object]) -> object:
    return next((said[name] for name in _DEVICE if is_said(said.get(name))), None)


def _of_root(root: dict[str, Any], received_us: int) -> list[Moment]:
    location = root.get("location")
    if not isinstance(location, dict | list):
        return [_of_parameters({name: (value,) for name, value in root.items()}, received_us)]
    found = location if isinstance(location, list) else [location]
    return [_of_location(one, root, received_us) for one in found]


def _of_location(location: object, root: dict[str, Any], received_us: int) -> Moment:
    if not isinstance(location, dict):
        raise _wrong(
            "location", location, "an object with timestamp and coords, or an array of them"
        )
    moment = Moment()
    if is_said(location.get("timestamp")):
        moment.put("time", moment_of(location["timestamp"]), "location.timestamp")
    coords = location.get("coords")
    if coords is not None and not isinstance(coords, dict):
        raise _wrong("location.coords", coords, "an object with latitude and longitude, or null")
    for name, own in _COORDS.items():
        moment.put(own, number((coords or {}).get(name)), f"location.coords.{name}")
    battery, extras = (_object(location.get(name)) for name in ("battery", "extras"))
    moment.put("battery_pct", _percent(battery.get("level")), "location.battery.level")
    moment.own({**extras, **root, **location})
    moment.time_unless_said(received_us)
    return moment


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _percent(level: object) -> object:
    """A charge of 0.57 is 57, and not the 56.99999999999999 of the multiplication."""
    percent = finite(times(level, 100))
    return level if percent is None else round(percent, 6)


def _wrong(field: str | None, value: object, allowed: str) -> ProtocolError:
    shown = echo(value)
    return ProtocolError(
        "wrong_type",
        f"{field or 'The body'} is {shown!r}; it must be {allowed}.",
        field=field,
        value=shown,
        allowed=allowed,
    )
