"""One request on its way in: its rule, its body (bounded), and what it says it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Message, Receive

from sightline.dashboard.access.rules import SOCKET, Found, Rule, find
from sightline.dashboard.errors import TooLargeError

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that change something, and that have a body."""

_FOR_PROGRAMS = (
    "/api/", "/tiles/", "/static/", "/ogc/", "/whep/", "/whip/", "/_dash-", "/metrics",
)  # fmt: skip

_ALSO = frozenset({"/api", "/tiles", "/static", "/ogc", "/whep", "/whip", "/healthz", "/readyz"})


@dataclass(frozen=True)
class Incoming:
    """A request or socket, and what the table of rules says of it.

    Attributes:
        connection: headers, cookies, address.
        method: of HTTP, or `SOCKET`.
        path: as the routes see it.
        found: the rule, and what stands in the places of its path.
        body: all of it.
    """

    connection: HTTPConnection
    method: str
    path: str
    found: Found
    body: bytes = b""

    @classmethod
    def of(cls, connection: HTTPConnection, rules: Iterable[Rule]) -> Incoming:
        """What has come in, its body not yet read."""
        scope = connection.scope
        method = SOCKET if scope["type"] == "websocket" else scope["method"]
        return cls(connection, method, scope["path"], find(rules, method, scope["path"]))

    @property
    def rule(self) -> Rule | None:
        """The rule that holds, None if there is none."""
        return self.found.rule

    @property
    def for_program(self) -> bool:
        """Whether a program asks, which gets a problem document; a person gets a page."""
        return self.path.startswith(_FOR_PROGRAMS) or self.path in _ALSO

    @cached_property
    def json(self) -> Any:
        """The body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def about(self) -> tuple[str, str]:
        """The kind and the name of what it is about, for the audit of a refusal."""
        named = self.rule.names if self.rule else None
        if named is None:
            return "request", storable(self.path, 200)
        return named, storable(str(self._given().get(named, "")), 200)

    def said(self, field: str) -> str | None:
        """A text of the body or the path, short enough for the audit; None where it is not given."""
        value = self._given().get(field)
        return storable(value, 500) if isinstance(value, str) else None

    def _given(self) -> dict[str, Any]:
        body = self.json if isinstance(self.json, dict) else {}
        return {**body, **self.found.places}


def storable(text: str, longest: int) -> str:
    """As much of a text as the audit takes, without what the database cannot store."""
    return text[:longest].replace("\0", "").encode(errors="replace").decode()


async def read_body(incoming: Incoming, receive: Receive) -> tuple[Incoming, Receive]:
    """Read the body; gives the request with it, and a `receive` that gives it again to the application.

    Raises:
        TooLargeError: it is larger than the rule takes. No more than that is read.
    """
    rule = incoming.rule
    if rule is None or incoming.method not in CHANGING:
        return incoming, receive
    sentence = f"The body is larger than this call takes: {rule.body_limit} bytes."
    announced = incoming.connection.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > rule.body_limit:
        raise TooLargeError(sentence)
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > rule.body_limit:
            raise TooLargeError(sentence)
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replace(incoming, body=body), receive_again
