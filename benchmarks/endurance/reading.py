"""A second, independent reading of a message of the camera protocol, from its documentation alone.

It shares no line with the gateway: other decoders, other checks. What the gateway stores has to be what this makes of the
valid part of a message. Where the documentation leaves room (a time of a curious shape), it says that it is not sure.
"""

from __future__ import annotations

import json
import math
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

_NUMBERS: Final = {
    "accuracy_m": (0, 100_000),
    "altitude_m": (-500, 20_000),
    "speed_mps": (0, 350),
    "heading_deg": (0, 360),
    "battery_pct": (0, 100),
}
_RADIO: Final = {
    "rsrp_dbm": (-140, -44),
    "rsrq_db": (-43, 20),
    "sinr_db": (-30, 50),
    "rssi_dbm": (-130, 0),
    "uplink_kbps": (0, 10_000_000),
}
_RECORDING: Final = ("unknown", "off", "buffering", "recording")
_BEARER: Final = ("unknown", "lte", "nr", "wifi", "other")
_REF: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_LEAST_MS: Final = 946_684_800_000
_END_MS: Final = 4_102_444_800_000
_MOST_FIXES: Final = 3_600
_MOST_SEQ: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DEEPEST: Final = 400

Reading = tuple[object, ...]
"""Time in µs, lat, lon, accuracy, altitude, speed, heading, recording, battery, bearer, network, cell and radio values."""


class NotReadableError(Exception):
    """No message: it has to be answered with an error."""


class UnsureError(Exception):
    """The documentation does not say."""


@dataclass
class Said:
    """What a message says.

    Attributes:
        kind: its type.
        camera: whom it names.
        seq: of a report or a status.
        fixes: by index, those that have to be stored.
        unsure: indexes of fixes about which the documentation leaves room.
        total: fixes in the message, wrong ones too.
    """

    kind: str
    camera: str | None = None
    seq: int = 0
    fixes: dict[int, Reading] = field(default_factory=dict)
    unsure: set[int] = field(default_factory=set)
    total: int = 0


def narrow(value: float | None) -> float | None:
    """As 32 bits hold it, which is how all but the position is kept."""
    return None if value is None else struct.unpack("<f", struct.pack("<f", value))[0]


def read(raw: bytes, *, binary: bool) -> Said:
    """What a message says.

    Raises:
        NotReadableError: it is none.
        UnsureError: the documentation leaves room.
    """
    if binary and raw[:1] != b"{":
        try:
            value, end = _unpack(raw, 0, 0)
        except (IndexError, struct.error) as error:
            raise NotReadableError(f"cut short: {error}") from None
        except UnicodeDecodeError as error:
            raise UnsureError(f"no UTF-8: {error}") from None
        if end != len(raw):
            raise NotReadableError("more follows")
    else:
        value = _json(raw)
    return _message(value)


def _json(raw: bytes) -> object:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        try:
            json.loads(raw.decode(errors="replace"), parse_int=_integer)
        except ValueError:
            raise NotReadableError(str(error)) from None
        raise UnsureError("no UTF-8 in a text") from None
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        raise UnsureError("deep") from None
    except ValueError as error:
        raise NotReadableError(str(error)) from None


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < 400 else (-1 if digits[0] == "-" else 1) * 10**400


def _message(value: object) -> Said:  # noqa: C901 - one branch for each rule of the documentation
    if not isinstance(value, dict):
        raise NotReadableError("no object")
    kind = value.get("type")
    if kind == "hello":
        return Said(kind, _ref(value, needed=True))
    if kind == "eyes_on":
        return Said(kind, _ref(value))
    if kind == "talk_answer":
        camera = _ref(value)
        talk = value.get("talk")
        if not _is_text(talk, 64) or not isinstance(value.get("accept"), bool):
            raise NotReadableError("talk or accept")
        return Said(kind, camera)
    if kind not in ("report", "status"):
        raise NotReadableError("type")
    said = Said(str(kind), _ref(value), _seq(value))
    if kind == "report":
        fixes = value.get("fixes")
        if not isinstance(fixes, list) or len(fixes) > _MOST_FIXES:
            raise NotReadableError("fixes")
        said.total = len(fixes)
        for index, one in enumerate(fixes):
            try:
                reading = _fix(one)
            except UnsureError:
                said.unsure.add(index)
            else:
                if reading is not None:
                    said.fixes[index] = reading
    return said


def _ref(value: dict[Any, Any], *, needed: bool = False) -> str | None:
    camera = value.get("camera")
    if camera is None and not needed:
        return None
    if not isinstance(camera, str) or not _REF.fullmatch(camera):
        raise NotReadableError("camera")
    return camera


def _seq(value: dict[Any, Any]) -> int:
    seq = value.get("seq")
    if isinstance(seq, float) and seq.is_integer():
        seq = int(seq)
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq <= _MOST_SEQ:
        raise NotReadableError("seq")
    return seq


