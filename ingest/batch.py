"""Everything received in one flush window → the rows of one transaction, and afterwards the acknowledgements. Pure.

Plain reports are merged together as columns (`sightline.ingest.plain`); every camera about which there is something to
decide goes through the exact merge, message by message. A plan is made from what is committed and changes nothing: if
its transaction fails, it is thrown away and made again. Only the database knows whether a fix that is not the newest of
its camera is stored already; the plan therefore keeps such rows apart, and `settle` counts with what the database says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

import msgspec
import numpy as np

from sightline.ingest import explain, wire
from sightline.ingest.ack_memory import AckMemory, Counts, fingerprint, fingerprints
from sightline.ingest.by_camera import Arrivals
from sightline.ingest.columns import Laid, Pair, Readings, gathered, laid, report_of
from sightline.ingest.fields import CELL, OPERATOR, is_clean_text
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
from sightline.ingest.messages import Ack, Fix, Rejection, Report, Status
from sightline.ingest.plain import BIN_US, PlainMerge, merge_plain
from sightline.ingest.protocol import acknowledge
from sightline.ingest.settle import Settled
from sightline.ingest.wire import PlainReport

_ALLOWED: Final[Mapping[str, str]] = {
    "clock_ahead": "a time at most 30 s ahead of the gateway's clock",
    "zero_position": "a position other than 0,0",
    "implausible_jump": "a position that can be reached from the one before",
    "refused_by_database": "a value that the database takes",
}


_NONE_REFUSED: Final[Mapping[int, str]] = MappingProxyType({})
Message = PlainReport | Laid | Report | Status | None


def fixes_in(message: Message) -> int:
    """Number of fixes that a message held, rejected ones too."""
    return 0 if message is None or isinstance(message, Status) else message.total


class Received(msgspec.Struct, gc=False):
    """One message as it waits for the next flush.

    The garbage collector does not look at it, as there are tens of thousands a second; whatever has it lets it go.

    Attributes:
        camera_id: the camera's number in the database.
        epoch: number of the connection it came by.
        received_us: the server's clock at receipt, microseconds since 1970 UTC.
        message: a report or status; None: another sign of life, which needs no acknowledgement. A plain report is
            laid out while it waits (see `lay_out_loose`).
        channel: where the acknowledgement goes; opaque here.
        refused: fixes, by index, that the database refused before, with its reason.
        size: how much of a batch it takes: its fixes, rejected ones too (their answers take room), and one for itself.
    """

    camera_id: int
    epoch: int
    received_us: int
    message: Message
    channel: Any = None
    refused: Mapping[int, str] = _NONE_REFUSED
    size: int = 0

    def __post_init__(self) -> None:
        if not self.size:
            self.size = 1 + fixes_in(self.message)


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


# --- laying out


@dataclass(slots=True)
class Batch:
    """What was received in one flush window.

    Attributes:
        received: in order of arrival.
        laid_out: places of the reports whose fixes are in `made`.
        others: places of everything else.
        made: their fixes as columns; None: there are none.
    """

    received: Sequence[Received]
    laid_out: list[int]
    others: list[int]
    made: Readings | None

    @property
    def pairs(self) -> set[Pair]:
        """Networks and cells that are named in it."""
        pairs = self.other_pairs
        return pairs if self.made is None else pairs.union(self.made.pairs)

    @property
    def other_pairs(self) -> set[Pair]:
        """Networks and cells that are named in messages that are not laid out."""
        pairs: set[Pair] = set()
        for place in self.others:
            message = self.received[place].message
            if isinstance(message, Status):
                heard = [message.signal]
            elif isinstance(message, Report):
                heard = [fix.signal for fix in message.fixes]
            else:
                continue
            pairs.update((signal.operator, signal.cell) for signal in heard if signal is not None)
        return pairs


def lay_out_loose(received: Sequence[Received]) -> None:
    """Put the fixes of plain reports into columns, and let go of what they were decoded to.

    Args:
        received: messages, of which those that are plain reports become `Laid`.
    """
    loose = [one for one in received if isinstance(one.message, PlainReport)]
    if loose:
        reports = cast("list[PlainReport]", [one.message for one in loose])
        for one, laid_out in zip(loose, laid(reports), strict=True):
            one.message = laid_out


def lay_out(received: Sequence[Received]) -> Batch:
    """Bring the columns of plain reports together, without their names' numbers yet."""
    lay_out_loose(received)
    places: list[int] = []
    others: list[int] = []
    for place, one in enumerate(received):
        (places if type(one.message) is Laid and not one.refused else others).append(place)
    reports = cast("list[Laid]", [received[place].message for place in places])
    return Batch(received, places, others, gathered(reports) if reports else None)


