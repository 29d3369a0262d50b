"""The OpenAPI document of the gateway's HTTP port, made beside the code that answers there.

`docs/gateway-openapi.yaml` is `to_yaml(document())`. Tests hold the file, the document, the routes and the answers
together. To write it anew::

    python -m sightline.ingest.openapi > docs/gateway-openapi.yaml
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from sightline.ingest import fields
from sightline.ingest.adapters import osmand, owntracks
from sightline.ingest.adapters.moment import OWN_NAMES
from sightline.ingest.sdp_doors import LONGEST_OFFER_BYTES, SDP
from sightline.ingest.yaml_text import to_yaml

_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "number"}
_OSMAND: Final[Mapping[str, tuple[dict[str, Any], str]]] = {
    "timestamp": (_TEXT, osmand.TIME_ALLOWED + "; without it, the time of receipt"),
    "lat": (_NUMBER, "degrees, WGS 84 (EPSG:4326)"),
    "lon": (_NUMBER, "degrees, WGS 84 (EPSG:4326)"),
    "location": (_TEXT, "latitude and longitude with a comma between"),
    "accuracy": (_NUMBER, "metres"),
    "altitude": (_NUMBER, "metres"),
    "speed": (_NUMBER, "knots"),
    "bearing": (_NUMBER, "degrees clockwise from north"),
    "heading": (_NUMBER, "degrees clockwise from north"),
    "batt": (_NUMBER, "percent"),
    "cell": (_TEXT, "mcc,mnc,area,cell of the serving cell"),
    "valid": (_TEXT, "false or 0: the device does not believe its position"),
    "id": (_TEXT, "with a bridge's token: which camera it is"),
}
"""Parameters of OsmAnd's protocol beside our own names."""
_TRACKER_REFUSALS: Final[Mapping[int, str]] = {
    400: "It cannot be read, or time, place or `recording` are wrong",
    401: "No valid token",
    404: "A bridge's token, and no such camera",
    408: "The body was not here within 10 s",
    413: "A body of more than 1 MiB",
    415: "A body of another media type, or a compressed one",
    500: "The gateway failed at this",
    503: "Come again after the seconds in `Retry-After`",
}


def _exchange_refusals(noun: str) -> dict[int, str]:
    return {
        400: "No offer",
        401: f"The token is not valid for this {noun}, or was used before",
        404: f"No such {noun}",
        408: "The body was not here within 10 s",
        409: f"The relay has this {noun} already",
        410: f"The {noun} is over",
        413: f"A body of more than {LONGEST_OFFER_BYTES} bytes",
        415: f"A body that is not {SDP}, or a compressed one",
        422: "An offer that cannot be taken",
        500: "The gateway failed at this",
        502: "The media relay failed",
        503: "Come again after the seconds in `Retry-After`",
        504: "The camera's media did not come in time",
    }


def document() -> dict[str, Any]:
    """The document as plain values."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sightline: the gateway's HTTP port",
            "version": "1",
            "description": (
                "Trackers, cameras that publish (WHIP, RFC 9725), and the gateway's state. docs/trackers.md says what a"
                " tracker's values mean. Errors are problem documents (RFC 9457). There is no CORS. An `Expect` other than"
                " `100-continue` is answered 417 everywhere."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8766"}],
        "security": [],
        "paths": {**_trackers(), **_whip(), **_whep(), **_health()},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The token as password, with any user",
                },
            },
            "parameters": _parameters(),
            "schemas": {
                "Problem": _problem(),
                "Readiness": _object(
                    {"ready": {"type": "boolean"}, "reasons": {"type": "array", "items": _TEXT}}
                ),
            },
        },
    }


def _parameters() -> dict[str, Any]:
    """What OsmAnd's protocol may carry, by name."""
    own = {
        name: (_TEXT if name in _WORDS else _NUMBER, _OWN_WORDS)
        for name in OWN_NAMES
        if name not in _OSMAND
    }
    return {
        name: _parameter(name, "query", schema, words, required=False)
        for name, (schema, words) in (*_OSMAND.items(), *own.items())
    }


def _trackers() -> dict[str, Any]:
    empty = {"200": {"description": "Committed, put into quarantine, or nothing to store"}}
    listed = {
        "200": {
            **empty["200"],
            **_content({"application/json": {"type": "array", "maxItems": 0}}),
        }
    }
    parameters = [{"$ref": f"#/components/parameters/{name}"} for name in _parameters()]
    paths: dict[str, Any] = {}
    by_header: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}]
    for at_end, security in (("", by_header), ("/{token}", by_header[:0])):
        token = _parameter("token", "path", _TEXT, "Of a camera or a bridge")
        in_path = {"parameters": [token]} if at_end else {}
        get = {"tags": ["trackers"], "security": security, "parameters": parameters}
        paths[f"/osmand{at_end}"] = {
            **in_path,
            "get": {
                **get,
                "summary": "A position by OsmAnd's protocol, in the address",
                "responses": empty | _refusals(_TRACKER_REFUSALS),
            },
            "post": {
                **get,
                "summary": "Positions by OsmAnd's protocol: in the address, as a form, or JSON",
                "requestBody": _body(osmand.TAKES, required=False),
                "responses": empty | _refusals(_TRACKER_REFUSALS),
            },
        }
        paths[f"/owntracks{at_end}"] = {
            **in_path,
            "post": {
                "tags": ["trackers"],
                "security": security,
                "summary": "One message of OwnTracks in HTTP mode",
                "requestBody": _body(owntracks.TAKES, required=True),
                "responses": listed | _refusals(_TRACKER_REFUSALS),
            },
        }
    return paths


