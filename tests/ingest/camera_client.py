"""A camera as somebody would write it from the contract alone: a socket and JSON."""

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from sightline.ingest import gateway
from sightline.ingest.settings import GatewaySettings
from tests.ports import free_port


def now_text():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fix_now(**more):
    return {"time": now_text(), "lat": 51.2724, "lon": 0.5223, "recording": "recording", **more}


class RunningGateway:
    """A gateway in this process, on ports and a database of the test's own."""

    def __init__(self, database, **settings):
        self.settings = GatewaySettings(
            data_dir=database.data_dir,
            gateway_port=free_port(),
            gateway_http_port=free_port(),
            internal_secret="s" * 40,
            **{"gateway_flush_ms": 20, "gateway_cot_port": 0, **settings},
        )
        self.stopping = asyncio.Event()
        self._task = None

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.settings.gateway_port}"

    @property
    def http(self):
        return f"http://127.0.0.1:{self.settings.gateway_http_port}"

    async def start(self):
        self._task = asyncio.create_task(gateway.run(self.settings, self.stopping))
        async with asyncio.timeout(15):
            while not self._task.done():
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(
                        "127.0.0.1", self.settings.gateway_port
                    )
                    writer.close()
                    return self
                await asyncio.sleep(0.02)
        await self._task
        raise AssertionError("the gateway ended at once")

    async def stop(self):
        self.stopping.set()
        await asyncio.wait_for(self._task, 10)


class Camera:
    """One connection. Answers are kept in order; `expect` waits for the next of a type."""

    def __init__(self, socket_, *, packed=False):
        self.socket = socket_
        self.packed = packed
        self.heard = []
        self._arrived = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self):
        with contextlib.suppress(ConnectionClosed):
            async for raw in self.socket:
                binary = isinstance(raw, bytes)
                self.heard.append(msgspec.msgpack.decode(raw) if binary else json.loads(raw))
                self._arrived.set()
        self._arrived.set()

    async def say(self, message):
        """Send a message, or raw text or bytes."""
        if isinstance(message, dict):
            message = msgspec.msgpack.encode(message) if self.packed else json.dumps(message)
        await self.socket.send(message)

    async def expect(self, kind, within_s=5.0, **fields):
        """The first unread answer of this type (and with these fields); it counts as read then."""
        async with asyncio.timeout(within_s):
            while True:
                for message in self.heard:
                    if message["type"] == kind and fields.items() <= message.items():
                        self.heard.remove(message)
                        return message
                if self._reader.done():
                    raise AssertionError(f"closed before {kind} {fields}; heard {self.heard}")
                self._arrived.clear()
                await self._arrived.wait()

    async def report(self, *fixes, seq=1, **more):
        """Report, and the acknowledgement."""
        await self.say({"type": "report", "seq": seq, "fixes": list(fixes), **more})
        return await self.expect("ack", seq=seq)

    async def closed(self, within_s=5.0):
        """Wait for the end; the close code."""
        await asyncio.wait_for(asyncio.shield(self._reader), within_s)
        return self.socket.close_code

    async def close(self):
        await self.socket.close()
        await self._reader


@contextlib.asynccontextmanager
async def camera(gateway_, token, ref=None, *, path="/camera", packed=False):
    """A connected camera; with `ref` it has said hello."""
    kind = "bridge" if path == "/bridge" else "camera"
    async with connect(
        gateway_.url + path,
        subprotocols=[f"sightline.{kind}.v1"],
        additional_headers={"Authorization": f"Bearer {token}"},
        max_size=4 * 1024 * 1024,
        proxy=None,
    ) as socket_:
        made = Camera(socket_, packed=packed)
        try:
            if ref is not None:
                await made.say({"type": "hello", "camera": ref, "time": now_text()})
                await made.expect("welcome")
            yield made
        finally:
            await made.close()


async def raw_socket(gateway_, token):
    """A camera's connection after the handshake, as bare streams: for what no library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway_.settings.gateway_port)
    writer.write(
        b"GET /camera HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: sightline.camera.v1\r\n"
        + f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head.splitlines()[0]
    return reader, writer


def text_frame(text):
    """One masked text frame, with a mask of zeros."""
    size = len(text)
    if size < 1 << 16:
        return b"\x81\xfe" + size.to_bytes(2, "big") + bytes(4) + text
    return b"\x81\xff" + size.to_bytes(8, "big") + bytes(4) + text


async def until(condition, within_s=5.0, every_s=0.02):
    """Wait until an (async) condition holds; the seconds it took."""
    started = time.monotonic()
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(every_s)
    return time.monotonic() - started
