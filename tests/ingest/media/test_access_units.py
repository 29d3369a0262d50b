"""H.264 in RTP: only whole pictures come out, in order, beginning at a key frame, whatever happened to the packets."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.access_units import (
    MOST_UNIT_BYTES,
    START_CODE,
    AccessUnit,
    AccessUnits,
)
from sightline.ingest.media.packet_order import PacketOrder

SPS, PPS = b"\x67\x42\xe0\x1f\x11", b"\x68\xce\x3c\x80"
SEI = b"\x06\x05\x01\x00"
IDR, DELTA = 0x65, 0x41
FIRST, FURTHER = 0x80, 0x40  # first_mb_in_slice: 0, more than 0


def picture(*units: bytes) -> bytes:
    return b"".join(START_CODE + unit for unit in units)


def slice_(header: int, number: int, size: int = 40, place: int = FIRST) -> bytes:
    return bytes([header, place]) + struct.pack("!I", number) + b"\xaa" * size


def single(*units: bytes) -> list[bytes]:
    return list(units)


def stap(*units: bytes) -> bytes:
    return b"\x78" + b"".join(struct.pack("!H", len(unit)) + unit for unit in units)


def fragments(unit: bytes, size: int = 16) -> list[bytes]:
    body = unit[1:]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    indicator = unit[0] & 0xE0 | 28
    return [
        bytes([indicator, unit[0] & 0x1F | (0x80 if i == 0 else 0) | (0x40 if i == len(pieces) - 1 else 0)]) + piece
        for i, piece in enumerate(pieces)
    ]  # fmt: skip


class Stream:
    """Packets one after the other, each picture with its timestamp, its last packet marked."""

    def __init__(self, first: int = 0) -> None:
        self.sequence = first
        self.timestamp = 1000

    def packets(self, payloads: list[bytes], *, marked: bool = True) -> Iterator[RtpPacket]:
        self.timestamp += 3600
        for i, payload in enumerate(payloads):
            last = i == len(payloads) - 1
            yield RtpPacket(
                sequence_number=self.sequence & 0xFFFF,
                timestamp=self.timestamp,
                marker=int(last and marked),
                payload=payload,
            )
            self.sequence += 1


def feed(units: AccessUnits, packets: Iterator[RtpPacket], *, after_gap: bool = False) -> list[AccessUnit]:  # fmt: skip
    given_ = []
    for packet in packets:
        given_ += units.add(packet, after_gap=after_gap)
        after_gap = False
    return given_


KEY = [stap(SPS, PPS), *fragments(slice_(IDR, 0))]


def begun() -> tuple[AccessUnits, Stream]:
    units, stream = AccessUnits(), Stream()
    (first,) = feed(units, stream.packets(KEY), after_gap=True)
    assert (first.key, first.data) == (True, picture(SPS, PPS, slice_(IDR, 0)))
    return units, stream


@pytest.mark.parametrize(
    "payloads",
    [
        [SPS, PPS, slice_(IDR, 7)],
        [stap(SPS, PPS, slice_(IDR, 7))],
        [SPS, PPS, *fragments(slice_(IDR, 7))],
    ],
    ids=["single", "aggregated", "fragmented"],
)
def test_a_key_frame_in_each_form(payloads: list[bytes]) -> None:
    units, stream = AccessUnits(), Stream()
    (unit,) = feed(units, stream.packets(payloads), after_gap=True)
    assert unit == AccessUnit(stream.timestamp, True, picture(SPS, PPS, slice_(IDR, 7)))


def test_pictures_after_it_and_what_stands_beside_them() -> None:
    units, stream = begun()
    (unit,) = feed(units, stream.packets([SEI, slice_(DELTA, 1), slice_(DELTA, 2, place=FURTHER)]))
    assert unit.data == picture(SEI, slice_(DELTA, 1), slice_(DELTA, 2, place=FURTHER))
    assert not unit.key
    assert units.incomplete == 0


def test_nothing_before_a_key_frame() -> None:
    units, stream = AccessUnits(), Stream()
    assert feed(units, stream.packets([slice_(DELTA, 1)]), after_gap=True) == []
    assert feed(units, stream.packets([slice_(IDR, 2)])) == [], "without parameters nothing decodes"
    assert units.waits_for_key
    assert units.incomplete == 0, "nobody saw anything yet that could be missing"


def test_parameters_that_came_apart_go_with_every_key_frame() -> None:
    units, stream = AccessUnits(), Stream()
    assert feed(units, stream.packets([SPS, PPS]), after_gap=True) == []
    (unit,) = feed(units, stream.packets(fragments(slice_(IDR, 3))))
    assert unit.data == picture(SPS, PPS, slice_(IDR, 3))
    (again,) = feed(units, stream.packets([slice_(IDR, 4)]))
    assert again.data == picture(SPS, PPS, slice_(IDR, 4))


def test_a_picture_without_a_marker_ends_with_the_next() -> None:
    units, stream = begun()
    assert feed(units, stream.packets([slice_(DELTA, 1)], marked=False)) == []
    first, second = feed(units, stream.packets([slice_(DELTA, 2)]))
    assert [first.data, second.data] == [picture(slice_(DELTA, 1)), picture(slice_(DELTA, 2))]


def test_after_a_gap_nothing_until_a_key_frame() -> None:
    units, stream = begun()
    assert feed(units, stream.packets([slice_(DELTA, 1)]), after_gap=True) == []
    assert feed(units, stream.packets([slice_(DELTA, 2)])) == []
    assert units.waits_for_key
    (unit,) = feed(units, stream.packets(KEY))
    assert unit.key
    assert units.incomplete >= 2


def test_a_key_frame_whose_beginning_is_missing_is_none() -> None:
    units, stream = begun()
    lost = list(stream.packets([slice_(IDR, 1), slice_(IDR, 2, place=FURTHER)]))
    assert units.add(lost[1], after_gap=True) == []
    pieces = list(stream.packets(KEY))[2:]
    assert [
        unit for packet in pieces for unit in units.add(packet, after_gap=packet is pieces[0])
    ] == []


@pytest.mark.parametrize(
    "payload",
    [
        b"\x78\x00\x99\x41",  # an aggregate that is cut short
        b"\x78\x00\x00",
        b"\x5c\x01rest",  # a piece without a beginning
        b"\x5c",
        b"\x59\x00\x00",  # STAP-B, of a mode that is never agreed on
    ],
)
def test_what_does_not_fit_is_no_picture_and_the_next_key_frame_mends_it(payload: bytes) -> None:
    units, stream = begun()
    assert feed(units, stream.packets([slice_(DELTA, 1), payload])) == []
    assert units.waits_for_key
    assert len(feed(units, stream.packets(KEY))) == 1


def test_a_picture_without_an_end_is_not_kept() -> None:
    units, stream = begun()
    stream.timestamp += 3600
    piece = bytes([DELTA, FIRST]) + b"x" * 60_000
    for _ in range(MOST_UNIT_BYTES // 60_000 + 2):
        assert (
            units.add(RtpPacket(timestamp=stream.timestamp, payload=piece), after_gap=False) == []
        )
    assert units.waits_for_key


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers())
def test_no_payload_does_harm(payloads: list[bytes], seed: int) -> None:
    chance = random.Random(seed)
    units = AccessUnits()
    for payload in payloads:
        packet = RtpPacket(
            timestamp=chance.randrange(4), marker=chance.randrange(2), payload=payload
        )
        units.add(packet, after_gap=chance.random() < 0.2)


Sent = list[tuple[float, RtpPacket]]
Whole = dict[int, tuple[int, bool, bytes]]  # by timestamp: number, whether key, Annex B


def filmed(chance: random.Random, pictures: int, key_every: int, first: int) -> tuple[Sent, Whole]:
    """Pictures as a camera sends them: of any size, in any form, with the time at which each leaves."""
    stream, sent, whole = Stream(first), [], {}
    for number in range(pictures):
        key = number % key_every == 0
        body = slice_(IDR if key else DELTA, number, size=chance.randrange(1, 90))
        parts = fragments(body) if chance.random() < 0.7 else [body]
        head = ([stap(SPS, PPS)] if chance.random() < 0.5 else [SPS, PPS]) if key else []
        sent += [(number * 0.04, packet) for packet in stream.packets([*head, *parts])]
        whole[stream.timestamp] = (number, key, picture(*((SPS, PPS) if key else ()), body))
    return sent, whole


def arriving(
    chance: random.Random, sent: Sent, *, loss: float, doubling: float, late_s: float
) -> Sent:
    """The same after a network."""
    copies = [one for one in sent for _ in range(1 + (chance.random() < doubling))]
    kept = [(at + chance.random() * late_s, p) for at, p in copies if chance.random() >= loss]
    return sorted(kept, key=lambda arrival: arrival[0])


@given(
    seed=st.integers(),
    pictures=st.integers(1, 40),
    loss=st.sampled_from([0, 0.01, 0.1, 0.4]),
    doubling=st.sampled_from([0, 0.2]),
    late_s=st.sampled_from([0, 0.05, 0.2]),
    key_every=st.integers(1, 12),
    first=st.integers(0, 0xFFFF),
)
def test_whatever_the_network_does_only_whole_pictures_come_in_order(
    seed: int, pictures: int, loss: float, doubling: float, late_s: float, key_every: int, first: int,
) -> None:  # fmt: skip
    chance = random.Random(seed)
    sent, whole = filmed(chance, pictures, key_every, first)
    order, units, came = PacketOrder(0.25), AccessUnits(), []
    for at, packet in arriving(chance, sent, loss=loss, doubling=doubling, late_s=late_s):
        for ordered in order.add(packet, at):
            came += units.add(ordered.packet, after_gap=ordered.after_gap)

    for unit in came:
        assert (unit.key, unit.data) == whole[unit.timestamp][1:], "whole, to the last byte"
    numbers = [whole[unit.timestamp][0] for unit in came]
    assert numbers == sorted(set(numbers)), "in order, each once"
    follows = [n for n, before in zip(numbers, [-2, *numbers], strict=False) if n != before + 1]
    assert all(n % key_every == 0 for n in follows), (
        "where any is missing, it begins at a key frame"
    )
    if not loss and not late_s:
        assert numbers == list(range(pictures))
