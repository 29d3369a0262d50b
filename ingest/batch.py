"""Everything received in one flush window → the rows of one transaction, and afterwards the acknowledgements. Pure.

A plan is made from what is committed and changes nothing: if its transaction fails, it is thrown away and made again.
Only the database knows whether a fix that is not the newest of its camera is stored already; the plan therefore keeps
such rows apart, and `settle` counts with what the database says.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from sightline.ingest.merge import CameraState, Doubted, Kept, MergeRules, merge
from sightline.ingest.messages import Ack, Rejection, Report, Status
from sightline.ingest.protocol import acknowledge

BIN_US: Final = 300 * 1_000_000
"""Length of a coverage bin: five minutes of UTC."""

_ALLOWED: Final[Mapping[str, str]] = {
    "clock_ahead": "a time at most 30 s ahead of the gateway's clock",
    "zero_position": "a position other than 0,0",
    "implausible_jump": "a position that can be reached from the one before",
    "refused_by_database": "a value that the database takes",
}


class Received(msgspec.Struct, frozen=True):
    """One message as it waits for the next flush.

    Attributes:
        camera_id: the camera's number in the database.
        epoch: number of the connection it came by.
        received_us: the server's clock at receipt, microseconds since 1970 UTC.
        message: a report or status; None: another sign of life, which needs no acknowledgement.
        channel: where the acknowledgement goes; opaque here.
        refused: fixes, by index, that the database refused before, with its reason.
    """

    camera_id: int
    epoch: int
    received_us: int
    message: Report | Status | None
    channel: Any = None
    refused: Mapping[int, str] = {}

    @property
    def size(self) -> int:
        """How much of a batch it takes: its fixes, and one for itself."""
        return 1 + (len(self.message.fixes) if isinstance(self.message, Report) else 0)


class FixKey(NamedTuple):
    """What makes a fix the same fix."""

    camera_id: int
    time_us: int
    content: int


class DoubtKey(NamedTuple):
    """What makes a row of the quarantine the same row."""

    camera_id: int
    reason: str
    content: int


@dataclass(slots=True)
class Answer:
    """The acknowledgement of one message, while it is being counted."""

    received: Received
    rejected: list[Rejection]
    stored: int = 0
    duplicate: int = 0
    same_as: Answer | None = None

    def count(self, *, stored: bool) -> None:
        """One more fix that is in the database: by this message, or from before."""
        if stored:
            self.stored += 1
        else:
            self.duplicate += 1


@dataclass(frozen=True, slots=True)
class Row:
    """A fix on its way into history or archive."""

    key: FixKey
    kept: Kept
    received_us: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """A fix on its way into quarantine."""

    key: DoubtKey
    doubted: Doubted
    received_us: int
    answer: Answer


@dataclass(slots=True)
class Plan:
    """The rows of one transaction.

    Attributes:
        states: what is known of each camera once it commits.
        fresh: rows that are surely new: newer than everything stored of their camera.
        checked: rows of history that may be stored already.
        archived: rows of the archive, which may be stored already.
        doubted: rows of the quarantine, which may be stored already.
        coverage: (camera, start of the five minutes in microseconds) whose coverage changes.
        answers: what is acknowledged, in order of arrival.
    """

    states: dict[int, CameraState] = field(default_factory=dict)
    fresh: list[Row] = field(default_factory=list)
    checked: list[Row] = field(default_factory=list)
    archived: list[Row] = field(default_factory=list)
    doubted: list[DoubtRow] = field(default_factory=list)
    coverage: set[tuple[int, int]] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)


class AckMemory:
    """Counts of the newest acknowledged reports, so that a resent `seq` gets the same answer.

    Bounded; what fell out, and what another gateway acknowledged, is counted as duplicates when it comes again.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._known: OrderedDict[tuple[int, int], tuple[int, int, int, list[Rejection]]] = (
            OrderedDict()
        )

    def recall(self, camera_id: int, report: Report) -> tuple[int, int, list[Rejection]] | None:
        """Stored, duplicate and rejected of the same report; None: not seen, or not the same."""
        known = self._known.get((camera_id, report.seq))
        return known[1:] if known is not None and known[0] == fingerprint(report) else None

    def remember(self, answer: Answer) -> None:
        """Keep what was acknowledged."""
        report = answer.received.message
        if not isinstance(report, Report) or not report.total:
            return
        key = (answer.received.camera_id, report.seq)
        self._known[key] = (fingerprint(report), answer.stored, answer.duplicate, answer.rejected)
        self._known.move_to_end(key)
        if len(self._known) > self._size:
            self._known.popitem(last=False)


def fingerprint(report: Report) -> int:
    """What tells two reports with the same `seq` apart, within one process."""
    wrong = tuple((entry.index, entry.field, entry.code) for entry in report.rejected)
    return hash((report.total, tuple(fix.content for fix in report.fixes), wrong))


