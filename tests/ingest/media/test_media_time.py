"""When pictures and sounds were taken: even as the camera counts, right as the reports say, never backwards."""

from __future__ import annotations

import itertools
import time

from aiortc.clock import current_ntp_time
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.media_time import AMISS_US, MediaTime, unix_us

NOW_US = 1_764_324_000_000_000
PICTURE_TICKS = 3600


def test_ntp_is_brought_to_1970() -> None:
    assert abs(unix_us(current_ntp_time()) - time.time_ns() // 1000) < 2_000_000
    assert unix_us(2_208_988_800 << 32) == 0
    assert unix_us((2_208_988_801 << 32) + (1 << 31)) == 1_500_000


def test_it_goes_on_by_the_cameras_count_over_the_wrap_of_32_bits() -> None:
    clock = MediaTime(90_000)
    first = 0xFFFF_FFFF - 2 * PICTURE_TICKS
    times = [clock.at((first + n * PICTURE_TICKS) & 0xFFFF_FFFF, NOW_US + n * 40_000, None) for n in range(6)]  # fmt: skip
    assert times == [NOW_US + n * 40_000 for n in range(6)]


def test_an_uneven_arrival_and_reports_a_little_off_change_nothing() -> None:
    clock = MediaTime(48_000)
    clock.at(0, NOW_US, None)
    assert clock.at(960, NOW_US + 500_000, None) == NOW_US + 20_000
    assert clock.at(1920, NOW_US, NOW_US + 40_000 + AMISS_US) == NOW_US + 40_000


def test_a_report_that_says_otherwise_puts_it_right() -> None:
    clock = MediaTime(90_000)
    clock.at(0, NOW_US, None)
    right = NOW_US + 40_000 + AMISS_US + 1
    assert clock.at(PICTURE_TICKS, NOW_US, right) == right
    assert clock.at(2 * PICTURE_TICKS, NOW_US, None) == right + 40_000


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF_FFFF),
            st.integers(NOW_US, NOW_US + 10**9),
            st.none() | st.integers(NOW_US, NOW_US + 10**9),
        ),
        min_size=2,
    )
)
def test_whatever_a_camera_says_each_is_later_than_the_one_before(
    said: list[tuple[int, int, int | None]],
) -> None:
    clock = MediaTime(90_000)
    times = [clock.at(*one) for one in said]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
