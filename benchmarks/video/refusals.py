"""Tokens that must open nothing: each is answered with 401 or 403, and leaves a row in the audit."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Final

from benchmarks.measure import Goal, Measure
from benchmarks.video.cameras import looped_cameras
from benchmarks.video.people import Opened, Refused
from benchmarks.video.place import LAT, LON, Place, Stage, running_place, stage
from benchmarks.video.watcher import Watcher, prepare
from sightline.sql import query

_CAMERA: Final = "AB4-000001"
_CAME_WITHIN_S: Final = 10.0
_STATUS: Final = (401, 403)


def measures() -> Iterator[Measure]:
    """For each, whether it was refused, and audited once."""
    with running_place() as place:
        answers = asyncio.run(_tried(place))
    refused = sum(status in _STATUS for status, _ in answers.values())
    audited = sum(rows == 1 for _, rows in answers.values())
    for which, (status, rows) in answers.items():
        if status not in _STATUS or rows != 1:
            sys.stderr.write(f"found: a token {which}: HTTP {status}, {rows} rows in the audit\n")
    goal = Goal(len(answers))
    words = f"tokens of {len(answers)} kinds that must open nothing: answered 401 or 403"
    yield Measure("video", words, refused, "kinds", goal)
    yield Measure("video", "… audited, each once", audited, "kinds", goal)


async def _tried(place: Place) -> dict[str, tuple[int, int]]:
    """Which token → (status of the answer, rows in the audit for it); 201 where it was let in."""
    await prepare()
    answers = {}
    async with stage(place) as arranged, looped_cameras(arranged, [_CAMERA]):
        fim = await arranged.person("fim")
        stranger = await arranged.person("fim", "stranger")
        planner = await arranged.person("planner")
        incident = await fim.incident("Man on the bridge", LAT, LON)

        async def tried(which: str, watcher: Watcher) -> None:
            answers[which] = await _answer(arranged, watcher)

        opened = await fim.open(_CAMERA, incident)
        first = Watcher(fim.http, opened)
        await first.watch()
        await asyncio.wait_for(first.came.wait(), _CAME_WITHIN_S)
        await tried("reused", Watcher(fim.http, opened))
        await first.leave()

        opened = await fim.open(_CAMERA, incident)
        await arranged.owner.execute(query("bench.token_expired"), opened.stream)
        await tried("expired", Watcher(fim.http, opened))

        opened = await fim.open(_CAMERA, incident)
        await tried("shown by another session", Watcher(stranger.http, opened))
        other = await fim.open(_CAMERA, incident)
        crossed = Opened(opened.stream, opened.whep, other.token)
        await tried("of another stream", Watcher(fim.http, crossed))

        before = await _refusals(arranged)
        try:
            await planner.open(_CAMERA, incident)
            status = 201
        except Refused as refused:
            status = refused.status
        answers["of the wrong role"] = (status, await _refusals(arranged) - before)

        opened = await fim.open(_CAMERA, incident)
        await arranged.owner.execute(query("bench.set_role"), "fim", "planner")
        await tried("of a role that was withdrawn", Watcher(fim.http, opened))
    return answers


async def _answer(arranged: Stage, watcher: Watcher) -> tuple[int, int]:
    before = await _refusals(arranged)
    try:
        await watcher.watch()
        status = 201
    except Refused as refused:
        status = refused.status
    finally:
        await watcher.close()
    return status, await _refusals(arranged) - before


async def _refusals(arranged: Stage) -> int:
    return int(await arranged.owner.fetchval(query("bench.stream_refusals")))
