"""Tracks as GPX (1.0 and 1.1) → the fixes of the camera protocol.

Track points with a time become fixes, with their height and, where a logger writes them, speed (m/s)
and course. GPX knows no signal and no state of recording; dilution of precision is not an accuracy
in metres and is not taken for one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from sightline.ingest import fields as f
from sightline.ingest.adapters.errors import TrackFormatError
from sightline.ingest.adapters.tracks import BadValueError, Remark, Track, in_order, number
from sightline.ingest.camera.messages import Fix

_OPTIONAL = {
    "ele": ("altitude_m", f.ALTITUDE),
    "speed": ("speed_mps", f.SPEED),
    "course": ("heading_deg", f.HEADING),
}


def read_file(path: Path) -> Track:
    """The track points of a GPX file, all its tracks together.

    Raises:
        TrackFormatError: it is not GPX, or no point of it has a time.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrackFormatError(f"{path} cannot be read ({error.strerror}).") from error
    return read_bytes(content, path.name)


def read_bytes(content: bytes, file: str) -> Track:
    """The track points of a GPX document; `file` is its name, for remarks."""
    # Entities can make a small file large; GPX has no use for them.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise TrackFormatError(f"{file} declares a document type, which GPX has no use for.")
    try:
        root = ET.fromstring(content)  # noqa: S314 - no entities, see above
    except ET.ParseError as error:
        raise TrackFormatError(f"{file} is not XML: {error}.") from error
    if _name(root) != "gpx":
        raise TrackFormatError(f"{file} is not GPX: its outermost element is <{_name(root)}>.")
    fixes: list[Fix] = []
    remarks: list[Remark] = []
    for count, point in enumerate((e for e in root.iter() if _name(e) == "trkpt"), 1):
        try:
            fixes.append(_fix(point, file, count, remarks))
        except BadValueError as error:
            remarks.append(_remark(file, count, error))
    return in_order(Track(Path(file).stem, list(dict.fromkeys(fixes)), remarks))


def _remark(file: str, count: int, error: BadValueError, *, kept: bool = False) -> Remark:
    return Remark(
        file, count, error.field, error.value, error.allowed, kept=kept, unit="track point"
    )


def _fix(point: ET.Element, file: str, count: int, remarks: list[Remark]) -> Fix:
    values: dict[str, float] = {}
    time: datetime | None = None
    for element in point.iter():
        name, text = _name(element), (element.text or "").strip()
        if name == "time" and element in list(point):
            time = _time(text)
        elif name in _OPTIONAL and text:
            known, bounds = _OPTIONAL[name]
            try:
                values[known] = number(text, name, bounds)
            except BadValueError as error:
                remarks.append(_remark(file, count, error, kept=True))
    if time is None:
        raise BadValueError("time", "", "there")
    return Fix(
        time=round(time.timestamp() * 1000),
        lat=number(point.get("lat", ""), "lat", f.LAT),
        lon=number(point.get("lon", ""), "lon", f.LON),
        recording="unknown",
        altitude_m=values.get("altitude_m"),
        speed_mps=values.get("speed_mps"),
        heading_deg=values.get("heading_deg"),
    )


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadValueError("time", text, f.TIME_ALLOWED) from None
    if time.tzinfo is None or not f.EARLIEST <= time <= f.LATEST:
        raise BadValueError("time", text, f.TIME_ALLOWED)
    return time


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