def without_unclean(batch: Batch, new: Collection[Pair]) -> Batch:
    """The batch with reports that name a network or cell in characters that no name has taken field by field.

    Args:
        batch: as laid out.
        new: names that were not seen before.
    """
    unclean = {pair for pair in new if not _is_clean(pair)}
    if not unclean or batch.made is None or unclean.isdisjoint(batch.made.pairs):
        return batch
    received = list(batch.received)
    for start, size, place in zip(
        batch.made.starts.tolist(), batch.made.sizes.tolist(), batch.laid_out, strict=True
    ):
        if not unclean.isdisjoint(batch.made.pairs[start : start + size]):
            one = received[place]
            received[place] = msgspec.structs.replace(one, message=valued(one.message))
    return lay_out(received)


def _is_clean(pair: Pair) -> bool:
    operator, cell = pair
    return (operator is None or is_clean_text(operator, OPERATOR.max_length)) and (
        cell is None or is_clean_text(cell, CELL.max_length)
    )


# --- planning


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
    if batch.made is None:
        return batch.others
    alive: dict[int, int] = {}
    signs: list[tuple[int, int]] = []
    left: list[int] = []
    barred = set()
    for place in batch.others:
        one = batch.received[place]
        if one.message is None:
            alive[one.camera_id] = max(alive.get(one.camera_id, 0), one.received_us)
            signs.append((place, one.camera_id))
        else:
            left.append(place)
            barred.add(one.camera_id)
    reports = [batch.received[place] for place in batch.laid_out]
    arrivals = Arrivals(
        np.array([one.camera_id for one in reports], np.int64),
        np.array([one.epoch for one in reports], np.int64),
        np.array([one.received_us for one in reports], np.int64),
    )
    made.plain = merge_plain(arrivals, batch.made, live.take, rules, barred, alive)
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
        answer.rejected.append(_doubt_told(fix, reason))
        key = DoubtKey(answer.received.camera_id, reason, fix.content)
        if key in self._doubts:
            answer.duplicate += 1
            return
        self._doubts.add(key)
        self._made.doubted.append(DoubtRow(key, doubted, answer.received.received_us, answer))


def valued(message: Message) -> Report | Status | None:
    """The message with a plain report as values, one for each fix."""
    if isinstance(message, Laid):
        message = report_of(message)
    if not isinstance(message, PlainReport):
        return message
    try:
        report = wire.value(message)
    except wire.NotFast:  # a network or cell in characters that no name has
        report = explain.message(wire.document(message))
    assert isinstance(report, Report)
    return report


def _without_refused(report: Report, refused: Mapping[int, str]) -> tuple[Report, list[Doubted]]:
    fine = [fix for fix in report.fixes if fix.index not in refused]
    doubted = [
        Doubted(fix, "refused_by_database", refused[fix.index])
        for fix in report.fixes
        if fix.index in refused
    ]
    return msgspec.structs.replace(report, fixes=fine), doubted


# --- after the commit


@dataclass(slots=True)
class Stored:
    """What a committed plan really stored.

    Attributes:
        fixes: keys of the fixes that were new, of those that the database was asked to check.
        doubts: keys that the quarantine stored.
        all_fresh: plain cameras' and fresh rows were stored without a check; False: they are in `fixes` too.
        settled: what of it, and of what was stored before, was judged otherwise at the end.
        corrected: cameras of which live shows something else than the plan says.
    """

    fixes: set[FixKey] = field(default_factory=set)
    doubts: set[DoubtKey] = field(default_factory=set)
    all_fresh: bool = True
    settled: Settled = field(default_factory=Settled)
    corrected: set[int] = field(default_factory=set)


