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
        self.refuses = lambda _values: False

    async def fetchval(self, sql, *values):
        await self.open.wait()
        if self.away:
            raise asyncpg.CannotConnectNowError
        if self.refuses(values):
            raise asyncpg.CheckViolationError("violates a check")
        self.asked.append((sql, values))
        return f"answer {len(self.asked)}"

    execute = fetchval


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


def said(model):
    return (model, "1.0", "none")


def introduced(**models):
    """The query for cameras c1, c2 … of these models."""
    ids, names = [int(name[1:]) for name in models], tuple(models.values())
    return (INTRODUCE, (ids, names, ("1.0",) * len(ids), ("none",) * len(ids)))


async def test_what_an_officer_waits_for_goes_first(actions, pool):
    for camera_id in range(1, 4):
        actions.introduce(camera_id, said("M1"))
    actions.do("gateway.eyes_on", 9)
    pool.open.set()
    await done(actions)
    assert pool.asked == [(EYES_ON, (9,)), introduced(c1="M1", c2="M1", c3="M1")]


async def test_what_is_said_again_while_it_waits_is_done_once_the_newest_way(actions, pool):
    heard = []
    for model in range(1_000):
        actions.introduce(1, said(model))
        actions.do("gateway.eyes_on", 1, then=heard.append)
    assert len(actions) == 2
    pool.open.set()
    await done(actions)
    assert pool.asked == [(EYES_ON, (1,)), introduced(c1=999)]
    assert heard == ["answer 1"]


async def test_what_is_said_again_while_it_is_done_is_done_again(actions, pool):
    actions.introduce(1, said("M1"))
    await asyncio.sleep(0.01)  # the worker asks by now
    actions.introduce(1, said("M2"))
    pool.open.set()
    await done(actions)
    assert pool.asked == [introduced(c1="M1"), introduced(c1="M2")]


async def test_a_whole_force_introduces_itself_in_lots(actions, pool):
    for camera_id in range(2_500):
        actions.introduce(camera_id, said("M1"))
    pool.open.set()
    await done(actions)
    assert [len(values[0]) for _, values in pool.asked] == [1_000, 1_000, 500]


async def test_an_introduction_that_is_refused_costs_nobody_else_theirs(actions, pool):
    pool.refuses = lambda values: 3 in values[0]
    for camera_id in range(1, 7):
        actions.introduce(camera_id, said("M1"))
    pool.open.set()
    await done(actions)
    written = [camera_id for _, values in pool.asked for camera_id in values[0]]
    assert sorted(written) == [1, 2, 4, 5, 6]


async def test_it_is_done_when_the_database_is_back(actions, pool):
    pool.away = True
    pool.open.set()
    actions.do("gateway.eyes_on", 1)
    await asyncio.sleep(0.05)
    assert len(actions) == 1
    pool.away = False
    await done(actions)
    assert pool.asked == [(EYES_ON, (1,))]