def _whip() -> dict[str, Any]:
    return _exchange("whip", "publication", "stream_start", ("publish", "publication"))


def _whep() -> dict[str, Any]:
    return _exchange("whep", "talk", "talk_start", ("listen", "listening"))


def _exchange(place: str, noun: str, command: str, said: tuple[str, str]) -> dict[str, Any]:
    """What a camera exchanges SDP for; `said`: what it begins to do, and what it ends."""
    named = _parameter(noun, "path", _UUID, f"As the command `{command}` gives it")
    session = _parameter("session", "path", _TEXT, "As `Location` gives it")
    token = {"tags": [place], "security": [{"bearer": []}]}
    refused = _exchange_refusals(noun)
    often = {status: refused[status] for status in (401, 404, 500, 503)}
    return {
        f"/{place}/{{{noun}}}": {
            "parameters": [named],
            "post": {
                **token,
                "summary": f"Begin to {said[0]}; the token is used up",
                "requestBody": {"required": True, **_content({SDP: _TEXT})},
                "responses": {
                    "201": {
                        "description": "The answer",
                        "headers": {"Location": {"schema": _TEXT}, "ETag": {"schema": _TEXT}},
                        **_content({SDP: _TEXT}),
                    }
                }
                | _refusals(refused),
            },
            "options": {
                "tags": [place],
                "summary": "What may be posted",
                "responses": {
                    "204": {
                        "description": "It stands in `Accept-Post`",
                        "headers": {"Accept-Post": {"schema": _TEXT}},
                    }
                }
                | _refusals({404: refused[404]}),
            },
        },
        f"/{place}/{{{noun}}}/{{session}}": {
            "parameters": [named, session],
            "delete": {
                **token,
                "summary": f"End the {said[1]}, with the token that began it",
                "responses": {"200": {"description": "It is over"}}
                | _refusals({**often, 502: refused[502]}),
            },
            "patch": {
                "tags": [place],
                "summary": "Not offered: neither trickled candidates nor ICE restarts",
                "responses": _refusals({404: refused[404], 405: "Always, for a session there is"}),
            },
        },
    }


def _health() -> dict[str, Any]:
    plain = _content({"text/plain": _TEXT})
    ready = _content(
        {"text/plain": _TEXT, "application/json": {"$ref": "#/components/schemas/Readiness"}}
    )
    trusted = "This machine, and whoever has the token of metrics, is told why"
    paths: dict[str, Any] = {
        "/healthz": {
            "get": {
                "tags": ["state"],
                "summary": "Is it alive",
                "responses": {"200": {"description": "Yes", **plain}},
            }
        },
        "/readyz": {
            "get": {
                "tags": ["state"],
                "summary": "Can it do its work",
                "description": trusted,
                "security": [{}, {"bearer": []}],
                "responses": {
                    "200": {"description": "Yes", **ready},
                    "503": {"description": "No", **ready},
                },
            }
        },
        "/metrics": {
            "get": {
                "tags": ["state"],
                "summary": "Figures for Prometheus, for this machine or by token",
                "security": [{}, {"bearer": []}],
                "responses": {"200": {"description": "Prometheus text", **plain}}
                | _refusals({401: "Neither this machine nor the token"}),
            }
        },
    }
    for methods in paths.values():
        methods["head"] = {
            **methods["get"],
            "summary": methods["get"]["summary"] + ", by the status alone",
        }
    return paths


_UUID: Final = {"type": "string", "format": "uuid"}
_WORDS: Final = ("recording", "bearer", "operator", "cell")
_OWN_WORDS: Final = "As in the camera protocol; goes before the tracker's own name for it"


def _problem() -> dict[str, Any]:
    known = _object(
        {
            "title": _TEXT,
            "status": {"type": "integer"},
            "code": {**_TEXT, "description": "For programs"},
            "detail": {**_TEXT, "description": "A sentence for people"},
        }
    )
    known["properties"] |= {
        "field": {"type": ["string", "null"], "description": "Under the sender's own name"},
        "value": {
            "description": f"What it was, cut to {fields.ECHO_LENGTH} characters"
        },
        "allowed": _TEXT,
    }  # fmt: skip
    return known


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def _parameter(
    name: str, place: str, schema: dict[str, Any], words: str, *, required: bool = True
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": required,
        "schema": schema,
        "description": words,
    }


def _content(kinds: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema} for kind, schema in kinds.items()}}


def _body(takes: Iterable[str], *, required: bool) -> dict[str, Any]:
    return {"required": required, **_content({kind: {} for kind in sorted(takes)})}


def _refusals(statuses: Mapping[int, str]) -> dict[str, Any]:
    kinds = _content({"application/problem+json": {"$ref": "#/components/schemas/Problem"}})
    again = {"headers": {"Retry-After": {"schema": {"type": "integer"}}}}
    return {
        str(status): {
            "description": words,
            **(again if status == HTTPStatus.SERVICE_UNAVAILABLE else {}),
            **kinds,
        }
        for status, words in statuses.items()
    }


if __name__ == "__main__":
    sys.stdout.write(to_yaml(document()))
