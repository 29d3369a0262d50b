"""Seeded noise: bounded, smooth, and the same everywhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.fleet.noise import fractal, gradient_noise, ridged, smoothstep

PLACES = st.floats(-1e6, 1e6)


@given(x=PLACES, y=PLACES, seed=st.integers(0, 2**31 - 1))
def test_noise_is_bounded_and_repeatable(x, y, seed):
    at = np.array([x]), np.array([y])
    assert abs(gradient_noise(*at, seed)[0]) <= 1.0
    assert abs(fractal(*at, seed, wavelength_m=5_000, octaves=4)[0]) <= 1.5
    assert 0 <= ridged(*at, seed, wavelength_m=5_000, octaves=3)[0] <= 1
    assert gradient_noise(*at, seed)[0] == gradient_noise(*at, seed)[0]


def test_noise_is_smooth_and_differs_by_seed():
    x = np.linspace(0, 50, 5_001)
    y = np.full_like(x, 3.3)
    values = gradient_noise(x, y, 7)
    assert np.abs(np.diff(values)).max() < 0.05
    assert not np.allclose(values, gradient_noise(x, y, 8))
    assert abs(values.mean()) < 0.1


def test_known_values_do_not_change_between_releases():
    x, y = np.array([0.5, 12.25, -7.75]), np.array([0.5, 3.5, 100.125])
    expected = [0.05819794314324936, 0.12391472137951859, 0.19041434705326418]
    np.testing.assert_allclose(gradient_noise(x, y, 42), expected, rtol=1e-12)


def test_smoothstep_is_zero_below_and_one_above():
    np.testing.assert_array_equal(smoothstep(np.array([-1.0, 2.0, 3.0, 9.0]), 2, 3), [0, 0, 1, 1])
