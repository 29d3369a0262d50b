"""The command log as a timeline: who said what in which role, and who has understood it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    "talk": "Talk",
    "system": "System",
}
"""Kinds of entries, as shown."""

WANTS_ANSWER = frozenset({"advice", "recommendation"})
"""Kinds that somebody at the scene or in command acknowledges."""


@dataclass(frozen=True)
class Stream:
    """A stream that the log speaks of.

    Attributes:
        camera: its id.
        call_sign: of who wore it when the stream opened.
        officer: rank and name of who wore it.
        purpose: the force's word.
        opened: since when.
        ended: until when, None while it is open.
    """

    camera: str
    call_sign: str | None
    officer: str | None
    purpose: str
    opened: datetime
    ended: datetime | None

    @property
    def whose(self) -> str:
        """Call sign and officer; the camera's id where neither is known."""
        return " ".join(part for part in (self.call_sign, self.officer) if part) or self.camera


@dataclass(frozen=True)
class Spoken:
    """What was said through a camera, once, and is kept.

    Attributes:
        address: where it is to be heard.
        began: from when.
        ended: until when.
    """

    address: str
    began: datetime
    ended: datetime


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
        action: the step of a deployment that it tells of, if it is about people.
        people: whom that step was about, and whether they had set off by then.
        stream: the stream that it tells of.
        spoken: what is kept of the talk that it tells of, oldest first.
    """

    id: int
    at: datetime
    kind: str
    author: str
    role: str
    text: str
    about: int | None = None
    acknowledged_by: str | None = None
    action: str | None = None
    people: tuple[tuple[str, bool], ...] = ()
    stream: Stream | None = None
    spoken: tuple[Spoken, ...] = ()


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


_PEOPLE_WORDS = {
    "dispatch": "Sent",
    "en_route": "Set off",
    "on_scene": "Arrived",
    "stand_down": "Released",
}


def people_words(entry: Entry) -> list[str]:
    """Whom a step was about, by name: ``Sent: Insp Michael Price, DC Claire Hill``; empty where it names nobody."""
    if entry.action == "cancel":
        turned = [name for name, set_off in entry.people if set_off]
        stopped = [name for name, set_off in entry.people if not set_off]
        said = [("Turned round", turned), ("Stopped before leaving", stopped)]
        return [f"{words}: {', '.join(names)}" for words, names in said if names]
    words = _PEOPLE_WORDS.get(entry.action or "")
    if words is None or not entry.people:
        return []
    return [f"{words}: {', '.join(name for name, _ in entry.people)}"]


@dataclass(frozen=True)
class Streams:
    """Entries about streams with nothing between them, newest first: one line, that opens to all of them."""

    entries: tuple[Entry, ...]

    @property
    def by_camera(self) -> list[tuple[str, list[Stream]]]:
        """Whose camera → its streams, oldest first; who was streamed last stands first."""
        found: dict[str, list[Stream]] = {}
        for entry in self.entries:
            if entry.stream:
                found.setdefault(entry.stream.whose, []).insert(0, entry.stream)
        return list(found.items())


def folded(lines: Sequence[Line]) -> list[Line | Streams]:
    """The log with every run of stream entries as one line, so that opening cameras does not bury what was said."""
    found: list[Line | Streams] = []
    for line in lines:
        if line.entry.stream is None:
            found.append(line)
        elif found and isinstance(found[-1], Streams):
            found[-1] = Streams((*found[-1].entries, line.entry))
        else:
            found.append(Streams((line.entry,)))
    return found
