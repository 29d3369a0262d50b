"""Fixes of any kind → a segment → the same fixes, read by the gateway and by the database."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.columns import NO_ID
from sightline.ingest.content import contents_of
from sightline.ingest.history.segments import COLUMNS, MOST_FIXES, SegmentError, pack, unpack

NOON_US = 1_795_608_000_000_000
FLOATS = [name for name, kind in COLUMNS.items() if kind != "whole"]


def fixes(count, **given_columns):
    """Fixes a second apart, of which nothing is known but what is given."""
    made = {
        name: np.full(count, np.nan, np.float64 if kind == "float8" else np.float32)
        if kind != "whole"
        else np.zeros(count, np.int64)
        for name, kind in COLUMNS.items()
    }
    made["fix_time"] = NOON_US + 1_000_000 * np.arange(count)
    made["received_time"] = made["fix_time"] + 400_000
    made["lat"], made["lon"] = np.full(count, 51.5), np.full(count, -0.12)
    made["operator_id"] = made["cell_id"] = np.full(count, NO_ID)
    made |= {
        name: np.asarray(column).astype(made[name].dtype) for name, column in given_columns.items()
    }
    words = made["recording"] + 256 * made["bearer"]
    made["content"] = contents_of(
        made["fix_time"],
        words,
        text_of(made["operator_id"], made["cell_id"]),
        {name: made[name].astype(np.float64) for name in FLOATS},
    )
    return made


def text_of(operators, cells):
    return (operators * 1000 + cells).astype(np.int64).view(np.uint64)


def there_and_back(made):
    packed = pack(made, text_of(made["operator_id"], made["cell_id"]))
    again = unpack(packed, len(made["fix_time"]))
    text = text_of(again.fixes["operator_id"], again.fixes["cell_id"])
    return packed, {**again.fixes, "content": again.contents(text)}


def same(one, other):
    assert one.keys() == other.keys()
    for name, column in one.items():
        assert column.astype(other[name].dtype).tobytes() == other[name].tobytes(), name


def floats(width):
    return st.one_of(
        st.just(float("nan")),
        st.floats(width=width, allow_nan=False),
        st.integers(-2000, 2000).map(lambda n: struct.unpack("<f", struct.pack("<f", n / 10))[0]),
    )


@st.composite
def any_fixes(draw, most=40):
    count = draw(st.integers(1, most))

    def column(strategy):
        kind = draw(st.sampled_from(["each", "one", "few"]))
        if kind == "one":
            return [draw(strategy)] * count
        if kind == "few":
            some = draw(st.lists(strategy, min_size=1, max_size=3))
            return [draw(st.sampled_from(some)) for _ in range(count)]
        return draw(st.lists(strategy, min_size=count, max_size=count))

    times = sorted(column(st.integers(NOON_US - 40_000_000_000, NOON_US + 40_000_000_000)))
    made = {
        "fix_time": times,
        "received_time": column(st.integers(NOON_US - 40_000_000_000, NOON_US + 80_000_000_000)),
        "lat": column(st.floats(-90, 90)),
        "lon": column(
            st.one_of(
                st.floats(-180, 180), st.integers(-180_000_000, 180_000_000).map(lambda n: n / 1e6)
            )
        ),
        "recording": column(st.integers(0, 3)),
        "bearer": column(st.integers(0, 4)),
        "operator_id": column(st.integers(-1, 32_767)),
        "cell_id": column(st.integers(-1, 2**31 - 1)),
        "flags": column(st.integers(0, 7)),
    }
    for name, kind in COLUMNS.items():
        if kind == "float4":
            made[name] = column(floats(32))
    made = fixes(count, **made)
    if draw(st.booleans()):
        made["content"] = np.array(column(st.integers(-(2**63), 2**63 - 1)), np.int64)
    return made


class TestExactness:
    @given(any_fixes())
    def test_every_digit_comes_back(self, made):
        _, again = there_and_back(made)
        same(made, again)

    @pytest.mark.parametrize(
        "value", [-0.0, 1e-45, 3.4e38, 1e-30, 0.1, 51.123456789012345, 2.0**-140]
    )
    def test_numbers_of_all_sizes(self, value):
        some = np.array([0.0, value, np.nan, -1.5, value])
        made = fixes(5, altitude_m=some, lat=np.nan_to_num(some) / 1e37)
        same(made, there_and_back(made)[1])

    def test_a_full_segment(self):
        rng = np.random.default_rng(5)
        made = fixes(
            MOST_FIXES,
            lat=51.5 + np.round(np.cumsum(rng.normal(0, 1e-5, MOST_FIXES)), 6),
            rsrp_dbm=np.where(
                rng.random(MOST_FIXES) < 0.1, np.nan, -90 + rng.integers(-3, 3, MOST_FIXES)
            ),
        )
        packed, again = there_and_back(made)
        same(made, again)
        assert len(packed) < 6 * MOST_FIXES

    @pytest.mark.parametrize("count", [0, MOST_FIXES + 1])
    def test_of_a_wrong_size_there_is_none(self, count):
        with pytest.raises(SegmentError, match=str(count)):
            pack(fixes(count), np.zeros(count, np.uint64))


class TestSize:
    def test_what_never_changes_takes_no_room(self):
        short, long = (
            len(there_and_back(fixes(count, battery_pct=[71] * count))[0]) for count in (10, 1000)
        )
        assert long - short < 20

    def test_a_content_that_can_be_worked_out_takes_none(self):
        made = fixes(100, speed_mps=np.arange(100) / 4)
        plain = len(there_and_back(made)[0])
        made["content"] = made["content"] + 1
        assert len(there_and_back(made)[0]) == plain + 1000

    def test_contents_are_worked_out_though_the_column_is_narrower_than_what_was_said(self):
        said = {"accuracy_m": 4.8, "speed_mps": 1 / 3.6, "uplink_kbps": 6100.0}
        made = fixes(20, **{name: [value] * 20 for name, value in said.items()})
        exact = {name: np.full(20, said.get(name, np.nan)) for name in FLOATS} | {
            "lat": made["lat"],
            "lon": made["lon"],
        }
        made["content"] = contents_of(
            made["fix_time"],
            np.zeros(20, np.int64),
            text_of(made["operator_id"], made["cell_id"]),
            exact,
        )
        packed, again = there_and_back(made)
        same(made, again)
        assert packed[-2:] == b"\0\0"


class TestHostile:
    @given(any_fixes(8), st.data())
    def test_what_is_damaged_is_told_or_read_but_nothing_else_happens(self, made, data):
        packed = bytearray(there_and_back(made)[0])
        for _ in range(data.draw(st.integers(1, 3))):
            packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
        packed = bytes(packed)[: data.draw(st.integers(0, len(packed)))]
        with contextlib.suppress(SegmentError):
            unpack(packed, len(made["fix_time"]))

    def test_times_that_are_counted_from_themselves(self):
        with pytest.raises(SegmentError, match="counted from themselves"):
            unpack(b"\x01\x80", 1)

    def test_another_version(self):
        with pytest.raises(SegmentError, match="version 02"):
            unpack(b"\2", 1)
