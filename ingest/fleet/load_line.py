"""One connection of a load generator: sends what is due, counts what comes back, comes back itself as a camera would."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Final

import msgspec
from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from sightline.ingest.camera import messages as m
from sightline.ingest.fleet.errors import GatewayUnreachableError
from sightline.ingest.fleet.load import Load

log = logging.getLogger(__name__)

BRIDGE_SUBPROTOCOL: Final = "sightline.bridge.v1"
_HANDSHAKE_WITHIN_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 30.0
_FOR_GOOD: Final = (4001, 4009)
"""Closed with these, a camera has no business to come back: its token is void, or another has its place."""


class _Answer(msgspec.Struct):
    type: str
    seq: int = -1
    rejected: list[msgspec.Raw] = []


_decode = msgspec.json.Decoder(_Answer).decode


class Line(WSListener):
    """A camera's connection, or a bridge's with many cameras.

    Attributes:
        refs: ids of its cameras.
    """

    def __init__(self, url: str, token: str, refs: list[str], load: Load, *, bridge: bool) -> None:
        super().__init__()
        self.refs = refs
        self._url = url
        self._token = token
        self._load = load
        self._bridge = bridge
        self._transport: WSTransport | None = None
        self._seq = time.time_ns() // 1_000_000
        self._due: dict[int, float] = {}
        self._advice_s: float | None = None
        self._closing = False
        self._coming_back: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Connect for the first time.

        Raises:
            GatewayUnreachableError: nobody answers, or the token is refused.
        """
        try:
            await self._connect()
        except (OSError, TimeoutError, WSError) as error:
            raise GatewayUnreachableError(f"{self._url} does not let us in: {error}.") from error

    async def _connect(self) -> None:
        subprotocol = BRIDGE_SUBPROTOCOL if self._bridge else m.SUBPROTOCOL
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Sec-WebSocket-Protocol": subprotocol,
        }
        transport, _ = await ws_connect(
            lambda: self,
            self._url,
            extra_headers=headers,
            websocket_handshake_timeout=_HANDSHAKE_WITHIN_S,
            logger_name=log,
        )
        self._transport = transport
        if not self._bridge:
            hello = m.Hello(self.refs[0], "load", "1", time.time_ns() // 1_000_000, "none")
            transport.send(WSMsgType.TEXT, m.encode(hello))

    def send(self, beginning: str, rest: str, due_s: float) -> None:
        """A report that was due at `due_s` (monotonic seconds), unless there is no connection now."""
        if self._transport is None:
            return
        self._seq += 1
        self._due[self._seq] = due_s
        self._transport.send(WSMsgType.TEXT, f"{beginning}{self._seq}{rest}".encode())
        self._load.sent += 1

    @property
    def waiting(self) -> int:
        """Reports without an acknowledgement that may still come."""
        return len(self._due) if self._transport is not None else 0

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """What the gateway says."""
        if frame.msg_type == WSMsgType.CLOSE:
            self._advice_s = _advice(frame)
            return
        if frame.msg_type != WSMsgType.TEXT:
            return
        answer = _decode(frame.get_payload_as_bytes())
        if answer.type == "ack":
            due_s = self._due.pop(answer.seq, None)
            if due_s is not None:
                self._load.acked += 1
                self._load.to_ack.add(1000 * (time.monotonic() - due_s))
            self._load.rejected += len(answer.rejected)
        elif answer.type == "error":
            self._load.errors += 1

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """The connection is gone: come back later, unless that would be in vain."""
        self._transport = None
        self._due.clear()
        if self._closing:
            return
        self._load.errors += 1
        if self._advice_s is None or self._advice_s >= 0:
            self._coming_back = asyncio.create_task(self._come_back())

    async def _come_back(self) -> None:
        pause_s = 1.0
        while not self._closing:
            wait_s = pause_s * random.uniform(0.5, 1.5)
            if self._advice_s is not None:
                wait_s = self._advice_s * random.uniform(1.0, 1.5)
            await asyncio.sleep(wait_s)
            self._advice_s = None
            try:
                await self._connect()
            except WSInvalidStatusError as error:
                self._advice_s = _retry_after_s(error)
            except (OSError, TimeoutError, WSError):
                log.debug("%s is not there yet", self._url)
            else:
                return
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    async def close(self) -> None:
        """End for good."""
        self._closing = True
        if self._coming_back is not None:
            self._coming_back.cancel()
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()


def _advice(frame: WSFrame) -> float | None:
    """Seconds to wait before coming back; −1: never; None: nothing is said."""
    if int.from_bytes(frame.get_payload_as_bytes()[:2]) in _FOR_GOOD:
        return -1.0
    reason = frame.get_close_reason() or ""
    return float(reason) if reason.isdecimal() else None


def _retry_after_s(error: WSInvalidStatusError) -> float | None:
    said = (error.response.headers.get("Retry-After") or "") if error.response else ""
    return float(said) if said.isdecimal() else None
