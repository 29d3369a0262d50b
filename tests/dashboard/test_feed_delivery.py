"""How a viewer takes what it is sent: no more on the way than one large message, packed for whoever takes little."""

from __future__ import annotations

import asyncio
import random
import zlib

import numpy as np
import pytest

from sightline.dashboard.feed import delivery, frames
from sightline.dashboard.feed.channel import Payload
from sightline.dashboard.feed.delivery import ACK, LARGE, SLOW_FROM, Delivery
from sightline.dashboard.live_state import COLUMNS
from tests.dashboard.feed_reading import read_frame

LARGE_FRAME = bytes(range(256)) * (LARGE // 256)
PACE_FRAME = bytes(range(256)) * (SLOW_FROM // 256 + 1)
"""Long enough to tell a slow line from a busy browser."""


class Reader:
    """A viewer that acknowledges when it is told to."""

    def __init__(self, *, acknowledges: bool = True, unpacks: bool = True) -> None:
        self.got: list[Payload] = []
        self.delivery = Delivery(self._take, acknowledges=acknowledges, unpacks=unpacks)

    async def _take(self, payload: Payload) -> None:
        self.got.append(payload)

    async def until_sent(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.got) < count:  # noqa: ASYNC110
                await asyncio.sleep(0)


async def deliver_and_ack(reader: Reader, payload: Payload) -> Payload:
    task = asyncio.create_task(reader.delivery.deliver(payload))
    await reader.until_sent(len(reader.got) + 1)
    reader.delivery.heard(ACK)
    await task
    return reader.got[-1]


async def test_a_large_message_counts_once_it_is_acknowledged() -> None:
    reader = Reader()
    task = asyncio.create_task(reader.delivery.deliver(LARGE_FRAME))
    await reader.until_sent(1)
    reader.delivery.heard("hello")
    reader.delivery.heard(None)
    await asyncio.sleep(0)
    assert not task.done()
    reader.delivery.heard(ACK)
    await asyncio.wait_for(task, 1)
    assert reader.got == [LARGE_FRAME]


async def test_small_ones_and_those_of_viewers_that_never_acknowledge_do_not_wait() -> None:
    reader, silent = Reader(), Reader(acknowledges=False)
    await asyncio.wait_for(reader.delivery.deliver(b"x" * (LARGE - 1)), 1)
    await asyncio.wait_for(silent.delivery.deliver(LARGE_FRAME), 1)
    silent.delivery.is_slow = True
    await silent.delivery.deliver(LARGE_FRAME)
    assert silent.got == [LARGE_FRAME, LARGE_FRAME], "nobody knows that it unpacks"


async def test_whoever_does_not_acknowledge_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "ACK_WITHIN_S", 0.05)
    with pytest.raises(TimeoutError):
        await Reader().delivery.deliver(LARGE_FRAME)


async def test_the_slow_get_packed_messages_until_they_are_fast_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Reader()
    monkeypatch.setattr(delivery, "SLOW_AFTER_S", 0.0)
    monkeypatch.setattr(delivery, "SLOW_BYTES_S", 1e12)  # every line is slow
    assert await deliver_and_ack(reader, LARGE_FRAME) == LARGE_FRAME
    assert not reader.delivery.is_slow, "it may only have been busy"
    assert await deliver_and_ack(reader, PACE_FRAME) == PACE_FRAME
    assert reader.delivery.is_slow
    packed = await deliver_and_ack(reader, LARGE_FRAME)
    assert isinstance(packed, bytes)
    assert packed[:8] == b"SLZ1\x02\0\0\0"
    assert zlib.decompress(packed[8:], -15) == LARGE_FRAME
    names = "Ä" * LARGE
    packed = await deliver_and_ack(reader, names)
    assert isinstance(packed, bytes)
    assert packed[:8] == b"SLZ1\x01\0\0\0"
    assert zlib.decompress(packed[8:], -15).decode() == names
    await reader.delivery.deliver("small")
    assert reader.got[-1] == "small"
    monkeypatch.setattr(delivery, "SLOW_AFTER_S", 9.0)  # all is there at once
    assert await deliver_and_ack(reader, LARGE_FRAME) != LARGE_FRAME
    assert reader.delivery.is_slow, "a few bytes say nothing"
    noise = random.Random(1).randbytes(2 * LARGE)
    await deliver_and_ack(reader, noise)
    assert not reader.delivery.is_slow
    assert await deliver_and_ack(reader, LARGE_FRAME) == LARGE_FRAME


@pytest.mark.parametrize(
    ("kind", "count", "kinds", "seqs"),
    [
        ("snapshot", 0, [1], [7]),
        ("snapshot", 2_000, [1], [7]),
        ("snapshot", 4_001, [1, 3, 3], [0, 0, 7]),
        ("delta", 8_000, [2], [7]),
        ("delta", 8_001, [2, 3], [0, 7]),
    ],
)
def test_what_is_large_comes_in_parts_of_which_the_last_can_be_resumed_from(
    kind: frames.Kind, count: int, kinds: list[int], seqs: list[int]
) -> None:
    rows = np.zeros(count, COLUMNS)
    rows["number"] = np.arange(1, count + 1)
    removed = np.array([90_000], np.uint32)
    parts = [read_frame(part) for part in frames.binary_frames(kind, 7, 5.0, rows, removed)]
    assert [part.kind for part in parts] == kinds
    assert [part.seq for part in parts] == seqs
    assert [number for part in parts for number in part.cameras] == list(range(1, count + 1))
    assert [part.removed for part in parts][:-1] == [[]] * (len(parts) - 1)
    assert parts[-1].removed == [90_000]