def plan(
    batch: Sequence[Received],
    states: Mapping[int, CameraState],
    memory: AckMemory,
    rules: MergeRules,
) -> Plan:
    """The rows of one transaction for everything in the batch.

    Args:
        batch: what was received, in order of arrival.
        states: what is committed of each camera; a camera that is missing is new.
        memory: the newest acknowledgements.
        rules: the numbers of the merge.
    """
    made = Plan()
    planner = _Planner(made, memory, rules)
    for received in batch:
        state = made.states.get(received.camera_id) or states.get(received.camera_id)
        made.states[received.camera_id] = planner.take(received, state or CameraState())
    return made


class _Planner:
    def __init__(self, made: Plan, memory: AckMemory, rules: MergeRules) -> None:
        self._made = made
        self._memory = memory
        self._rules = rules
        self._fixes: set[FixKey] = set()
        self._doubts: set[DoubtKey] = set()
        self._reports: dict[tuple[int, int, int], Answer] = {}

    def take(self, received: Received, state: CameraState) -> CameraState:
        message = received.message
        refused: list[Doubted] = []
        if received.refused and isinstance(message, Report):
            message, refused = _without_refused(message, received.refused)
        merged = merge(state, message, received.received_us, received.epoch, self._rules)
        if message is None:
            return merged.state
        answer = Answer(received, list(message.rejected))
        self._made.answers.append(answer)
        if isinstance(message, Report) and not self._resent(message, answer):
            for kept in merged.kept:
                self._keep(kept, answer)
            for doubted in (*merged.doubted, *refused):
                self._doubt(doubted, answer)
        return merged.state

    def _resent(self, report: Report, answer: Answer) -> bool:
        camera_id = answer.received.camera_id
        known = self._memory.recall(camera_id, report)
        if known is not None:
            answer.stored, answer.duplicate, answer.rejected = known
            return True
        if not report.total:
            return False
        first = self._reports.setdefault((camera_id, report.seq, fingerprint(report)), answer)
        if first is answer:
            return False
        answer.same_as = first
        return True

    def _keep(self, kept: Kept, answer: Answer) -> None:
        fix = kept.fix
        camera_id = answer.received.camera_id
        key = FixKey(camera_id, fix.time_us, fix.content)
        if key in self._fixes:
            answer.duplicate += 1
            return
        self._fixes.add(key)
        row = Row(key, kept, answer.received.received_us, answer)
        if kept.archive:
            self._made.archived.append(row)
        elif kept.newest:
            self._made.fresh.append(row)
        else:
            self._made.checked.append(row)
        self._made.coverage.add((camera_id, fix.time_us - fix.time_us % BIN_US))

    def _doubt(self, doubted: Doubted, answer: Answer) -> None:
        fix, reason = doubted.fix, doubted.reason
        value = f"{fix.lat:g}, {fix.lon:g}" if reason != "clock_ahead" else fix.time_us // 1000
        where = "time" if reason == "clock_ahead" else None
        answer.rejected.append(
            Rejection(fix.index, where, value, reason, _ALLOWED[reason], kept=True)
        )
        key = DoubtKey(answer.received.camera_id, reason, fix.content)
        if key in self._doubts:
            answer.duplicate += 1
            return
        self._doubts.add(key)
        self._made.doubted.append(DoubtRow(key, doubted, answer.received.received_us, answer))


def _without_refused(report: Report, refused: Mapping[int, str]) -> tuple[Report, list[Doubted]]:
    fine = [fix for fix in report.fixes if fix.index not in refused]
    doubted = [
        Doubted(fix, "refused_by_database", refused[fix.index])
        for fix in report.fixes
        if fix.index in refused
    ]
    return msgspec.structs.replace(report, fixes=fine), doubted


def settle(
    made: Plan,
    memory: AckMemory,
    *,
    fixes: Collection[FixKey],
    doubts: Collection[DoubtKey],
    all_fresh: bool,
) -> list[tuple[Received, Ack]]:
    """Count what the database really stored, and remember it. To be called once, after the commit.

    Args:
        made: the plan that was committed.
        memory: the newest acknowledgements; the counts are added.
        fixes: keys that the database stored, of the rows it was asked to check.
        doubts: keys that the quarantine stored.
        all_fresh: the fresh rows were stored without a check; False: they are in `fixes` too.
    """
    for row in made.fresh:
        row.answer.count(stored=all_fresh or row.key in fixes)
    for row in (*made.checked, *made.archived):
        row.answer.count(stored=row.key in fixes)
    for doubt in made.doubted:
        doubt.answer.count(stored=doubt.key in doubts)
    acks: list[tuple[Received, Ack]] = []
    for answer in made.answers:
        counted = answer.same_as or answer
        message = answer.received.message
        if message is None:
            continue
        memory.remember(counted)
        ack = acknowledge(
            message.seq, counted.stored, counted.duplicate, counted.rejected, message.camera
        )
        acks.append((answer.received, ack))
    return acks
