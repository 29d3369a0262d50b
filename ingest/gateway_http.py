"""The gateway's HTTP: trackers, WHIP for cameras (RFC 9725), and whether the gateway is well.

    POST    /whip/{publication}             201 SDP answer, Location, ETag; one-time bearer token
    DELETE  /whip/{publication}/{session}   200; ends the publication; the same bearer token
    PATCH   /whip/{publication}/{session}   405; neither trickled candidates nor ICE restarts
    OPTIONS /whip/{publication}             204, Accept-Post
    GET     /healthz, /readyz, /metrics
    /osmand, /owntracks                     trackers: see `sightline.ingest.tracker_http`

Cameras are no browsers: there is no CORS. Errors are problem documents (RFC 9457) with a `code`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import logging
import math
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Final
from uuid import UUID

import aiohttp
import asyncpg
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from sightline.ingest.doors import token_of
from sightline.ingest.http_port import Problem, counted, expected, problems, read_body
from sightline.ingest.media.sdp import why_no_offer
from sightline.ingest.settings import GatewaySettings
from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

SDP: Final = "application/sdp"
LONGEST_OFFER_BYTES: Final = 256 * 1024
_RELAY_WITHIN_S: Final = 12.0
_PASSED_ON: Final = frozenset((400, 404, 409, 410, 413, 415, 422, 503, 504))


class WhipDoor:
    """Lets cameras publish: the token is used up in the database, then the relay gets the offer."""

    def __init__(
        self, settings: GatewaySettings, pool: asyncpg.Pool, client: aiohttp.ClientSession
    ) -> None:
        self._pool = pool
        self._client = client
        self._secret = (
            settings.internal_secret.get_secret_value() if settings.internal_secret else ""
        )

    async def publish(self, request: web.Request) -> web.Response:
        """`POST /whip/{publication}`."""
        publication = _publication(request)
        token = _token_hash(request)
        if request.content_type != SDP:
            detail = f"The body must be {SDP}, not {request.content_type}."
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        offer = await read_body(request, LONGEST_OFFER_BYTES)
        if not offer.strip():
            raise Problem(HTTPStatus.BAD_REQUEST, "empty_offer", "The body must be an SDP offer.")
        if (wrong := why_no_offer(offer)) is not None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_offer", wrong)
        row = await self._ask_database("gateway.redeem_publication", publication, token)
        if row is None:
            raise _unauthorized("The token is not valid for this publication, or was used before.")
        answer = await self._ask("POST", row["relay_url"], publication, offer)
        location = f"/whip/{publication}/{self._session(publication)}"
        return web.Response(
            status=HTTPStatus.CREATED,
            body=answer,
            content_type=SDP,
            headers={"Location": location, "ETag": f'"{publication}"'},
        )

    async def end(self, request: web.Request) -> web.Response:
        """`DELETE /whip/{publication}/{session}`: with the token that began it, which RFC 9725 wants here too."""
        publication = _publication(request)
        self._check_session(request, publication)
        row = await self._ask_database(
            "gateway.publication_held", publication, _token_hash(request)
        )
        if row is None:
            raise _unauthorized("This is not the token with which the publication began.")
        await self._ask("DELETE", row["relay_url"], publication, None)
        return web.Response(status=HTTPStatus.OK)

    async def _ask_database(
        self, name: str, publication: UUID, token_hash: bytes
    ) -> asyncpg.Record | None:
        try:
            return await self._pool.fetchrow(query(name), publication, token_hash)
        except AWAY as error:
            log.warning("the token of a publication cannot be checked: %r", error)
            raise away("The gateway cannot check the token now.") from error

    async def patch(self, request: web.Request) -> web.Response:
        """`PATCH /whip/{publication}/{session}`: not offered."""
        publication = _publication(request)
        self._check_session(request, publication)
        detail = "Neither trickled candidates nor ICE restarts are taken."
        raise Problem(
            HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, {"Allow": "DELETE"}
        )

    async def options(self, request: web.Request) -> web.Response:
        """`OPTIONS /whip/{publication}`."""
        _publication(request)
        headers = {"Accept-Post": SDP, "Allow": "POST, OPTIONS"}
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)

    def _session(self, publication: UUID) -> str:
        # Any gateway must know the address again, and nobody may guess it.
        return hmac.digest(self._secret.encode(), b"whip" + publication.bytes, "sha256").hex()[:32]

    def _check_session(self, request: web.Request, publication: UUID) -> None:
        said = request.match_info["session"].encode(errors="surrogatepass")
        if not hmac.compare_digest(said, self._session(publication).encode()):
            raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such session.")

    async def _ask(self, method: str, relay: str, publication: UUID, body: bytes | None) -> bytes:
        headers = {"Authorization": f"Bearer {self._secret}"}
        if body is not None:
            headers["Content-Type"] = SDP
        url = f"{relay.rstrip('/')}/internal/publications/{publication}"
        try:
            async with self._client.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=_RELAY_WITHIN_S, connect=2.0),
            ) as answer:
                content = await answer.read()
                if answer.ok:
                    return content
                raise _passed_on(answer.status, content)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the relay at %s does not answer: %r", relay, error)
            raise away("The media relay does not answer.") from error


def _publication(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["publication"])
    except ValueError:
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such publication.") from None


def _token_hash(request: web.Request) -> bytes:
    token = token_of(request.headers.get("Authorization"))
    if token is None:
        raise _unauthorized("Send the publication's token: Authorization: Bearer TOKEN.")
    return hashlib.sha256(token.encode()).digest()


def _unauthorized(detail: str) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(HTTPStatus.UNAUTHORIZED, "token_invalid", detail, headers)


def away(detail: str, *, code: str = "away", retry_after_s: float = 5) -> Problem:
    """Come again: what is wrong is wrong here, and will pass."""
    headers = {"Retry-After": str(math.ceil(retry_after_s))}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, headers)


def _passed_on(status: int, content: bytes) -> Problem:
    if status not in _PASSED_ON:
        log.error("the relay refuses the gateway itself: %d %.200r", status, content)
        return Problem(HTTPStatus.BAD_GATEWAY, "relay_failed", "The media relay failed at this.")
    try:
        detail = str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = "The media relay refuses this."
    return Problem(HTTPStatus(status), "relay_refused", detail)


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
            raise _unauthorized("Metrics are for this machine, or for whoever has their token.")
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


def make_app(
    whip: WhipDoor, health: HealthDoor, trackers: Iterable[web.RouteDef] = ()
) -> web.Application:
    """The application of the gateway's HTTP port; `trackers`: the routes of phones."""
    app = web.Application(middlewares=[counted, problems], client_max_size=LONGEST_OFFER_BYTES)
    session = "/whip/{publication}/{session}"
    routes = [
        web.get("/healthz", health.healthz),
        web.get("/readyz", health.readyz),
        web.get("/metrics", health.metrics),
        web.post("/whip/{publication}", whip.publish),
        web.options("/whip/{publication}", whip.options),
        web.delete(session, whip.end),
        web.patch(session, whip.patch),
        *trackers,
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
