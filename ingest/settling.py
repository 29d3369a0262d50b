"""Puts right, within the transaction of a flush, what the flush shows of fixes that were stored before (see `settle`)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import numpy as np

from sightline.ingest.history.late import keep_packer_away
from sightline.ingest.merge import MergeRules
from sightline.ingest.plain import BIN_US
from sightline.ingest.settle import Seen, Settled, Verdict, is_settled, judge
from sightline.sql import query

log = logging.getLogger(__name__)

Unsettled = Mapping[int, Iterable[int]]
"""Camera → times of its fixes that must be judged; microseconds since 1970 UTC."""

_LOCKS: Final = 64
_APART_US: Final = 600_000_000
"""Fixes of a camera further apart are judged apart, without all that lies between."""
_MORE: Final = (4, 100, 5_000)
"""Fixes that are looked at after those of the flush; more if these do not suffice."""
MOST_SPANS: Final = 50
"""Spans that are judged in one flush, at some 2 ms each; the rest waits, so that nobody waits long for a camera's backlog."""


@dataclass(frozen=True, slots=True)
class Span:
    """Fixes of a camera in a flush that must be judged, from the first to the last; microseconds since 1970 UTC."""

    camera_id: int
    from_us: int
    to_us: int


def spans(unsettled: Unsettled) -> list[Span]:
    """The spans of the times of each camera's fixes."""
    found = []
    for camera_id in sorted(unsettled):
        times = sorted(unsettled[camera_id])
        start = previous = times[0]
        for time_us in times[1:]:
            if time_us - previous > _APART_US:
                found.append(Span(camera_id, start, previous))
                start = time_us
            previous = time_us
        found.append(Span(camera_id, start, previous))
    return found


def _columns(of: Sequence[Span]) -> tuple[list[int], list[int], list[int]]:
    return [s.camera_id for s in of], [s.from_us for s in of], [s.to_us for s in of]


@dataclass(slots=True)
class _Around:
    """What is stored around a span."""

    before: Seen | None = None
    among: dict[int, Seen] = field(default_factory=dict)
    packed: list[Seen] = field(default_factory=list)
    twice: set[int] = field(default_factory=set)
    nothing_follows: bool = False  # that could still be judged otherwise
    is_newest: bool = False  # nothing follows at all

    def add(self, row: asyncpg.Record) -> None:
        if row["place"] == "end":
            self.nothing_follows = True
            return
        if row["place"] == "newest":
            self.is_newest = True
            return
        seen = Seen(
            row["fix_time"],
            row["lat"],
            row["lon"],
            row["content_hash"],
            row["accuracy_m"],
            believed=row["believed"],
            packed=row["packed"],
        )
        if row["place"] == "before":
            self.before = seen
        elif seen.packed:
            self.packed.append(seen)
        elif (other := self.among.get(seen.content)) is not None:
            self.twice.add(seen.content)
            self.among[seen.content] = other if other.believed else seen
        else:
            self.among[seen.content] = seen

    def fixes(self) -> list[Seen]:
        """Everything after `before`, in the order in which it is judged."""
        found = sorted([*self.among.values(), *self.packed], key=lambda seen: seen.rank)
        if self.before is None:
            return found
        return [seen for seen in found if seen.rank > self.before.rank]


