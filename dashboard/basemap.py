"""Vector tiles of the basemap: which there are, and those cut of late. Pure but for the clock of the cache.

Tiles are addressed as everywhere on the web: zoom, x from the west, y from the north (EPSG:3857).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MAX_ZOOM: Final = 14
"""Deeper zooms are drawn from these tiles."""
KEPT_TILES: Final = 3000


@dataclass(frozen=True, slots=True)
class TileAddress:
    """One tile."""

    z: int
    x: int
    y: int

    def exists_to(self, deepest: int) -> bool:
        """Whether there can be such a tile where zooms go so deep."""
        across = 1 << self.z if 0 <= self.z <= deepest else 0
        return 0 <= self.x < across and 0 <= self.y < across


class TileCache:
    """The tiles cut of late, of one version of the basemap.

    Args:
        most: tiles that are kept; the one not asked for longest goes first.
    """

    def __init__(self, most: int = KEPT_TILES) -> None:
        self._most = most
        self._version: int | None = None
        self._tiles: OrderedDict[TileAddress, bytes] = OrderedDict()

    def use_version(self, version: int | None) -> None:
        """Forget all tiles if the basemap is another one now."""
        if version != self._version:
            self.clear()
            self._version = version

    def clear(self) -> None:
        """Forget all tiles."""
        self._tiles.clear()

    def get(self, address: TileAddress) -> bytes | None:
        """The tile, None where it has not been cut."""
        tile = self._tiles.get(address)
        if tile is not None:
            self._tiles.move_to_end(address)
        return tile

    def put(self, address: TileAddress, tile: bytes) -> None:
        """Keep a tile."""
        self._tiles[address] = tile
        self._tiles.move_to_end(address)
        if len(self._tiles) > self._most:
            self._tiles.popitem(last=False)
