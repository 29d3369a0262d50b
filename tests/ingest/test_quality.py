"""Signal and uplink → what a stream would be like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.quality import QUALITY_CODES, from_code, quality


@pytest.mark.parametrize(
    ("rsrp", "rsrq", "sinr", "uplink", "word"),
    [
        (None, None, None, None, "unknown"),
        (-85, None, None, None, "good"),
        (-90, None, None, None, "good"),
        (-90.1, None, None, None, "fair"),
        (-100, None, None, None, "fair"),
        (-101, None, None, None, "poor"),
        (-110, None, None, None, "poor"),
        (-111, None, None, None, "none"),
        (-80, -16, None, None, "poor"),
        (-80, -10, -1, None, "poor"),
        (None, -9, 20, None, "unknown"),
        (None, -19, None, None, "poor"),
        (None, None, None, 2_500, "good"),
        (None, None, None, 2_499, "fair"),
        (None, None, None, 1_600, "fair"),
        (None, None, None, 900, "poor"),
        (None, None, None, 0, "none"),
        (-105, -17, -3, 6_000, "good"),
        (-85, None, None, 300, "none"),
        (-125, None, None, 6_000, "poor"),
        (-125, None, None, 100, "none"),
    ],
)
def test_the_bands(rsrp, rsrq, sinr, uplink, word):
    assert quality(rsrp, rsrq, sinr, uplink) == word


def test_codes_go_there_and_back():
    assert [from_code(code) for code in range(5)] == list(QUALITY_CODES)


@given(st.floats(-140, -44), st.floats(-140, -44), st.none() | st.floats(0, 20_000))
def test_a_stronger_signal_is_never_worse(one, other, uplink):
    weak, strong = sorted((one, other))
    words = [QUALITY_CODES[quality(rsrp, None, None, uplink)] for rsrp in (weak, strong)]
    assert words == sorted(words)


@given(st.none() | st.floats(-140, -44), st.floats(0, 20_000), st.floats(0, 20_000))
def test_more_uplink_is_never_worse(rsrp, one, other):
    narrow, wide = sorted((one, other))
    words = [QUALITY_CODES[quality(rsrp, None, None, uplink)] for uplink in (narrow, wide)]
    assert words == sorted(words)
