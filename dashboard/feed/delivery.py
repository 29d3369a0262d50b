"""How one viewer takes what it is sent: at its own pace, with no more on the way than one large message.

What lies in the buffers between here and a slow viewer is old by the time that it arrives. So a viewer that says so acknowledges each
large message, and nothing more is put together for it before; then it gets the newest of everything at once. Whoever takes little
gets messages packed; the work is done beside the loop that all others wait for.
"""

from __future__ import annotations

import asyncio
import struct
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import Final

from sightline.dashboard.feed.channel import Payload

LARGE: Final = 16_384
"""Bytes from which a message is acknowledged, and may be packed."""
ACK: Final = "ack"
ACK_WITHIN_S: Final = 30.0
"""Whoever has not taken a large message by then is given up."""
SLOW_BYTES_S: Final = 100_000.0
SLOW_AFTER_S: Final = 0.5
SLOW_FROM: Final = 50_000
"""Bytes; a browser that is busy drawing takes a moment to answer, which would make a slow line of what is small."""
PACKED_MAGIC: Final = 0x315A4C53
"""``SLZ1`` as the first four bytes of a packed message."""
_PACKED_HEADER: Final = struct.Struct("<IBxxx")
_TEXT, _FRAME = 1, 2
_LEVEL: Final = 1
_RAW_DEFLATE: Final = -15

Send = Callable[[Payload], Awaitable[None]]


def pack(payload: Payload) -> bytes:
    """A message as a packed one: header, then raw DEFLATE (RFC 1951) of its bytes."""
    kind, content = (_TEXT, payload.encode()) if isinstance(payload, str) else (_FRAME, payload)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    return _PACKED_HEADER.pack(PACKED_MAGIC, kind) + packer.compress(content) + packer.flush()


class Delivery:
    """Sends to one viewer.

    Args:
        send: puts a message on its socket.
        acknowledges: whether it acknowledges large messages.
        unpacks: whether it takes packed ones.
    """

    def __init__(self, send: Send, *, acknowledges: bool, unpacks: bool) -> None:
        self._send = send
        self._acknowledges = acknowledges
        self._unpacks = unpacks and acknowledges
        self._acked = asyncio.Event()
        self.is_slow = False

    def heard(self, text: str | None) -> None:
        """The viewer has said something; anything but an acknowledgement is passed over."""
        if text == ACK:
            self._acked.set()

    async def deliver(self, payload: Payload) -> None:
        """Send a message; a large one counts once it is acknowledged.

        Raises:
            TimeoutError: it was not, in time.
        """
        is_large = len(payload) >= LARGE
        if is_large and self.is_slow and self._unpacks:
            payload = await asyncio.to_thread(pack, payload)
        if not (is_large and self._acknowledges):
            await self._send(payload)
            return
        self._acked.clear()
        began = time.monotonic()
        await self._send(payload)
        async with asyncio.timeout(ACK_WITHIN_S):
            await self._acked.wait()
        self._learn(len(payload), time.monotonic() - began)

    def _learn(self, size: int, took_s: float) -> None:
        """By what was sent, packed or not; what is small and was there soon says nothing."""
        if took_s < SLOW_AFTER_S:
            self.is_slow = self.is_slow and size < LARGE
        elif size >= SLOW_FROM:
            self.is_slow = size / took_s < SLOW_BYTES_S
