"""What browsers load beside the pages: our own JavaScript and CSS, and the libraries'."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from sightline.dashboard.libraries import LIBRARIES

ASSETS: Final = Path(__file__).parent.parent / "assets"
_MAPLIBRE: Final = LIBRARIES / "node_modules" / "maplibre-gl" / "dist"


class _Revalidated(StaticFiles):
    """Files that browsers keep, and ask about before each use."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


class _Kept(StaticFiles):
    """Files that browsers keep for a day: they change with the version of their library."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "private, max-age=86400"
        return response


def mount_static(server: FastAPI) -> None:
    """Serve ``/static/…``; what is not there is 404."""
    server.mount("/static/lib/maplibre-gl", _Kept(directory=_MAPLIBRE), name="maplibre-gl")
    server.mount("/static", _Revalidated(directory=ASSETS), name="assets")
