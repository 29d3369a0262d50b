"""The connection of a camera or bridge that was let in."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from sightline.ingest.doors import BridgeIdentity, CameraIdentity

LARGEST_BACKLOG_BYTES: Final = 4 * 1024 * 1024
"""Answers that a peer may leave unread."""
_LARGEST_HEAD_BYTES: Final = 16 * 1024
"""What a peer may send before its request is complete; the library alone would hold 1 MiB for each."""


class HalfOpen:
    """Connections that have not said yet what they want: bounded, so that thousands that say nothing crowd nobody out.

    Where there are too many, the oldest goes: a camera needs milliseconds for its request.
    """

    def __init__(self, most: int) -> None:
        """`most`: how many there may be."""
        self._most = most
        self._waiting: dict[AdmittedConnection, None] = {}
        self.cut = 0
        """How many had to go."""

    def __len__(self) -> int:
        return len(self._waiting)

    def began(self, connection: AdmittedConnection) -> None:
        """A peer has connected."""
        self._waiting[connection] = None
        if len(self._waiting) > self._most:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            self.cut += 1
            oldest.transport.abort()

    def ended(self, connection: AdmittedConnection) -> None:
        """It has said what it wants, or it is gone."""
        self._waiting.pop(connection, None)


class AdmittedConnection(ServerConnection):
    """Knows who is at the other end, and of each message whether it came as text or as binary.

    Attributes:
        identity: who has shown a token; None before the handshake.
    """

    identity: CameraIdentity | BridgeIdentity | None = None

    def __init__(self, *arguments: Any, half_open: HalfOpen, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._half_open = half_open
        self._head_bytes = 0
        self._binary: deque[bool] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer connected."""
        super().connection_made(transport)
        self._half_open.began(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._half_open.ended(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, but no endless request."""
        super().data_received(data)
        if self.request is None:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD_BYTES:
                self.transport.abort()

    def process_event(self, event: Frame | Request | Response) -> None:
        """Note the kind of each message that begins.

        The library tells text from binary only where it also decodes text, and then it closes the connection over what
        is not UTF-8. To a camera that is answered instead.
        """
        if isinstance(event, Request):
            self._half_open.ended(self)
        elif isinstance(event, Frame):
            if event.opcode in (Opcode.TEXT, Opcode.BINARY):
                self._binary.append(event.opcode is Opcode.BINARY)
            elif event.opcode is Opcode.PING:
                self._see_that_answers_are_read()
        super().process_event(event)

    def _see_that_answers_are_read(self) -> None:
        """Cut a peer that only pings: the library answers each, whether the answers are read or not."""
        if self.transport.get_write_buffer_size() > LARGEST_BACKLOG_BYTES:
            self.transport.abort()

    async def receive(self) -> tuple[bytes, bool]:
        """The next message, and whether it is a binary one.

        Raises:
            ConnectionClosed: there is none any more.
        """
        raw = await self.recv(decode=False)
        return raw, self._binary.popleft()
