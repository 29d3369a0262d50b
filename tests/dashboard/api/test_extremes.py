"""Every operation of the OpenAPI document with ids and times at and beyond their bounds: refused or taken, never a failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboard.test_access_door import ALLOWED, SIGNED_IN

IDS: list[Any] = [-1, 0, 2**31, 2**63 - 1, 2**63, 10**30, 1e308, 1.5, True, "15", "x"]
MOMENTS: list[Any] = [
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "1999-12-31T23:59:59Z", "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2026-11-20", "2026-11-20T10:00:00", "0",
    "1e308", 0, 1e308, True,
]  # fmt: skip

Way = tuple[str | int, ...]


class Document:
    """The OpenAPI document: a good value of everything, and where the ids and times are."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths: dict[str, dict[str, Any]] = document["paths"]
        self._schemas = document["components"]["schemas"]

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return self._resolved(self._schemas[schema["$ref"].rsplit("/", 1)[1]])
        known = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
        return self._resolved(known[0]) if known else schema

    def good(self, schema: dict[str, Any]) -> Any:
        """A value that the schema allows."""
        found = self._resolved(schema)
        if "enum" in found or "const" in found:
            return found.get("const", found.get("enum", [None])[0])
        match found.get("type"):
            case "object":
                return {name: self.good(one) for name, one in found["properties"].items()}
            case "array":
                return [self.good(found["items"])]
            case "integer" | "number":
                return 1
            case "boolean":
                return True
        return "2030-01-01T00:00:00Z" if found.get("format") == "date-time" else "text"

    def extremes(self, schema: dict[str, Any], way: Way = ()) -> Iterator[tuple[Way, list[Any]]]:
        """Where within a value of the schema ids and times stand, and what to put there."""
        found = self._resolved(schema)
        match found.get("type"):
            case "object":
                for name, one in found["properties"].items():
                    yield from self.extremes(one, (*way, name))
            case "array":
                yield from self.extremes(found["items"], (*way, 0))
            case "integer":
                yield way, IDS
            case "string" if found.get("format") == "date-time":
                yield way, MOMENTS


def put(value: Any, way: Way, extreme: Any) -> Any:
    """The value with something else at a place."""
    if not way:
        return extreme
    changed = value.copy()
    changed[way[0]] = put(value[way[0]], way[1:], extreme)
    return changed


def requests(document: Document) -> Iterator[tuple[str, str, dict[str, str], Any]]:
    """Call, path, query and body of everything that is tried."""
    for path, operations in document.paths.items():
        for method, operation in operations.items():
            schemas = {p["name"]: p["schema"] for p in operation.get("parameters", [])}
            within = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            body = document.good(content["schema"]) if content else None
            values = {name: str(document.good(schema)) for name, schema in schemas.items()}

            def filled(values: dict[str, str], path: str = path, within: set[str] = within) -> Any:
                asked = {name: text for name, text in values.items() if name not in within}
                return path.format(**{name: values[name] for name in within}), asked

            call = f"{method.upper()} {path}"
            for name, schema in schemas.items():
                for _, extremes in document.extremes(schema):
                    for extreme in extremes:
                        yield call, *filled({**values, name: str(extreme)}), body
            for way, extremes in document.extremes(content["schema"]) if content else ():
                for extreme in extremes:
                    yield call, *filled(values), put(body, way, extreme)


@pytest.mark.slow
async def test_extreme_ids_and_times_are_refused_or_taken(force: Any) -> None:
    clients = {
        role: await force.as_(role)
        for role in ("fim", "negco", "coordinator", "auditor", "officer", "planner")
    }
    document = Document((await clients["fim"].get("/api/openapi.json")).json())
    tried = set()
    for call, path, asked, body in requests(document):
        roles = ("fim",) if call in SIGNED_IN else ALLOWED[call].split()
        client = next(clients[role] for role in roles if role in clients)
        answer = await client.request(
            call.split()[0], path, params=asked,
            content=None if body is None else json.dumps(body), headers={"Content-Type": "application/json"},
        )  # fmt: skip
        told = (call, path, asked, body, answer.text[:300])
        assert answer.status_code != 500, told
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", told
            assert "it must be Input" not in answer.text, told
        tried.add(call)
    assert {"GET /api/rota", "POST /api/incidents", "GET /api/audit", "PUT /api/rota"} <= tried


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize(
    ("role", "path", "field"),
    [
        ("fim", "/api/rota?at=", "at"), ("fim", "/api/rota/cover?from=", "from"), ("auditor", "/api/audit?from=", "from"),
        ("auditor", "/api/audit?to=", "to"), ("officer", "/api/audit/watched-me?from=", "from"),
        ("officer", "/api/audit/watched-me?to=", "to"),
        ("fim", "/api/cameras/CAM-1/track?purpose=officer_safety&incident=1&to=", "to"),
    ],
)  # fmt: skip
async def test_a_time_out_of_bounds_is_named(
    force: Any, role: str, path: str, field: str, moment: str
) -> None:
    answer = await (await force.as_(role)).get(path + moment.replace("+", "%2B"))
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field)
    assert problem["allowed"].endswith("from 2000-01-01 to 2100-01-01")
    assert moment in problem["detail"]


@pytest.mark.parametrize(
    ("changes", "field", "allowed"),
    [
        ({"lat": True}, "lat", "a number"), ({"lat": "56.3"}, "lat", "a number"), ({"restricted": "yes"}, "restricted", "true or false"),
        ({"restricted": 1}, "restricted", "true or false"), ({"provisional_incident": "15"}, "provisional_incident", "a whole number"),
        ({"provisional_incident": 1.0}, "provisional_incident", "a whole number"),
        ({"provisional_incident": 2**63}, "provisional_incident", f"at most {2**63 - 1}"), ({"title": 5}, "title", "a text"),
        ({"title": "\u202e"}, "title", "a text with something to read"), ({"resources": [""]}, "resources.0", "a text of at least 1 characters"),
        ({"resources": ["\u200b"]}, "resources.0", "a text with something to read"),
        ({"log_number": "\u202e"}, "log_number", "1 to 64 printable characters without /"),
    ],
)  # fmt: skip
async def test_a_value_of_another_type_or_of_nothing_is_named(
    force: Any, changes: dict[str, Any], field: str, allowed: str
) -> None:
    body = {"title": "Woman on a bridge", "grade": "immediate", "lat": 51, "lon": 0.5, **changes}
    answer = await (await force.as_("fim")).post("/api/incidents", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["field"], problem["allowed"]) == (422, field, allowed)
    assert problem["detail"].endswith(f"; it must be {allowed}.")
    assert await force.owner.fetchval("select count(*) from incident") == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_another_method_of_the_probes_is_told_as_to_a_program(
    force: Any, path: str, method: str
) -> None:
    answer = await (await force.as_("fim")).request(method, path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
