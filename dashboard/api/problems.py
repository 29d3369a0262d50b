"""Errors as problem documents (RFC 9457), whatever raised them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sightline.dashboard.errors import DashboardError, TooManyError, problem, status_of
from sightline.dashboard.operations.fields import invalid

PROBLEM = "application/problem+json"

log = logging.getLogger(__name__)

Handler = Callable[[Request, Exception], Awaitable[Response]]


async def _known(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DashboardError)
    headers = {}
    if isinstance(error, TooManyError):
        headers["Retry-After"] = str(error.retry_after_s)
    if status_of(error) == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="Sightline"'
    return JSONResponse(problem(error), int(status_of(error)), headers, media_type=PROBLEM)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _known(request, invalid(error.errors()))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "code": status.phrase.lower().replace(" ", "_"),
        "detail": str(error.detail),
    }
    return JSONResponse(document, int(status), error.headers, media_type=PROBLEM)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    document = {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "code": "internal_error",
        "detail": "Something went wrong in Sightline itself; it is in the dashboard's log.",
    }
    return JSONResponse(document, 500, {"Cache-Control": "no-store"}, media_type=PROBLEM)


def install(app: FastAPI) -> None:
    """Have an application answer errors with problem documents."""
    handlers: dict[type[Exception], Handler] = {
        DashboardError: _known,
        RequestValidationError: _invalid,
        HTTPException: _http,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
