"""The clock that machines read survives, or is not read at all."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.camera import time_strip

TIMES = st.integers(0, 2**42)


def picture() -> np.ndarray:
    return np.full((720, 1280), 90, np.uint8)


@settings(deadline=None)  # machines that build are busy
@given(TIMES)
def test_what_is_painted_is_read(time_ms: int) -> None:
    luma = picture()
    time_strip.paint(luma, time_ms)
    assert time_strip.read(luma) == time_ms % time_strip.MODULUS


@settings(deadline=None)  # machines that build are busy
@given(TIMES, st.integers(2, time_strip.CELLS - 1))
def test_one_wrong_cell_is_noticed(time_ms: int, cell: int) -> None:
    luma = picture()
    time_strip.paint(luma, time_ms)
    at = np.s_[: time_strip.CELL_PX, cell * 16 : (cell + 1) * 16]
    luma[at] = 251 - luma[at]
    assert time_strip.read(luma) is None


def test_a_picture_without_a_strip_has_no_time() -> None:
    assert time_strip.read(picture()) is None
    assert time_strip.read(np.zeros((720, 1280), np.uint8)) is None
    assert time_strip.read(np.full((8, 1280), 235, np.uint8)) is None
    assert time_strip.read(np.full((720, 100), 235, np.uint8)) is None


def test_age_goes_over_the_end_of_the_count() -> None:
    now = 5 * time_strip.MODULUS + 40
    assert time_strip.age_ms(time_strip.MODULUS - 60, now) == 100
