"""The relay's HTTP API for the dashboard and the gateway, which did all checking of people before.

Every request carries the secret that the parts share. Bodies are SDP; errors are problem documents
(RFC 9457) with a `code`.

    POST   /internal/publications/{publication}                        201 SDP answer, Location
    DELETE /internal/publications/{publication}                        204
    POST   /internal/viewings/{stream}?publication={publication}       201 SDP answer, Location
    DELETE /internal/viewings/{stream}                                 204
    GET    /internal/viewings/{stream}/frames?publication={publication}  a WebSocket (`frame_socket`)
    POST   /internal/viewings/{stream}/snapshot                        200 JPEG
    POST   /internal/talks/{talk}/speaker, …/listener                  201 SDP answer, Location
    DELETE /internal/talks/{talk}/speaker, …/listener                  204
    GET    /internal/status                                            200 JSON
"""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import Any, Protocol
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sightline.ingest.media import snapshot
from sightline.ingest.media.errors import InvalidOffer, InvalidRequest, RelayRefusal
from sightline.ingest.media.frame_socket import carry_frames
from sightline.ingest.media.frames import FrameViewing
from sightline.ingest.media.gate_watch import RelayIdentity
from sightline.ingest.media.publication import Publication
from sightline.ingest.media.relay import PeerKind, Relay
from sightline.ingest.media.sdp import LONGEST_OFFER_BYTES
from sightline.ingest.media.talks import Talk, TalkSide
from sightline.ingest.media.viewing import Viewing

SDP = "application/sdp"
PROBLEM = "application/problem+json"
JPEG = "image/jpeg"


class GateState(Protocol):
    """What `/internal/status` says of the stream gate."""

    @property
    def open(self) -> bool: ...

    @property
    def silence_s(self) -> float | None: ...


def make_app(
    relay: Relay, gate: GateState, identity: RelayIdentity, secret: str
) -> web.Application:
    """The application; `secret` is what callers must show as their bearer token."""
    api = _InternalApi(relay, gate, identity)
    app = web.Application(
        middlewares=[_problems, _require(secret)], client_max_size=LONGEST_OFFER_BYTES
    )
    app.add_routes(
        [
            web.post("/internal/publications/{publication}", api.publish),
            web.delete("/internal/publications/{publication}", api.end_publication),
            web.post("/internal/viewings/{stream}", api.view),
            web.delete("/internal/viewings/{stream}", api.end_viewing),
            web.get("/internal/viewings/{stream}/frames", api.frames),
            web.post("/internal/viewings/{stream}/snapshot", api.snapshot),
            web.post("/internal/talks/{talk}/{side:speaker|listener}", api.join_talk),
            web.delete("/internal/talks/{talk}/{side:speaker|listener}", api.leave_talk),
            web.get("/internal/status", api.status),
        ]
    )
    return app


class _InternalApi:
    def __init__(self, relay: Relay, gate: GateState, identity: RelayIdentity) -> None:
        self._relay = relay
        self._gate = gate
        self._identity = identity

    async def publish(self, request: web.Request) -> web.Response:
        id_ = _uuid(request.match_info["publication"], "publication")
        answer = await self._relay.publish(id_, await _offer(request))
        return _created(answer, request.path)

    async def view(self, request: web.Request) -> web.Response:
        id_ = _uuid(request.match_info["stream"], "stream")
        publication_id = _uuid(request.query.get("publication", ""), "publication")
        answer = await self._relay.view(id_, publication_id, await _offer(request))
        return _created(answer, request.path)

    async def frames(self, request: web.Request) -> web.WebSocketResponse:
        id_ = _uuid(request.match_info["stream"], "stream")
        publication_id = _uuid(request.query.get("publication", ""), "publication")
        return await carry_frames(request, self._relay, id_, publication_id)

    async def snapshot(self, request: web.Request) -> web.Response:
        id_ = _uuid(request.match_info["stream"], "stream")
        taken = await snapshot.take(self._relay.watched(id_))
        return web.Response(body=taken.jpeg, content_type=JPEG)

    async def end_publication(self, request: web.Request) -> web.Response:
        return self._end("publication", request.match_info["publication"])

    async def end_viewing(self, request: web.Request) -> web.Response:
        return self._end("viewing", request.match_info["stream"])

    async def join_talk(self, request: web.Request) -> web.Response:
        id_ = _uuid(request.match_info["talk"], "talk")
        talks = self._relay.talks
        join = talks.speak if request.match_info["side"] == "speaker" else talks.hear
        return _created(await join(id_, await _offer(request)), request.path)

    async def leave_talk(self, request: web.Request) -> web.Response:
        id_ = _uuid(request.match_info["talk"], "talk")
        side: TalkSide = "speaker" if request.match_info["side"] == "speaker" else "listener"
        self._relay.talks.close_by_peer(id_, side)
        return web.Response(status=204)

    def _end(self, kind: PeerKind, id_text: str) -> web.Response:
        self._relay.close_by_peer(kind, _uuid(id_text, kind))
        return web.Response(status=204)

    async def status(self, _request: web.Request) -> web.Response:
        relay, gate = self._relay, self._gate
        counters = relay.mux.counters
        return web.json_response(
            {
                "relay": str(self._identity.id),
                "gate": {"open": gate.open, "silence_s": _rounded(gate.silence_s)},
                "tasks": len(asyncio.all_tasks()),
                "udp": {
                    "address": list(relay.mux.local_address),
                    "peers": relay.mux.peers,
                    **vars(counters),
                },
                "publications": [
                    _publication_status(relay, p) for p in relay.publications.values()
                ],
                "viewings": [_viewing_status(v) for v in relay.viewings.values()],
                "talks": [_talk_status(t) for t in relay.talks.all.values()],
            }
        )


