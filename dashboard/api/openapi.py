"""The OpenAPI document of the API, for whoever is signed in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi

from sightline.dashboard.access.cookies import SESSION_COOKIE

router = APIRouter()

_ABOUT = """\
State-changing calls need the session's CSRF token (`csrf` of `POST /api/session`, sent as `X-CSRF-Token`) or a machine's
bearer token. Errors are problem documents (RFC 9457) with a `code`, a sentence in `detail`, and the `field`."""


@router.get("/api/openapi.json", include_in_schema=False)
async def document(request: Request) -> dict[str, Any]:
    """What the API can be asked."""
    return openapi_document(request.app.routes)


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "for programs"},
        "detail": {"type": "string", "description": "a sentence for people"},
        "field": {"type": "string", "description": "422: which field is wrong"},
        "allowed": {"description": "422: what it may be"},
        "possible": {"type": "array", "items": {"type": "string"}, "description": "409: states"},
        "actions": {"type": "array", "items": {"type": "string"}, "description": "409: actions"},
        "deployment": {"type": "integer", "description": "409: the live deployment in the way"},
        "retry_after_s": {"type": "integer", "description": "429"},
    },
}
_REFUSED = {
    "description": "Refused, and why (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def openapi_document(routes: list[Any]) -> dict[str, Any]:
    """The document of these routes, with how to prove who asks and what a refusal looks like."""
    found = get_openapi(title="Sightline", version="1", description=_ABOUT, routes=routes)
    components = found.setdefault("components", {})
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
        "machine": {"type": "http", "scheme": "bearer"},
    }
    found["security"] = [{"session": []}, {"machine": []}]
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own, which we do not send
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    for operations in found["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _REFUSED
    return found
