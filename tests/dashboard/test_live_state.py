"""The latest of every camera as columns."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sightline.dashboard.feed.copy_rows import LIVE_ROWS
from sightline.dashboard.live_state import (
    EYES_ON,
    HAS_POSITION,
    NO_BATTERY,
    NO_RSRP,
    NO_UPLINK,
    STREAMED,
    STUCK,
    CameraEntry,
    LiveState,
)
from sightline.dashboard.signal_columns import quality_codes
from sightline.ingest.quality import QUALITY_CODES, quality

INTERVALS = {0: 60, 1: 60, 2: 5, 3: 1}


def live_row(number: int, **fields: float) -> np.ndarray:
    row = np.zeros(1, LIVE_ROWS.dtype)
    for name in LIVE_ROWS.dtype.names or ():
        if row[name].dtype.kind == "f":
            row[name] = math.nan
    row["camera_id"], row["recording"], row["seen_time_ms"] = number, 3, 1_000_000
    for name, value in fields.items():
        row[name] = value
    return row


def state_of(*numbers: int) -> LiveState:
    state = LiveState()
    state.put_entries([CameraEntry(n, f"C{n}", "body_worn") for n in numbers], 60)
    return state


def test_a_camera_that_never_reported_is_there_and_unknown() -> None:
    state = state_of(5)
    row = state.table[0]
    assert math.isnan(row["seen_time_ms"])
    assert (row["number"], row["recording"], row["interval_s"]) == (5, 0, 60)
    assert (row["uplink_kbps"], row["rsrp_dbm"], row["battery_pct"]) == (
        NO_UPLINK,
        NO_RSRP,
        NO_BATTERY,
    )
    assert row["flags"] == 0


def test_what_is_unknown_is_not_zero() -> None:
    state = state_of(5)
    state.put_live(live_row(5), INTERVALS)
    row = state.table[0]
    assert (row["uplink_kbps"], row["rsrp_dbm"], row["battery_pct"]) == (
        NO_UPLINK,
        NO_RSRP,
        NO_BATTERY,
    )
    assert row["quality"] == QUALITY_CODES["unknown"]
    assert not row["flags"] & HAS_POSITION


def test_a_row_is_taken_in_the_units_of_the_feed() -> None:
    state = state_of(9, 5)
    row = live_row(
        5, lat=57.1234567, lon=-2.5, accuracy_m=4.84, heading_deg=212.06, battery_pct=71,
        rsrp_dbm=-92, uplink_kbps=6100, recording=2, bearer=2, flags=2,
    )  # fmt: skip
    assert state.put_live(row, INTERVALS).tolist() == [1]
    found = state.table[1]
    assert (found["lat_e7"], found["lon_e7"]) == (571234567, -25000000)
    assert (found["accuracy_dm"], found["heading_ddeg"]) == (48, 2121)
    assert (found["battery_pct"], found["rsrp_dbm"], found["uplink_kbps"]) == (71, -92, 6100)
    assert (found["recording"], found["bearer"], found["interval_s"]) == (2, 2, 5)
    assert found["flags"] == HAS_POSITION | STUCK
    assert found["quality"] == QUALITY_CODES["good"]


def test_only_what_differs_has_changed() -> None:
    state = state_of(1, 2)
    both = np.concatenate([live_row(1, lat=57, lon=2), live_row(2, lat=57, lon=2)])
    assert state.put_live(both, INTERVALS).tolist() == [0, 1]
    assert state.put_live(both, INTERVALS).tolist() == []
    both["seen_time_ms"][1] += 1
    assert state.put_live(both, INTERVALS).tolist() == [1]


def test_rows_of_unknown_cameras_are_passed_over() -> None:
    state = state_of(1)
    assert state.put_live(live_row(77), INTERVALS).tolist() == []
    assert len(state) == 1


def test_marks_survive_reports_and_are_taken_away() -> None:
    state = state_of(1, 2)
    assert state.mark(STREAMED, [2, 99]).tolist() == [1]
    assert state.mark(EYES_ON, [2]).tolist() == [1]
    state.put_live(live_row(2, lat=57, lon=2), INTERVALS)
    assert state.table["flags"][1] == STREAMED | EYES_ON | HAS_POSITION
    assert state.mark(STREAMED, [2, 99]).tolist() == []
    assert state.mark(STREAMED, []).tolist() == [1]
    assert state.table["flags"][1] == EYES_ON | HAS_POSITION


def test_a_mark_waits_for_its_camera() -> None:
    state = LiveState()
    state.mark(STREAMED, [3])
    state.put_entries([CameraEntry(3, "C3", "body_worn")], 60)
    assert state.table["flags"][0] == STREAMED


def test_a_dropped_camera_comes_back_to_its_place() -> None:
    state = state_of(1, 2)
    assert state.drop([1]).tolist() == [0]
    assert state.drop([1]).tolist() == []
    assert state.put_entries([CameraEntry(1, "C1", "body_worn")], 60).tolist() == [0]
    assert len(state) == 2


def test_the_columns_grow() -> None:
    state = state_of(*range(1, 3001))
    state.put_live(np.concatenate([live_row(n, battery_pct=n % 100) for n in (1, 3000)]), INTERVALS)
    assert state.table["battery_pct"][2999] == 0
    assert state.places_of([1, 3000, 3001, -4]).tolist() == [0, 2999, -1, -1]


numbers = st.none() | st.floats(-150, 60, width=32)


@given(st.lists(st.tuples(numbers, numbers, numbers, st.none() | st.floats(0, 9000, width=32))))
def test_quality_of_columns_is_quality_of_each(signals) -> None:  # type: ignore[no-untyped-def]
    columns = [
        np.array([math.nan if s[i] is None else s[i] for s in signals], np.float32)
        for i in range(4)
    ]
    wanted = [QUALITY_CODES[quality(*signal)] for signal in signals]
    assert quality_codes(*columns).tolist() == wanted
