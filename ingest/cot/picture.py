"""The officers as TAK programs are shown them: who is where, who is hidden, and each event encoded once. Pure.

There is one class of visibility: everybody sees what the map shows to somebody named on no incident. What is hidden is
known before anything is shown, and asked again at the moment of sending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sightline.ingest.adapters.cot import Officer, officer_event
from sightline.ingest.freshness import INTERVALS_S, STALE_AFTER_S, STALE_INTERVALS


class Caption(NamedTuple):
    """What a camera is called: its id, and its officer's call sign."""

    ref: str
    callsign: str


class Where(NamedTuple):
    """A camera's newest position and state as the database has it; see `sightline.ingest.adapters.cot.Officer`."""

    fix_time_ms: int
    lat: float
    lon: float
    accuracy_m: float | None
    altitude_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    battery_pct: float | None
    recording: int


class Picture:
    """What can be shown now. Cameras go by their number in the database.

    Attributes:
        stale_after_s: the force's least age that counts as stale.
        intervals_s: seconds expected between reports by recording code.
    """

    def __init__(self, kind: str) -> None:
        """`kind`: the CoT type of the officers."""
        self._kind = kind
        self._captions: dict[int, Caption] = {}
        self._places: dict[int, Where] = {}
        self._hidden: frozenset[int] = frozenset()
        self._events: dict[int, bytes] = {}
        self.stale_after_s = STALE_AFTER_S
        self.intervals_s: Mapping[int, int] = INTERVALS_S

    def clear(self) -> None:
        """Nothing is known any more."""
        self._captions, self._places, self._events = {}, {}, {}
        self._hidden = frozenset()

    def shows(self, number: int) -> bool:
        """Whether a camera is shown: in use, with a position, and not hidden."""
        return number not in self._hidden and number in self._places and number in self._captions

    def shown(self) -> list[int]:
        """All cameras that are shown."""
        return [number for number in self._places if self.shows(number)]

    def ref(self, number: int) -> str:
        """The id of a camera that is shown."""
        return self._captions[number].ref

    def event(self, number: int) -> bytes:
        """The event of a camera that is shown; the same bytes for everybody until it changes."""
        made = self._events.get(number)
        if made is None:
            caption, where = self._captions[number], self._places[number]
            interval_s = self.intervals_s.get(where.recording, 0)
            stale_after_s = max(self.stale_after_s, STALE_INTERVALS * interval_s)
            officer = Officer(*caption, stale_after_s=stale_after_s, **where._asdict())
            made = self._events[number] = officer_event(officer, self._kind)
        return made

    def put_captions(self, captions: Mapping[int, Caption]) -> set[int]:
        """Take the whole directory. Returns the cameras that are new in it or called otherwise."""
        changed = {
            number for number, caption in captions.items() if self._captions.get(number) != caption
        }
        self._captions = dict(captions)
        self._forget(changed)
        return changed

    def put_places(self, places: Iterable[tuple[int, Where]]) -> set[int]:
        """Take newest positions. Returns the cameras of which something that is shown is different."""
        changed = {number for number, where in places if self._place(number, where)}
        self._forget(changed)
        return changed

    def _place(self, number: int, where: Where) -> bool:
        if self._places.get(number) == where:
            return False
        self._places[number] = where
        return True

    def put_hidden(self, hidden: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
        """Take which cameras are hidden. Returns those that are from now on, and those that are no longer."""
        before, self._hidden = self._hidden, hidden
        return hidden - before, before - hidden

    def _forget(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._events.pop(number, None)
