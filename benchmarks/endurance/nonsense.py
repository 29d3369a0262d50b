"""Messages as no camera should send them: valid ones, changed in their fields, types, nesting, numbers and bytes.

The same seed gives the same messages.
"""

from __future__ import annotations

import json
import random
import struct
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

_WORDS: Final = (
    "recording",
    "off",
    "buffering",
    "unknown",
    "lte",
    "nr",
    "wifi",
    "other",
    "Recording",
    "",
)
_TEXTS: Final = (
    "", " ", "x" * 33, "x" * 70_000, "234-30", "5F2A1", "\x00", "\u202e", "\ud800", "\udfff!", "é", "𝄞" * 20, "0", "1e5",
    "NaN", "null", "2026-11-20T14:02:11Z", "2026-02-30T00:00:00Z", "2026-11-20T14:02:11", "1999-12-31T23:59:59.999Z",
)  # fmt: skip
_NUMBERS: Final = (
    0, -0.0, 1, -1, 0.1, 1e-320, 5e-324, 1e308, -1e308, 90, 90.0000000001, -90, 180, -180.5, 360, 100, 100.5, -140, -44,
    -43.99, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**40, 10**4400, 946_684_799_999, 4_102_444_800_000,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
_FIELDS: Final = (
    "type", "camera", "seq", "fixes", "time", "lat", "lon", "accuracy_m", "altitude_m", "speed_mps", "heading_deg",
    "recording", "battery_pct", "signal", "bearer", "operator", "cell", "rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm",
    "uplink_kbps", "talk", "accept", "audio_out", "model", "firmware", "extra",
)  # fmt: skip


class Twice(dict[str, Any]):
    """An object in which some keys stand twice: first with what `first` says."""

    first: dict[str, Any]


class Nonsense:
    """Makes messages."""

    def __init__(self, seed: int, now_ms: int) -> None:
        """`now_ms`: about when fixes are taken, milliseconds since 1970 UTC."""
        self._draw = random.Random(seed)
        self._now_ms = now_ms
        self._seq = 0
        self._step = 0

    def message(self, camera: str | None, *, spoilt: float = 0.8) -> tuple[bytes, bool]:
        """A message and whether it is a binary one.

        Args:
            camera: whom it names; None: nobody.
            spoilt: share of messages that are changed.
        """
        draw = self._draw
        document: Any = self._document(camera)
        binary = draw.random() < 0.4
        change = draw.random() < spoilt
        if change:
            for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
                document = self._changed(document)
        raw = self._packed(document) if binary else self._text(document)
        if change and draw.random() < 0.25:
            raw = self._damaged(raw, camera, binary=binary)
        if binary and draw.random() < 0.03:
            raw = self._text(document)
        elif draw.random() < 0.01:
            binary = not binary
        return raw[: 1 << 20], binary

    # --- valid ones

    def _document(self, camera: str | None) -> dict[str, Any]:
        draw = self._draw
        self._seq += 1
        kind = draw.choices(
            ("report", "status", "hello", "eyes_on", "talk_answer"), (80, 10, 4, 3, 3)
        )[0]
        made: dict[str, Any] = {"type": kind}
        if camera is not None:
            made["camera"] = camera
        if kind == "report":
            count = draw.choice((0, 1, 1, 1, 2, 3, 5, 20))
            made |= {"seq": self._seq, "fixes": [self._fix() for _ in range(count)]}
        elif kind == "status":
            made |= {"seq": self._seq, "time": self._time(), "recording": draw.choice(_WORDS[:4])}
            made |= {"battery_pct": draw.randrange(101), "signal": self._signal()}
        elif kind == "hello":
            made |= {"model": "M1", "firmware": "7", "time": self._time(), "audio_out": "none"}
        elif kind == "talk_answer":
            made |= {"talk": f"t{self._seq}", "accept": draw.random() < 0.5}
        return made

    def _time(self) -> int | str:
        draw = self._draw
        self._step += draw.choice((1, 200, 1_000))
        ms = (
            self._now_ms
            - 3_000_000
            + self._step % 2_900_000
            - draw.choice((0, 0, 0, 5_000, 86_400_000 * 300))
        )
        if draw.random() < 0.6:
            return ms
        moment = datetime.fromtimestamp(ms / 1000, UTC)
        if draw.random() < 0.3:
            moment = moment.astimezone(_zone(draw.choice((-150, 60, 330))))
        return moment.isoformat(timespec=draw.choice(("seconds", "milliseconds", "microseconds")))

    def _fix(self) -> dict[str, Any]:
        draw = self._draw
        made: dict[str, Any] = {
            "time": self._time(),
            "lat": 56.4 + draw.randrange(-40, 40) / 1e5,
            "lon": 1.08 + draw.random() / 1e4,
        }
        for name, low, high in (
            ("accuracy_m", 0, 50),
            ("altitude_m", -5, 300),
            ("speed_mps", 0, 3),
            ("heading_deg", 0, 360),
            ("battery_pct", 0, 100),
        ):
            chance = draw.random()
            if chance < 0.5:
                made[name] = round(draw.uniform(low, high), 2)
            elif chance < 0.6:
                made[name] = None
        if draw.random() < 0.8:
            made["recording"] = draw.choice(_WORDS[:4])
        if draw.random() < 0.7:
            made["signal"] = self._signal()
        return made

    def _signal(self) -> dict[str, Any]:
        draw = self._draw
        made = {
            "bearer": draw.choice(_WORDS[3:8]),
            "operator": "234-30",
            "cell": f"{draw.randrange(500):X}",
            "rsrp_dbm": draw.randrange(-140, -43),
            "rsrq_db": round(draw.uniform(-20, 0), 1),
            "sinr_db": draw.randrange(-5, 30),
            "rssi_dbm": -61,
            "uplink_kbps": draw.randrange(10_000),
        }
        for name in list(made):
            if draw.random() < 0.3:
                del made[name]
        return made

    # --- changed ones

    def _changed(self, document: Any) -> Any:
        """The document with one change somewhere."""
        places: list[tuple[Any, Any]] = []
        _collect(document, places)
        draw = self._draw
        if not places or draw.random() < 0.02:
            return self._value(3)
        holder, key = draw.choice(places)
        how = draw.random()
        if how < 0.15:
            del holder[key]
        elif how < 0.25 and isinstance(holder, dict):
            value = holder.pop(key)
            holder[draw.choice(_FIELDS)] = value
        elif how < 0.3 and isinstance(holder, list):
            holder.insert(key, self._value(2))
        elif how < 0.4:
            return _twice(document, holder, key, self._value(1))
        else:
            holder[key] = self._value(2)
        return document

    def _value(self, depth: int) -> Any:
        draw = self._draw
        kind = draw.randrange(9 if depth else 6)
        if kind == 0:
            return draw.choice((None, True, False))
        if kind <= 2:
            return draw.choice(_NUMBERS)
        if kind == 3:
            return draw.choice(_TEXTS)
        if kind == 4:
            return draw.choice(_WORDS)
        if kind == 5:
            return draw.uniform(-400, 400)
        if kind == 6:
            return [self._value(depth - 1) for _ in range(draw.randrange(4))]
        if kind == 7:
            return {draw.choice(_FIELDS): self._value(depth - 1) for _ in range(draw.randrange(4))}
        nested: Any = []
        for _ in range(draw.choice((3, 30, 200)) if draw.random() < 0.1 else 3):
            nested = [nested] if draw.random() < 0.5 else {"signal": nested}
        return nested

    def _damaged(self, raw: bytes, camera: str | None, *, binary: bool) -> bytes:
        """Changed byte by byte: cut, joined, or with other bytes in it."""
        draw = self._draw
        how = draw.randrange(5)
        if draw.random() < 0.02:
            deep = draw.choice((900, 1_100, 100_000))
            return b"\x81\xa1x" + b"\x91" * deep + b"\xc0" if binary else b"[" * deep + b"]" * deep
        if how == 0:
            return raw[: draw.randrange(len(raw) + 1)]
        if how == 1:
            return raw + draw.choice((b"\x00", b" ", b"{}", b"\xc0", raw))
        if how == 2:
            return raw + self._text(self._document(camera))
        changed = bytearray(raw)
        for _ in range(draw.randrange(1, 4)):
            if changed:
                at = draw.randrange(min(len(changed), 2_000))
                changed[at : at + draw.randrange(2)] = bytes([draw.randrange(256)])
        return bytes(changed)

    # --- as bytes

    def _text(self, document: Any) -> bytes:
        parts: list[str] = []
        self._write(document, parts)
        text = "".join(parts)
        return text.encode(
            "utf-8", "surrogatepass" if self._draw.random() < 0.5 else "backslashreplace"
        )

    def _write(self, value: Any, parts: list[str]) -> None:
        if isinstance(value, dict):
            members = [*getattr(value, "first", {}).items(), *value.items()]
            parts.append("{")
            for place, (name, inner) in enumerate(members):
                parts += ("," if place else "", json.dumps(name), ":")
                self._write(inner, parts)
            parts.append("}")
        elif isinstance(value, list):
            parts.append("[")
            for place, inner in enumerate(value):
                parts.append("," if place else "")
                self._write(inner, parts)
            parts.append("]")
        elif isinstance(value, str):
            parts.append(json.dumps(value, ensure_ascii=self._draw.random() < 0.5))
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**100:
            parts.append("1" + "0" * 4_400)
        else:
            parts.append(json.dumps(value))

    def _packed(self, value: Any) -> bytes:
        made = bytearray()
        self._pack(value, made)
        return bytes(made)

    def _pack(self, value: Any, made: bytearray) -> None:
        draw = self._draw
        if isinstance(value, dict):
            members = [*getattr(value, "first", {}).items(), *value.items()]
            made += _head(len(members), 0x80, 15, None, 0xDE, 0xDF, wide=draw.random() < 0.05)
            for name, inner in members:
                self._pack(name, made)
                self._pack(inner, made)
        elif isinstance(value, list):
            made += _head(len(value), 0x90, 15, None, 0xDC, 0xDD, wide=draw.random() < 0.05)
            for inner in value:
                self._pack(inner, made)
        elif isinstance(value, str):
            raw = value.encode("utf-8", "surrogatepass")
            if draw.random() < 0.01:  # as bytes, or longer than it is
                made += b"\xc4" + bytes([len(raw) & 255]) + raw
                return
            size = len(raw) + (draw.choice((1, 1000)) if draw.random() < 0.002 else 0)
            made += _head(size, 0xA0, 31, 0xD9, 0xDA, 0xDB, wide=draw.random() < 0.05) + raw
        elif value is None or isinstance(value, bool):
            made.append({None: 0xC0, False: 0xC2, True: 0xC3}[value])
        elif isinstance(value, float):
            made += b"\xcb" + struct.pack(">d", value)
        else:
            made += _integer(value)


def _zone(minutes: int) -> tzinfo:
    return timezone(timedelta(minutes=minutes))


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in members:
        places.append((value, key))
        if len(places) < 400:
            _collect(inner, places)


def _twice(document: Any, holder: Any, key: Any, other: Any) -> Any:
    """The document with a key that stands twice in one of its objects."""
    if not isinstance(holder, dict):
        return document
    double = Twice(holder)
    double.first = {key: other}
    return _replaced(document, holder, double)


def _replaced(value: Any, old: Any, new: Any) -> Any:
    if value is old:
        return new
    if isinstance(value, dict):
        for key in value:
            value[key] = _replaced(value[key], old, new)
    elif isinstance(value, list):
        value[:] = [_replaced(inner, old, new) for inner in value]
    return value


def _head(
    size: int, small: int, most_small: int, one: int | None, two: int, four: int, *, wide: bool
) -> bytes:
    if size <= most_small and not wide:
        return bytes([small | size])
    if one is not None and size < 256 and not wide:
        return bytes([one, size])
    return (
        bytes([two]) + struct.pack(">H", size)
        if size < 65_536
        else bytes([four]) + struct.pack(">I", size)
    )


def _integer(value: int) -> bytes:
    if 0 <= value < 128:
        return bytes([value])
    if 0 <= value < 2**64:
        return b"\xcf" + struct.pack(">Q", value)
    if -(2**63) <= value < 0:
        return b"\xd3" + struct.pack(">q", value)
    return b"\xcb" + struct.pack(">d", 1e40)
