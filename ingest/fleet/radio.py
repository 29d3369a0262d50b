"""Masts of two operators, and what a camera hears of them at a place.

The model is a simple one that behaves like the real thing: distance, hills in the way (a knife edge
after ITU-R P.526), streets and fields that differ from place to place but stay as they are, dead
spots, and a slow and a fast wobble in time. It makes demonstration data; it plans no network.

Pure and seeded. Coordinates are metres (EPSG:27700), levels dBm and dB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.ingest.fleet.county import County
from sightline.ingest.fleet.noise import Floats, fractal, gradient_noise, smoothstep
from sightline.ingest.fleet.raster import Raster
from sightline.ingest.fleet.terrain import BOUNDS

OPERATORS = ("234-30", "234-10")
LTE, NR = 1, 2
"""Bearer codes as in the database."""

NO_SERVICE_DBM = -121.0
RSRP_RANGE_DBM = (-140.0, -44.0)

_REACH_M = 11_000.0
_LTE_AT_1KM_DBM, _NR_AT_1KM_DBM = -86.0, -94.0
_NR_WANTED_DBM = -104.0
_SILENT_DBM = -160.0


@dataclass(frozen=True)
class Masts:
    """One operator's masts: (n, 2) places, height of the antenna over the sea, 5G or not."""

    xy: Floats
    height_m: Floats
    nr: NDArray[np.bool_]


class Heard(NamedTuple):
    """What cameras hear, one value for each place and time asked for.

    Attributes:
        bearer: `LTE` or `NR`.
        cell: number of the cell: mast × 3 + sector.
        service: False in a dead spot: the other values are then what little is heard.
    """

    bearer: NDArray[np.int16]
    cell: NDArray[np.int32]
    rsrp_dbm: Floats
    rsrq_db: Floats
    sinr_db: Floats
    uplink_kbps: Floats
    service: NDArray[np.bool_]


@dataclass(frozen=True)
class Network:
    """One operator: its masts and the mean level over the county."""

    masts: Masts
    lte: Raster
    nr: Raster
    lte_mast: Raster
    nr_mast: Raster
    fade: Raster  # what streets, walls and trees add or take, fixed in place
    load: Raster  # 0 idle … 1 busy: how much of a cell others use


@dataclass(frozen=True)
class Radio:
    """All operators. Number k in `OPERATORS` is `networks[k]`."""

    networks: tuple[Network, ...]

    def hear(self, operator: int, x: Floats, y: Floats, time_s: Floats, camera: Floats) -> Heard:
        """What cameras hear.

        Args:
            operator: number in `OPERATORS`.
            x: eastings.
            y: northings.
            time_s: seconds since 1970 UTC.
            camera: number of each camera; two cameras at one place hear differently.
        """
        network = self.networks[operator]
        fade = network.fade.sample(x, y)
        own = 31.7 * camera
        slow = 2.6 * gradient_noise(time_s / 47.0, own, 5)
        wobble = slow + 2.4 * gradient_noise(time_s / 3.1, own, 7)
        lte = network.lte.sample(x, y) + fade + wobble
        nr = network.nr.sample(x, y) + 1.2 * fade + wobble
        on_nr = nr > _NR_WANTED_DBM
        rsrp = np.where(on_nr, nr, lte)
        mast = np.where(on_nr, network.nr_mast.nearest(x, y), network.lte_mast.nearest(x, y))
        busy = network.load.sample(x, y)
        sinr = 0.62 * (rsrp + 112.0) - 7.0 * busy + 5.0 * gradient_noise(time_s / 11.0, own, 11)
        sinr = np.clip(sinr, -12.0, 32.0)
        rsrq = np.clip(-16.5 + 0.27 * sinr - 3.0 * busy, -20.0, -4.0)
        share = np.exp(0.5 * gradient_noise(time_s / 23.0, own, 13))
        uplink = 12_500.0 / (1.0 + np.exp(-(rsrp + 97.0) / 6.2)) * share * (1.0 - 0.55 * busy)
        uplink = np.where(on_nr, 1.9, 1.0) * np.maximum(uplink, 15.0)
        service = rsrp > NO_SERVICE_DBM
        return Heard(
            np.where(on_nr, NR, LTE).astype(np.int16),
            self._cell(network.masts, mast.astype(np.int64), x, y),
            np.round(np.clip(rsrp, *RSRP_RANGE_DBM)),
            np.round(rsrq, 1),
            np.round(sinr, 1),
            np.round(uplink, -1),
            service,
        )

    @staticmethod
    def _cell(masts: Masts, mast: NDArray[np.int64], x: Floats, y: Floats) -> NDArray[np.int32]:
        bearing = np.arctan2(x - masts.xy[mast, 0], y - masts.xy[mast, 1])
        sector = np.floor((bearing % (2 * np.pi)) / (2 * np.pi / 3)).astype(np.int64)
        number: NDArray[np.int32] = (mast * 3 + np.minimum(sector, 2)).astype(np.int32)
        return number


def cell_name(operator: int, cell: int) -> str:
    """A cell as cameras report it: hexadecimal, mast and sector."""
    mast, sector = divmod(cell, 3)
    return f"{0x5F0 + 0x400 * operator + mast:X}{sector + 1:02X}"


