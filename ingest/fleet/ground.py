"""Where the force works: the street graph with stations, posts and sites, and the radio over it.

This is what a simulated officer needs of the county, and nothing else. It is derived once, when a
demo is made, and kept as arrays in one file, so that the fleet starts in a moment.

Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sightline.ingest.fleet.graph import Ints, StreetGraph
from sightline.ingest.fleet.noise import Floats
from sightline.ingest.fleet.radio import Masts, Network, Radio
from sightline.ingest.fleet.raster import Raster

DIVISIONS = "ABCD"


@dataclass(frozen=True)
class Place:
    """A street corner that officers go to.

    Attributes:
        kind: ``station``, ``site`` (where incidents happen), ``patrol``, ``road`` (on a motorway or
            A road), or ``bridge`` (in the city).
        name: as people say it.
        node: in the street graph.
        division: code.
        weight: how often it is chosen, relative to the others of its kind.
        town: whether it lies in the city or a town.
    """

    kind: str
    name: str
    node: int
    division: str
    weight: float
    town: bool


@dataclass(frozen=True, eq=False)
class Ground:
    """Streets, places and radio of the county that `seed` makes.

    Attributes:
        via: (places, nodes) step to take first from each node on the quickest drive to each place;
            -1 at the place itself.
        drive: (places, nodes) seconds of that drive.
    """

    seed: int
    graph: StreetGraph
    places: tuple[Place, ...]
    radio: Radio
    via: Ints
    drive: Floats
    _routes: dict[int, list[int]] = field(default_factory=dict, repr=False)

    @cached_property
    def stations(self) -> dict[str, list[int]]:
        """Places (by number) of police stations by division, the main one first."""
        return self._by_division("station")

    @cached_property
    def sites(self) -> dict[str, list[int]]:
        """Places of incidents by division."""
        return self._by_division("site")

    @cached_property
    def beats(self) -> dict[str, list[int]]:
        """Every place that patrols pass, by division."""
        return self._by_division("site", "patrol")

    @cached_property
    def fast_roads(self) -> list[int]:
        """Places on motorways and A roads."""
        return [number for number, place in enumerate(self.places) if place.kind == "road"]

    def _by_division(self, *kinds: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {code: [] for code in DIVISIONS}
        for number, place in enumerate(self.places):
            if place.kind in kinds:
                found[place.division].append(number)
        return found

    def xy(self, place: int) -> Floats:
        """Easting and northing of a place."""
        corner: Floats = self.graph.node_xy[self.places[place].node]
        return corner

    def corner_near(self, place: int, metres: float) -> Floats:
        """Easting and northing of the street corner whose distance from a place is nearest to `metres`."""
        away = np.hypot(*(self.graph.node_xy - self.xy(place)).T)
        corner: Floats = self.graph.node_xy[int(np.abs(away - metres).argmin())]
        return corner

    def route(self, start: int, place: int) -> list[int]:
        """Steps of the quickest drive from a node to a place; empty when it is there already."""
        if place not in self._routes:
            self._routes[place] = self.via[place].tolist()
        via = self._routes[place]
        heads = self.graph.heads
        steps = []
        node = start
        while (step := via[node]) >= 0:
            steps.append(step)
            node = heads[step]
        return steps

    def drive_s(self, start: int, place: int) -> float:
        """Seconds that the quickest drive from a node to a place takes."""
        return float(self.drive[place, start])

    def save(self, file: Path) -> None:
        """Write everything into one file of arrays."""
        arrays: dict[str, Any] = {"via": self.via, "drive": self.drive}
        grids: list[tuple[float, float, float]] = []
        for key in _GRAPH_ARRAYS:
            arrays[f"graph_{key}"] = getattr(self.graph, key)
        for number, network in enumerate(self.radio.networks):
            for key in _MAST_ARRAYS:
                arrays[f"masts{number}_{key}"] = getattr(network.masts, key)
            for key in _LAYERS:
                raster: Raster = getattr(network, key)
                arrays[f"radio{number}_{key}"] = raster.values.astype(np.float32)
                grids.append((raster.x0, raster.y0, raster.cell_m))
        rest = {
            "seed": self.seed,
            "street_names": self.graph.names,
            "places": [asdict(p) for p in self.places],
            "grids": grids,
        }
        arrays["rest"] = np.array(json.dumps(rest))
        unfinished = file.with_suffix(".new.npz")
        np.savez(unfinished, **arrays)
        unfinished.replace(file)

    @classmethod
    def load(cls, file: Path) -> Ground:
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as stored:
            rest = json.loads(str(stored["rest"]))
            graph = StreetGraph(
                **{key: stored[f"graph_{key}"] for key in _GRAPH_ARRAYS},
                names=tuple(rest["street_names"]),
            )
            grids = iter(rest["grids"])
            networks = []
            for number in range(len(rest["grids"]) // len(_LAYERS)):
                masts = Masts(*(stored[f"masts{number}_{key}"] for key in _MAST_ARRAYS))
                layers = []
                for key in _LAYERS:
                    x0, y0, cell_m = next(grids)
                    values = stored[f"radio{number}_{key}"].astype(np.float64)
                    layers.append(Raster(x0, y0, cell_m, values))
                networks.append(Network(masts, *layers))
            via, drive = stored["via"], stored["drive"]
        places = tuple(Place(**p) for p in rest["places"])
        return cls(int(rest["seed"]), graph, places, Radio(tuple(networks)), via, drive)


_GRAPH_ARRAYS = ("node_xy", "ends", "kind", "name", "coords", "first", "length_m")
_MAST_ARRAYS = ("xy", "height_m", "nr")
_LAYERS = ("lte", "nr", "lte_mast", "nr_mast", "fade", "load")
