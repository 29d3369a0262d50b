"""Listening that ends in any moment leaves no connection open."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings

import pytest

from sightline.ingest.listening import stop_listening


class Met(asyncio.Protocol):
    """A server's end of a connection, which it closes itself when it hears that it is made."""

    def __init__(self, made: list[Met]) -> None:
        made.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_that_is_just_being_accepted_is_connected_or_refused(turns: int) -> None:
    made: list[Met] = []
    server = await asyncio.get_running_loop().create_server(lambda: Met(made), "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname(), timeout=5) as client:
        for _ in range(turns):
            await asyncio.sleep(0)
        await stop_listening(server)
        await asyncio.sleep(0.05)
        assert not server.is_serving()
        with warnings.catch_warnings(record=True) as unclosed:
            warnings.simplefilter("always", ResourceWarning)
            gc.collect()
        assert [str(warning.message) for warning in unclosed] == []
        try:
            assert client.recv(1) == b"", "told that it is over"
        except ConnectionResetError:
            assert made == [], "refused: it was never accepted"
