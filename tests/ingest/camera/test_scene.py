"""The simulated picture: it moves, says when and whose it is, and is the same for nobody."""

from __future__ import annotations

import numpy as np

from sightline.ingest.camera import time_strip
from sightline.ingest.camera.scene import HEIGHT, WIDTH, Scene

NOON_MS = 1_795_176_000_000


def test_planes_have_the_sizes_of_yuv_420_in_limited_range() -> None:
    y, u, v = Scene("RB31", "AB4-000123").paint(NOON_MS)
    assert y.shape == (HEIGHT, WIDTH)
    assert u.shape == v.shape == (HEIGHT // 2, WIDTH // 2)
    assert y.min() >= 0
    assert u.min() >= 16
    assert u.max() <= 240
    assert y.std() > 15, "a picture, not a surface"


def test_it_moves_for_ever_and_carries_its_time() -> None:
    scene = Scene("RB31", "AB4-000123")
    before = scene.paint(NOON_MS)[0]
    for n in range(1, 2000):
        luma = scene.paint(NOON_MS + 40 * n)[0]
        assert time_strip.read(luma) == (NOON_MS + 40 * n) % time_strip.MODULUS
        if n % 100 == 1:
            moved = np.abs(luma[40:].astype(int) - before[40:]).mean()
            assert moved > 0.5
            before = luma


def test_text_is_burnt_in_where_it_belongs() -> None:
    def bottom(call_sign: str, time_ms: int) -> np.ndarray:
        # The same camera at the same step: only the words differ.
        return Scene(call_sign, "AB4-000123").paint(time_ms)[0][HEIGHT - 100 :]

    one, other = bottom("RB31", NOON_MS), bottom("RB32", NOON_MS)
    rows, columns = np.nonzero(one != other)
    assert rows.min() >= 40, "the second line"
    assert columns.max() < WIDTH // 2
    later = bottom("RB31", NOON_MS + 61_000)
    rows, _ = np.nonzero(one != later)
    assert rows.max() < 60, "the first line"
    assert (one > 200).sum() > 1000, "white on dark"


def test_two_cameras_see_different_things() -> None:
    one = Scene("RB31", "AB4-000123").paint(NOON_MS)[0]
    other = Scene("RB31", "AB4-000124").paint(NOON_MS)[0]
    assert np.abs(one[100:600].astype(int) - other[100:600]).mean() > 2
