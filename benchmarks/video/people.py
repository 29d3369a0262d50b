"""People who use the dashboard's HTTP API as a browser does: a session's cookies, and its CSRF token."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp

PURPOSE: Final = "negotiator_triage"
REASON: Final = "See the subject on the bridge"


@dataclass(frozen=True)
class Opened:
    """A stream that may be watched: where, and with which one-time token."""

    stream: str
    whep: str
    token: str


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """What the server answered instead."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(f"{status}: {document.get('detail')}")
        self.status = status


class Person:
    """Somebody who is signed in."""

    def __init__(self, http: aiohttp.ClientSession, url: str, username: str, csrf: str) -> None:
        self.http, self.url, self.username = http, url, username
        self._csrf = csrf

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer to a call of the API.

        Raises:
            Refused: it is no success.
        """
        headers = {"X-CSRF-Token": self._csrf}
        async with self.http.request(method, self.url + path, json=body, headers=headers) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise Refused(answer.status, await answer.json(content_type=None))
            if answer.status == HTTPStatus.NO_CONTENT or not await answer.read():
                return None
            return await answer.json(content_type=None)

    async def incident(self, title: str, lat: float, lon: float) -> int:
        """A new incident."""
        body = {"title": title, "grade": "immediate", "lat": lat, "lon": lon}
        return int((await self.call("POST", "/api/incidents", body))["id"])

    async def open(self, camera: str, incident: int) -> Opened:
        """A camera's stream, through the gate.

        Raises:
            Refused: the gate says no.
        """
        body = {"camera": camera, "purpose": PURPOSE, "reason": REASON, "incident": incident}
        made = await self.call("POST", "/api/streams", body)
        return Opened(made["stream"], self.url + made["whep"], made["token"])

    async def end(self, stream: str) -> None:
        """End one's own stream."""
        await self.call("DELETE", f"/api/streams/{stream}")

    async def sign_out(self) -> None:
        """End the session."""
        await self.call("DELETE", "/api/session")


@contextlib.asynccontextmanager
async def signed_in(url: str, username: str, password: str) -> AsyncIterator[Person]:
    """Somebody, until the end of the block."""
    jar = aiohttp.CookieJar(unsafe=True)  # the host is an address
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        person = Person(http, url, username, "")
        session = await person.call(
            "POST", "/api/session", {"username": username, "password": password}
        )
        yield Person(http, url, username, session["csrf"])
