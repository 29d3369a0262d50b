"""The fields of a fix: what each may hold, and how a value that it may not hold is described.

One table serves the fast decoder (as msgspec constraints), the field-by-field check that explains what was wrong, and
the documentation. Positions are WGS 84 degrees (EPSG:4326). Bounds of radio values follow 3GPP TS 36.133 and TS 38.133;
RSRP outside −140…−44 dBm is not RSRP.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

AUDIO_OUTS: Final = ("none", "earpiece", "speaker")
"""Where a camera's sound goes."""
RECORDING_CODES: Final[dict[str, int]] = {"unknown": 0, "off": 1, "buffering": 2, "recording": 3}
"""Word on the wire → code in the database."""
BEARER_CODES: Final[dict[str, int]] = {"unknown": 0, "lte": 1, "nr": 2, "wifi": 3, "other": 4}
"""Word on the wire → code in the database; `unknown` is what absent and null mean."""

UNKNOWN, OFF, BUFFERING, RECORDING = 0, 1, 2, 3

MAX_FIXES: Final = 3600
MAX_MESSAGE_BYTES: Final = 1024 * 1024
MAX_SEQ: Final = 2**63 - 1
MAX_TALK_ID: Final = 64
CAMERA_ID_PATTERN: Final = r"\A[A-Za-z0-9._:-]{1,64}\Z"
CAMERA_ID_ALLOWED: Final = "1 to 64 of A-Z a-z 0-9 . _ : -"

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
EARLIEST_US: Final = int(EARLIEST.timestamp()) * 1_000_000
LATEST_US: Final = int(LATEST.timestamp()) * 1_000_000
TIME_ALLOWED: Final = (
    "RFC 3339 with a zone, or whole milliseconds since 1970 UTC; from 2000-01-01 to 2100-01-01"
)

ECHO_LENGTH: Final = 64
"""Characters of a wrong value that are sent back and logged."""


@dataclass(frozen=True, slots=True)
class NumberField:
    """A number with closed bounds.

    Attributes:
        name: name on the wire, unit included.
        low: least value.
        high: greatest value.
        required: a wrong value rejects the whole fix; otherwise it becomes unknown.
    """

    name: str
    low: float
    high: float
    required: bool = False

    @property
    def allowed(self) -> str:
        """The bounds in words, as an answer to the sender says them."""
        return f"{self.low:.10g} to {self.high:.10g}"


@dataclass(frozen=True, slots=True)
class TextField:
    """A short text of printable characters; a wrong one becomes unknown."""

    name: str
    max_length: int

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        return f"text of 1 to {self.max_length} printable characters"


LAT = NumberField("lat", -90, 90, required=True)
LON = NumberField("lon", -180, 180, required=True)
ACCURACY = NumberField("accuracy_m", 0, 100_000)
ALTITUDE = NumberField("altitude_m", -500, 20_000)
SPEED = NumberField("speed_mps", 0, 350)
HEADING = NumberField("heading_deg", 0, 360)
BATTERY = NumberField("battery_pct", 0, 100)
RSRP = NumberField("rsrp_dbm", -140, -44)
RSRQ = NumberField("rsrq_db", -43, 20)
SINR = NumberField("sinr_db", -30, 50)
RSSI = NumberField("rssi_dbm", -130, 0)
UPLINK = NumberField("uplink_kbps", 0, 10_000_000)

POSITION_FIELDS: Final = (LAT, LON)
MOTION_FIELDS: Final = (ACCURACY, ALTITUDE, SPEED, HEADING)
SIGNAL_FIELDS: Final = (RSRP, RSRQ, SINR, RSSI, UPLINK)

OPERATOR = TextField("operator", 32)
CELL = TextField("cell", 32)
MODEL = TextField("model", 100)
FIRMWARE = TextField("firmware", 100)


def is_number(value: object) -> bool:
    """Whether `value` is a number of the wire: an int or a float, never a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_clean_text(value: object, max_length: int) -> bool:
    """Whether `value` is text of 1 to `max_length` printable characters (lone surrogates are not)."""
    return isinstance(value, str) and 1 <= len(value) <= max_length and value.isprintable()


def echo(value: object) -> bool | int | float | str | None:
    """What may be sent back of a wrong value: short, one line, and encodable as JSON.

    Numbers come back as they are where JSON can carry them; text is cut to `ECHO_LENGTH` characters and cleaned of
    control characters; objects and arrays are only described.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _echo_number(value)
    if isinstance(value, str):
        return _cut(value)
    for kind, words in _DESCRIBED:
        if isinstance(value, kind):
            return words.format(len(value))  # type: ignore[arg-type]
    return type(value).__name__


_DESCRIBED: Final[tuple[tuple[type, str], ...]] = (
    (dict, "object with {} fields"),
    (list, "array of {} values"),
    (tuple, "array of {} values"),
    (bytes, "{} bytes of binary"),
)


def _echo_number(value: float) -> int | float | str:
    if isinstance(value, int):
        return value if -(2**53) < value < 2**53 else _digits(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _digits(value: int) -> str:
    # int() to text is quadratic, and refused by Python beyond 4,300 digits.
    return str(value) if value.bit_length() <= 256 else f"integer of {value.bit_length()} bits"


def _cut(text: str) -> str:
    short = text[:ECHO_LENGTH]
    clean = "".join(c if c.isprintable() else "\ufffd" for c in short)
    return clean if len(text) <= ECHO_LENGTH else f"{clean}… ({len(text)} characters)"
