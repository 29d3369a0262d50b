"""What a viewer is sent over a socket: from a key frame on, no more than it can take, and it is told what it missed."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.frame_queue import (
    HEADER,
    KEY_FLAG,
    KIND,
    MOST_MESSAGES,
    ON_THE_WAY_US,
    WAITING_US,
    Frame,
    FrameQueue,
)

PICTURE_US = 40_000
DOCUMENT = Path(__file__).parents[3] / "docs" / "frames.md"


def picture(number: int, *, key: bool = False) -> Frame:
    return Frame("picture", key, 1_764_324_000_000_000 + number * PICTURE_US, str(number).encode())


def sound(number: int) -> Frame:
    return Frame("sound", True, 1_764_324_000_000_000 + number * 20_000, b"opus")


def taken(queue: FrameQueue) -> list[bytes]:
    messages = []
    while (message := queue.take()) is not None:
        messages.append(message)
    return messages


def data(messages: list[bytes]) -> list[int]:
    return [int(m[HEADER.size :]) for m in messages if m[0] == KIND["picture"]]


def test_the_header_says_what_it_is() -> None:
    queue = FrameQueue()
    queue.put(picture(3, key=True))
    message = queue.take(missing=2)
    assert message is not None
    kind, flags, zero, number, time_us, missed = HEADER.unpack_from(message)
    assert (kind, flags, zero, number, missed) == (1, KEY_FLAG, 0, 1, 2)
    assert time_us == 1_764_324_000_120_000
    assert message[HEADER.size :] == b"3"
    assert HEADER.size == 20


def test_the_header_is_the_documented_one() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (u8|u16|u32|f64) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    letters = {"u8": "B", "u16": "H", "u32": "I", "f64": "d"}
    assert HEADER.format == "<" + "".join(letters[kind] for _, kind in rows)
    offsets = [struct.calcsize("<" + HEADER.format[1 : 1 + n]) for n in range(len(rows))]
    assert [int(at) for at, _ in rows] == offsets


def test_it_begins_with_a_key_frame_and_its_sound() -> None:
    queue = FrameQueue()
    assert queue.wants_key
    for frame in (sound(0), picture(0), picture(1), picture(2, key=True), sound(4), picture(3)):
        queue.put(frame)
    messages = taken(queue)
    assert [m[0] for m in messages] == [KIND["picture"], KIND["sound"], KIND["picture"]]
    assert queue.dropped == 0, "what came before it began is not missing"


def sent(queue: FrameQueue, pictures: int, first: int = 0) -> list[int]:
    """So many pictures, each taken at once where it may be; those that were."""
    messages = []
    for n in range(first, first + pictures):
        queue.put(picture(n, key=n == 0))
        messages += taken(queue)
    return data(messages)


AT_ONCE = ON_THE_WAY_US // PICTURE_US + 1
WAIT = WAITING_US // PICTURE_US + 1


def test_no_more_than_a_second_is_on_the_way() -> None:
    queue = FrameQueue()
    assert sent(queue, AT_ONCE + 3) == list(range(AT_ONCE))
    queue.read(2)
    assert data(taken(queue)) == [AT_ONCE, AT_ONCE + 1]


def test_a_slow_reader_goes_on_at_the_next_key_frame_and_is_told_what_it_missed() -> None:
    queue = FrameQueue()
    assert sent(queue, AT_ONCE + WAIT) == list(range(AT_ONCE))
    assert queue.dropped == 0
    assert sent(queue, 10, first=AT_ONCE + WAIT) == []
    assert queue.dropped == WAIT + 10
    assert not queue.wants_key, "it could not take one yet"
    queue.read(AT_ONCE)
    assert queue.wants_key
    queue.put(picture(99))
    queue.put(picture(100, key=True))
    (message,) = taken(queue)
    assert data([message]) == [100]
    assert HEADER.unpack_from(message)[5] == queue.dropped == WAIT + 11


@pytest.mark.parametrize("number", [0, 2, 2**40])
def test_nobody_has_read_what_was_not_sent(number: int) -> None:
    queue = FrameQueue()
    queue.put(picture(0, key=True))
    queue.take()
    with pytest.raises(ValueError, match="was not sent"):
        queue.read(number)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("picture"), st.booleans(), st.integers(1, 3 * PICTURE_US)),
            st.tuples(st.just("sound"), st.just(False), st.integers(1, 20_000)),
            st.tuples(st.sampled_from(["take", "read"]), st.just(False), st.just(0)),
        ),
        max_size=600,
    )
)
def test_however_it_is_read_it_stays_bounded_and_decodable(
    steps: list[tuple[str, bool, int]],
) -> None:
    queue, now, messages = FrameQueue(), 10**15, []
    kinds: dict[int, tuple[int, bool]] = {}
    pictures = 0
    for what, key, us in steps:
        now += us
        if what == "take":
            if (message := queue.take()) is not None:
                messages.append(message)
        elif what == "read":
            if messages:
                queue.read(len(messages))
        elif what == "picture":
            kinds[pictures] = (pictures, key)
            queue.put(Frame("picture", key, now, str(pictures).encode()))
            pictures += 1
        else:
            queue.put(Frame("sound", True, now, b"opus"))
        assert queue.unread <= MOST_MESSAGES
        assert len(queue._waiting) <= MOST_MESSAGES + 1
    numbers = data(messages)
    assert numbers == sorted(numbers)
    for before, number in zip([None, *numbers], numbers, strict=False):
        if before is None or number != before + 1:
            assert kinds[number][1], "where any is missing, it goes on with a key frame"
