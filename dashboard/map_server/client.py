"""Asks the force's tile server; its tiles are kept for a while.

Browsers only speak to the dashboard, which checks who asks: the tile server's address and key stay here, and nothing that
people look at leaves for anywhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

import aiohttp

from sightline.dashboard.basemap import TileAddress, TileCache
from sightline.dashboard.errors import MapServerAwayError, NotFoundError
from sightline.dashboard.map_server.redrawing import TileError, redrawn
from sightline.dashboard.map_server.settings import Kind, MapServerSettings
from sightline.ingest.basemap.schemes import Scheme

Theme = Literal["light", "dark"]
VECTOR: Final = "application/vnd.mapbox-vector-tile"
KEPT_S: Final = 3600.0
"""How long a tile is given without asking for it anew."""
_ANSWER_WITHIN_S: Final = 10.0
_AT_ONCE: Final = 8
_MOST_BYTES: Final = 4 * 1024 * 1024
_KEPT: Final = 1000
_SAID_AGAIN_S: Final = 60.0
_NONE: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""Answers that say that there is nothing to draw."""
_PICTURES: Final = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}

_WORLD: Final = TileAddress(0, 0, 0)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tile:
    """A tile as browsers are given it; empty where there is nothing to draw."""

    content: bytes
    media_type: str


