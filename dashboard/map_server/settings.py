"""Settings of a force's own tile server."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from sightline.sql.settings import SettingsGroup

Kind = Literal["vector", "raster"]
_ENDINGS: dict[str, Kind] = {
    ".mvt": "vector", ".pbf": "vector", ".png": "raster", ".jpg": "raster", ".jpeg": "raster", ".webp": "raster",
}  # fmt: skip
_DEEPEST: dict[Kind, int] = {"vector": 14, "raster": 19}


def _template(url: SecretStr) -> SecretStr:
    """A URL with a place for each number of a tile; it is secret, as many have a key in them."""
    text = url.get_secret_value()
    wanted = "must be a URL with {z}, {x} and {y}, like https://maps.example/{z}/{x}/{y}.png"
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        known = known and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ValueError(wanted) from None
    numbers = "{z}" in text and "{x}" in text and ("{y}" in text or "{-y}" in text)
    left = text
    for name in ("{z}", "{x}", "{y}", "{-y}"):
        left = left.replace(name, "")
    if not known or not numbers or any(sign in left for sign in "{} \t\r\n"):
        raise ValueError(wanted)
    return url


TileUrl = Annotated[SecretStr, AfterValidator(_template)]


def kind_by_ending(url: SecretStr) -> Kind | None:
    """Whether a URL's tiles are vectors or pictures; None where its path does not end so that one can tell."""
    path = urlsplit(url.get_secret_value()).path.lower()
    return next((kind for ending, kind in _ENDINGS.items() if path.endswith(ending)), None)


class MapServerSettings(SettingsGroup):
    """Where the tiles come from, if not from the map that was imported."""

    basemap_url: TileUrl | None = Field(
        default=None,
        description="Tiles of the force's own server, with {z}, {x} and {y} ({-y} from the south): pictures, or vector tiles of"
        " OpenMapTiles, Protomaps, Shortbread or OS Open Zoomstack; unset: the map that was imported",
        json_schema_extra={"secret": True},
    )
    basemap_dark_url: TileUrl | None = Field(
        default=None,
        description="The same for the dark theme, where the tiles are pictures; unset: those of BASEMAP_URL, darkened",
        json_schema_extra={"secret": True},
    )
    basemap_kind: Kind | None = Field(
        default=None, description="What the server gives; unset: by the ending of BASEMAP_URL"
    )
    basemap_max_zoom: int | None = Field(
        default=None,
        ge=0,
        le=22,
        description="Deepest zoom of its tiles; unset: 14 for vector tiles, 19 for pictures",
    )
    basemap_tile_px: int = Field(
        default=256,
        ge=128,
        le=1024,
        description="Side of a tile that is a picture, CSS pixels: 256 or 512 nearly everywhere",
    )
    basemap_attribution: str | None = Field(
        default=None,
        max_length=300,
        description="What the licence of its map wants to be said; unset: what that of its scheme does",
    )

    @field_validator("basemap_kind")
    @classmethod
    def _kind(cls, kind: Kind | None, info: ValidationInfo) -> Kind | None:
        url: SecretStr | None = info.data.get("basemap_url")
        if kind is None and url is not None and kind_by_ending(url) is None:
            endings = ", ".join(_ENDINGS)
            raise ValueError(
                f"must be vector or raster where the path of BASEMAP_URL does not end in one of {endings}"
            )
        return kind

    @property
    def map_kind(self) -> Kind | None:
        """What the server gives; None: there is none."""
        if self.basemap_url is None:
            return None
        return self.basemap_kind or kind_by_ending(self.basemap_url)

    @property
    def map_deepest(self) -> int:
        """The deepest zoom of the server's tiles."""
        if self.basemap_max_zoom is not None:
            return self.basemap_max_zoom
        return _DEEPEST[self.map_kind or "vector"]
