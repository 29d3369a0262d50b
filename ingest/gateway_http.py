"""The gateway's HTTP: trackers, SDP of cameras, and whether the gateway is well.

    /whip, /whep                            cameras: see `sightline.ingest.sdp_doors`
    GET     /healthz, /readyz, /metrics
    /osmand, /owntracks                     trackers: see `sightline.ingest.tracker_http`

Cameras are no browsers: there is no CORS. Errors are problem documents (RFC 9457) with a `code`.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable
from http import HTTPStatus

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from sightline.ingest.doors import token_of
from sightline.ingest.http_port import counted, expected, problems, unauthorized
from sightline.ingest.sdp_doors import LONGEST_OFFER_BYTES
from sightline.ingest.settings import GatewaySettings


class HealthDoor:
    """`/healthz`, `/readyz` and `/metrics`: to strangers no more than yes or no."""

    def __init__(
        self,
        settings: GatewaySettings,
        reasons: Callable[[], list[str]],
        registry: CollectorRegistry,
    ) -> None:
        """`reasons`: why the gateway cannot do its work now; empty when it can."""
        self._reasons = reasons
        self._registry = registry
        token = settings.metrics_token
        self._token = token.get_secret_value() if token else None

    async def healthz(self, _request: web.Request) -> web.Response:
        """Is it alive."""
        return web.Response(text="ok\n")

    async def readyz(self, request: web.Request) -> web.Response:
        """Can it do its work."""
        reasons = self._reasons()
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        if self._trusted(request):
            return web.json_response({"ready": not reasons, "reasons": reasons}, status=status)
        return web.Response(status=status, text="not ready\n" if reasons else "ready\n")

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus text."""
        if not self._trusted(request):
            raise unauthorized("Metrics are for this machine, or for whoever has their token.")
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _trusted(self, request: web.Request) -> bool:
        token = token_of(request.headers.get("Authorization"))
        if token is not None and self._token is not None:
            return hmac.compare_digest(token.encode(), self._token.encode())
        return _is_this_machine(request)


def _is_this_machine(request: web.Request) -> bool:
    # Behind a proxy everybody seems to come from here.
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def make_app(health: HealthDoor, others: Iterable[web.RouteDef] = ()) -> web.Application:
    """The application of the gateway's HTTP port; `others`: the routes of cameras and phones."""
    app = web.Application(middlewares=[counted, problems], client_max_size=LONGEST_OFFER_BYTES)
    routes = [
        web.get("/healthz", health.healthz),
        web.get("/readyz", health.readyz),
        web.get("/metrics", health.metrics),
        *others,
    ]
    app.add_routes(
        [
            web.RouteDef(
                one.method, one.path, one.handler, {**one.kwargs, "expect_handler": expected}
            )
            for one in routes
        ]
    )
    return app
