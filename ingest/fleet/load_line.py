"""One connection of a load generator: sends what is due, counts what comes back, comes back itself as a camera would."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
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
from sightline.ingest.camera.backoff import Backoff
from sightline.ingest.fleet.errors import GatewayUnreachableError
from sightline.ingest.fleet.load import Load

log = logging.getLogger(__name__)

BRIDGE_SUBPROTOCOL: Final = "sightline.bridge.v1"
_HANDSHAKE_WITHIN_S: Final = 30.0
_LET_IN_WITHIN_S: Final = 300.0
"""How long a connection goes by a gateway's advice to come back later."""
_GREETED_AT_ONCE: Final = 1_000
_GREETED_WITHIN_S: Final = 60.0


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
        self._backoff = Backoff(random.random)
        self._farewell: tuple[int | None, str] = (None, "")
        self._closing = False
        self._coming_back: asyncio.Task[None] | None = None
        self._greetings = 0  # that have no answer yet
        self._greeted = asyncio.Event()

    async def connect(self, at_once: asyncio.Semaphore) -> None:
        """Connect for the first time; where the gateway says that it is too early, as soon as it says.

        A bridge has then said hello for each of its cameras, as each of them would on a connection of its own.

        Raises:
            GatewayUnreachableError: nobody answers, the token is refused, or the gateway lets nobody in.
        """
        await self._first_connection(at_once)
        if self._bridge:
            try:
                async with asyncio.timeout(_GREETED_WITHIN_S):
                    await self._greet()
            except TimeoutError as error:
                raise GatewayUnreachableError(
                    f"{self._url} left {self._greetings:,} cameras without a welcome."
                ) from error

    async def _greet(self) -> None:
        for start in range(0, len(self.refs), _GREETED_AT_ONCE):
            lot = self.refs[start : start + _GREETED_AT_ONCE]
            self._greetings = len(lot)
            self._greeted.clear()
            for ref in lot:
                self._hello(ref)
            await self._greeted.wait()

    async def _first_connection(self, at_once: asyncio.Semaphore) -> None:
        deadline = time.monotonic() + _LET_IN_WITHIN_S
        while True:
            try:
                async with at_once:
                    await self._connect()
            except WSInvalidStatusError as error:
                wait_s = self._told_to_wait(error)
                if wait_s is None or time.monotonic() + wait_s > deadline:
                    raise self._unreachable(error) from error
            except (OSError, TimeoutError, WSError) as error:
                raise self._unreachable(error) from error
            else:
                return
            await asyncio.sleep(wait_s)

    def _unreachable(self, error: Exception) -> GatewayUnreachableError:
        return GatewayUnreachableError(f"{self._url} does not let us in: {error}.")

    def _told_to_wait(self, error: WSInvalidStatusError) -> float | None:
        """Seconds after which the gateway may let us in; None: it will not."""
        response = error.response
        if response is None or response.status != HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        return self._backoff.after_refused_for_now(response.headers.get("Retry-After"))

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
        self._backoff.succeeded()
        if not self._bridge:
            self._hello(self.refs[0])

    def _hello(self, ref: str) -> None:
        if self._transport is not None:
            hello = m.Hello(ref, "load", "1", time.time_ns() // 1_000_000, "none")
            self._transport.send(WSMsgType.TEXT, m.encode(hello))

    def send(self, reports: Sequence[tuple[str, str, float]]) -> None:
        """Reports, unless there is no connection now; all in one write, as a bridge that has many would.

        Args:
            reports: what comes before the number of each, what after, and when it was due (monotonic seconds).
        """
        if self._transport is None:
            return
        said = []
        for beginning, rest, due_s in reports:
            self._seq += 1
            self._due[self._seq] = due_s
            said.append(f"{beginning}{self._seq}{rest}".encode())
        if len(said) == 1:
            self._transport.send(WSMsgType.TEXT, said[0])
        else:
            self._transport.underlying_transport.write(_text_frames(said))
        self._load.sent += len(said)

    @property
    def waiting(self) -> int:
        """Reports without an acknowledgement that may still come."""
        return len(self._due) if self._transport is not None else 0

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """What the gateway says."""
        if frame.msg_type == WSMsgType.CLOSE:
            said = frame.get_payload_as_bytes()
            code = int.from_bytes(said[:2]) if len(said) > 1 else None
            self._farewell = code, said[2:].decode(errors="replace")
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
        if self._greetings and answer.type in ("welcome", "error"):
            self._greetings -= 1
            if not self._greetings:
                self._greeted.set()

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """The connection is gone: come back later, unless that would be in vain."""
        self._transport = None
        self._due.clear()
        if self._closing:
            return
        self._load.errors += 1
        self._coming_back = asyncio.create_task(self._come_back())

    async def _come_back(self) -> None:
        farewell, self._farewell = self._farewell, (None, "")
        wait_s = self._backoff.after_close(*farewell)
        while not self._closing:
            await asyncio.sleep(wait_s)
            try:
                await self._connect()
            except WSInvalidStatusError as error:
                told_s = self._told_to_wait(error)
                wait_s = self._backoff.after_refusal() if told_s is None else told_s
            except (OSError, TimeoutError, WSError):
                wait_s = self._backoff.after_failure()
            else:
                return

    async def close(self) -> None:
        """End for good."""
        self._closing = True
        if self._coming_back is not None:
            self._coming_back.cancel()
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()


def _text_frames(messages: Iterable[bytes]) -> bytes:
    """Messages of 126 to 65,535 bytes as a client sends them, masked with zeros, which leaves them as they are."""
    parts: list[bytes] = []
    for message in messages:
        parts += (b"\x81\xfe" + len(message).to_bytes(2) + bytes(4), message)
    return b"".join(parts)
