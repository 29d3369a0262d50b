"""How uvicorn serves the dashboard: where it listens, whose word it takes for where a request comes from, how it closes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from sightline.dashboard.settings import Settings

LARGEST_SOCKET_MESSAGE_BYTES: Final = 64 * 1024
"""What a browser says on a socket is a few words at most."""

READ_ON_FOR_S: Final = 5.0
"""How long a peer that broke the rules may go on sending before it is cut off."""


def server_config(application: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the application is served.

    Only the proxies that a setting names may say, by ``X-Forwarded-For`` and ``X-Forwarded-Proto``, for whom they ask:
    that address is held back for wrong passwords, and stands in the audit.
    """
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.dashboard_port,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies or "",
        ws=SocketProtocol,
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_SOCKET_MESSAGE_BYTES,
        timeout_graceful_shutdown=1,
    )


class Server(uvicorn.Server):
    """Leaves signals to whoever runs this process, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that tells its peer why it closes, also a peer that is still sending.

    A connection that is closed with something unread is reset, and with it goes the close frame (RFC 6455, 7.1.1). So
    what still comes is read, and thrown away.
    """

    def handle_parser_exception(self) -> None:
        """What came is no WebSocket's, or too large: say so, and wait for the peer to end."""
        if self.close_sent:
            return
        assert self.conn.close_sent is not None
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self.disconnected = True  # for the application the peer has gone
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(READ_ON_FOR_S, self.transport.close)
