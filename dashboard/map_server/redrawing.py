"""Vector tiles of a scheme that is known, as tiles with the basemap's own layers and kinds. Pure.

Geometries stay as they are, number for number: what changes is in which layer they stand and what is said of them. So they
are drawn as an imported map is, in both themes. Tiles are those of the Mapbox Vector Tile Specification 2.1
(https://github.com/mapbox/vector-tile-spec/tree/master/2.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from google.protobuf.message import DecodeError
from mapbox_vector_tile.Mapbox import vector_tile_pb2

from sightline.ingest.basemap.schemes import SCHEMES, Drawn, Scheme, Source, scheme_of
from sightline.ingest.basemap.shapes import DIMENSIONS

_EXTENT: Final = 4096
_BESIDE: Final = 64
"""How far the land reaches over the tile's edge, so that there is no seam."""
_LAND: Final = "island"


class TileError(ValueError):
    """The bytes are no vector tile, or of no scheme that is known; the message says which."""


def scheme_of_tile(layers: Collection[str], before: Scheme | None) -> Scheme | None:
    """The scheme of a tile, which may have few layers: the one that speaks for itself, else that of the tiles before it."""
    if (found := scheme_of(layers)) is not None:
        return found
    if before is not None:
        return before
    known = [(len({s.layer for s in scheme.sources} & set(layers)), scheme) for scheme in SCHEMES]
    most, scheme = max(known, key=lambda pair: pair[0])
    return scheme if most else None


def redrawn(content: bytes, before: Scheme | None) -> tuple[bytes, Scheme | None]:
    """A tile with the basemap's layers, and the scheme that it was of.

    Args:
        content: a tile, not compressed.
        before: scheme of the tiles before it; None: this is the first.

    Raises:
        TileError: it is no vector tile, or its layers are of no scheme that is known.
    """
    tile = vector_tile_pb2.tile()
    try:
        tile.ParseFromString(content)
    except DecodeError as error:
        raise TileError("what it gives is no vector tile") from error
    names = [layer.name for layer in tile.layers]
    if not names:
        return b"", before
    scheme = scheme_of_tile(names, before)
    if scheme is None:
        raise TileError(f"its layers, {', '.join(sorted(names))}, are of no scheme that is known")
    made = vector_tile_pb2.tile()
    layers: dict[tuple[str, int], _Layer] = {}
    for layer, source in _drawn_layers(tile, scheme):
        _redraw(made, layers, layer, source)
    if not any(source.always and source.always.kind == _LAND for source in scheme.sources):
        _add_land(made)
    return made.SerializeToString(), scheme


class _Layer:
    """A layer that is being made: what its features say is kept once."""

    def __init__(self, made: Any, name: str, extent: int) -> None:
        self.layer = made.layers.add()
        self.layer.version, self.layer.name, self.layer.extent = 2, name, extent
        self.layer.keys.extend(("kind", "name"))
        self._values: dict[str, int] = {}

    def value(self, text: str) -> int:
        if text not in self._values:
            self._values[text] = len(self._values)
            self.layer.values.add().string_value = text
        return self._values[text]

    def add(self, geometry_type: int, geometry: Any, kind: str, name: str) -> None:
        feature = self.layer.features.add()
        feature.type = geometry_type
        feature.geometry.extend(geometry)
        feature.tags.extend((0, self.value(kind)))
        if name:
            feature.tags.extend((1, self.value(name)))


def _drawn_layers(tile: Any, scheme: Scheme) -> Iterator[tuple[Any, Source]]:
    """Layers in the order in which the scheme draws them."""
    by_name = {layer.name: layer for layer in tile.layers}
    for source in scheme.sources:
        if source.layer in by_name:
            yield by_name[source.layer], source


def _redraw(made: Any, layers: dict[tuple[str, int], _Layer], layer: Any, source: Source) -> None:
    keys = list(layer.keys)
    wanted = {*source.names, *(field.name for field in source.fields)}
    asked = {number for number, key in enumerate(keys) if key in wanted}
    values = [_text(value) for value in layer.values]
    for feature in layer.features:
        tags = list(feature.tags)
        said = {
            keys[key]: values[value]
            for key, value in zip(tags[::2], tags[1::2], strict=False)
            if key in asked and value < len(values)
        }
        drawn = _drawn(source, said)
        if drawn is None or not drawn.layer:
            continue
        # A feature's type is its dimension and one more; 0 is unknown.
        if feature.type - 1 not in DIMENSIONS.get(drawn.layer, (2,)):
            continue
        key = (drawn.layer, layer.extent)
        into = layers.get(key)
        if into is None:
            into = layers[key] = _Layer(made, drawn.layer, layer.extent)
        name = next((said[field] for field in source.names if said.get(field)), "")
        into.add(feature.type, feature.geometry, drawn.kind, " ".join(name.split()))


def _drawn(source: Source, said: dict[str, str]) -> Drawn | None:
    for field in source.fields:
        value = said.get(field.name)
        if not value:
            continue
        found = field.values.get(value, field.otherwise)
        if found is not None:
            return found
    return source.always


def _text(value: Any) -> str:
    """What a value says; texts and numbers say something."""
    if value.HasField("string_value"):
        return str(value.string_value)
    for name in ("int_value", "uint_value", "sint_value"):
        if value.HasField(name):
            return str(getattr(value, name))
    return ""


def _add_land(made: Any) -> None:
    """All of the tile, where the scheme has no land but what is not water."""
    low, high = -_BESIDE, _EXTENT + _BESIDE
    side = high - low
    # Move to a corner, three lines, close: commands and zigzag numbers of section 4.3 of the specification.
    ring = [(1 << 3) | 1, _zigzag(low), _zigzag(low), (3 << 3) | 2, _zigzag(side), 0, 0, _zigzag(side), _zigzag(-side), 0, 15]  # fmt: skip
    _Layer(made, "land", _EXTENT).add(3, ring, _LAND, "")


def _zigzag(number: int) -> int:
    return (number << 1) ^ (number >> 31)
