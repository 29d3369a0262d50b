"""A force's own tile server, on a port of its own: real HTTP, real tiles."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import mapbox_vector_tile
from aiohttp import web
from PIL import Image
from shapely.geometry import LineString, Point, box

from tests.serving import serving


@dataclass
class TileServer:
    """What it gives, and what it was asked for.

    Attributes:
        host: address and port.
        content: of every tile.
        headers: of every answer.
        status: of every answer.
        asked: paths with their query.
    """

    host: str = ""
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def url(self, path: str = "{z}/{x}/{y}.png") -> str:
        return f"http://{self.host}/{path}"


@asynccontextmanager
async def tile_server(content: bytes) -> AsyncIterator[TileServer]:
    """A server until the end of the block."""
    server = TileServer(content=content)

    async def tile(request: web.Request) -> web.Response:
        server.asked.append(request.path_qs)
        return web.Response(body=server.content, status=server.status, headers=server.headers)

    application = web.Application()
    application.router.add_get("/{path:.*}", tile)
    async with serving(application) as base:
        server.host = base.removeprefix("http://")
        yield server


def picture(colour: tuple[int, int, int], kind: str = "PNG") -> bytes:
    """A tile of one colour."""
    made = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(made, kind)
    return made.getvalue()


def openmaptiles(**properties: Any) -> bytes:
    """A tile of the OpenMapTiles scheme: a street across, a lake, a town, a tunnel of no class that is drawn."""
    street = LineString([(0, 2048), (4096, 2048)])
    made = mapbox_vector_tile.encode(
        [
            {"name": "water", "features": [{"geometry": box(0, 0, 1000, 1000), "properties": {"class": "lake"}}]},
            {
                "name": "transportation",
                "features": [
                    {"geometry": street, "properties": {"class": "primary", "layer": 1}},
                    {"geometry": street, "properties": {"class": "aerialway"}},
                    {"geometry": Point(5, 5), "properties": {"class": "primary"}},
                ],
            },
            {
                "name": "transportation_name",
                "features": [{"geometry": street, "properties": {"class": "primary", "name": "High  Street", **properties}}],
            },
            {"name": "place", "features": [{"geometry": Point(2048, 2048), "properties": {"class": "town", "name": "Ambridge", "rank": 9}}]},
        ],
        default_options={"y_coord_down": True},
    )  # fmt: skip
    return bytes(made)
