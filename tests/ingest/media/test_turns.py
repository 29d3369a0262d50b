"""Turns of a talk: cut where the packets pause, and kept as they came."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.camera.encoding import SOUND_PACKET_SAMPLES, SoundEncoder
from sightline.ingest.media.turns import LONGEST_S, PACKET_S, PAUSE_S, Turn, Turns, ogg_opus

WALL_S = 1_700_000_000.0


def spoken(turns: Turns, at_s: float, packets: int, first: int = 7) -> list[Turn]:
    """Speak for so many packets from a moment on; the turns that were over meanwhile."""
    over = [
        turns.packet(at_s + n * PACKET_S, WALL_S + at_s + n * PACKET_S, (first + n * SOUND_PACKET_SAMPLES) % 2**32, bytes([n % 256]))
        for n in range(packets)
    ]  # fmt: skip
    return [turn for turn in over if turn is not None]


def test_a_turn_is_over_half_a_second_after_its_last_packet() -> None:
    turns = Turns()
    assert spoken(turns, 100, 50) == []
    assert turns.pause(101 + PAUSE_S - 0.01) is None
    turn = turns.pause(101 + PAUSE_S + 0.001)
    assert turn is not None
    assert (turn.number, turn.began_s, round(turn.ended_s, 6)) == (1, WALL_S + 100, WALL_S + 101)
    assert turns.pause(200) is None
    assert turns.end() is None


def test_what_comes_after_a_pause_is_another_turn() -> None:
    turns = Turns()
    spoken(turns, 100, 5)
    (first,) = spoken(turns, 110, 5, first=480_000)
    second = turns.end()
    assert second is not None
    assert (first.number, second.number, second.began_s) == (1, 2, WALL_S + 110)
    assert sorted(second.packets) == [n * SOUND_PACKET_SAMPLES for n in range(5)]


def test_a_long_speech_is_told_in_parts_of_which_none_is_lost() -> None:
    turns = Turns()
    packets = round((LONGEST_S + 1) / PACKET_S)
    (part,) = spoken(turns, 0, packets)
    rest = turns.end()
    assert rest is not None
    assert len(part.packets) + len(rest.packets) == packets
    assert abs(part.ended_s - WALL_S - LONGEST_S) < 3 * PACKET_S


@given(st.permutations(range(12)), st.integers(0, 2**32 - 1))
def test_packets_may_overtake_each_other_and_times_may_wrap(order: list[int], start: int) -> None:
    turns = Turns()
    for n in [*order, order[0]]:
        turns.packet(100, WALL_S, (start + n * SOUND_PACKET_SAMPLES) % 2**32, bytes([n]))
    turn = turns.end()
    assert turn is not None
    assert [turn.packets[at] for at in sorted(turn.packets)] == [bytes([n]) for n in range(12)]


def test_what_was_said_can_be_played_by_others() -> None:
    encoder = SoundEncoder()
    time = np.arange(SOUND_PACKET_SAMPLES * 50) / 48_000
    tone = (8_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    turns = Turns()
    for n in range(50):
        part = tone[n * SOUND_PACKET_SAMPLES :][:SOUND_PACKET_SAMPLES]
        for payload in encoder.encode(part):
            turns.packet(100 + n * PACKET_S, WALL_S, n * SOUND_PACKET_SAMPLES, payload)
    turn = turns.end()
    assert turn is not None
    with av.open(io.BytesIO(ogg_opus(turn))) as container:
        assert container.format.name == "ogg"
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert 0.9 < len(samples) / 48_000 <= 1.01
    spectrum = np.abs(np.fft.rfft(samples[4_800:28_800]))
    assert abs(np.argmax(spectrum) * 2 - 440) <= 4


def test_a_clock_that_is_set_back_while_somebody_speaks_turns_nothing_round() -> None:
    turns = Turns()
    turns.packet(100, 1000, 0, b"a")
    turns.packet(100.3, 998, 14_400, b"b")
    turn = turns.end()
    assert turn is not None
    assert (turn.began_s, turn.ended_s) == (1000, pytest.approx(1000.3 + PACKET_S))


def test_another_numbering_is_another_turn_and_nothing_is_lost() -> None:
    turns = Turns()
    assert turns.packet(100, WALL_S, 0, b"a") is None
    first = turns.packet(100.02, WALL_S, 2**31 - 5, b"b")
    second = turns.end()
    assert first is not None
    assert second is not None
    assert [list(turn.packets.values()) for turn in (first, second)] == [[b"a"], [b"b"]]