def settle(made: Plan, memory: AckMemory, stored: Stored) -> list[tuple[Received, Ack]]:
    """Count what the database really stored, and remember it. To be called once, after the commit."""
    settled = stored.settled
    for row in made.fresh:
        is_new = stored.all_fresh or row.key in stored.fixes
        row.answer.count(stored=is_new and _alone(row.key) not in settled.twice)
    for row in (*made.checked, *made.archived):
        is_new = row.key in stored.fixes
        row.answer.count(stored=is_new and _alone(row.key) not in settled.twice)
    for doubt in made.doubted:
        is_new = doubt.key in stored.doubts
        doubt.answer.count(stored=is_new and _alone(doubt.key) not in settled.twice)
    _tell_settled(made, settled)
    received = made.batch.received
    acks = _settle_plain(made, memory, stored)
    for place, answer in made.answers.items():
        counted = answer.same_as or answer
        message = answer.message
        if isinstance(message, Report) and message.total:
            counts = (counted.stored, counted.duplicate, counted.rejected)
            memory.remember(answer.received.camera_id, message.seq, fingerprint(message), counts)
        ack = acknowledge(
            message.seq, counted.stored, counted.duplicate, counted.rejected, message.camera
        )
        acks.append((place, ack))
    acks.sort(key=_place)
    return [(received[place], ack) for place, ack in acks]


_place: Final = itemgetter(0)


def _alone(key: FixKey | DoubtKey) -> tuple[int, int]:
    return (key.camera_id, key.content)


def _tell_settled(made: Plan, settled: Settled) -> None:
    """The answers say what was believed in the end."""
    for doubt in made.doubted:
        if _alone(doubt.key) in settled.believed:
            index = doubt.doubted.fix.index
            doubt.answer.rejected[:] = [
                told
                for told in doubt.answer.rejected
                if (told.index, told.code) != (index, "implausible_jump")
            ]
    for row in (*made.fresh, *made.checked):
        if _alone(row.key) in settled.doubted:
            row.answer.rejected.append(_doubt_told(row.kept.fix, "implausible_jump"))


def _doubt_told(fix: Fix, reason: str) -> Rejection:
    value = f"{fix.lat:g}, {fix.lon:g}" if reason != "clock_ahead" else fix.time_us // 1000
    where = "time" if reason == "clock_ahead" else None
    return Rejection(fix.index, where, value, reason, _ALLOWED[reason], kept=True)


def _settle_plain(made: Plan, memory: AckMemory, stored: Stored) -> list[tuple[int, Ack]]:
    """The place and the acknowledgement of each plain report."""
    batch = made.batch
    if made.plain is None or batch.made is None:
        return []
    acks: list[tuple[int, Ack]] = []
    fixes = batch.made
    marks = fingerprints(fixes.content, fixes.starts, fixes.sizes)
    whole: dict[tuple[int, int], int] = {}
    for at, (place, plain) in enumerate(
        zip(batch.laid_out, made.plain.plain.tolist(), strict=True)
    ):
        if not plain:
            continue
        received = batch.received[place]
        report = cast("Laid", received.message)
        total = report.total
        if stored.all_fresh:
            whole[received.camera_id, report.seq] = marks[at]
            acks.append((place, Ack(report.seq, total, 0, [], 0, report.camera)))
            continue
        new = sum(key in stored.fixes for key in _keys(received.camera_id, fixes, at))
        counts: Counts = (new, total - new, [])
        memory.remember(received.camera_id, report.seq, marks[at], counts)
        acks.append((place, Ack(report.seq, *counts, camera=report.camera)))
    memory.remember_stored(whole)
    return acks


def _keys(camera_id: int, fixes: Readings, report: int) -> list[FixKey]:
    start = int(fixes.starts[report])
    end = start + int(fixes.sizes[report])
    return [
        FixKey(camera_id, time_us, content)
        for time_us, content in zip(
            fixes.time_us[start:end].tolist(), fixes.content[start:end].tolist(), strict=True
        )
    ]
