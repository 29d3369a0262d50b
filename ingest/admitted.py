"""The connection of a camera or bridge that was let in."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from sightline.ingest.doors import BridgeIdentity, CameraIdentity

LARGEST_BACKLOG_BYTES: Final = 4 * 1024 * 1024
"""Answers that a peer may leave unread."""


class AdmittedConnection(ServerConnection):
    """Knows who is at the other end, and of each message whether it came as text or as binary.

    Attributes:
        identity: who has shown a token; None before the handshake.
    """

    identity: CameraIdentity | BridgeIdentity | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._binary: deque[bool] = deque()

    def process_event(self, event: Frame | Request | Response) -> None:
        """Note the kind of each message that begins.

        The library tells text from binary only where it also decodes text, and then it closes the connection over what
        is not UTF-8. To a camera that is answered instead.
        """
        if isinstance(event, Frame):
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
