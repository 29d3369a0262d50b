"""The feed between live state and viewers: frames, channels, the hub. No database."""

from __future__ import annotations

import asyncio
import json
import math
from uuid import UUID, uuid4

import numpy as np
import pytest

from sightline.dashboard.feed import channel as channel_module
from sightline.dashboard.feed import frames
from sightline.dashboard.feed.channel import Channel
from sightline.dashboard.feed.copy_rows import DIRECTORY_MARKS
from sightline.dashboard.feed.frames import directory_messages
from sightline.dashboard.feed.health import Health, gateway_health
from sightline.dashboard.feed.hub import CHANNEL_KEPT_MS, FeedHub
from sightline.dashboard.feed.viewer import MOST_WAITING, Viewer
from sightline.dashboard.live_map.visibility import Attachment, Viewing, VisibilityClass
from sightline.dashboard.live_state import CameraEntry, LiveState
from sightline.ingest.freshness import freshness
from sightline.ingest.packed_copy import CopyError
from tests.dashboard.feed_reading import Frame, read_frame
from tests.dashboard.test_live_state import INTERVALS, live_row

ALL = VisibilityClass("all")


def state_of(*numbers: int) -> LiveState:
    state = LiveState()
    state.put_entries([CameraEntry(n, f"C{n}", "body_worn", f"{4000 + n}") for n in numbers], 60)
    return state


def opened(state: LiveState, seen_by: VisibilityClass = ALL, first_seq: int = 100) -> Channel:
    channel = Channel(seen_by, state, first_seq)
    channel.advance(5000.0, attached={})
    return channel


def frame_since(channel: Channel, seq: int | None) -> Frame:
    return read_frame(channel.payloads_since(seq, "binary")[-1])  # type: ignore[arg-type]


def report(state: LiveState, number: int, **fields: float) -> np.ndarray:
    return state.put_live(live_row(number, lat=57, lon=2, **fields), INTERVALS)


# frames


def test_a_snapshot_has_every_column_where_the_format_says() -> None:
    state = state_of(3, 7, 8)
    row = live_row(
        7, lat=57.5, lon=-2.25, fix_time_ms=1.5e12, seen_time_ms=1.6e12, recording_since_ms=1.4e12,
        accuracy_m=4.8, heading_deg=212, battery_pct=71, rsrp_dbm=-92, uplink_kbps=6100, bearer=1,
        flags=16,
    )  # fmt: skip
    state.put_live(row, INTERVALS)
    frame = frame_since(opened(state), None)
    assert (frame.kind, frame.seq, frame.server_time_ms) == (1, 101, 5000)
    assert list(frame.cameras) == [3, 7, 8]
    assert frame.cameras[7] == {
        "n": 7, "fix_time_ms": 1.5e12, "seen_time_ms": 1.6e12, "recording_since_ms": 1.4e12,
        "lat_e7": 575000000, "lon_e7": -22500000, "uplink_kbps": 6100, "accuracy_dm": 48,
        "heading_ddeg": 2120, "interval_s": 1, "rsrp_dbm": -92, "recording": 3, "quality": 4,
        "flags": 17, "battery": 71, "bearer": 1,
    }  # fmt: skip
    assert math.isnan(frame.cameras[3]["seen_time_ms"])
    assert frame.cameras[3]["battery"] == 255


@pytest.mark.parametrize("count", range(6))
def test_removed_numbers_begin_at_a_multiple_of_four(count: int) -> None:
    state = state_of(*range(1, count + 2))
    channel = opened(state)
    for number in range(1, count + 1):
        report(state, number)
    state.drop([count + 1])
    channel.advance(6000.0, columns=np.arange(count), attached={})
    frame = frame_since(channel, 101)
    assert (frame.kind, len(frame.cameras), frame.removed) == (2, count, [count + 1])


def test_names_come_before_the_numbers_that_need_them() -> None:
    state = state_of(3)
    first, frame = opened(state).payloads_since(None, "binary")
    assert json.loads(first) == {
        "type": "directory",
        "cameras": [
            {
                "n": 3, "camera": "C3", "officer": "4003", "name": None, "call_sign": None,
                "unit": None, "unit_name": None, "kind": "body_worn",
            }
        ],
    }  # fmt: skip
    assert isinstance(frame, bytes)


