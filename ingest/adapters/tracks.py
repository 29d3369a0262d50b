"""Recorded tracks, whatever format they came in: fixes in order, and what could not be read.

Pure. Fixes are those of the camera protocol (WGS 84, milliseconds since 1970 UTC).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from sightline.ingest.adapters.errors import TrackFormatError
from sightline.ingest.camera.messages import Fix
from sightline.ingest.fields import NumberField, echo

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Remark:
    """Something in a file that could not be taken as it stands.

    Attributes:
        line: in the file, from 1; of GPX the number of the track point.
        kept: the line was taken, the value not as it stands; otherwise the line was skipped.
        unit: what `line` counts.
        taken_as: what became of a value that was not taken as it stands.
    """

    file: str
    line: int
    field: str
    value: str
    allowed: str
    kept: bool = False
    unit: Literal["line", "track point"] = "line"
    taken_as: str = "unknown"

    def __str__(self) -> str:
        then = f"taken as {self.taken_as}" if self.kept else f"{self.unit} skipped"
        return (
            f"{self.file}, {self.unit} {self.line}: {self.field} is {echo(self.value)!r},"
            f" but must be {self.allowed}; {then}"
        )


@dataclass(frozen=True)
class Unread:
    """A file of several, of which nothing was taken while the others were.

    Attributes:
        why: as a sentence.
        is_log: it is, or was meant to be, a log, so that something is missing now.
    """

    file: str
    why: str
    is_log: bool

    def __str__(self) -> str:
        return f"{self.why} It was left out."


@dataclass(frozen=True)
class Track:
    """One recording.

    Attributes:
        name: of the file, without folders and ending.
        fixes: in the order of their times.
        remarks: what was skipped or not taken, in the order of the file.
    """

    name: str
    fixes: list[Fix]
    remarks: list[Remark] = field(default_factory=list)


class BadValueError(ValueError):
    """A value without which a line is nothing; carries what is said about it."""

    def __init__(self, field_name: str, value: str, allowed: str) -> None:
        super().__init__(f"{field_name} is {value!r}, but must be {allowed}")
        self.field = field_name
        self.value = value
        self.allowed = allowed


def number(text: str, column: str, bounds: NumberField) -> float:
    """A number within a field's bounds, exactly as written.

    Raises:
        BadValueError: it is not.
    """
    allowed = f"a number, {bounds.allowed}"
    if not _NUMBER.fullmatch(text.strip()):
        raise BadValueError(column, text, allowed)
    value = float(text)
    if not bounds.low <= value <= bounds.high:
        raise BadValueError(column, text, allowed)
    return value


def spread(fixes: list[Fix]) -> list[Fix]:
    """Fixes whose logger only knew whole seconds: those of one second are shared out over it.

    The order of the file is kept, so several readings of a second stay several.
    """
    told: list[Fix] = []
    start = 0
    while start < len(fixes):
        end = start
        while end < len(fixes) and fixes[end].time == fixes[start].time:
            end += 1
        count = end - start
        told += [
            msgspec.structs.replace(fixes[start + k], time=fixes[start].time + k * 1000 // count)
            for k in range(count)
        ]
        start = end
    return told


def in_order(track: Track) -> Track:
    """The track with its fixes by time; those of one time as the file has them.

    Raises:
        TrackFormatError: it has none.
    """
    if not track.fixes:
        raise TrackFormatError(f"{track.name}: no line of it is a fix.")
    return Track(track.name, sorted(track.fixes, key=lambda fix: fix.time), track.remarks)
