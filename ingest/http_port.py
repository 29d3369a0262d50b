"""What everything on the gateway's HTTP port has in common: its connections, bodies and errors.

Errors are problem documents (RFC 9457) with a `code`, also for what is no HTTP. Whoever connects and says nothing, or
sends half a request, or half a body, is bounded in time and in number.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final, cast

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler

from sightline.ingest.half_open import HalfOpen
from sightline.ingest.listening import stop_listening
from sightline.ingest.settings import GatewaySettings

log = logging.getLogger(__name__)
library_log = logging.getLogger("sightline.ingest.http_port.library")
library_log.setLevel(
    logging.CRITICAL
)  # it quotes what is no HTTP, and a line of that may hold a token

BODY_WITHIN_S: Final = 10.0
REQUEST_WITHIN_S: Final = 30.0
"""From the opening of a connection, or the answer before, to the end of a request's head."""
_LINGER_S: Final = 5.0
"""What is refused unread is read on for so long, since many senders hear nothing before they have sent everything."""
_BODY_UNREAD: Final = frozenset(
    (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.EXPECTATION_FAILED,
    )
)
_ACCEPTED_AT_ONCE: Final = 1024
_ENDS_WITHIN_S: Final = 1.0


class Problem(Exception):  # noqa: N818 - the name of RFC 9457
    """An answer that says what was wrong."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        *,
        fault: Mapping[str, object] | None = None,
    ) -> None:
        """`fault`: `field`, `value` and `allowed` of what was wrong, where one value was."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = headers or {}
        self.fault = fault or {}


def unauthorized(detail: str) -> Problem:
    """Whoever asks has not shown that they may."""
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(HTTPStatus.UNAUTHORIZED, "token_invalid", detail, headers)


def away(detail: str, *, code: str = "away", retry_after_s: float = 5) -> Problem:
    """Come again: what is wrong is wrong here, and will pass."""
    headers = {"Retry-After": str(math.ceil(retry_after_s))}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, headers)


def response_of(problem: Problem) -> web.Response:
    """The problem document."""
    response = web.json_response(
        {
            "title": problem.status.phrase,
            "status": problem.status,
            "code": problem.code,
            "detail": str(problem),
            **problem.fault,
        },
        status=problem.status,
        content_type="application/problem+json",
        headers=problem.headers,
    )
    if problem.status in _BODY_UNREAD:
        response.force_close()
    return response


async def read_body(request: web.Request, most: int) -> bytes:
    """The body, which must be here within `BODY_WITHIN_S`: who sends it slowly holds up nobody else.

    Raises:
        Problem: it is larger than `most` bytes, comes too slowly, breaks off, or is compressed: whether all of it is there
            could not be told.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in ("identity", ""):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "content_encoding",
            "A body is taken as it is, without Content-Encoding.",
            {"Accept-Encoding": "identity"},
        )
    too_large = Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"A body has at most {most} bytes."
    )
    if (request.content_length or 0) > most:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for part in request.content.iter_any():
                size += len(part)
                if size > most:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        detail = f"The body was not here within {BODY_WITHIN_S:.0f} s."
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", detail) from None
    except (web.RequestPayloadError, ConnectionError):
        detail = "The body broke off, or is not as its headers say."
        raise Problem(HTTPStatus.BAD_REQUEST, "unreadable_body", detail) from None
    _connection(request).asked()
    return b"".join(parts)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error leaves as a problem document; what is unexpected is logged and says nothing."""
    try:
        return await handler(request)
    except Problem as problem:
        return response_of(problem)
    except web.HTTPException as error:
        status = HTTPStatus(error.status)
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        code = status.phrase.lower().replace(" ", "_")
        return response_of(Problem(status, code, f"{status.phrase}.", headers))
    except Exception:
        log.exception("%s %s failed", request.method, _where(request))
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return response_of(Problem(status, "internal_error", "The gateway failed at this."))


async def expected(request: web.Request) -> web.StreamResponse | None:
    """The answer to a header `Expect`; None: the request goes on. The library's would repeat what the sender said."""
    if request.version < HttpVersion11:
        return None  # which knows no such header
    if request.headers.get("Expect", "").strip().lower() != "100-continue":
        detail = "Nothing is expected here but 100-continue."
        return response_of(Problem(HTTPStatus.EXPECTATION_FAILED, "expectation_failed", detail))
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return None


def _where(request: web.Request) -> str:
    """The path as it is routed, since the path itself may hold a token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "an unknown path"


class HttpConnection(web.RequestHandler):
    """Counts as half-open until a request is here as a whole, and again once it is answered."""

    __slots__ = ("_half_open",)

    def __init__(self, server: web.Server, half_open: HalfOpen) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=library_log,
            logger=library_log,
            keepalive_timeout=REQUEST_WITHIN_S,
            lingering_time=_LINGER_S,
            auto_decompress=False,
        )
        self._half_open = half_open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer connected."""
        super().connection_made(transport)
        self.answered()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is over."""
        self._half_open.ended(self)
        super().connection_lost(exc)

    def asked(self) -> None:
        """The request is here as a whole."""
        self._half_open.ended(self)

    def answered(self) -> None:
        """There may be another request."""
        if self.transport is not None:
            self._half_open.began(self, self.transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what cannot be read as HTTP; the library's would repeat a part of it."""
        super().handle_error(request, status, exc, message)
        detail = "This cannot be read as a request of HTTP/1.1."
        response = response_of(Problem(HTTPStatus(status), "unreadable_request", detail))
        response.force_close()
        return response


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection when it has a whole request, and when that is answered."""
    if not request.can_read_body:
        _connection(request).asked()
    try:
        return await handler(request)
    finally:
        _connection(request).answered()


def _connection(request: web.Request) -> HttpConnection:
    return cast("HttpConnection", request.protocol)


@asynccontextmanager
async def serving(app: web.Application, settings: GatewaySettings) -> AsyncIterator[HalfOpen]:
    """Listen on the gateway's HTTP port: no log of requests, no patience with those that never get complete.

    Args:
        app: has the middleware `counted`.
        settings: of the gateway.

    Yields:
        the connections that wait for a request.

    Raises:
        OSError: the port cannot be had.
    """
    runner = web.AppRunner(app, shutdown_timeout=_ENDS_WITHIN_S)
    await runner.setup()
    server = cast("web.Server", runner.server)
    half_open = HalfOpen(settings.gateway_half_open_connections)
    try:
        listening = await asyncio.get_running_loop().create_server(
            lambda: HttpConnection(server, half_open),
            settings.host,
            settings.gateway_http_port,
            reuse_port=settings.gateway_share_port,
            backlog=_ACCEPTED_AT_ONCE,
        )
        try:
            yield half_open
        finally:
            await stop_listening(listening)
    finally:
        await runner.cleanup()