def _publication_status(relay: Relay, publication: Publication) -> dict[str, Any]:
    now = time.monotonic()
    media_at = publication.media_at
    return {
        "publication": str(publication.id),
        "connected": publication.connected,
        "age_s": round(now - publication.created_at, 2),
        "media_age_s": None if media_at is None else round(now - media_at, 3),
        "viewers": sum(v.publication is publication for v in relay.viewings.values()),
        "tracks": {
            kind: {
                "packets": track.packets,
                "octets": track.octets,
                "keyframe_requests": track.keyframe_requests,
                "share_lost": round(track.loss.share, 3),
                "limit_bits_per_s": track.limit.bits_per_s,
            }
            for kind, track in publication.tracks.items()
        },
    }


def _viewing_status(viewing: Viewing | FrameViewing) -> dict[str, Any]:
    common = {
        "stream": str(viewing.id),
        "publication": str(viewing.publication.id),
        "connected": viewing.connected,
        "age_s": round(time.monotonic() - viewing.created_at, 2),
    }
    if isinstance(viewing, FrameViewing):
        return {**common, "frames": viewing.status()}
    return {
        **common,
        "tracks": {
            outlet.track.kind: {
                "packets": outlet.packets,
                "lost": outlet.lost,
                "retransmitted": outlet.retransmissions,
                "share_lost": round(outlet.share_lost, 3),
            }
            for outlet in viewing.outlets
        },
    }


def _talk_status(talk: Talk) -> dict[str, Any]:
    return {
        "talk": str(talk.id),
        "speaker": talk.speaker is not None and talk.speaker.connected,
        "listener": talk.listener is not None and talk.listener.connected,
        "packets": sum(outlet.packets for outlet in talk.listener.outlets) if talk.listener else 0,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest(
            f"{field} is {text[:64]!r}; it must be a UUID.", f"invalid_{field}"
        ) from None


async def _offer(request: web.Request) -> str:
    if request.content_type != SDP:
        raise web.HTTPUnsupportedMediaType(text=f"The body must be {SDP}.")
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError as error:
        raise InvalidOffer("The body is not text in UTF-8.") from error


def _created(answer: str, location: str) -> web.Response:
    return web.Response(status=201, text=answer, content_type=SDP, headers={"Location": location})


def _problem(status: int, code: str, detail: str) -> web.Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == web.HTTPUnauthorized.status_code else {}
    return web.json_response(
        {"type": "about:blank", "status": status, "code": code, "detail": detail},
        status=status,
        content_type=PROBLEM,
        headers=headers,
    )


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RelayRefusal as refusal:
        return _problem(refusal.status, refusal.code, str(refusal))
    except web.HTTPException as error:
        code = error.reason.lower().replace(" ", "_")
        return _problem(error.status, code, error.text or error.reason)


def _require(secret: str) -> Middleware:
    expected = f"Bearer {secret}".encode()

    @web.middleware
    async def require_secret(request: web.Request, handler: Handler) -> web.StreamResponse:
        # Header values may hold any octet; surrogates stand for those that are not UTF-8.
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise web.HTTPUnauthorized(text="The internal secret is missing or wrong.")
        return await handler(request)

    return require_secret
