"""The command log as a timeline: who said what in which role, and who has understood it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

KIND_NAMES = {
    "note": "Note",
    "observation": "Observation",
    "request": "Request",
    "recommendation": "Recommendation",
    "advice": "Advice",
    "decision": "Decision",
    "acknowledgement": "Acknowledged",
    "stream": "Stream",
    "system": "System",
}
"""Kinds of entries, as shown."""

WANTS_ANSWER = frozenset({"advice", "recommendation"})
"""Kinds that somebody at the scene or in command acknowledges."""


@dataclass(frozen=True)
class Entry:
    """One entry of the log.

    Attributes:
        id: key.
        at: when it was written.
        kind: one of `KIND_NAMES`.
        author: name of who wrote it.
        role: in which role.
        text: what was written.
        about: the entry that an acknowledgement speaks of.
        acknowledged_by: who said so, for one that came by radio.
    """

    id: int
    at: datetime
    kind: str
    author: str
    role: str
    text: str
    about: int | None = None
    acknowledged_by: str | None = None


@dataclass(frozen=True)
class Line:
    """One line of the timeline.

    Attributes:
        entry: what was written.
        understood: for advice and recommendations, who has acknowledged and when, oldest first.
    """

    entry: Entry
    understood: tuple[Entry, ...] = ()

    @property
    def open(self) -> bool:
        """Advice or a recommendation that nobody has acknowledged yet."""
        return self.entry.kind in WANTS_ANSWER and not self.understood


def timeline(entries: Iterable[Entry]) -> list[Line]:
    """The log, newest first; acknowledgements stand in their own place and at what they speak of."""
    oldest_first = sorted(entries, key=lambda entry: entry.id)
    answers: dict[int, list[Entry]] = {}
    for entry in oldest_first:
        if entry.kind == "acknowledgement" and entry.about is not None:
            answers.setdefault(entry.about, []).append(entry)
    return [Line(entry, tuple(answers.get(entry.id, ()))) for entry in reversed(oldest_first)]


def who(entry: Entry) -> str:
    """Who acknowledged: the one who spoke on the radio, or else the author."""
    return f"{entry.acknowledged_by} by radio" if entry.acknowledged_by else entry.author
