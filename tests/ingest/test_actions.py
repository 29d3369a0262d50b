"""What cameras ask of the database besides storing fixes: in which order, and how much of it waits."""

import asyncio

import asyncpg
import pytest

from sightline.ingest.actions import Actions
from sightline.sql import query


class Pool:
    """Notes what is asked, and answers when it is let."""

    def __init__(self):
        self.asked = []
        self.open = asyncio.Event()
        self.away = False

    async def fetchval(self, sql, *values):
        await self.open.wait()
        if self.away:
            raise asyncpg.CannotConnectNowError
        self.asked.append((sql, values))
        return f"answer {len(self.asked)}"


@pytest.fixture
async def pool():
    return Pool()


@pytest.fixture
async def actions(pool):
    actions = Actions(pool)
    working = asyncio.create_task(actions.run())
    yield actions
    working.cancel()


async def done(actions):
    async with asyncio.timeout(2):
        while len(actions):  # noqa: ASYNC110 - nobody is told that a queue is empty
            await asyncio.sleep(0.01)


EYES_ON, INTRODUCE = query("gateway.eyes_on"), query("gateway.introduce")


async def test_what_an_officer_waits_for_goes_first(actions, pool):
    for camera_id in range(1, 4):
        actions.do("gateway.introduce", camera_id, "M1", awaited=False)
    actions.do("gateway.eyes_on", 9)
    pool.open.set()
    await done(actions)
    assert pool.asked[0] == (EYES_ON, (9,))
    assert [values[0] for _, values in pool.asked[1:]] == [1, 2, 3]


async def test_what_is_said_again_while_it_waits_is_done_once_the_newest_way(actions, pool):
    heard = []
    for model in range(1_000):
        actions.do("gateway.introduce", 1, model, awaited=False)
        actions.do("gateway.eyes_on", 1, then=heard.append)
    assert len(actions) == 2
    pool.open.set()
    await done(actions)
    assert pool.asked == [(EYES_ON, (1,)), (INTRODUCE, (1, 999))]
    assert heard == ["answer 1"]


async def test_what_is_said_again_while_it_is_done_is_done_again(actions, pool):
    actions.do("gateway.introduce", 1, "M1", awaited=False)
    await asyncio.sleep(0.01)  # the worker asks by now
    actions.do("gateway.introduce", 1, "M2", awaited=False)
    pool.open.set()
    await done(actions)
    assert pool.asked == [(INTRODUCE, (1, "M1")), (INTRODUCE, (1, "M2"))]


async def test_it_is_done_when_the_database_is_back(actions, pool):
    pool.away = True
    pool.open.set()
    actions.do("gateway.eyes_on", 1)
    await asyncio.sleep(0.05)
    assert len(actions) == 1
    pool.away = False
    await done(actions)
    assert pool.asked == [(EYES_ON, (1,))]
