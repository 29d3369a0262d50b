"""A plan that was committed → the acknowledgements. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np

from sightline.ingest.ack_memory import AckMemory, fingerprint, fingerprints, marks_of_stored
from sightline.ingest.columns import Readings
from sightline.ingest.messages import Ack, Report
from sightline.ingest.planning import (
    DoubtKey,
    FixKey,
    Plan,
    doubt_told,
)
from sightline.ingest.protocol import acknowledge
from sightline.ingest.received import Laid, Received, fixes_in
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


def settle(made: Plan, memory: AckMemory, stored: Stored) -> list[Received]:
    """Count what the database really stored, and remember it. To be called once, after the commit.

    Returns:
        What is to be answered, in order of arrival; see `received.acknowledgement`.
    """
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
    places = _settle_plain(made, memory, stored)
    for place, answer in made.answers.items():
        counted = answer.same_as or answer
        message = answer.message
        if isinstance(message, Report) and message.total:
            counts = (counted.stored, counted.duplicate, counted.rejected)
            memory.remember(answer.received.camera_id, message.seq, fingerprint(message), counts)
        made.batch.received[place].ack = acknowledge(
            message.seq, counted.stored, counted.duplicate, counted.rejected, message.camera
        )
        places.append(place)
    if made.answers:
        places.sort()
    received = made.batch.received
    return [received[place] for place in places]


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


def _settle_plain(made: Plan, memory: AckMemory, stored: Stored) -> list[int]:
    """The places of the plain reports."""
    batch, fixes, arrivals = made.batch, made.batch.made, made.batch.arrivals
    if made.plain is None or fixes is None or arrivals is None:
        return []
    plain = made.plain.plain
    at = np.flatnonzero(plain).tolist()
    places = batch.laid_out if plain.all() else [batch.laid_out[report] for report in at]
    marks = fingerprints(fixes.content, fixes.starts, fixes.sizes)
    if stored.all_fresh:
        whole = marks_of_stored(marks, arrivals.camera_id, arrivals.seq)
        memory.remember_stored(whole[plain].tolist())
        return list(places)
    for report, place in zip(at, places, strict=True):
        received = batch.received[place]
        total = fixes_in(received.message)
        camera_id, seq = received.camera_id, int(arrivals.seq[report])
        new = sum(key in stored.fixes for key in _keys(camera_id, fixes, report))
        memory.remember(camera_id, seq, int(marks[report]), (new, total - new, []))
        camera = cast("Laid", received.message).camera
        received.ack = Ack(seq, new, total - new, [], camera=camera)
    return list(places)


def _keys(camera_id: int, fixes: Readings, report: int) -> list[FixKey]:
    start = int(fixes.starts[report])
    end = start + int(fixes.sizes[report])
    return [
        FixKey(camera_id, time_us, content)
        for time_us, content in zip(
            fixes.time_us[start:end].tolist(), fixes.content[start:end].tolist(), strict=True
        )
    ]
