"""Seeded gradient noise on the plane: the same numbers on every machine.

Pure. Coordinates are metres (EPSG:27700), results dimensionless.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GRADIENTS = 256
_ANGLES = np.arange(_GRADIENTS) * (2 * np.pi / _GRADIENTS)
_COS, _SIN = np.cos(_ANGLES), np.sin(_ANGLES)


def _corner(ix: NDArray[np.int64], iy: NDArray[np.int64], seed: int) -> NDArray[np.uint32]:
    """Index of the gradient at a lattice corner: an integer hash after Wang and Jenkins."""
    h = (ix.astype(np.uint32) * np.uint32(0x27D4EB2D)) ^ (
        iy.astype(np.uint32) * np.uint32(0x165667B1)
    )
    h = h ^ np.uint32((seed * 0x9E3779B1) & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    chosen: NDArray[np.uint32] = (h ^ (h >> np.uint32(16))) % np.uint32(_GRADIENTS)
    return chosen


def gradient_noise(x: Floats, y: Floats, seed: int) -> Floats:
    """Perlin's gradient noise of unit wavelength, about -0.7 to 0.7, zero mean."""
    x0, y0 = np.floor(x), np.floor(y)
    ix, iy = x0.astype(np.int64), y0.astype(np.int64)
    dx, dy = x - x0, y - y0
    u = dx * dx * dx * (dx * (dx * 6 - 15) + 10)
    v = dy * dy * dy * (dy * (dy * 6 - 15) + 10)

    def at(i: int, j: int) -> Floats:
        g = _corner(ix + i, iy + j, seed)
        out: Floats = _COS[g] * (dx - i) + _SIN[g] * (dy - j)
        return out

    low = at(0, 0) * (1 - u) + at(1, 0) * u
    high = at(0, 1) * (1 - u) + at(1, 1) * u
    result: Floats = low * (1 - v) + high * v
    return result


def fractal(
    x: Floats, y: Floats, seed: int, *, wavelength_m: float, octaves: int, gain: float = 0.5
) -> Floats:
    """Sum of octaves of gradient noise, scaled to about -1 to 1."""
    total = np.zeros(np.broadcast(x, y).shape)
    amplitude, reach, frequency = 1.0, 0.0, 1.0 / wavelength_m
    for octave in range(octaves):
        shift = 17.31 * octave
        total += amplitude * gradient_noise(
            x * frequency + shift, y * frequency - shift, seed + 101 * octave
        )
        reach += amplitude
        amplitude *= gain
        frequency *= 2.0
    return total / (reach * 0.7)


def ridged(x: Floats, y: Floats, seed: int, *, wavelength_m: float, octaves: int) -> Floats:
    """Noise with sharp crests, 0 to 1: hills rather than dunes."""
    total = np.zeros(np.broadcast(x, y).shape)
    amplitude, reach, frequency = 1.0, 0.0, 1.0 / wavelength_m
    for octave in range(octaves):
        n = gradient_noise(x * frequency + 5.2 * octave, y * frequency, seed + 211 * octave)
        total += amplitude * np.square(1.0 - np.minimum(1.0, np.abs(n) * 1.8))
        reach += amplitude
        amplitude *= 0.5
        frequency *= 2.0
    result: Floats = total / reach
    return result


def smoothstep(x: Floats, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    result: Floats = t * t * (3 - 2 * t)
    return result
