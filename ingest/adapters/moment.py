"""What a tracker says of one moment, under the names of the camera protocol, and the messages that come of it. Pure.

A moment with a position is a fix; one without says something of the device's state (`status`), or nothing. Whatever the
sender's protocol calls a value, our own name with its unit goes before it: `speed_mps` before `speed`. Values are checked
by the camera protocol alone (`sightline.ingest.explain`); here they only get their names and units.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sightline.ingest import explain, fields
from sightline.ingest.messages import Report, Status

SEQ: Final = fields.MAX_SEQ
"""Of every message of a tracker, which has none of its own: the newest one sent again is known by its content."""
KNOT_MPS: Final = 1852 / 3600
KMH_MPS: Final = 1 / 3.6

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER: Final = 64
_LARGEST: Final = 1e18
_OWN_NUMBERS: Final = (*fields.MOTION_FIELDS, fields.BATTERY)
_SIGNAL_NUMBERS: Final = {
    said_as: number.name
    for number in fields.SIGNAL_FIELDS
    for said_as in (number.name.rsplit("_", 1)[0], number.name)
}
OWN_NAMES: Final = (
    "recording",
    *(number.name for number in _OWN_NUMBERS),
    "bearer",
    "operator",
    "cell",
    *_SIGNAL_NUMBERS,
)
"""What is read from any tracker that sends it, in the words and units of the camera protocol."""
_CELL_PARTS: Final = 4
_STATE: Final = ("recording", fields.BATTERY.name)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One request of a tracker.

    Attributes:
        messages: what there is to store, checked by the camera protocol.
        names: field of the camera protocol → what the sender calls it.
        time_allowed: what the sender may give as its time, in words.
        device: what it calls itself; only of a bridge does that count.
    """

    messages: Sequence[Report | Status]
    names: Mapping[str, str] = field(default_factory=dict)
    time_allowed: str = fields.TIME_ALLOWED
    device: str | None = None


class Moment:
    """One fix or status in the making.

    Attributes:
        names: field of the camera protocol → what the sender called it.
        valid: False: the device itself does not believe its position.
    """

    def __init__(self) -> None:
        self._values: dict[str, object] = {}
        self._signal: dict[str, object] = {}
        self.names: dict[str, str] = {}
        self.valid = True

    def put(self, name: str, value: object, said_as: str) -> None:
        """A value under its name in the camera protocol; None is nothing."""
        if value is not None:
            self._values[name] = value
            self.names[name] = said_as

    def hear(self, name: str, value: object, said_as: str) -> None:
        """The same of the radio."""
        if value is not None:
            self._signal[name] = value
            self.names[f"signal.{name}"] = said_as

    def serve(self, mcc: object, mnc: object, area: object, cell: object, said_as: str) -> None:
        """The serving cell in parts: country, network, area and cell, as they are reported."""
        parts = [str(part).strip() for part in (mcc, mnc, area, cell)]
        self.hear("operator", f"{parts[0]}-{parts[1].zfill(2)}", said_as)
        self.hear("cell", f"{parts[2]}-{parts[3]}", said_as)

    def own(self, said: Mapping[str, object]) -> None:
        """Everything that has one of our own names; a cell may also be `mcc,mnc,area,cell[,level]`."""
        known = {name: said[name] for name in OWN_NAMES if is_said(said.get(name))}
        self.put("recording", word(known.get("recording")), "recording")
        for each in _OWN_NUMBERS:
            self.put(each.name, number(known.get(each.name)), each.name)
        self.hear("bearer", word(known.get("bearer")), "bearer")
        cell = text(known.get("cell"))
        if isinstance(cell, str) and cell.count(",") >= _CELL_PARTS - 1:
            mcc, mnc, area, id_ = cell.split(",")[:_CELL_PARTS]
            self.serve(mcc, mnc, area, id_, "cell")
        else:
            self.hear("cell", cell, "cell")
        self.hear("operator", text(known.get("operator")), "operator")
        for said_as, name in _SIGNAL_NUMBERS.items():
            self.hear(name, number(known.get(said_as)), said_as)

    def time_unless_said(self, received_us: int) -> None:
        """The time of receipt (microseconds since 1970 UTC) where the sender gives none."""
        self._values.setdefault("time", received_us // 1000)

    @property
    def has_position(self) -> bool:
        """Whether it is a fix: at least it means to say where it is."""
        return self.valid and ("lat" in self._values or "lon" in self._values)

    @property
    def has_state(self) -> bool:
        """Whether it says anything else that is kept."""
        return bool(self._signal) or any(name in self._values for name in _STATE)

    def fix(self) -> dict[str, object]:
        """An element of `fixes`."""
        return {**self._values, **self._heard()}

    def status(self) -> dict[str, object]:
        """The fields of a status."""
        said = {name: self._values[name] for name in ("time", *_STATE) if name in self._values}
        return {**said, **self._heard()}

    def _heard(self) -> dict[str, object]:
        return {"signal": self._signal} if self._signal else {}


def spoken(
    moments: Sequence[Moment], *, device: object, time_name: str, time_allowed: str
) -> Spoken:
    """The messages of some moments: a report of all fixes, and the last status where there is one.

    Args:
        moments: in the order in which they were sent.
        device: what the sender calls itself.
        time_name: what it calls the time.
        time_allowed: what that may be, in words.

    Raises:
        ProtocolError: more moments than a report may hold.
    """
    fixes = [moment.fix() for moment in moments if moment.has_position]
    states = [moment for moment in moments if not moment.has_position and moment.has_state]
    documents: list[dict[str, object]] = []
    if fixes:
        documents.append({"type": "report", "seq": SEQ, "fixes": fixes})
    if states:
        documents.append({"type": "status", "seq": SEQ, **states[-1].status()})
    messages = [explain.message(document) for document in documents]
    names = {"time": time_name}
    for moment in moments:
        names |= moment.names
    return Spoken(
        [message for message in messages if isinstance(message, Report | Status)],
        names,
        time_allowed,
        device if isinstance(device, str) else None if device is None else str(device),
    )


def is_said(value: object) -> bool:
    """Whether a value says anything: templates leave empty text where they know nothing."""
    return value is not None and value != ""


def number(value: object) -> object:
    """A number where text is one; anything else as it is, for the protocol to refuse."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value):
        return float(value)
    return value


def finite(value: object) -> int | float | None:
    """A number that can be reckoned with; None: it is none, or no float holds it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _LARGEST else None  # false for NaN, too


def times(value: object, factor: float) -> object:
    """A number in another unit; what is no number stays what it is."""
    read = number(value)
    known = finite(read)
    return read if known is None else known * factor


def text(value: object) -> object:
    """Text where a number stands for it, as in `"cell": 1234`; anything else as it is."""
    return str(value) if fields.is_number(value) else value


def word(value: object) -> object:
    """A word in lower case; anything else as it is."""
    return value.lower() if isinstance(value, str) else value
