"""Cursor-on-Target events in XML ↔ fixes of the camera protocol. Pure.

Read: the position of a person or unit (`a-…`), as the same `Report` that a camera's own message becomes, checked by the
same rules. Written: an officer's position, its withdrawal, and the answers of the TAK stream protocol. Positions are
WGS 84 degrees, `hae` metres above the ellipsoid, `ce` and `le` metres, `course` degrees from true north, `speed` metres
a second, times RFC 3339. 9999999 stands for unknown. Source: Cursor-on-Target event schema 2.0 (MITRE MP090284), and
what ATAK-CIV writes and reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from sightline.ingest import explain
from sightline.ingest.adapters.errors import CotEventError, CotStreamError
from sightline.ingest.fields import echo
from sightline.ingest.messages import Report

UID_PREFIX: Final = "sightline."
"""Begins the uid of each officer that is sent out, so that what comes back is known."""
UNKNOWN: Final = 9_999_999.0
PING: Final = "t-x-c-t"
PONG: Final = "t-x-c-t-r"
OTHER_PROTOCOL_ASKED: Final = "t-x-takp-q"
_OTHER_PROTOCOL_ANSWERED: Final = "t-x-takp-r"
_DELETE: Final = "t-x-d-d"
_ANSWER_GOOD_FOR_S: Final = 60

_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\s*", re.ASCII)
_NOT_A_NUMBER: Final = frozenset({"nan", "+nan", "-nan"})
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLACED_BY_HAND: Final = "h-g-i-g-o"
_ADVERSARIES: Final = frozenset("hsjk")
"""Hostile, suspect, joker, faker: the second part of a type."""
_READ_PARTS: Final = frozenset({"point", "track", "status", "contact", "cot"})

_COT_NAMES: Final = {
    "time": "event time",
    "lat": "point lat",
    "lon": "point lon",
    "accuracy_m": "point ce",
    "altitude_m": "point hae",
    "speed_mps": "track speed",
    "heading_deg": "track course",
    "battery_pct": "status battery",
}
"""Field of the camera protocol → where it stands in an event."""

_RECORDING_WORDS: Final = (
    "Whether the camera records is not known.",
    "The camera is off.",
    "The camera is buffering.",
    "The camera is recording.",
)


# --- read


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the stream, of which only what is used is kept.

    Attributes:
        name: ``event`` or ``auth``; anything else is no Cursor-on-Target.
        attributes: of the element itself.
        parts: attributes of the first `point`, `track`, `status`, `contact` and `cot` in it.
    """

    name: str
    attributes: dict[str, str]
    parts: dict[str, dict[str, str]]

    @property
    def uid(self) -> str:
        """Who or what the event is about; empty where it does not say."""
        return self.attributes.get("uid", "")

    @property
    def type(self) -> str:
        """The CoT type, such as ``a-f-G-U-C``; empty where there is none."""
        return self.attributes.get("type", "")

    @property
    def callsign(self) -> str:
        """The call sign; empty where it does not say."""
        return self.parts.get("contact", {}).get("callsign", "")

    @property
    def is_position(self) -> bool:
        """Whether it says where a person or unit is."""
        return self.name == "event" and self.type.startswith("a-")

    @property
    def is_marker(self) -> bool:
        """Whether a person put it on a map, or it is about an adversary: not where its sender is."""
        return self.attributes.get("how") == _PLACED_BY_HAND or self.type[2:3] in _ADVERSARIES


def element(raw: bytes) -> Element:
    """One element of the stream (see `sightline.ingest.adapters.cot_stream`).

    Raises:
        CotStreamError: it is not XML, or it declares a document type.
    """
    # UTF-8 whatever it says: TAK writes nothing else.
    parser = expat.ParserCreate("utf-8")
    opened: list[Element] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if not opened:
            opened.append(Element(name, attributes, {}))
        elif name in _READ_PARTS:
            opened[0].parts.setdefault(name, attributes)

    def refuse(*_: object) -> None:
        raise CotStreamError("a document type is declared, which is not taken")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise CotStreamError(f"this is not XML: {error}") from None
    return opened[0]


def position(event: Element, seq: int, camera: str) -> Report:
    """The position that an event tells, as a report of one fix whose recording state is unknown.

    Args:
        event: one for which `is_position` holds.
        seq: number of the report.
        camera: the camera's id.

    Returns:
        The report; its `rejected` names what was not taken of the event and became unknown, in CoT's words.

    Raises:
        CotEventError: the event is not taken.
    """
    point = event.parts.get("point", {})
    track = event.parts.get("track", {})
    raw: dict[str, Any] = {
        "time": event.attributes.get("time"),
        "lat": _number(point.get("lat")),
        "lon": _number(point.get("lon")),
        "accuracy_m": _known(_number(point.get("ce"))),
        "altitude_m": _known(_number(point.get("hae"))),
        "speed_mps": _number(track.get("speed")),
        "heading_deg": _number(track.get("course")),
        "battery_pct": _number(event.parts.get("status", {}).get("battery")),
    }
    fix, rejected = explain.fix(raw, 0)
    for entry in rejected:
        entry.field = _COT_NAMES.get(entry.field or "", entry.field)
    if fix is None:
        first = next(entry for entry in rejected if not entry.kept)
        raise CotEventError(first.field or "event", first.value, first.allowed)
    return Report(seq, [fix], 1, rejected, camera)


