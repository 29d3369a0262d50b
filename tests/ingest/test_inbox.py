"""Batches of the inbox: each camera's in order, and none that one camera fills while others wait."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.inbox import Inbox
from sightline.ingest.received import Received
from tests.ingest.walk import status


def said(camera_id, number):
    return Received(camera_id, 1, number, status("off", seq=number))


async def all_batches(inbox):
    inbox_batches = []
    while inbox.size:
        batch = await inbox.next_batch(0.0)
        inbox_batches.append(batch)
        inbox.done(batch)
    return inbox_batches


async def test_one_camera_fills_no_batch_while_others_wait():
    inbox = Inbox(batch_size=1_000, most=10_000, share=10)
    for number in range(500):
        inbox.put(said(1, number))
    for camera_id in range(2, 30):
        inbox.put(said(camera_id, 0))
    first = await inbox.next_batch(0.0)
    assert [one.camera_id for one in first if one.camera_id != 1] == list(range(2, 30))
    assert sum(one.camera_id == 1 for one in first) == 10


async def test_at_the_end_everything_goes_at_once():
    inbox = Inbox(batch_size=1_000, most=10_000, share=10)
    for number in range(500):
        inbox.put(said(1, number))
    inbox.close()
    assert len(await inbox.next_batch(0.0)) == 500


@given(st.lists(st.integers(1, 4), max_size=80), st.integers(1, 12), st.integers(1, 6))
def test_nothing_is_lost_and_each_camera_stays_in_order(cameras, batch_size, share):
    inbox = Inbox(batch_size=batch_size, most=10_000, share=share)
    for number, camera_id in enumerate(cameras):
        inbox.put(said(camera_id, number))
    batches = asyncio.run(all_batches(inbox))
    for batch in batches:
        assert batch
        assert sum(one.size for one in batch) <= batch_size
    for camera_id in set(cameras):
        order = [
            one.received_us for batch in batches for one in batch if one.camera_id == camera_id
        ]
        assert order == [number for number, of in enumerate(cameras) if of == camera_id]
        assert all(sum(one.camera_id == camera_id for one in batch) <= share for batch in batches)


async def test_who_waits_for_room_is_let_in_in_turn_and_no_more_than_there_is_room_for():
    inbox = Inbox(batch_size=10, most=20, share=1_000)
    for number in range(20):
        inbox.put(said(1, number))
    came = []

    async def come(camera_id):
        await inbox.room()
        came.append(camera_id)
        inbox.put(said(camera_id, 0))

    waiting = [asyncio.create_task(come(camera_id)) for camera_id in range(2, 60)]
    await asyncio.sleep(0)
    waiting.pop(3).cancel()  # the connection of camera 5 ended
    while inbox.size:
        batch = await inbox.next_batch(0.0)
        before = len(came)
        inbox.done(batch)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(came) - before <= 20
        assert inbox.size <= 20
    await asyncio.gather(*waiting)
    assert came == [camera_id for camera_id in range(2, 60) if camera_id != 5]


async def test_nobody_waits_for_room_in_an_empty_inbox():
    inbox = Inbox(batch_size=10, most=4, share=1_000)
    for number in range(4):
        inbox.put(said(1, number))
    waiting = [asyncio.create_task(inbox.room()) for _ in range(50)]  # who puts nothing then
    await asyncio.sleep(0)
    inbox.done(await inbox.next_batch(0.0))
    await asyncio.wait_for(asyncio.gather(*waiting), 1)
