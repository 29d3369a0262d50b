"""A WebSocket that closes when its session ends, whatever the application is doing with it."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Message, Receive, Send

SESSION_ENDED = 4401
"""Close code: the sign-in of this socket is over."""


class GuardedSocket:
    """Stands between the server and the application on one socket.

    The application sees a disconnection; the browser gets code `SESSION_ENDED` with the reason.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pending: asyncio.Task[Message] | None = None
        self._accepted = False

    def end(self, reason: str) -> None:
        """Close it; may be called more than once."""
        if not self._over.done():
            self._over.set_result(reason)

    async def receive(self) -> Message:
        """The next message of the browser, or the disconnection."""
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._receive())
        # Before it is accepted a socket can only be refused, which is up to the application.
        watched: set[asyncio.Future[Any]] = {self._pending}
        if self._accepted:
            watched.add(self._over)
        await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        if self._accepted and self._over.done():
            return {"type": "websocket.disconnect", "code": SESSION_ENDED}
        message, self._pending = self._pending.result(), None
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the application sends.

        Raises:
            OSError: the session has ended (what a server raises when the browser has gone).
        """
        if self._over.done() and self._accepted:
            raise OSError("the session has ended")
        if message["type"] == "websocket.accept":
            self._accepted = True
        await self._send(message)

    async def run(self, application: asyncio.Task[None]) -> None:
        """Wait until the application is done with the socket, or the session has ended."""
        watched: set[asyncio.Future[Any]] = {application, self._over}
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if self._over.done() and not application.done():
                await self._close()
            await application
        finally:
            if self._pending is not None:
                self._pending.cancel()

    async def _close(self) -> None:
        await self._send(
            {"type": "websocket.close", "code": SESSION_ENDED, "reason": self._over.result()[:100]}
        )
