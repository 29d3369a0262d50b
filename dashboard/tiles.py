"""``GET /tiles/{layer}/{z}/{x}/{y}.mvt``: vector tiles cut by PostGIS; ``/tiles/{layer}.json``: what there is of them (TileJSON 3.0.0)."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sightline.dashboard.basemap import MAX_ZOOM, TileAddress, TileCache
from sightline.dashboard.errors import NotFoundError
from sightline.dashboard.services import Services
from sightline.sql import query

MEDIA_TYPE: Final = "application/vnd.mapbox-vector-tile"
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
        if not address.exists:
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
            # Browsers keep tiles; those of another map have another address.
            "tiles": [f"/tiles/basemap/{{z}}/{{x}}/{{y}}.mvt?v={row['version'] or 0}"],
            "minzoom": 0,
            "maxzoom": MAX_ZOOM,
            "vector_layers": [],
            "attribution": row["attribution"] or "",
        }


def tile_routes(services: Services) -> APIRouter:
    """The route of all tile layers."""
    router = APIRouter()
    basemap = Basemap(services)

    @router.get("/tiles/{layer}/{z}/{x}/{y}.mvt", include_in_schema=False)
    async def tile(request: Request, layer: str, z: str, x: str, y: str) -> Response:
        if layer != "basemap" or not all(_is_number(part) for part in (z, x, y)):
            raise NotFoundError(f"There is no tile {request.url.path[:80]}.", "tile_unknown")
        content = await basemap.tile(TileAddress(int(z), int(x), int(y)))
        headers = {"Cache-Control": "private, max-age=3600"}
        if not content:
            return Response(status_code=204, headers=headers)
        return Response(content, media_type=MEDIA_TYPE, headers=headers)

    @router.get("/tiles/basemap.json", include_in_schema=False)
    async def about() -> JSONResponse:
        return JSONResponse(await basemap.about(), headers={"Cache-Control": "no-store"})

    @router.get("/tiles/{rest:path}", include_in_schema=False)
    async def nothing(rest: str) -> Response:
        # Dash would answer with a page.
        raise NotFoundError(f"There is nothing at /tiles/{rest[:80]}.", "tile_unknown")

    return router


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 7