class MapServer:
    """The client of one tile server; open while used as a context manager.

    Args:
        settings: where it is, and what it gives.

    Raises:
        ValueError: the settings name no server.
    """

    def __init__(self, settings: MapServerSettings) -> None:
        if settings.basemap_url is None:
            raise ValueError("the settings name no map server")
        self._settings = settings
        light, dark = settings.basemap_url, settings.basemap_dark_url or settings.basemap_url
        self._urls: dict[Theme, str] = {
            "light": light.get_secret_value(), "dark": dark.get_secret_value(),
        }  # fmt: skip
        self._where = f"The map server {urlsplit(self._urls['light']).hostname}"
        self._session: aiohttp.ClientSession | None = None
        self._caches: dict[Theme, TileCache] = {"light": TileCache(_KEPT), "dark": TileCache(_KEPT)}
        self._emptied_at = time.monotonic()
        self._scheme: Scheme | None = None
        self._said_at = -_SAID_AGAIN_S

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S, connect=4.0),
            connector=aiohttp.TCPConnector(limit=_AT_ONCE),
            headers={"User-Agent": "Sightline"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def kind(self) -> Kind:
        """What it gives."""
        return self._settings.map_kind or "vector"

    async def about(self) -> dict[str, Any]:
        """The TileJSON, with `kind`, for pictures `tileSize` and the tiles of the dark theme, if they are others."""
        settings = self._settings
        version = self._version()
        found: dict[str, Any] = {
            "tilejson": "3.0.0",
            "kind": self.kind,
            "minzoom": 0,
            "maxzoom": settings.map_deepest,
            "attribution": settings.basemap_attribution or "",
        }
        if self.kind == "vector":
            return found | {
                "tiles": [f"/tiles/basemap/{{z}}/{{x}}/{{y}}.mvt?v={version}"],
                "vector_layers": [],
                "attribution": found["attribution"] or await self._attribution(),
            }
        found["tileSize"] = settings.basemap_tile_px
        found["tiles"] = [f"/tiles/picture/light/{{z}}/{{x}}/{{y}}?v={version}"]
        if settings.basemap_dark_url is not None:
            found["tiles_dark"] = [f"/tiles/picture/dark/{{z}}/{{x}}/{{y}}?v={version}"]
        return found

    async def _attribution(self) -> str:
        """What the licence of the scheme wants to be said; a tile shows which one it is."""
        if self._scheme is None:
            with contextlib.suppress(
                MapServerAwayError
            ):  # which is said in the log, and by the map itself
                await self.tile(_WORLD)
        return "" if self._scheme is None else self._scheme.attribution

    async def tile(self, address: TileAddress, theme: Theme = "light") -> Tile:
        """One tile.

        Raises:
            NotFoundError: there is no such tile.
            MapServerAwayError: the server does not answer, or not with a tile.
        """
        if not address.exists_to(self._settings.map_deepest):
            raise NotFoundError(
                f"There is no tile {address.z}/{address.x}/{address.y}.", "tile_unknown"
            )
        if time.monotonic() - self._emptied_at > KEPT_S:
            self._emptied_at = time.monotonic()
            for cache in self._caches.values():
                cache.clear()
        content = self._caches[theme].get(address)
        if content is None:
            try:
                content = await self._asked(address, theme)
            except MapServerAwayError as error:
                self._say(error)
                raise
            if content:  # what is not there may be there in a moment
                self._caches[theme].put(address, content)
        return Tile(content, self._media_type(content))

    async def _asked(self, address: TileAddress, theme: Theme) -> bytes:
        if self._session is None:
            raise RuntimeError("the map server's client is not open")
        where = self._where
        try:
            async with self._session.get(self._url(address, theme), max_redirects=3) as answer:
                if answer.status in _NONE:
                    return b""
                if answer.status != HTTPStatus.OK:
                    raise MapServerAwayError(f"{where} answers {answer.status} {answer.reason}.")
                content = await self._read(answer, where)
        except TimeoutError:
            raise MapServerAwayError(
                f"{where} does not answer within {_ANSWER_WITHIN_S:.0f} s."
            ) from None
        except aiohttp.ClientError as error:
            raise MapServerAwayError(f"{where} does not answer ({type(error).__name__}).") from None
        if self.kind == "raster":
            if content and self._media_type(content) not in _PICTURES.values():
                raise MapServerAwayError(f"{where} does not answer with a PNG, JPEG or WebP.")
            return content
        return await asyncio.to_thread(self._drawn, content, where)

    async def _read(self, answer: aiohttp.ClientResponse, where: str) -> bytes:
        content = b""
        async for part in answer.content.iter_chunked(1 << 16):
            content += part
            if len(content) > _MOST_BYTES:
                raise MapServerAwayError(
                    f"{where} gives a tile of more than {_MOST_BYTES >> 20} MiB."
                )
        return content

    def _drawn(self, content: bytes, where: str) -> bytes:
        """The basemap's layers of a vector tile."""
        try:
            made, self._scheme = redrawn(_unpacked(content), self._scheme)
        except (TileError, zlib.error) as error:
            raise MapServerAwayError(
                f"{where} gives no tile that can be drawn: {error}."
            ) from error
        return made

    def _url(self, address: TileAddress, theme: Theme) -> str:
        text = self._urls[theme]
        south = (1 << address.z) - 1 - address.y
        numbers = {"{z}": address.z, "{x}": address.x, "{y}": address.y, "{-y}": south}
        for name, number in numbers.items():
            text = text.replace(name, str(number))
        return text

    def _media_type(self, content: bytes) -> str:
        if self.kind == "vector":
            return VECTOR
        return next(
            (kind for start, kind in _PICTURES.items() if content.startswith(start)),
            "application/octet-stream",
        )

    def _version(self) -> str:
        """Another one where the tiles are others: browsers keep them."""
        return hashlib.sha256("\n".join(self._urls.values()).encode()).hexdigest()[:8]

    def _say(self, error: MapServerAwayError) -> None:
        """Into the log, but not for each tile."""
        if time.monotonic() - self._said_at > _SAID_AGAIN_S:
            self._said_at = time.monotonic()
            _LOG.warning("%s The live map has no background until it does.", error)


def _unpacked(content: bytes) -> bytes:
    """A tile, which servers may keep packed without saying so."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    unpack = zlib.decompressobj(wbits=31)
    found = unpack.decompress(content, _MOST_BYTES)
    if unpack.unconsumed_tail:
        raise TileError(f"it unpacks to more than {_MOST_BYTES >> 20} MiB")
    if not unpack.eof:
        raise TileError("it is cut short")
    return found
