"""Field by field: what is wrong with a message that the fast decoder refused, and what of it can be kept.

Input is whatever a JSON or MessagePack decoder made of the bytes; output is the same values as the fast way gives,
plus a `Rejection` for each value that was not taken. Nothing here raises anything but `ProtocolError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sightline.ingest import fields
from sightline.ingest.errors import ProtocolError
from sightline.ingest.fields import NumberField, TextField, echo, is_number
from sightline.ingest.messages import (
    EyesOn,
    Fix,
    Hello,
    Incoming,
    Rejection,
    Report,
    Signal,
    Status,
    TalkAnswer,
    content_hash,
)

_CAMERA_ID = re.compile(fields.CAMERA_ID_PATTERN)
_LEAP_SECOND = re.compile(r"^(.{17})60((?:\.\d+)?(?:[zZ]|[+-]\d\d:\d\d))$", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WORDS_RECORDING = ", ".join(fields.RECORDING_CODES)
_WORDS_BEARER = ", ".join(fields.BEARER_CODES)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware time."""
    return (moment - _EPOCH) // _MICROSECOND


class Findings:
    """What was found wrong with one fix, status or hello.

    Attributes:
        rejected: one entry for each value at fault.
        usable: False once a required field is at fault.
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.rejected: list[Rejection] = []
        self.usable = True

    def refuse(
        self, field: str | None, value: object, code: str, allowed: str, *, required: bool
    ) -> None:
        """Note one value that is not taken; a required one makes the whole thing unusable."""
        if required:
            self.usable = False
        self.rejected.append(
            Rejection(self.index, field, echo(value), code, allowed, kept=not required)
        )

    def settled(self) -> list[Rejection]:
        """The entries, with nothing marked as kept where the whole was rejected."""
        if self.usable:
            return self.rejected
        return [msgspec.structs.replace(entry, kept=False) for entry in self.rejected]


def time_us(raw: Mapping[Any, Any], found: Findings, *, required: bool) -> int | None:
    """`time` in microseconds since 1970 UTC; None where it is absent or not taken."""
    value = raw.get("time")
    if value is None:
        if required:
            found.refuse("time", None, "missing", fields.TIME_ALLOWED, required=True)
        return None
    moment: int | None = None
    if isinstance(value, datetime):
        moment = None if value.tzinfo is None else micros(value)
    elif isinstance(value, str):
        moment = _rfc3339(value)
    elif is_number(value):
        whole = isinstance(value, int) or (math.isfinite(value) and value.is_integer())
        moment = int(value) * 1000 if whole else None
    else:
        found.refuse("time", value, "wrong_type", fields.TIME_ALLOWED, required=required)
        return None
    if moment is None:
        found.refuse("time", value, "bad_time", fields.TIME_ALLOWED, required=required)
        return None
    if not fields.EARLIEST_US <= moment < fields.LATEST_US:
        found.refuse("time", value, "out_of_range", fields.TIME_ALLOWED, required=required)
        return None
    return moment


def _rfc3339(text: str) -> int | None:
    if len(text) > fields.ECHO_LENGTH:
        return None
    leap = _LEAP_SECOND.match(text)
    if leap:  # RFC 3339 allows second 60; it is the first moment of the next minute
        text = f"{leap[1]}59{leap[2]}"
    try:
        moment = msgspec.convert(text, datetime)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return None
    if moment.tzinfo is None:
        return None
    return micros(moment) + (1_000_000 if leap else 0)


def number(
    raw: Mapping[Any, Any], field: NumberField, found: Findings, prefix: str = ""
) -> float | None:
    """One number; None where it is absent, null or not taken."""
    value = raw.get(field.name)
    name = prefix + field.name
    if value is None:
        if field.required:
            found.refuse(name, None, "missing", field.allowed, required=True)
        return None
    if not is_number(value):
        allowed = f"a number from {field.allowed}"
        found.refuse(name, value, "wrong_type", allowed, required=field.required)
    elif isinstance(value, float) and not math.isfinite(value):
        found.refuse(name, value, "not_a_number", field.allowed, required=field.required)
    elif not field.low <= value <= field.high:
        found.refuse(name, value, "out_of_range", field.allowed, required=field.required)
    else:
        return float(value)
    return None


def text(raw: Mapping[Any, Any], field: TextField, found: Findings, prefix: str = "") -> str | None:
    """One short text; None where it is absent, null or not taken."""
    value = raw.get(field.name)
    if value is None:
        return None
    if not isinstance(value, str):
        found.refuse(prefix + field.name, value, "wrong_type", field.allowed, required=False)
        return None
    if not fields.is_clean_text(value, field.max_length):
        found.refuse(prefix + field.name, value, "out_of_range", field.allowed, required=False)
        return None
    return value


def word(
    raw: Mapping[Any, Any],
    name: str,
    codes: Mapping[str, int],
    allowed: str,
    found: Findings,
    *,
    required: bool,
    prefix: str = "",
) -> int:
    """The code of a word from a list; 0 (unknown) where it is absent, null or not taken."""
    value = raw.get(name)
    if value is None:
        return 0
    if not isinstance(value, str):
        found.refuse(prefix + name, value, "wrong_type", allowed, required=required)
        return 0
    if value not in codes:
        found.refuse(prefix + name, value, "unknown_value", allowed, required=required)
        return 0
    return codes[value]


def signal(raw: Mapping[Any, Any], found: Findings) -> Signal | None:
    """`signal`; None where nothing of it is known."""
    value = raw.get("signal")
    if value is None:
        return None
    if not isinstance(value, dict):
        found.refuse("signal", value, "wrong_type", "an object, or null", required=False)
        return None
    heard = Signal(
        word(
            value,
            "bearer",
            fields.BEARER_CODES,
            _WORDS_BEARER,
            found,
            required=False,
            prefix="signal.",
        ),
        text(value, fields.OPERATOR, found, "signal."),
        text(value, fields.CELL, found, "signal."),
        *(number(value, field, found, "signal.") for field in fields.SIGNAL_FIELDS),
    )
    return None if heard == Signal() else heard


def fix(raw: object, index: int) -> tuple[Fix | None, list[Rejection]]:
    """One element of `fixes`: the fix, or None where it is rejected, and what was wrong."""
    found = Findings(index)
    if not isinstance(raw, dict):
        found.refuse(None, raw, "wrong_type", "an object with time, lat and lon", required=True)
        return None, found.settled()
    moment = time_us(raw, found, required=True)
    lat, lon = (number(raw, field, found) for field in fields.POSITION_FIELDS)
    accuracy, altitude, speed, heading = (
        number(raw, field, found) for field in fields.MOTION_FIELDS
    )
    recording = _recording(raw, found)
    battery = number(raw, fields.BATTERY, found)
    heard = signal(raw, found)
    if not found.usable or moment is None or lat is None or lon is None:
        return None, found.settled()
    content = content_hash(
        time_us=moment,
        lat=lat,
        lon=lon,
        accuracy_m=accuracy,
        altitude_m=altitude,
        speed_mps=speed,
        heading_deg=heading,
        recording=recording,
        battery_pct=battery,
        signal=heard,
    )
    made = Fix(
        index,
        moment,
        lat,
        lon,
        content,
        accuracy,
        altitude,
        speed,
        heading,
        recording,
        battery,
        heard,
    )
    return made, found.settled()


def _recording(raw: Mapping[Any, Any], found: Findings) -> int:
    return word(raw, "recording", fields.RECORDING_CODES, _WORDS_RECORDING, found, required=True)


def message(document: object) -> Incoming:
    """A whole message.

    Raises:
        ProtocolError: it is no message of the protocol, so that nothing of it can be kept. Its `camera` is the one that
            the document names all the same.
    """
    try:
        return _message(document)
    except ProtocolError as error:
        error.camera = _any_camera(document)
        raise


def _message(document: object) -> Incoming:
    if not isinstance(document, dict):
        raise ProtocolError(
            "not_an_object",
            "A message is one object with a type.",
            value=echo(document),
            allowed="an object",
        )
    kind = document.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        allowed = ", ".join(_READERS)
        if kind is None:
            text_ = f"The message has no type; it may be {allowed}."
        else:
            text_ = f"{echo(kind)!r} is no type of message; it may be {allowed}."
        raise ProtocolError(
            "unknown_type",
            text_,
            field="type",
            value=echo(kind),
            allowed=allowed,
            seq=_any_seq(document),
        )
    return reader(document)


def _shape(
    field: str, value: object, allowed: str, document: Mapping[Any, Any], code: str | None = None
) -> ProtocolError:
    code = code or ("missing_field" if value is None else "wrong_type")
    shown = "is missing" if value is None else f"is {echo(value)!r}"
    return ProtocolError(
        code,
        f"{field} of {document.get('type')} {shown}; it must be {allowed}.",
        field=field,
        value=echo(value),
        allowed=allowed,
        seq=_any_seq(document),
    )


def _any_seq(document: Mapping[Any, Any]) -> int | None:
    seq = document.get("seq")
    if isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq <= fields.MAX_SEQ:
        return seq
    return None


def _any_camera(document: object) -> str | None:
    camera = document.get("camera") if isinstance(document, dict) else None
    return camera if isinstance(camera, str) and _CAMERA_ID.fullmatch(camera) else None


def _seq(document: Mapping[Any, Any]) -> int:
    value = document.get("seq")
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    allowed = f"a whole number from 0 to {fields.MAX_SEQ}"
    if not isinstance(value, int) or isinstance(value, bool):
        raise _shape("seq", value, allowed, document)
    if not 0 <= value <= fields.MAX_SEQ:
        raise _shape("seq", value, allowed, document, "out_of_range")
    return value


def _camera_id(document: Mapping[Any, Any]) -> str | None:
    return None if document.get("camera") is None else _required_camera_id(document)


def _required_camera_id(document: Mapping[Any, Any]) -> str:
    value = document.get("camera")
    if not isinstance(value, str):
        raise _shape("camera", value, fields.CAMERA_ID_ALLOWED, document)
    if not _CAMERA_ID.fullmatch(value):
        raise _shape("camera", value, fields.CAMERA_ID_ALLOWED, document, "bad_camera_id")
    return value


def _hello(document: Mapping[Any, Any]) -> Hello:
    camera = _required_camera_id(document)
    found = Findings(0)
    audio_out = document.get("audio_out")
    if audio_out is not None and audio_out not in fields.AUDIO_OUTS:
        allowed = ", ".join(fields.AUDIO_OUTS)
        found.refuse("audio_out", audio_out, "unknown_value", allowed, required=False)
        audio_out = None
    model = text(document, fields.MODEL, found)
    firmware = text(document, fields.FIRMWARE, found)
    moment = time_us(document, found, required=False)
    return Hello(camera, model, firmware, audio_out, moment, found.settled())


def _report(document: Mapping[Any, Any]) -> Report:
    camera = _camera_id(document)
    seq = _seq(document)
    raw_fixes = document.get("fixes")
    if not isinstance(raw_fixes, list):
        raise _shape("fixes", raw_fixes, f"an array of 0 to {fields.MAX_FIXES} fixes", document)
    if len(raw_fixes) > fields.MAX_FIXES:
        raise _shape(
            "fixes", raw_fixes, f"at most {fields.MAX_FIXES} fixes", document, "too_many_fixes"
        )
    fixes: list[Fix] = []
    rejected: list[Rejection] = []
    for index, raw in enumerate(raw_fixes):
        made, wrong = fix(raw, index)
        rejected += wrong
        if made is not None:
            fixes.append(made)
    return Report(seq, fixes, len(raw_fixes), rejected, camera)


def _status(document: Mapping[Any, Any]) -> Status:
    camera = _camera_id(document)
    seq = _seq(document)
    found = Findings(0)
    # Never required: a clock that was reset must not hide an `off`. The time of receipt stands in for it.
    moment = time_us(document, found, required=False)
    recording = _recording(document, found)
    battery = number(document, fields.BATTERY, found)
    heard = signal(document, found)
    return Status(seq, recording, moment, battery, heard, found.usable, found.settled(), camera)


def _eyes_on(document: Mapping[Any, Any]) -> EyesOn:
    return EyesOn(_camera_id(document))


def _talk_answer(document: Mapping[Any, Any]) -> TalkAnswer:
    camera = _camera_id(document)
    talk, accept = document.get("talk"), document.get("accept")
    if not isinstance(talk, str) or not fields.is_clean_text(talk, fields.MAX_TALK_ID):
        raise _shape("talk", talk, "the id that the request carried", document)
    if not isinstance(accept, bool):
        raise _shape("accept", accept, "true or false", document)
    return TalkAnswer(talk, accept, camera)


_READERS: dict[str, Callable[[Mapping[Any, Any]], Incoming]] = {
    "hello": _hello,
    "report": _report,
    "status": _status,
    "eyes_on": _eyes_on,
    "talk_answer": _talk_answer,
}
