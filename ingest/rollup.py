"""Coverage of closed five minutes, computed again from history whenever a fix of them was stored.

`coverage_todo` names what changed. Bins are replaced, never added to, so that a late, duplicate or replayed fix counts
once. A fix can begin, end or split a gap; then the bins of the gap on either side are computed again too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

import asyncpg

from sightline.ingest.coverage import (
    BIN_US,
    DEFAULT_RULES,
    BinKey,
    CoverageRules,
    DeviceBin,
    Sample,
    bin_start_us,
    device_bins,
)
from sightline.ingest.explain import micros
from sightline.sql import query

CLOSED_AFTER_S: Final = 20.0
"""How long after its end a bin is computed; the fixes of most cameras have arrived by then."""
_AT_ONCE: Final = 500
_LATER: Final = timedelta(microseconds=1)
_BIN: Final = timedelta(microseconds=BIN_US)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole bins of one camera, from `start` to before `end`."""

    start: datetime
    end: datetime


def spans(starts: Iterable[datetime]) -> Iterator[Span]:
    """Bins in a row as one span each; `starts` in order."""
    current: Span | None = None
    for start in starts:
        if current is not None and start == current.end:
            current = Span(current.start, start + _BIN)
            continue
        if current is not None:
            yield current
        current = Span(start, start + _BIN)
    if current is not None:
        yield current


async def roll_up(
    connection: asyncpg.Connection,
    rules: CoverageRules = DEFAULT_RULES,
    *,
    closed_after_s: float = CLOSED_AFTER_S,
) -> int:
    """Compute everything that is to be computed and over. Returns the number of bins taken off the list."""
    taken = 0
    while rows := await connection.fetch(query("keeper.coverage_closed"), closed_after_s, _AT_ONCE):
        for camera_id, group in groupby(rows, key=lambda row: row["camera_id"]):
            starts = [row["bin_start"] for row in group]
            camera = _Camera(connection, camera_id, rules, closed_after_s)
            for span in spans(starts):
                async with connection.transaction():
                    # First off the list, then read: a fix stored after the reading puts its bin there again.
                    await connection.execute(
                        query("keeper.coverage_taken"), camera_id, span.start, span.end
                    )
                    await camera.compute(span)
            taken += len(starts)
    return taken


class _Camera:
    def __init__(
        self,
        connection: asyncpg.Connection,
        camera_id: int,
        rules: CoverageRules,
        closed_after_s: float,
    ) -> None:
        self._connection = connection
        self._camera_id = camera_id
        self._rules = rules
        self._closed_after = timedelta(seconds=closed_after_s)
        self._reach = timedelta(microseconds=rules.gap_longest_us)

    async def compute(self, span: Span) -> None:
        samples = await self._samples(span)
        before = await self._neighbour(
            "keeper.coverage_before", span.start - self._reach, span.start
        )
        after = await self._neighbour(
            "keeper.coverage_after", span.end, span.end + self._reach + _LATER
        )
        wide = await self._with_gaps(span, samples, before, after)
        if wide != span:
            samples = await self._samples(wide)
            before = await self._neighbour(
                "keeper.coverage_before", wide.start - self._reach, wide.start
            )
            after = await self._neighbour(
                "keeper.coverage_after", wide.end, wide.end + self._reach + _LATER
            )
        neighbours = [one for one in (before, after) if one is not None]
        bins = {
            key: made
            for key, made in device_bins([*samples, *neighbours], self._rules).items()
            if micros(wide.start) <= key.start_us < micros(wide.end)
        }
        await self._replace(wide, bins)

    async def _with_gaps(
        self, span: Span, samples: Sequence[Sample], before: Sample | None, after: Sample | None
    ) -> Span:
        """The span and the gaps on either side of it, as they are or as they were."""
        start, end = span.start, span.end
        first = samples[0] if samples else after
        if before is not None:
            reach = _time(bin_start_us(before.time_us))
            if self._silent(before, first) or await self._had_gap(reach, start):
                start = reach
        last = samples[-1] if samples else before
        if after is not None:
            reach = _time(bin_start_us(after.time_us)) + _BIN
            closed = reach + self._closed_after < datetime.now(UTC)  # else its own turn comes
            if closed and (self._silent(last, after) or await self._had_gap(end, reach)):
                end = reach
        return Span(start, end)

    def _silent(self, before: Sample | None, after: Sample | None) -> bool:
        if before is None or after is None or after.heard:
            return False
        return after.time_us - before.time_us > self._rules.silence_us(before.recording)

    async def _had_gap(self, start: datetime, end: datetime) -> bool:
        had: bool = await self._connection.fetchval(
            query("keeper.coverage_gaps"), self._camera_id, start, end
        )
        return had

    async def _samples(self, span: Span) -> list[Sample]:
        rows = await self._connection.fetch(
            query("keeper.coverage_samples"), self._camera_id, span.start, span.end
        )
        return [_sample(row) for row in rows]

    async def _neighbour(self, name: str, start: datetime, end: datetime) -> Sample | None:
        row = await self._connection.fetchrow(query(name), self._camera_id, start, end)
        return None if row is None else _sample(row)

    async def _replace(self, span: Span, bins: dict[BinKey, DeviceBin]) -> None:
        columns = list(
            zip(
                *((_time(key.start_us), *key[1:], *made) for key, made in bins.items()), strict=True
            )
        )
        complete_since = await self._connection.fetchval(query("keeper.coverage_complete_since"))
        if span.start >= complete_since:
            await self._connection.execute(
                query("keeper.coverage_clear"), self._camera_id, span.start, span.end
            )
        elif (
            columns
        ):  # retention has dropped a part of the fixes: what is computed now may only add
            await self._connection.execute(
                query("keeper.coverage_yield"), self._camera_id, *columns[:5]
            )
        if columns:
            await self._connection.execute(
                query("keeper.coverage_store"), self._camera_id, *columns
            )


def _time(moment_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=moment_us)


def _sample(row: asyncpg.Record) -> Sample:
    return Sample(micros(row["fix_time"]), micros(row["received_time"]), *list(row.values())[2:])