def build_radio(county: County, seed: int) -> Radio:
    """Masts and levels of both operators; they share some sites."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(53,)))
    sites, weight, dense = _sites(county, rng)
    networks = []
    for operator, share in enumerate((0.92, 0.74)):
        chosen = rng.random(len(sites)) < np.where(weight > 0.99, 1.0, weight * share)
        xy = sites[chosen]
        ground = county.terrain.elevation.sample(xy[:, 0], xy[:, 1])
        masts = Masts(
            xy,
            ground + rng.uniform(18.0, 34.0, len(xy)),
            dense[chosen] & (rng.random(len(xy)) < 0.75 - 0.2 * operator),
        )
        networks.append(_network(county, masts, seed + 7 * operator))
    return Radio(tuple(networks))


def _sites(county: County, rng: np.random.Generator) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Places for masts, how likely an operator uses each, and whether it is in a town."""
    places: list[tuple[float, float, float, bool]] = []
    for s in county.settlements:
        count = {"city": 22, "town": 4, "village": 1, "hamlet": 0}[s.rank]
        for _ in range(count):
            away = s.radius_m * 0.95 * np.sqrt(rng.random()) if s.rank != "village" else 150.0
            turn = rng.uniform(0, 2 * np.pi)
            x, y = s.x + away * np.cos(turn), s.y + away * np.sin(turn)
            town = s.rank != "village"
            places.append((x, y, 0.95 if town else 0.5, town))
    for _, x, y in county.cover.peaks[:7]:
        places.append((x, y, 0.55, False))
    for road in county.links.roads:
        if road.kind in ("motorway", "a_road"):
            for along in np.arange(1_500.0, road.line.length, 4_200.0):
                at = road.line.interpolate(along)
                places.append((at.x + 60.0, at.y + 60.0, 0.5, False))
    array = np.array([(x, y, w) for x, y, w, _ in places])
    return array[:, :2], array[:, 2], np.array([town for *_, town in places])


def _network(county: County, masts: Masts, seed: int) -> Network:
    raster = Raster.grid(*BOUNDS, cell_m=200.0)
    shape = raster.values.shape
    lte, nr = np.full(shape, _SILENT_DBM), np.full(shape, _SILENT_DBM)
    lte_mast, nr_mast = np.zeros(shape), np.zeros(shape)
    x, y = raster.xy()
    ground = county.terrain.elevation.sample(x, y)
    for number, ((mx, my), height) in enumerate(zip(masts.xy, masts.height_m, strict=True)):
        part = _window(raster, mx, my)
        distance = np.maximum(np.hypot(x[part] - mx, y[part] - my), 40.0)
        hill = _diffraction_db(
            county.terrain.elevation, mx, my, height, x[part], y[part], ground[part]
        )
        spread = np.log10(distance / 1_000.0)
        level = _LTE_AT_1KM_DBM - 35.2 * spread - hill
        better = level > lte[part]
        lte[part] = np.where(better, level, lte[part])
        lte_mast[part] = np.where(better, number, lte_mast[part])
        if masts.nr[number]:
            level = _NR_AT_1KM_DBM - 38.0 * spread - 1.4 * hill
            better = level > nr[part]
            nr[part] = np.where(better, level, nr[part])
            nr_mast[part] = np.where(better, number, nr_mast[part])
    return Network(
        masts,
        raster.with_values(lte),
        raster.with_values(nr),
        raster.with_values(lte_mast),
        raster.with_values(nr_mast),
        _fade(county, seed),
        _load(county, raster),
    )


def _window(raster: Raster, x: float, y: float) -> tuple[slice, slice]:
    rows, columns = raster.values.shape
    i, j = (x - raster.x0) / raster.cell_m, (y - raster.y0) / raster.cell_m
    reach = _REACH_M / raster.cell_m
    return (
        slice(max(0, int(j - reach)), min(rows, int(j + reach) + 1)),
        slice(max(0, int(i - reach)), min(columns, int(i + reach) + 1)),
    )


def _diffraction_db(
    elevation: Raster, mx: float, my: float, top_m: float, x: Floats, y: Floats, ground: Floats
) -> Floats:
    """Loss over the worst hill between a mast and each place (ITU-R P.526, one knife edge)."""
    distance = np.maximum(np.hypot(x - mx, y - my), 1.0)
    worst = np.full(x.shape, -2.0)
    for share in np.linspace(0.1, 0.95, 9):
        height = elevation.sample(mx + share * (x - mx), my + share * (y - my))
        ray = top_m + share * (ground + 1.5 - top_m)
        near = np.maximum(share * distance, 1.0)
        far = np.maximum((1 - share) * distance, 1.0)
        v = (height - ray) * np.sqrt(2.0 / 0.375 * (1.0 / near + 1.0 / far))
        worst = np.maximum(worst, v)
    lift = worst - 0.1
    loss: Floats = np.where(
        worst > -0.7, 6.9 + 20.0 * np.log10(np.sqrt(lift * lift + 1.0) + lift), 0.0
    )
    return np.clip(loss, 0.0, 42.0)


def _fade(county: County, seed: int) -> Raster:
    """Fixed in place: streets and trees, and some dead spots in towns and valleys."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(59,)))
    raster = Raster.grid(*BOUNDS, cell_m=80.0)
    x, y = raster.xy()
    fade = 9.0 * fractal(x, y, seed + 1, wavelength_m=420.0, octaves=3)
    graph = county.graph
    for k in range(26):
        spot = graph.node_xy[int(rng.integers(len(graph.node_xy)))]
        size = rng.uniform(110.0, 260.0) if k < 14 else rng.uniform(300.0, 700.0)
        away = np.hypot(x - spot[0], y - spot[1])
        fade -= rng.uniform(24.0, 44.0) * (1.0 - smoothstep(away, 0.45 * size, size))
    return raster.with_values(fade)


def _load(county: County, raster: Raster) -> Raster:
    x, y = raster.xy()
    load = np.zeros_like(x)
    for s in county.settlements:
        most = {"city": 0.75, "town": 0.5, "village": 0.25, "hamlet": 0.1}[s.rank]
        load = np.maximum(load, most * np.exp(-np.hypot(x - s.x, y - s.y) / s.radius_m))
    return raster.with_values(load)
