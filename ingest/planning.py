"""Everything received in one flush window → the rows of one transaction. Pure.

Plain reports are merged together as columns (`sightline.ingest.plain`); every camera about which there is something to
decide goes through the exact merge, message by message. A plan is made from what is committed and changes nothing: if
its transaction fails, it is thrown away and made again. Only the database knows whether a fix that is not the newest of
its camera is stored already; the plan therefore keeps such rows apart, and `sightline.ingest.answers` counts with what
the database says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from sightline.ingest.ack_memory import AckMemory, fingerprint
from sightline.ingest.batch import Batch
from sightline.ingest.live_columns import LiveColumns
from sightline.ingest.merge import (
    FLAG_DOUBTED,
    CameraState,
    Doubted,
    Kept,
    Merged,
    MergeRules,
    merge,
)
from sightline.ingest.messages import Fix, Rejection, Report, Status
from sightline.ingest.plain import BIN_US, PlainMerge, Sign, merge_plain
from sightline.ingest.received import Received, valued

_ALLOWED: Final[Mapping[str, str]] = {
    "clock_ahead": "a time at most 30 s ahead of the gateway's clock",
    "zero_position": "a position other than 0,0",
    "implausible_jump": "a position that can be reached from the one before",
    "refused_by_database": "a value that the database takes",
}


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
    message: Report | Status
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
        batch: what it is made of.
        plain: what the plain cameras come to; None: there are none.
        before: state of each other camera as it was committed.
        states: what is known of each other camera once it commits.
        fresh: rows that are surely new: newer than everything stored of their camera.
        checked: rows of history that may be stored already.
        archived: rows of the archive, which may be stored already.
        doubted: rows of the quarantine, which may be stored already.
        coverage: (camera, start of the five minutes in microseconds) of other cameras whose coverage changes.
        unsettled: camera → times of its fixes that must be judged together with those around (see `settle`).
        answers: by place in the batch, what other cameras' messages are answered.
    """

    batch: Batch
    plain: PlainMerge | None = None
    before: dict[int, CameraState] = field(default_factory=dict)
    states: dict[int, CameraState] = field(default_factory=dict)
    fresh: list[Row] = field(default_factory=list)
    checked: list[Row] = field(default_factory=list)
    archived: list[Row] = field(default_factory=list)
    doubted: list[DoubtRow] = field(default_factory=list)
    coverage: set[tuple[int, int]] = field(default_factory=set)
    unsettled: dict[int, set[int]] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)


def plan(
    batch: Batch,
    live: LiveColumns,
    memory: AckMemory,
    rules: MergeRules,
    cell_name: Any = lambda _cell_id: None,
) -> Plan:
    """The rows of one transaction for everything in the batch.

    Args:
        batch: what was received, its names numbered.
        live: what is committed of every camera in it.
        memory: the newest acknowledgements.
        rules: the numbers of the merge.
        cell_name: name of a cell by its number.
    """
    made = Plan(batch)
    left = _merge_plain(made, live, rules)
    planner = _Planner(made, memory, rules)
    for place in left:
        received = batch.received[place]
        camera_id = received.camera_id
        state = made.states.get(camera_id)
        if state is None:
            state = made.before[camera_id] = live.state(camera_id, cell_name)
        made.states[camera_id] = planner.take(place, received, state)
    return made


def _merge_plain(made: Plan, live: LiveColumns, rules: MergeRules) -> list[int]:
    """Merge the plain cameras; the places of all other messages, in their order."""
    batch = made.batch
    if batch.made is None or batch.arrivals is None:
        return batch.others
    alive: dict[int, Sign] = {}
    signs: list[tuple[int, int]] = []
    left: list[int] = []
    barred = set()
    for place in batch.others:
        one = batch.received[place]
        if one.message is None:
            known = alive.get(one.camera_id, Sign(one.received_us, one.epoch))
            alive[one.camera_id] = Sign(
                max(known.received_us, one.received_us), min(known.lowest_epoch, one.epoch)
            )
            signs.append((place, one.camera_id))
        else:
            left.append(place)
            barred.add(one.camera_id)
    made.plain = merge_plain(batch.arrivals, batch.made, live.take, rules, barred, alive)
    left += [batch.laid_out[at] for at in np.flatnonzero(~made.plain.plain).tolist()]
    if signs:
        cameras = set(made.plain.cameras.tolist())
        left += [place for place, camera_id in signs if camera_id not in cameras]
    left.sort()
    return left


class _Planner:
    """The exact merge of one message after the other."""

    def __init__(self, made: Plan, memory: AckMemory, rules: MergeRules) -> None:
        self._made = made
        self._memory = memory
        self._rules = rules
        self._fixes: set[FixKey] = set()
        self._doubts: set[DoubtKey] = set()
        self._reports: dict[tuple[int, int, int], Answer] = {}

    def take(self, place: int, received: Received, state: CameraState) -> CameraState:
        message = valued(received.message)
        refused: list[Doubted] = []
        if received.refused and isinstance(message, Report):
            message, refused = _without_refused(message, received.refused)
        merged = merge(state, message, received.received_us, received.epoch, self._rules)
        if message is None:
            return merged.state
        answer = Answer(received, message, list(message.rejected))
        self._made.answers[place] = answer
        if isinstance(message, Report) and not self._resent(message, answer):
            self._note_unsettled(
                received.camera_id, merged, was_doubted=bool(state.flags & FLAG_DOUBTED)
            )
            for kept in merged.kept:
                self._keep(kept, answer)
            for doubted in (*merged.doubted, *refused):
                self._doubt(doubted, answer)
        return merged.state

    def _note_unsettled(self, camera_id: int, merged: Merged, *, was_doubted: bool) -> None:
        """Late fixes, jumps, and what follows on a doubt may change what is believed of others."""
        times = {
            kept.fix.time_us
            for kept in merged.kept
            if not kept.archive and (was_doubted or not kept.newest)
        }
        times.update(
            doubted.fix.time_us
            for doubted in merged.doubted
            if doubted.reason == "implausible_jump"
        )
        if times:
            self._made.unsettled.setdefault(camera_id, set()).update(times)

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
        answer.rejected.append(doubt_told(fix, reason))
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


def doubt_told(fix: Fix, reason: str) -> Rejection:
    """How the acknowledgement tells that a fix is in quarantine."""
    value = f"{fix.lat:g}, {fix.lon:g}" if reason != "clock_ahead" else fix.time_us // 1000
    where = "time" if reason == "clock_ahead" else None
    return Rejection(fix.index, where, value, reason, _ALLOWED[reason], kept=True)
