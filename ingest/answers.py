"""A plan that was committed → the acknowledgements. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, cast

from sightline.ingest.ack_memory import AckMemory, Counts, fingerprint, fingerprints
from sightline.ingest.columns import Laid, Readings
from sightline.ingest.messages import Ack, Report
from sightline.ingest.planning import (
    DoubtKey,
    FixKey,
    Plan,
    doubt_told,
)
from sightline.ingest.protocol import acknowledge
from sightline.ingest.received import Received
from sightline.ingest.settle import Settled


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
            row.answer.rejected.append(doubt_told(row.kept.fix, "implausible_jump"))


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
