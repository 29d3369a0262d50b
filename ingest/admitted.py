"""The connection of a camera or bridge that was let in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from sightline.ingest.doors import BridgeIdentity, CameraIdentity
from sightline.ingest.fields import MAX_MESSAGE_BYTES
from sightline.ingest.frames import FrameFinder, Message, unmasked
from sightline.ingest.half_open import HalfOpen

LARGEST_BACKLOG_BYTES: Final = 4 * 1024 * 1024
"""Answers that a peer may leave unread."""
_QUEUED_BYTES: Final = 1024 * 1024
_QUEUED_MESSAGES: Final = 1_000
"""What a peer may have here that nobody has looked at; then nothing more is read of it."""
_LARGEST_HEAD_BYTES: Final = 16 * 1024
"""What a peer may send before its request is complete; the library alone would hold 1 MiB for each."""


class AdmittedConnection(ServerConnection):
    """Knows who is at the other end; gives messages as they came, many at a time, and takes answers likewise.

    The library tells text from binary only where it also decodes text, and then it closes the connection over what is not
    UTF-8; to a camera that is answered instead. What it does for a single message costs more than everything else that
    happens to it, so whole messages are taken past it (see `sightline.ingest.frames`).

    Attributes:
        identity: who has shown a token; None before the handshake.
    """

    identity: CameraIdentity | BridgeIdentity | None = None

    def __init__(self, *arguments: Any, half_open: HalfOpen, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._half_open = half_open
        self._head_bytes = 0
        self._frames = FrameFinder(MAX_MESSAGE_BYTES)
        self._messages: list[Message] = []
        self._queued_bytes = 0
        self._pieces: list[bytes] = []
        self._is_binary = False
        self._some: asyncio.Future[None] | None = None
        self._take: Callable[[list[Message]], int] | None = None
        self._is_paused = False
        self._ends = False

    # --- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer connected."""
        super().connection_made(transport)
        self._half_open.began(self, self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._half_open.ended(self)
        super().connection_lost(exc)
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Take what came, but no endless request."""
        if self._is_awaited():  # the handshake was long ago
            self._take_apart(data)
            return
        if not self._has_asked():
            super().data_received(data)
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD_BYTES:
                self.transport.abort()
            if self._has_asked() and not data.endswith(b"\r\n\r\n"):
                self._frames.hand_on()  # frames came with the request
            return
        if self.state is State.CONNECTING:
            self._frames.hand_on()  # frames came before the answer
        self._take_apart(data)

    def _take_apart(self, data: bytes) -> None:
        """Have messages taken, at once if somebody waits for them, and the rest looked at by the library."""
        for found in self._frames.feed(data):
            if isinstance(found, bytes):
                super().data_received(found)
            elif self._take is None or not self._is_awaited():
                self._queue(found)
            elif (at := self._take(found)) < len(found):
                self._queue(found[at:])
            if self._messages or self.state is not State.OPEN:
                self._wake()

    def _has_asked(self) -> bool:
        return self.request is not None

    def process_event(self, event: Frame | Request | Response) -> None:
        """What the library has found: its own business, or a message in several frames."""
        if isinstance(event, Request):
            self._half_open.ended(self)
        elif isinstance(event, Frame):
            if event.opcode in DATA_OPCODES:
                self._put_together(event)
                return
            if event.opcode is Opcode.PING:
                self._see_that_answers_are_read()
        super().process_event(event)

    def _put_together(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._is_binary = frame.opcode is Opcode.BINARY
        self._pieces.append(bytes(frame.data))
        if frame.fin:
            whole, self._pieces = b"".join(self._pieces), []
            self._queue([(whole, self._is_binary)])

    def _see_that_answers_are_read(self) -> None:
        """Cut a peer that only pings: the library answers each, whether the answers are read or not."""
        if self.transport.get_write_buffer_size() > LARGEST_BACKLOG_BYTES:
            self.transport.abort()

    # --- messages in

    def _queue(self, messages: list[Message]) -> None:
        if self._ends or self.state in (State.CLOSING, State.CLOSED):
            return
        self._messages += messages
        self._queued_bytes += sum([len(raw) for raw, _ in messages])
        crowded = self._queued_bytes > _QUEUED_BYTES or len(self._messages) > _QUEUED_MESSAGES
        if crowded and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def _is_awaited(self) -> bool:
        """Whether somebody waits in `receive`, who has therefore taken everything before."""
        return self._some is not None and not self._some.done()

    def _wake(self) -> None:
        if self._some is not None and not self._some.done():
            self._some.set_result(None)

    async def receive(self, take: Callable[[list[Message]], int]) -> list[Message]:
        """All messages that are here, at least one, in their order; each with whether it is binary.

        Args:
            take: is given messages as soon as they come, as long as this waits, since to wake a task costs more than
                most of them; returns how many of them it took.

        Raises:
            ConnectionClosed: there are none any more.
        """
        while not self._messages:
            if self.connection_lost_waiter.done() or self.state is not State.OPEN:
                # Nothing is read after a close has begun; the library waits for its end.
                await asyncio.shield(self.connection_lost_waiter)
                raise self.protocol.close_exc
            self._some, self._take = self.loop.create_future(), take
            await self._some
        messages, self._messages = self._messages, []
        self._queued_bytes = 0
        self._resume()
        return messages

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    def stop_receiving(self) -> None:
        """Nobody wants messages any more; the end of the connection can still be heard."""
        self._ends = True
        self._messages.clear()
        self._resume()

    # --- answers out

    def push(self, answers: Iterable[bytes], *, text: bool) -> None:
        """Send without waiting, all in one go; only on a connection that is open."""
        self.transport.write(unmasked(answers, text=text))
