"""Acknowledgements reach their channels in order, and nobody waits for all of them."""

import asyncio
import contextlib

from sightline.ingest.deliveries import Deliveries
from sightline.ingest.messages import Ack
from sightline.ingest.received import Received, acknowledgement


class Channel:
    """Hears acknowledgements."""

    def __init__(self):
        self.heard = []

    def acknowledge(self, committed):
        self.heard += [acknowledgement(one).seq for one in committed]


def acks(channel, seqs):
    return [Received(1, 1, 0, None, channel, ack=Ack(seq, 1, 0, [])) for seq in seqs]


@contextlib.asynccontextmanager
async def running():
    deliveries = Deliveries()
    task = asyncio.create_task(deliveries.run())
    try:
        yield deliveries
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_each_channel_hears_all_of_its_own_in_order():
    one, other = Channel(), Channel()
    async with running() as deliveries:
        deliveries.put(acks(one, range(1_000)) + acks(other, range(3)))
        deliveries.put(acks(one, range(1_000, 1_500)))
        await deliveries.all_told()
    assert one.heard == list(range(1_500))
    assert other.heard == [0, 1, 2]


async def test_others_have_their_turn_in_between():
    channel = Channel()
    heard = []
    async with running() as deliveries:
        deliveries.put(acks(channel, range(5_000)))
        while len(channel.heard) < 5_000:
            await asyncio.sleep(0)
            heard.append(len(channel.heard))
    assert len(set(heard)) > 10


async def test_without_anything_to_tell_nobody_waits():
    async with running() as deliveries:
        deliveries.put([])
        await asyncio.wait_for(deliveries.all_told(), 1)
