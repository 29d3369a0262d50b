"""What a slow viewer is sent in parts: in the end the same as everybody, nothing that it may not see, and nobody waits for long."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.dashboard.feed import slow_reading
from sightline.dashboard.feed.channel import Channel, Payload
from sightline.dashboard.feed.slow_reading import SlowReading
from sightline.dashboard.feed.viewer import Viewer
from sightline.dashboard.live_map.visibility import Attachment, Viewing
from tests.dashboard.feed_reading import read_frame
from tests.dashboard.test_feed import frame_since, opened, report, state_of

NUMBERS = range(1, 13)


class Screen:
    """What a browser has, by what it was sent."""

    def __init__(self) -> None:
        self.cameras: dict[int, dict[str, Any]] = {}
        self.names: set[int] = set()
        self.seq = 0

    def hear(self, payloads: list[Payload]) -> None:
        for payload in payloads:
            if isinstance(payload, str):
                self.names |= {camera["n"] for camera in json.loads(payload)["cameras"]}
                continue
            frame = read_frame(payload)
            if frame.kind == 1:
                self.cameras.clear()
            for number in frame.removed:
                self.cameras.pop(number, None)
            assert frame.cameras.keys() <= self.names, "nobody without a name"
            self.cameras |= frame.cameras
            self.seq = int(frame.seq)


def said(cameras: dict[int, dict[str, Any]]) -> dict[int, str]:
    """Comparable: what is not known is NaN, which is not even itself."""
    return {number: repr(row) for number, row in cameras.items()}


def read_all(slow: SlowReading, channel: Channel, screen: Screen) -> int:
    """Parts until nothing waits; how many."""
    count = 0
    while slow.waits or slow.cursor != channel.seq:
        screen.hear(slow.next_part(channel))
        count += 1
        assert count < 100
    return count


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_reading, "CAMERAS_AT_ONCE", 3)
    monkeypatch.setattr(slow_reading, "NAMES_AT_ONCE", 5)


def test_a_snapshot_in_parts_is_as_fresh_as_its_last_part() -> None:
    state = state_of(*NUMBERS)
    channel, slow, screen = opened(state), SlowReading(None), Screen()
    for _ in range(4):  # the names, and the first cameras
        screen.hear(slow.next_part(channel))
    assert (len(screen.names), len(screen.cameras), screen.seq) == (12, 3, 0)
    channel.advance(6000.0, columns=report(state, 12, battery_pct=7))
    channel.advance(6000.0, columns=report(state, 1, battery_pct=8))
    read_all(slow, channel, screen)
    assert screen.seq == channel.seq
    assert said(screen.cameras) == said(frame_since(channel, None).cameras)
    assert screen.cameras[12]["battery"] == 7


def test_nobody_waits_for_more_than_a_round() -> None:
    state = state_of(*NUMBERS)
    channel, slow, screen = opened(state), SlowReading(None), Screen()
    read_all(slow, channel, screen)
    heard: set[int] = set()
    for _ in range(4):
        for number in NUMBERS:  # all report before each part
            channel.advance(7000.0, columns=report(state, number))
        part = read_frame(slow.next_part(channel)[0])  # type: ignore[arg-type]
        heard |= part.cameras.keys()
    assert heard == set(NUMBERS)


def test_what_is_out_of_sight_is_not_sent_though_it_waited() -> None:
    state = state_of(*NUMBERS)
    channel, slow, screen = opened(state), SlowReading(None), Screen()
    for _ in range(4):
        screen.hear(slow.next_part(channel))
    hidden = (Attachment(12, 50, restricted=True, user_ids=frozenset()),)
    channel.advance(
        6000.0, attached={int(state.places_of(12)): hidden, int(state.places_of(1)): hidden}
    )
    read_all(slow, channel, screen)
    assert screen.cameras.keys() == set(NUMBERS) - {1, 12}


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("report"), st.sampled_from(list(NUMBERS))),
        st.tuples(st.just("hide"), st.frozensets(st.sampled_from(list(NUMBERS)), max_size=4)),
        st.tuples(st.just("read"), st.integers(1, 3)),
    ),
    max_size=30,
)


@given(acts=ACTS)
def test_in_the_end_it_is_what_everybody_has(acts: list[tuple[str, Any]]) -> None:
    state = state_of(*NUMBERS)
    channel, slow, screen = opened(state), SlowReading(None), Screen()
    for battery, (act, what) in enumerate(acts):
        if act == "report":
            channel.advance(6000.0, columns=report(state, what, battery_pct=battery))
        elif act == "hide":
            hidden = (Attachment(0, 50, restricted=True, user_ids=frozenset()),)
            channel.advance(6000.0, attached={int(state.places_of(n)): hidden for n in what})
        else:
            for _ in range(what):
                if slow.waits or slow.cursor != channel.seq:
                    screen.hear(slow.next_part(channel))
    read_all(slow, channel, screen)
    assert said(screen.cameras) == said(frame_since(channel, None).cameras)


async def test_a_viewer_that_turns_out_to_be_slow_begins_again_where_it_was_and_loses_no_event() -> (
    None
):
    state = state_of(*NUMBERS)
    channel = opened(state)
    viewer = Viewer(uuid4(), Viewing(1, "all"), "binary")
    viewer.move_to(channel)
    viewer.say('{"type":"event"}')
    given_to_all = await viewer.next_payloads()
    assert given_to_all[-1] == '{"type":"event"}'
    viewer.go_slowly()
    assert viewer.is_slow
    screen, events = Screen(), 0
    while screen.seq == 0:
        for payload in await viewer.next_payloads():
            if payload == '{"type":"event"}':
                events += 1
            else:
                screen.hear([payload])
    assert events == 1
    assert said(screen.cameras) == said(frame_since(channel, None).cameras)
    viewer.go_on()
    assert not viewer.is_slow
    channel.advance(6000.0, columns=report(state, 3, battery_pct=9))
    viewer.wake()
    (frame,) = await viewer.next_payloads()
    assert list(read_frame(frame).cameras) == [3]  # type: ignore[arg-type]