def test_a_long_directory_comes_in_pieces() -> None:
    entries = [CameraEntry(n, f"C{n}", "body_worn") for n in range(9000)]
    pieces = [json.loads(message)["cameras"] for message in directory_messages(entries)]
    assert [camera["n"] for piece in pieces for camera in piece] == list(range(9000))
    assert max(map(len, pieces)) == 500


def test_json_says_the_same_in_words() -> None:
    state = state_of(3, 7)
    channel = opened(state)
    state.put_live(
        live_row(
            7, lat=57.5, lon=-2.25, seen_time_ms=4000, fix_time_ms=0, recording=2, rsrp_dbm=-95
        ),
        INTERVALS,
    )
    channel.advance(6000.0, columns=np.array([1]))
    (text,) = channel.payloads_since(101, "json")
    message = json.loads(text)
    assert (message["type"], message["seq"], message["removed"]) == ("delta", 102, [])
    (camera,) = message["cameras"]
    assert camera["geometry"] == {"type": "Point", "coordinates": [-2.25, 57.5]}
    said = camera["properties"]
    assert (said["camera"], said["recording"], said["quality"]) == ("C7", "buffering", "fair")
    assert (said["age_s"], said["freshness"], said["fix_time"]) == (
        2.0,
        "live",
        "1970-01-01T00:00:00.000Z",
    )
    assert (said["accuracy_m"], said["battery_pct"]) == (None, None)
    assert (said["signal"]["rsrp_dbm"], said["signal"]["uplink_kbps"]) == (-95, None)
    snapshot = json.loads(channel.payloads_since(None, "json")[0])
    never = snapshot["cameras"][0]
    assert (never["geometry"], never["properties"]["freshness"]) == (None, "never")


@pytest.mark.parametrize("recording", [1, 2, 3])
@pytest.mark.parametrize("age_s", [0.0, 10.0, 10.1, 30.0, 30.1, 119.9, 120.1, 239.9, 240.1, 1e6])
def test_freshness_is_the_word_that_every_screen_has(recording: int, age_s: float) -> None:
    state = state_of(7)
    report(state, 7, recording=recording, fix_time_ms=0, seen_time_ms=1e9)
    (camera,) = frames.features(state, np.array([0]), 1e9 + age_s * 1000)
    assert camera["properties"].freshness == freshness(age_s, INTERVALS[recording])
    state.ageing_after_s, state.stale_after_s = 5.0, 50.0
    (camera,) = frames.features(state, np.array([0]), 1e9 + age_s * 1000)
    assert camera["properties"].freshness == freshness(
        age_s, INTERVALS[recording], ageing_after_s=5.0, stale_after_s=50.0
    )


def test_a_fix_of_the_future_has_the_age_zero_and_a_camera_without_fix_is_never() -> None:
    state = state_of(7)
    report(state, 7, fix_time_ms=9000, seen_time_ms=4000)
    (ahead,) = frames.features(state, np.array([0]), 5000.0)
    assert (ahead["properties"].fix_age_s, ahead["properties"].age_s) == (0, 1)
    state.put_live(live_row(7, seen_time_ms=4500), INTERVALS)
    (heard,) = frames.features(state, np.array([0]), 5000.0)
    assert (heard["geometry"], heard["properties"].freshness) == (None, "never")
    assert (heard["properties"].age_s, heard["properties"].fix_time) == (0.5, None)


# channels


def test_who_keeps_up_shares_one_encoded_frame() -> None:
    state = state_of(1)
    channel = opened(state)
    channel.advance(6000.0, columns=report(state, 1))
    assert channel.payloads_since(101, "binary") is channel.payloads_since(101, "binary")


def test_a_slow_reader_gets_the_latest_value_once() -> None:
    state = state_of(1, 2, 3)
    channel = opened(state)
    for battery in (10, 20, 30):
        channel.advance(6000.0, columns=report(state, 1, battery_pct=battery))
    channel.advance(6250.0, columns=report(state, 3, battery_pct=5))
    frame = frame_since(channel, 101)
    assert {n: row["battery"] for n, row in frame.cameras.items()} == {1: 30, 3: 5}
    assert (frame.kind, frame.seq) == (2, 105)