def _number(text: str | None) -> float | str | None:
    """A number as XML writes it; text that is none stays text, which the check of fields refuses by name."""
    if text is None:
        return None
    if text.strip().lower() in _NOT_A_NUMBER:
        return float("nan")
    return float(text) if _NUMBER.fullmatch(text) else text


def _known(value: float | str | None) -> float | str | None:
    return None if isinstance(value, float) and abs(value) >= UNKNOWN else value


def shown(value: str) -> str:
    """What a stranger said, as a log may show it."""
    return str(echo(value))


# --- written


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer with a camera and where it last was; None is unknown.

    Attributes:
        ref: the camera's id.
        callsign: what people call the officer.
        fix_time_ms: the device's time, milliseconds since 1970 UTC.
        stale_after_s: seconds after that time from which on it is stale.
        lat, lon: WGS 84 degrees.
        recording: code of the state, see `sightline.ingest.fields.RECORDING_CODES`.
    """

    ref: str
    callsign: str
    fix_time_ms: int
    stale_after_s: float
    lat: float
    lon: float
    accuracy_m: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None
    recording: int = 0


def officer_event(officer: Officer, kind: str) -> bytes:
    """The event that shows an officer, of the CoT type `kind`; where the officer was, never where they may be by now."""
    time = _time(officer.fix_time_ms)
    stale = _time(officer.fix_time_ms + round(officer.stale_after_s * 1000))
    track = _attributes(("course", officer.heading_deg), ("speed", officer.speed_mps))
    battery = _attributes(("battery", officer.battery_pct))
    detail = (
        f"<contact callsign={_quoted(officer.callsign)}/>"
        '<__group name="Blue" role="Team Member"/>'
        + (f"<track{track}/>" if track else "")
        + (f"<status{battery}/>" if battery else "")
        + f"<remarks>{_RECORDING_WORDS[officer.recording]}</remarks>"
    )
    point = (
        f'<point lat="{officer.lat:.7f}" lon="{officer.lon:.7f}" hae="{_or_unknown(officer.altitude_m)}"'
        f' ce="{_or_unknown(officer.accuracy_m)}" le="{UNKNOWN}"/>'
    )
    return _event(uid_of(officer.ref), kind, (time, stale), point, detail)


def withdrawal(ref: str, now_ms: int) -> bytes:
    """The event that takes an officer off the receiver's map."""
    link = f'<link uid={_quoted(uid_of(ref))} relation="none" type="none"/><__forcedelete/>'
    return _answer(f"{uid_of(ref)}.delete", _DELETE, now_ms, link)


def pong(now_ms: int) -> bytes:
    """The answer to a ping."""
    return _answer(f"{UID_PREFIX}pong", PONG, now_ms)


def no_other_protocol(now_ms: int) -> bytes:
    """The answer to the wish to speak the protobuf form: no; XML goes on."""
    detail = '<TakControl><TakResponse status="false"/></TakControl>'
    return _answer(f"{UID_PREFIX}protocol", _OTHER_PROTOCOL_ANSWERED, now_ms, detail)


def uid_of(ref: str) -> str:
    """The uid of a camera's officer, the same for ever."""
    return UID_PREFIX + ref


def _answer(uid: str, kind: str, now_ms: int, detail: str = "") -> bytes:
    times = _time(now_ms), _time(now_ms + _ANSWER_GOOD_FOR_S * 1000)
    point = f'<point lat="0.0" lon="0.0" hae="0.0" ce="{UNKNOWN}" le="{UNKNOWN}"/>'
    return _event(uid, kind, times, point, detail)


def _event(uid: str, kind: str, times: tuple[str, str], point: str, detail: str) -> bytes:
    time, stale = times
    text = (
        f'<event version="2.0" uid={_quoted(uid)} type={_quoted(kind)} how="m-g" time="{time}"'
        f' start="{time}" stale="{stale}">{point}<detail>{detail}</detail></event>\n'
    )
    return text.encode()


def _time(ms: int) -> str:
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=10_000)  # most officers report in the same seconds
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def _or_unknown(value: float | None) -> float:
    return UNKNOWN if value is None else round(value, 2)


def _attributes(*values: tuple[str, float | None]) -> str:
    return "".join(f' {name}="{round(value, 2)}"' for name, value in values if value is not None)


@lru_cache(maxsize=100_000)
def _quoted(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
