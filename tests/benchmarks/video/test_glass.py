"""The age of a picture, from the strip as a browser reads it."""

import numpy as np

from benchmarks.video.glass import age_ms
from sightline.ingest.camera import time_strip

PAINTED_MS = 1_795_183_331_250


def cells_of(painted_ms):
    luma = np.zeros((720, 1280), np.uint8)
    time_strip.paint(luma, painted_ms)
    half = time_strip.CELL_PX // 2
    return luma[half, half : time_strip.WIDTH_PX : time_strip.CELL_PX].tolist()


def test_a_picture_is_as_old_as_its_strip_says():
    assert age_ms(PAINTED_MS + 57.4, cells_of(PAINTED_MS)) == 57
    assert age_ms(PAINTED_MS, cells_of(PAINTED_MS)) == 0


def test_a_broken_strip_says_nothing():
    cells = cells_of(PAINTED_MS)
    cells[10] = 255 - cells[10]
    assert age_ms(PAINTED_MS, cells) is None
    assert age_ms(PAINTED_MS, [0] * time_strip.CELLS) is None