class Settling:
    """The judge at work on one connection, whose timestamps are microseconds since 1970 UTC."""

    def __init__(self, connection: asyncpg.Connection, rules: MergeRules) -> None:
        self._connection = connection
        self._rules = rules
        self.has_rest = True  # as far as is known

    async def learn_rest(self) -> None:
        """See whether anything was left unjudged, by whomever."""
        self.has_rest = await self._connection.fetchval(query("writer.has_settle_rest"))

    async def begin(self, unsettled: Unsettled) -> list[Span]:
        """What is to be judged in this transaction, of which this must be the first statement; the rest is written down.

        Others are kept from judging the same cameras, and from packing their fixes.
        """
        todo = spans(unsettled)
        if self.has_rest and len(todo) < MOST_SPANS:
            room = MOST_SPANS - len(todo)
            rows = await self._connection.fetch(query("writer.take_settle_rest"), room)
            self.has_rest = len(rows) == room
            todo += [Span(*row) for row in rows]
        todo.sort(key=lambda span: span.to_us, reverse=True)
        todo, left = todo[:MOST_SPANS], todo[MOST_SPANS:]
        if left:
            self.has_rest = True
            await self._connection.execute(query("writer.leave_settle_rest"), *_columns(left))
        if todo:
            locks = sorted({span.camera_id % _LOCKS for span in todo})
            await self._connection.fetch(query("writer.settle_alone"), locks)
            camera_id, from_us, to_us = np.array(_columns(todo), np.int64)
            await keep_packer_away(
                self._connection, np.tile(camera_id, 2), np.concatenate([from_us, to_us])
            )
        todo.sort(key=lambda span: (span.camera_id, span.from_us))
        return todo

    async def settle(self, todo: list[Span]) -> Settled:
        """Judge the fixes of these spans, and those around them, all of which are stored by now."""
        settled = Settled()
        while todo:
            # What an earlier span of a camera moves may be what a later one begins with.
            firsts: dict[int, Span] = {}
            later = [span for span in todo if firsts.setdefault(span.camera_id, span) is not span]
            now, todo = list(firsts.values()), later
            for more in _MORE:
                around = await self._look(now, more)
                now = [
                    span
                    for span, found in zip(now, around, strict=True)
                    if not await self._judge(span, found, settled, last=more == _MORE[-1])
                ]
                if not now:
                    break
        return settled

    async def _look(self, todo: Sequence[Span], more: int) -> list[_Around]:
        found = [_Around() for _ in todo]
        firm = self._rules.believe_after
        for row in await self._connection.fetch(
            query("writer.around"), *_columns(todo), firm, more
        ):
            found[row["n"] - 1].add(row)
        return found

    async def _judge(self, span: Span, around: _Around, settled: Settled, *, last: bool) -> bool:
        """Put one span right; False: more of what follows must be seen first."""
        fixes = around.fixes()
        verdict = judge(around.before, fixes, self._rules)
        if not is_settled(fixes, verdict, all_of_them=around.nothing_follows):
            if not last:
                return False
            log.warning(
                "fixes of camera number %d stay as they were judged at first", span.camera_id
            )
            return True
        if around.is_newest:
            newest = around.before if verdict.newest is None else fixes[verdict.newest]
            if newest is not None:
                settled.newest[span.camera_id] = newest
        await self._move(span.camera_id, fixes, verdict, around.twice, settled)
        return True

    async def _move(
        self,
        camera_id: int,
        fixes: Sequence[Seen],
        verdict: Verdict,
        twice: set[int],
        settled: Settled,
    ) -> None:
        changed = [
            at
            for at, seen in enumerate(fixes)
            if seen.believed != verdict.believed[at] or (seen.content in twice and not seen.packed)
        ]
        up = [fixes[at] for at in changed if verdict.believed[at]]
        down = [at for at in changed if not verdict.believed[at]]
        moved: list[asyncpg.Record] = []
        if up:
            moved += await self._connection.fetch(
                query("writer.believe_after_all"),
                [camera_id] * len(up),
                [seen.content for seen in up],
            )
        if down:
            moved += await self._connection.fetch(
                query("writer.doubt_after_all"),
                [camera_id] * len(down),
                [fixes[at].time_us for at in down],
                [fixes[at].content for at in down],
                [verdict.why[at] for at in down],
            )
        settled.believed.update((camera_id, seen.content) for seen in up)
        settled.doubted.update(((camera_id, fixes[at].content), verdict.why[at]) for at in down)
        settled.twice.update((camera_id, content) for content in twice)
        settled.coverage.update((camera_id, row["fix_time"] // BIN_US * BIN_US) for row in moved)

    async def settle_live(self, settled: Settled, gateway_id: int, batch: int) -> set[int]:
        """Let live show the newest believed fix, by this flush; the cameras where it showed something else."""
        newest = settled.newest.values()
        rows = await self._connection.fetch(
            query("writer.settle_live"),
            list(settled.newest),
            [seen.time_us for seen in newest],
            [seen.lat for seen in newest],
            [seen.lon for seen in newest],
            gateway_id,
            batch,
        )
        return {row["camera_id"] for row in rows}