def _fix(one: object) -> Reading | None:
    if not isinstance(one, dict):
        return None
    lat, lon = _number(one.get("lat"), -90, 90), _number(one.get("lon"), -180, 180)
    recording = one.get("recording")
    if recording is None:
        recording = "unknown"
    if lat is None or lon is None or recording not in _RECORDING:
        return None
    time_us = _time(one.get("time"))
    if time_us is None:
        return None
    numbers = {name: narrow(_number(one.get(name), *bounds)) for name, bounds in _NUMBERS.items()}
    signal = one.get("signal")
    heard = signal if isinstance(signal, dict) else {}
    bearer = heard.get("bearer")
    return (
        time_us,
        lat,
        lon,
        numbers["accuracy_m"],
        numbers["altitude_m"],
        numbers["speed_mps"],
        numbers["heading_deg"],
        recording,
        numbers["battery_pct"],
        bearer if isinstance(bearer, str) and bearer in _BEARER else "unknown",
        *(
            heard.get(name) if _is_text(heard.get(name), 32) else None
            for name in ("operator", "cell")
        ),
        *(narrow(_number(heard.get(name), *bounds)) for name, bounds in _RADIO.items()),
    )


def _number(value: object, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return float(value) if low <= value <= high else None


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= longest and value.isprintable()


def _time(value: object) -> int | None:  # noqa: C901 - one branch for each rule of the documentation
    if isinstance(value, datetime):
        raise UnsureError("MessagePack's own time")
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if not math.isfinite(value) or not value.is_integer():
            return None
        value = int(value)
    if isinstance(value, int):
        return value * 1000 if _LEAST_MS <= value < _END_MS else None
    if not isinstance(value, str):
        return None
    found = _TIME.fullmatch(value)
    if found is None:
        if len(value) <= 64 and sum(letter.isdigit() for letter in value) >= 14:
            raise UnsureError("perhaps a time")
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if second == 60:
        raise UnsureError("leap second")
    fraction = int((found[7] or "").ljust(6, "0"))
    offset = timedelta(hours=int(found[9] or 0), minutes=int(found[10] or 0))
    try:
        zone = timezone(-offset if found[8] == "-" else offset)
        moment = datetime(year, month, day, hour, minute, second, fraction, zone)
        time_us = (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise UnsureError("no such day, hour or zone") from None
    return time_us if _LEAST_MS * 1000 <= time_us < _END_MS * 1000 else None


def _unpack(raw: bytes, at: int, depth: int) -> tuple[Any, int]:  # noqa: C901 - one branch for each kind
    """A value of MessagePack, and where the next one begins."""
    if depth > _DEEPEST:
        raise UnsureError("deep")
    kind = raw[at]
    at += 1
    if kind < 0x80:
        return kind, at
    if kind >= 0xE0:
        return kind - 256, at
    if kind < 0x90:
        return _map(raw, at, kind & 15, depth)
    if kind < 0xA0:
        return _array(raw, at, kind & 15, depth)
    if kind < 0xC0:
        return _text(raw, at, kind & 31)
    if kind in _SIMPLE:
        return _SIMPLE[kind], at
    if kind in _FORMATS:
        form = _FORMATS[kind]
        return struct.unpack_from(form, raw, at)[0], at + struct.calcsize(form)
    if kind in _LENGTHS:
        form, what = _LENGTHS[kind]
        (size,) = struct.unpack_from(form, raw, at)
        return what(raw, at + struct.calcsize(form), size, depth)
    if kind in (0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8):
        raise UnsureError("an extension")
    raise NotReadableError(f"{kind:#x} begins nothing")


def _map(raw: bytes, at: int, size: int, depth: int) -> tuple[Any, int]:
    if size > len(raw):
        raise NotReadableError("a map longer than the message")
    made: dict[Any, Any] = {}
    for _ in range(size):
        key, at = _unpack(raw, at, depth + 1)
        value, at = _unpack(raw, at, depth + 1)
        if not isinstance(key, str):
            raise UnsureError("a key that is no text")
        made[key] = value
    return made, at


def _array(raw: bytes, at: int, size: int, depth: int) -> tuple[Any, int]:
    if size > len(raw):
        raise NotReadableError("an array longer than the message")
    made = []
    for _ in range(size):
        value, at = _unpack(raw, at, depth + 1)
        made.append(value)
    return made, at


def _text(raw: bytes, at: int, size: int, _depth: int = 0) -> tuple[Any, int]:
    if at + size > len(raw):
        raise NotReadableError("a text longer than the message")
    return raw[at : at + size].decode(), at + size


def _binary(raw: bytes, at: int, size: int, _depth: int) -> tuple[Any, int]:
    if at + size > len(raw):
        raise NotReadableError("bytes beyond the message")
    return raw[at : at + size], at + size


_SIMPLE: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_FORMATS: Final = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
_LENGTHS: Final = {
    0xC4: (">B", _binary),
    0xC5: (">H", _binary),
    0xC6: (">I", _binary),
    0xD9: (">B", _text),
    0xDA: (">H", _text),
    0xDB: (">I", _text),
    0xDC: (">H", _array),
    0xDD: (">I", _array),
    0xDE: (">H", _map),
    0xDF: (">I", _map),
}
