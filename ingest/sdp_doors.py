"""Where cameras exchange SDP with the relay: WHIP to publish (RFC 9725), WHEP to hear who talks to the officer.

    POST    /whip/{publication}             201 SDP answer, Location, ETag; one-time bearer token
    DELETE  /whip/{publication}/{session}   200; ends the publication; the same bearer token
    POST    /whep/{talk}, DELETE /whep/{talk}/{session}   likewise for a camera that listens
    PATCH   …/{session}                     405; neither trickled candidates nor ICE restarts
    OPTIONS /whip/{publication}, /whep/{talk}   204, Accept-Post

The token is used up in the database, which also says which relay it is; then that relay gets the offer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal
from uuid import UUID

import aiohttp
import asyncpg
from aiohttp import web

from sightline.ingest.doors import token_of
from sightline.ingest.http_port import Problem, away, read_body, unauthorized
from sightline.ingest.media.sdp import why_no_offer
from sightline.ingest.settings import GatewaySettings
from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

SDP: Final = "application/sdp"
LONGEST_OFFER_BYTES: Final = 256 * 1024
_RELAY_WITHIN_S: Final = 12.0
_PASSED_ON: Final = frozenset((400, 404, 409, 410, 413, 415, 422, 503, 504))


@dataclass(frozen=True)
class Exchange:
    """What a camera may exchange SDP for.

    Attributes:
        place: first part of the path.
        noun: what it is, in sentences and as the name of the identifier in the path.
        media: which line an offer must have.
        redeem: query that uses up the token.
        held: query that says whether a token was the one.
        at_relay: path at the relay.
    """

    place: Literal["whip", "whep"]
    noun: str
    media: Literal["video", "audio"]
    redeem: str
    held: str
    at_relay: str


PUBLISH: Final = Exchange(
    "whip",
    "publication",
    "video",
    "gateway.redeem_publication",
    "gateway.publication_held",
    "internal/publications/{id}",
)
LISTEN: Final = Exchange(
    "whep",
    "talk",
    "audio",
    "gateway.redeem_talk",
    "gateway.talk_held",
    "internal/talks/{id}/listener",
)


class SdpDoor:
    """Lets cameras publish, or listen."""

    def __init__(
        self,
        exchange: Exchange,
        settings: GatewaySettings,
        pool: asyncpg.Pool,
        client: aiohttp.ClientSession,
    ) -> None:
        self._exchange = exchange
        self._pool = pool
        self._client = client
        self._secret = (
            settings.internal_secret.get_secret_value() if settings.internal_secret else ""
        )

    async def begin(self, request: web.Request) -> web.Response:
        """`POST /{place}/{id}`."""
        id_ = self._id(request)
        token = self._token_hash(request)
        if request.content_type != SDP:
            detail = f"The body must be {SDP}, not {request.content_type}."
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        offer = await read_body(request, LONGEST_OFFER_BYTES)
        if not offer.strip():
            raise Problem(HTTPStatus.BAD_REQUEST, "empty_offer", "The body must be an SDP offer.")
        if (wrong := why_no_offer(offer, self._exchange.media)) is not None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_offer", wrong)
        row = await self._ask_database(self._exchange.redeem, id_, token)
        if row is None:
            noun = self._exchange.noun
            raise unauthorized(f"The token is not valid for this {noun}, or was used before.")
        answer = await self._ask("POST", row["relay_url"], id_, offer)
        location = f"/{self._exchange.place}/{id_}/{self._session(id_)}"
        return web.Response(
            status=HTTPStatus.CREATED,
            body=answer,
            content_type=SDP,
            headers={"Location": location, "ETag": f'"{id_}"'},
        )

    async def end(self, request: web.Request) -> web.Response:
        """`DELETE /{place}/{id}/{session}`: with the token that began it, which RFC 9725 wants here too."""
        id_ = self._id(request)
        self._check_session(request, id_)
        row = await self._ask_database(self._exchange.held, id_, self._token_hash(request))
        if row is None:
            noun = self._exchange.noun
            raise unauthorized(f"This is not the token with which the {noun} began.")
        await self._ask("DELETE", row["relay_url"], id_, None)
        return web.Response(status=HTTPStatus.OK)

    async def _ask_database(self, name: str, id_: UUID, token_hash: bytes) -> asyncpg.Record | None:
        try:
            return await self._pool.fetchrow(query(name), id_, token_hash)
        except AWAY as error:
            log.warning("the token of a %s cannot be checked: %r", self._exchange.noun, error)
            raise away("The gateway cannot check the token now.") from error

    async def patch(self, request: web.Request) -> web.Response:
        """`PATCH /{place}/{id}/{session}`: not offered."""
        self._check_session(request, self._id(request))
        detail = "Neither trickled candidates nor ICE restarts are taken."
        raise Problem(
            HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, {"Allow": "DELETE"}
        )

    async def options(self, request: web.Request) -> web.Response:
        """`OPTIONS /{place}/{id}`."""
        self._id(request)
        headers = {"Accept-Post": SDP, "Allow": "POST, OPTIONS"}
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)

    def routes(self) -> list[web.RouteDef]:
        """The paths of this door."""
        path = f"/{self._exchange.place}/{{{self._exchange.noun}}}"
        return [
            web.post(path, self.begin),
            web.options(path, self.options),
            web.delete(f"{path}/{{session}}", self.end),
            web.patch(f"{path}/{{session}}", self.patch),
        ]

    def _id(self, request: web.Request) -> UUID:
        try:
            return UUID(request.match_info[self._exchange.noun])
        except ValueError:
            detail = f"There is no such {self._exchange.noun}."
            raise Problem(HTTPStatus.NOT_FOUND, "not_found", detail) from None

    def _token_hash(self, request: web.Request) -> bytes:
        token = token_of(request.headers.get("Authorization"))
        if token is None:
            raise unauthorized(
                f"Send the {self._exchange.noun}'s token: Authorization: Bearer TOKEN."
            )
        return hashlib.sha256(token.encode()).digest()

    def _session(self, id_: UUID) -> str:
        # Any gateway must know the address again, and nobody may guess it.
        message = self._exchange.place.encode() + id_.bytes
        return hmac.digest(self._secret.encode(), message, "sha256").hex()[:32]

    def _check_session(self, request: web.Request, id_: UUID) -> None:
        said = request.match_info["session"].encode(errors="surrogatepass")
        if not hmac.compare_digest(said, self._session(id_).encode()):
            raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such session.")

    async def _ask(self, method: str, relay: str, id_: UUID, body: bytes | None) -> bytes:
        headers = {"Authorization": f"Bearer {self._secret}"}
        if body is not None:
            headers["Content-Type"] = SDP
        url = f"{relay.rstrip('/')}/{self._exchange.at_relay.format(id=id_)}"
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


def _passed_on(status: int, content: bytes) -> Problem:
    if status not in _PASSED_ON:
        log.error("the relay refuses the gateway itself: %d %.200r", status, content)
        return Problem(HTTPStatus.BAD_GATEWAY, "relay_failed", "The media relay failed at this.")
    try:
        detail = str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = "The media relay refuses this."
    return Problem(HTTPStatus(status), "relay_refused", detail)
