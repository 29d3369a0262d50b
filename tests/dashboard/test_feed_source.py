"""What keeps the feed up to date, against the real database: it outlives every loss of its connection."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from sightline.dashboard.feed import source
from sightline.dashboard.feed.hub import FeedHub
from sightline.dashboard.feed.source import FeedSource
from tests.conftest import Database

_LOSSES = 60
_SOURCES = 8


async def test_connections_lost_in_the_middle_of_anything_end_no_source(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "READ_EVERY_S", 0.0)
    monkeypatch.setattr(source, "TRY_AGAIN_AFTER_S", 0.0)
    superuser = await database.superuser()
    hubs = [FeedHub() for _ in range(_SOURCES)]
    reading = [asyncio.create_task(FeedSource(database.settings, hub).run()) for hub in hubs]
    try:
        lost = 0
        for _ in range(_LOSSES):
            await asyncio.sleep(0.05)
            lost += await superuser.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where usename = 'sightline_dashboard' and datname = current_database()"
            )
        assert lost > _LOSSES
        assert [task for task in reading if task.done()] == []
        for hub in hubs:
            hub.health = hub.health.lost(0.0)
        async with asyncio.timeout(10):
            while any(hub.health.database != "ok" for hub in hubs):  # noqa: ASYNC110 - other tasks set it
                await asyncio.sleep(0.05)
    finally:
        for task in reading:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*reading)


async def test_a_database_that_was_put_back_is_followed_like_any(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await database.connect()
    camera = await owner.fetchval(
        "insert into camera (ref, kind) values ('CAM-1', 'body_worn') returning id"
    )
    await owner.execute(
        "insert into live (camera_id, gateway_id, batch, epoch, seen_time, recording, flags)"
        " values ($1, 1, 1000, 1, now(), 1, 0)", camera,
    )  # fmt: skip
    monkeypatch.setattr(source, "RESYNC_EVERY_S", 0.2)
    hub = FeedHub()
    reading = asyncio.create_task(FeedSource(database.settings, hub).run())

    async def shown(recording: int) -> None:
        async with asyncio.timeout(5):
            while recording not in hub.state.table["recording"]:  # noqa: ASYNC110 - other tasks set it
                await asyncio.sleep(0.02)

    try:
        await shown(1)
        await owner.execute("update live set batch = 10, recording = 2")
        await shown(2)
        monkeypatch.setattr(source, "RESYNC_EVERY_S", 3600.0)
        await asyncio.sleep(0.5)
        await owner.execute("update live set batch = 11, recording = 3")
        await owner.execute("notify sightline_live")
        await shown(3)
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
