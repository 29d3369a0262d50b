"""The relay's side of the socket that carries frames to the dashboard, which passes them on to a browser.

    GET /internal/viewings/{stream}/frames?publication={publication}, a WebSocket

First comes a text: `start`, or `refused` with the reason; then frames. What comes back is text: the
number of the newest message that was read, or `key` where only a key frame helps. A socket is closed with 4000 + the HTTP status that fits.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from aiohttp import WSMessage, WSMsgType, web

from sightline.ingest.media.errors import InvalidRequest, PeerEnded, RelayRefusal
from sightline.ingest.media.frames import FrameViewing
from sightline.ingest.media.relay import Relay

CLOSE_BASE = 4000
ENDED = CLOSE_BASE + PeerEnded.status
BAD_WORD = CLOSE_BASE + InvalidRequest.status
LEFT = 1000
WANTS_KEY = "key"
HEARTBEAT_S = 4.0
"""Half of it may an answer take: a busy process on the other side is no dead one."""
LONGEST_WORD = 64
LONGEST_CLOSE_REASON = 123
"""Octets that a close frame has room for (RFC 6455, section 5.5)."""


async def carry_frames(
    request: web.Request, relay: Relay, id_: UUID, publication_id: UUID
) -> web.WebSocketResponse:
    """Serve one viewing until it ends, or until the other side goes.

    Raises `InvalidRequest` for a request that is no WebSocket's.
    """
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LONGEST_WORD, compress=False)
    if not socket.can_prepare(request):
        raise InvalidRequest("Frames are fetched over a WebSocket.", "no_websocket")
    await socket.prepare(request)
    viewer = _Viewer(socket)
    hearing = asyncio.create_task(viewer.hear())
    serving = asyncio.create_task(viewer.serve(relay, id_, publication_id))
    try:
        await asyncio.wait({hearing, serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hearing.cancel()
        serving.cancel()
        failures = await asyncio.gather(hearing, serving, return_exceptions=True)
        viewer.leave()
    for failure in failures:
        if isinstance(failure, Exception) and not isinstance(failure, OSError):
            raise failure
    await socket.close(code=viewer.code, message=close_reason(viewer.why))
    return socket


class _Viewer:
    """Who is on the other side of a socket, and why it is to be closed."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.code = LEFT
        self.why = FrameViewing.farewell
        self._socket = socket
        self._viewing: FrameViewing | None = None

    async def serve(self, relay: Relay, id_: UUID, publication_id: UUID) -> None:
        """Begin the viewing and send its frames."""
        try:
            viewing = self._viewing = await relay.carry(id_, publication_id)
        except RelayRefusal as refusal:
            self.code, self.why = CLOSE_BASE + refusal.status, str(refusal)
            answer = {"type": "refused", "status": refusal.status, "code": refusal.code}
            await self._socket.send_json({**answer, "detail": str(refusal)})
            return
        sound = "opus" if viewing.has_sound else None
        await self._socket.send_json({"type": "start", "picture": "h264", "sound": sound})
        await viewing.send_to(self._socket)
        self.code, self.why = ENDED, viewing.ended or self.why

    async def hear(self) -> None:
        """Take what the viewer says, until it goes or says what it may not."""
        async for message in self._socket:
            try:
                self._read(message)
            except ValueError as error:
                self.code, self.why = BAD_WORD, str(error)
                return

    def _read(self, message: WSMessage) -> None:
        word = message.data
        if self._viewing is None:
            raise ValueError(f"{str(word)[:20]!r} was said before anything was sent")
        if message.type is WSMsgType.TEXT and word == WANTS_KEY:
            self._viewing.request_keyframe()
        elif message.type is WSMsgType.TEXT and word.isdecimal():
            self._viewing.read(int(word))
        else:
            raise ValueError(
                f"{str(word)[:20]!r} is neither the number of a message nor {WANTS_KEY}"
            )

    def leave(self) -> None:
        """The socket carries nothing any more."""
        if self._viewing is not None:
            if self._viewing.ended is None:
                self._viewing.on_lost(self.why)
            self._viewing.served()


def close_reason(sentence: str) -> bytes:
    """As much of a sentence as a close frame takes."""
    return sentence.encode()[:LONGEST_CLOSE_REASON].decode(errors="ignore").encode()
