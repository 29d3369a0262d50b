"""Packets that a network reordered, doubled and lost come out once each, in order, and say where one is missing."""

from __future__ import annotations

import random

from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.packet_order import MOST_WAITING, STRAY, PacketOrder

PATIENCE_S = 0.25
PACKET_S = 0.01


def packet(number: int) -> RtpPacket:
    return RtpPacket(sequence_number=number & 0xFFFF, payload=str(number).encode())


def numbers(ordered: list) -> list[int]:
    return [int(item.packet.payload) for item in ordered]


def test_in_order_nothing_waits_and_only_the_first_follows_a_gap() -> None:
    order = PacketOrder(PATIENCE_S)
    ordered = [item for n in range(5) for item in order.add(packet(n), n * PACKET_S)]
    assert numbers(ordered) == [0, 1, 2, 3, 4]
    assert [item.after_gap for item in ordered] == [True, False, False, False, False]


def test_what_comes_once_more_on_request_comes_in_its_turn() -> None:
    order = PacketOrder(PATIENCE_S)
    order.add(packet(0), 0)
    assert order.add(packet(2), 0.01) == []
    assert order.add(packet(3), 0.02) == []
    late = order.add(packet(1), 0.2)
    assert numbers(late) == [1, 2, 3]
    assert not any(item.after_gap for item in late)


def test_what_never_comes_is_waited_for_only_so_long() -> None:
    order = PacketOrder(PATIENCE_S)
    order.add(packet(0), 0)
    assert order.add(packet(2), 0.01) == []
    assert order.add(packet(3), PATIENCE_S) == []
    ordered = order.add(packet(4), 0.01 + PATIENCE_S)
    assert [(int(i.packet.payload), i.after_gap) for i in ordered] == [
        (2, True), (3, False), (4, False),
    ]  # fmt: skip
    assert order.add(packet(1), 0.3) == [], "too late"


def test_no_more_than_so_many_wait_however_fast_they_come() -> None:
    order = PacketOrder(PATIENCE_S)
    order.add(packet(0), 0)
    came = [numbers(order.add(packet(n), 0)) for n in range(2, MOST_WAITING + 3)]
    assert came[:-1] == [[]] * MOST_WAITING
    assert came[-1] == list(range(2, MOST_WAITING + 3))


def test_a_stray_packet_changes_nothing_but_two_in_a_row_begin_anew() -> None:
    order = PacketOrder(PATIENCE_S)
    order.add(packet(100), 0)
    assert order.add(packet(100 + STRAY + 500), 0) == []
    assert numbers(order.add(packet(101), 0)) == [101]
    assert order.add(packet(40_000), 0) == []
    (restarted,) = order.add(packet(40_001), 0)
    assert (int(restarted.packet.payload), restarted.after_gap) == (40_001, True)
    assert numbers(order.add(packet(40_002), 0)) == [40_002]


@given(
    first=st.integers(0, 0xFFFF),
    count=st.integers(1, 200),
    lost=st.sets(st.integers(0, 199)),
    doubled=st.sets(st.integers(0, 199)),
    seed=st.integers(),
)
def test_whatever_the_network_does_each_comes_once_in_order_and_gaps_are_told(
    first: int, count: int, lost: set[int], doubled: set[int], seed: int
) -> None:
    chance = random.Random(seed)
    sent = [first + n for n in range(count) if n not in lost]
    sent += [first + n for n in doubled if n < count and n not in lost]
    # Each is late by less than it is waited for.
    arrivals = sorted((n * PACKET_S + chance.random() * PATIENCE_S / 2, n) for n in sent)
    order = PacketOrder(PATIENCE_S)
    ordered = [item for at, n in arrivals for item in order.add(packet(n), at)]
    came = numbers(ordered)
    assert came == sorted(set(came)), "each once, in order"
    for before, item in zip([None, *came], ordered, strict=False):
        assert item.after_gap == (before is None or int(item.packet.payload) != before + 1)
    if not lost and sent:
        # The first to arrive begins; what was sent before it is of no use to anybody.
        assert came == list(range(came[0], first + count))
