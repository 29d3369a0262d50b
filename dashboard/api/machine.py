"""Is it alive, can it do its work, and how busy is it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from sightline.dashboard import readiness
from sightline.dashboard.access.origin import is_this_machine
from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.errors import DashboardError
from sightline.dashboard.services import Services

router = APIRouter(tags=["machine"])


@router.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """Whether the process lives."""
    return "yes\n"


@router.get("/readyz")
async def readyz(request: Request, services: WithServices) -> Response:
    """Whether the dashboard can do its work; why not, only to an administrator and on the machine itself."""
    found = await readiness.check(services)
    status = 200 if found.ready else 503
    if is_this_machine(request) or await _is_admin(services):
        document: dict[str, Any] = {"ready": found.ready, "reasons": list(found.reasons)}
        return JSONResponse(document, status)
    return PlainTextResponse("yes\n" if found.ready else "no\n", status)


async def _is_admin(services: Services) -> bool:
    try:
        async with services.acting() as act:
            return act.may("admin.manage") is not None
    except DashboardError:
        return False


@router.get("/metrics")
async def metrics(services: WithServices) -> Response:
    """Counters and gauges for Prometheus."""
    async with services.acting() as act:
        await readiness.gauge(services, act.connection)
    return Response(services.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