@pytest.mark.parametrize("unknown", [0, 99, 106, 2**52])
def test_whom_the_log_does_not_reach_begins_anew(unknown: int) -> None:
    state = state_of(1)
    channel = opened(state)
    assert frame_since(channel, unknown).kind == 1


def test_the_log_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "LOG_LENGTH", 4)
    channel = Channel(ALL, state_of(1), 100)
    channel._log = type(channel._log)(maxlen=4)
    for _ in range(6):
        channel.advance(6000.0)
    assert frame_since(channel, 101).kind == 1
    assert frame_since(channel, 102).kind == 2


def test_a_camera_that_goes_and_returns_is_not_reported_as_gone() -> None:
    state = state_of(1, 2)
    channel = opened(state)
    hidden = Attachment(2, 9, restricted=True, user_ids=frozenset({1}))
    channel.advance(6000.0, attached={1: (hidden,)})
    assert frame_since(channel, 101).removed == [2]
    assert not channel.sees(2)
    channel.advance(6250.0, columns=report(state, 2, battery_pct=40))
    assert frame_since(channel, 102).cameras == {}
    channel.advance(6500.0, attached={})
    frame = frame_since(channel, 101)
    assert frame.removed == []
    assert frame.cameras[2]["battery"] == 40
    assert channel.sees(2)


# hub


def feed_of(*numbers: int) -> FeedHub:
    hub = FeedHub()
    places = hub.state.put_entries(
        [CameraEntry(n, f"C{n}", "body_worn", unit_id=n) for n in numbers], 60
    )
    hub.changed(columns=places, directory=places)
    hub.beat()
    return hub


def joined(hub: FeedHub, viewing: Viewing, session: UUID | None = None) -> Viewer:
    viewer = Viewer(session or uuid4(), viewing, "binary")
    hub.join(viewer)
    return viewer


async def read(viewer: Viewer) -> tuple[list[Frame], list[dict]]:
    async with asyncio.timeout(1):
        payloads = await viewer.next_payloads()
    frames = [read_frame(p) for p in payloads if isinstance(p, bytes)]
    return frames, [json.loads(p) for p in payloads if isinstance(p, str)]


async def test_two_of_a_class_share_a_channel_and_others_do_not() -> None:
    hub = feed_of(1, 2)
    fim, other, sergeant = (
        joined(hub, Viewing(1, "all")),
        joined(hub, Viewing(2, "all")),
        joined(hub, Viewing(3, "own_units", unit_ids=frozenset({2}))),
    )
    assert fim.channel is other.channel
    assert fim.channel is not sergeant.channel
    (frame,), _ = await read(sergeant)
    assert list(frame.cameras) == [2]


async def test_a_restricted_incident_takes_its_camera_from_the_map_at_once() -> None:
    hub = feed_of(1, 2)
    outsider, named = joined(hub, Viewing(1, "all")), joined(hub, Viewing(2, "all"))
    for viewer in (outsider, named):
        await read(viewer)
    hub.attach([Attachment(2, 50, restricted=True, user_ids=frozenset({2}))])
    hub.beat()
    (frame,), _ = await read(outsider)
    assert frame.removed == [2]
    (frame,), _ = await read(named)
    assert list(frame.cameras) == [1, 2]  # another class, so a snapshot
    hub.changed(columns=hub.state.put_live(live_row(2, battery_pct=9), INTERVALS))
    hub.beat()
    (frame,), _ = await read(outsider)
    assert frame.cameras == {}
    (frame,), _ = await read(named)
    assert frame.cameras[2]["battery"] == 9


async def test_a_camera_that_is_new_on_a_restricted_incident_is_never_shown_to_others() -> None:
    hub = feed_of(1)
    outsider = joined(hub, Viewing(1, "all"))
    await read(outsider)
    hub.attach([Attachment(2, 50, restricted=True, user_ids=frozenset({2}))])
    places = hub.state.put_entries([CameraEntry(2, "C2", "body_worn")], 60)
    hub.changed(columns=places, directory=places)
    hub.beat()
    (frame,), texts = await read(outsider)
    assert frame.cameras == {}
    assert not [text for text in texts if text["type"] == "directory"]


