"""Tiles of the map under the cameras, cut by PostGIS or from the force's own server, and what there is of them.

``GET /tiles/basemap.json`` is TileJSON 3.0.0; ``/tiles/basemap/{z}/{x}/{y}.mvt`` are vector tiles,
``/tiles/picture/{theme}/{z}/{x}/{y}`` pictures.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sightline.dashboard.basemap import MAX_ZOOM, TileAddress, TileCache
from sightline.dashboard.errors import NotFoundError
from sightline.dashboard.map_server.client import VECTOR, Tile
from sightline.dashboard.services import Services
from sightline.sql import query

VERSION_CHECK_EVERY_S: Final = 10.0
_AT_ONCE: Final = 3
"""Tiles cut at the same time: the rest of the pool is for people."""


class Basemap:
    """Gives tiles from the cache, and cuts those that are not in it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._cache = TileCache()
        self._checked_at = -VERSION_CHECK_EVERY_S
        self._cutting = asyncio.Semaphore(_AT_ONCE)

    async def tile(self, address: TileAddress) -> bytes:
        """The tile; empty where nothing is drawn.

        Raises:
            NotFoundError: there is no such tile.
            DatabaseAwayError: the database does not answer.
        """
        if not address.exists_to(MAX_ZOOM):
            raise NotFoundError(
                f"There is no tile {address.z}/{address.x}/{address.y}.", "tile_unknown"
            )
        if time.monotonic() - self._checked_at > VERSION_CHECK_EVERY_S:
            self._checked_at = time.monotonic()
            async with self._services.transaction() as connection:
                self._cache.use_version(await connection.fetchval(query("tiles.basemap_version")))
        tile = self._cache.get(address)
        if tile is None:
            async with self._cutting, self._services.transaction() as connection:
                tile = bytes(
                    await connection.fetchval(
                        query("tiles.basemap"), address.z, address.x, address.y
                    )
                )
            self._cache.put(address, tile)
        return tile

    async def about(self) -> dict[str, Any]:
        """The TileJSON: where the tiles are (on this server), how deep they go, what is to be said on the map.

        Raises:
            DatabaseAwayError: the database does not answer.
        """
        async with self._services.transaction() as connection:
            row = await connection.fetchrow(query("basemap.about"))
        return {
            "tilejson": "3.0.0",
            "kind": "vector",
            # Browsers keep tiles; those of another map have another address.
            "tiles": [f"/tiles/basemap/{{z}}/{{x}}/{{y}}.mvt?v={row['version'] or 0}"],
            "minzoom": 0,
            "maxzoom": MAX_ZOOM,
            "vector_layers": [],
            "attribution": row["attribution"] or "",
        }


def tile_routes(services: Services) -> APIRouter:
    """The routes of all tiles."""
    router = APIRouter()
    server = services.map_server
    basemap = Basemap(services)

    @router.get("/tiles/basemap/{z}/{x}/{y}.mvt", include_in_schema=False)
    async def vector(request: Request, z: str, x: str, y: str) -> Response:
        address = _address(request, z, x, y)
        if server is None:
            return _answer(Tile(await basemap.tile(address), VECTOR))
        if server.kind != "vector":
            raise _unknown(request)
        return _answer(await server.tile(address))

    @router.get("/tiles/picture/{theme}/{z}/{x}/{y}", include_in_schema=False)
    async def picture(request: Request, theme: str, z: str, x: str, y: str) -> Response:
        address = _address(request, z, x, y)
        if server is None or server.kind != "raster" or theme not in ("light", "dark"):
            raise _unknown(request)
        return _answer(await server.tile(address, "dark" if theme == "dark" else "light"))

    @router.get("/tiles/basemap.json", include_in_schema=False)
    async def about() -> JSONResponse:
        found = await (basemap if server is None else server).about()
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    @router.get("/tiles/{rest:path}", include_in_schema=False)
    async def nothing(request: Request) -> Response:
        # Dash would answer with a page.
        raise _unknown(request)

    return router


def _answer(tile: Tile) -> Response:
    if not tile.content:
        return Response(status_code=204, headers={"Cache-Control": "private, max-age=60"})
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(tile.content, media_type=tile.media_type, headers=headers)


def _address(request: Request, *numbers: str) -> TileAddress:
    if not all(_is_number(part) for part in numbers):
        raise _unknown(request)
    z, x, y = map(int, numbers)
    return TileAddress(z, x, y)


def _unknown(request: Request) -> NotFoundError:
    return NotFoundError(f"There is nothing at {request.url.path[:80]}.", "tile_unknown")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 7
