"""Many askers, one question."""

import asyncio

import pytest

from sightline.ingest.gather import Gather


class Oracle:
    def __init__(self, *, fails=0):
        self.rounds = []
        self.fails = fails

    async def ask(self, keys):
        self.rounds.append(sorted(keys))
        await asyncio.sleep(0.01)
        if self.fails:
            self.fails -= 1
            raise OSError("away")
        return {key: (key, len(self.rounds)) for key in keys if key != "nobody"}


async def test_what_comes_together_is_asked_together():
    oracle = Oracle()
    gather = Gather(oracle.ask)
    answers = await asyncio.gather(*(gather.get(key) for key in "abc"))
    assert answers == [("a", 1), ("b", 1), ("c", 1)]
    assert oracle.rounds == [["a", "b", "c"]]


async def test_the_same_key_twice_gets_two_answers():
    oracle = Oracle()
    gather = Gather(oracle.ask)
    answers = await asyncio.gather(*(gather.get("a") for _ in range(3)))
    assert answers == [("a", 1), ("a", 2), ("a", 3)]


async def test_a_shared_answer_is_for_all_who_ask_in_a_round():
    oracle = Oracle(fails=1)
    gather = Gather(oracle.ask, most=2, shared=True)
    failed = await asyncio.gather(*(gather.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in failed] == [OSError] * 3
    answers = await asyncio.gather(*(gather.get(key) for key in "ababca"))
    assert answers == [("a", 2), ("b", 2), ("a", 2), ("b", 2), ("c", 3), ("a", 2)]


async def test_what_has_no_answer_is_none():
    assert await Gather(Oracle().ask).get("nobody") is None


async def test_a_failure_reaches_every_asker_and_the_next_round_works():
    oracle = Oracle(fails=1)
    gather = Gather(oracle.ask)
    failed = await asyncio.gather(*(gather.get(key) for key in "ab"), return_exceptions=True)
    assert [type(one) for one in failed] == [OSError, OSError]
    assert await gather.get("a") == ("a", 2)


async def test_a_round_is_bounded():
    oracle = Oracle()
    gather = Gather(oracle.ask, most=2)
    await asyncio.gather(*(gather.get(key) for key in "abcde"))
    assert [len(keys) for keys in oracle.rounds] == [2, 2, 1]


async def test_an_asker_that_goes_away_harms_nobody():
    gather = Gather(Oracle().ask)
    leaving = asyncio.create_task(gather.get("a"))
    staying = asyncio.create_task(gather.get("b"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying)[0] == "b"
    with pytest.raises(asyncio.CancelledError):
        await leaving