async def test_another_sight_begins_with_a_snapshot() -> None:
    hub = feed_of(1, 2)
    session = uuid4()
    negco = joined(hub, Viewing(6, "on_call", on_call=False), session)
    (frame,), _ = await read(negco)
    assert frame.cameras == {}
    hub.view(session, Viewing(6, "on_call", on_call=True), answers_alerts=False)
    (frame,), _ = await read(negco)
    assert (frame.kind, list(frame.cameras)) == (1, [1, 2])


async def test_nobody_resumes_in_a_class_where_they_were_not() -> None:
    hub = feed_of(1, 2)
    joined(hub, Viewing(1, "all"))
    own = Viewing(3, "own_units", unit_ids=frozenset({2}))
    hub.beat()
    fim_seq = next(iter(hub.viewers)).channel.seq  # type: ignore[union-attr]
    viewer = Viewer(uuid4(), own, "binary", since=fim_seq)
    hub.join(viewer)
    (frame,), _ = await read(viewer)
    assert (frame.kind, list(frame.cameras)) == (1, [2])


async def test_a_short_break_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = feed_of(1, 2)
    viewer = joined(hub, Viewing(1, "all"))
    (frame,), _ = await read(viewer)
    hub.leave(viewer)
    hub.changed(columns=hub.state.put_live(live_row(2, battery_pct=9), INTERVALS))
    hub.beat()
    back = Viewer(uuid4(), Viewing(1, "all"), "binary", since=int(frame.seq))
    hub.join(back)
    (frame,), _ = await read(back)
    assert (frame.kind, list(frame.cameras)) == (2, [2])
    hub.leave(back)
    hub.beat()
    hub.clock_offset_ms += CHANNEL_KEPT_MS + 1000
    hub.beat()
    late = Viewer(uuid4(), Viewing(1, "all"), "binary", since=int(frame.seq))
    hub.join(late)
    (frame,), _ = await read(late)
    assert frame.kind == 1


async def test_silence_still_beats_each_second() -> None:
    hub = feed_of(1)
    viewer = joined(hub, Viewing(1, "all"))
    (first,), _ = await read(viewer)
    hub.beat()
    hub.clock_offset_ms += 1001
    hub.beat()
    (frame,), _ = await read(viewer)
    assert frame.cameras == {}
    assert frame.seq > first.seq
    assert frame.server_time_ms > first.server_time_ms


async def test_health_goes_out_with_the_next_beat_when_a_word_changes() -> None:
    hub = feed_of(1)
    hub.set_health(Health("ok"))
    hub.beat()
    viewer = joined(hub, Viewing(1, "all"))
    _, texts = await read(viewer)
    assert [t["database"] for t in texts if t["type"] == "health"] == ["ok"]
    hub.set_health(hub.health.lost(7000.0))
    hub.beat()
    _, texts = await read(viewer)
    (health,) = [t for t in texts if t["type"] == "health"]
    assert (health["database"], health["database_since"]) == ("lost", 7000.0)
    assert hub.health.lost(9000.0).database_since_ms == 7000.0


def test_a_silent_gateway_is_gone_and_an_ended_one_stopped() -> None:
    rows = [
        {"name": "a", "ended": False, "silent_s": 0.4},
        {"name": "b", "ended": False, "silent_s": 2.5},
        {"name": "c", "ended": True, "silent_s": 40},
    ]
    found = {g.name: (g.state, g.since_ms) for g in gateway_health(rows, 100_000.0)}
    assert found == {"a": ("ok", None), "b": ("gone", 97_500.0), "c": ("stopped", 60_000.0)}


async def test_who_leaves_events_unread_is_dropped() -> None:
    hub = feed_of(1)
    viewer = joined(hub, Viewing(1, "all"))
    for entry in range(MOST_WAITING + 1):
        assert not viewer.dropped
        hub.say_event({"event": "incident", "entry": entry}, [viewer])
    assert viewer.dropped


def test_what_is_no_binary_copy_is_refused() -> None:
    for data in (b"", b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\2" + b"\xff\xff", b"nonsense"):
        with pytest.raises(CopyError):
            DIRECTORY_MARKS.rows(data)
