"""A line that can be made narrow: UDP between one peer and the relay, through a token bucket.

What goes to the relay waits in a queue that is emptied at `bits_per_s` (None: at once); what would
wait longer than `queue_s` is lost, and so is the share `loss` (0 to 1) of media at random. What comes
from the relay waits for nothing, and loses the share `loss_back`.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from aiohttp import web

from tests.ingest.media.conftest import SDP_HEADERS, RelayBench
from tests.serving import serving

BUCKET_S = 0.01  # how much may pass at once, at the rate


class NarrowLine:
    """The peers of one port; each has a socket of its own towards the relay."""

    def __init__(self, relay: tuple[str, int]) -> None:
        self.bits_per_s: float | None = None
        self.queue_s = 0.3
        self.loss = self.loss_back = 0.0
        self.lost = 0
        self.passed: list[tuple[float, int]] = []
        """When each datagram was offered to the line, and its octets: what the peer sends."""
        self.port = 0
        self._relay = relay
        self._free_at = 0.0
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[tuple[str, int], asyncio.DatagramTransport] = {}
        self._opening: set[tuple[str, int]] = set()
        self._random = random.Random(7)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        line = self

        class Front(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                line._offer(data, addr[:2])

        self._front, _ = await loop.create_datagram_endpoint(Front, local_addr=("127.0.0.1", 0))
        self.port = self._front.get_extra_info("sockname")[1]

    def close(self) -> None:
        for transport in (self._front, *self._backs.values()):
            if transport is not None:
                transport.close()

    def offered_bits_per_s(self, begin: float, end: float) -> float:
        """What the peer sent between two moments (monotonic clock), lost or not."""
        return sum(8 * size for at, size in self.passed if begin <= at < end) / (end - begin)

    def _offer(self, data: bytes, peer: tuple[str, int]) -> None:
        now = time.monotonic()
        self.passed.append((now, len(data)))
        if self._hit(data, self.loss):
            return
        if self.bits_per_s is None:
            self._pass(data, peer)
            return
        leaves_at = max(self._free_at, now - BUCKET_S)
        if leaves_at - now > self.queue_s:
            self.lost += 1
            return
        self._free_at = leaves_at + len(data) * 8 / self.bits_per_s
        asyncio.get_running_loop().call_at(
            asyncio.get_running_loop().time() + max(0.0, self._free_at - now),
            self._pass,
            data,
            peer,
        )

    def _return(self, data: bytes, peer: tuple[str, int]) -> None:
        if not self._hit(data, self.loss_back) and self._front and not self._front.is_closing():
            self._front.sendto(data, peer)

    def _hit(self, data: bytes, share: float) -> bool:
        is_media = 128 <= data[0] <= 191  # RFC 7983
        hit = is_media and self._random.random() < share
        self.lost += hit
        return hit

    def _pass(self, data: bytes, peer: tuple[str, int]) -> None:
        back = self._backs.get(peer)
        if back is not None:
            if not back.is_closing():
                back.sendto(data)
        elif peer not in self._opening:
            self._opening.add(peer)
            self._task = asyncio.get_running_loop().create_task(self._open_back(data, peer))

    async def _open_back(self, data: bytes, peer: tuple[str, int]) -> None:
        line = self

        class Back(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _address: tuple[str, int]) -> None:
                line._return(data, peer)

        back, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Back, remote_addr=self._relay
        )
        self._backs[peer] = back
        back.sendto(data)


@asynccontextmanager
async def narrow_line(bench: RelayBench) -> AsyncIterator[NarrowLine]:
    line = NarrowLine(bench.relay.mux.local_address)
    await line.open()
    try:
        yield line
    finally:
        line.close()


def through(answer: str, bench: RelayBench, line: NarrowLine) -> str:
    """An SDP answer of the relay, with the line's port in place of the relay's."""
    relay_port = bench.relay.mux.local_address[1]
    return re.sub(
        rf"(^a=candidate:.* |^m=\w+ ){relay_port}\b",
        rf"\g<1>{line.port}",
        answer,
        flags=re.MULTILINE,
    )


@asynccontextmanager
async def door(bench: RelayBench, line: NarrowLine) -> AsyncIterator[str]:
    """The relay's internal API with the line before its media; yields what stands before `/internal`."""
    direct = bench.base  # a test may put this door in its place

    async def publish(request: web.Request) -> web.Response:
        return await _passed_on(
            request, bench, line, f"{direct}/internal/publications/{request.match_info['id']}"
        )

    async def view(request: web.Request) -> web.Response:
        query = f"?publication={request.query['publication']}"
        return await _passed_on(
            request, bench, line, f"{direct}/internal/viewings/{request.match_info['id']}{query}"
        )

    async def leave(request: web.Request) -> web.Response:
        async with bench.http.delete(direct + request.path) as answer:
            return web.Response(status=answer.status)

    app = web.Application()
    app.add_routes(
        [
            web.post("/internal/publications/{id}", publish),
            web.post("/internal/viewings/{id}", view),
            web.delete("/internal/{kind}/{id}", leave),
        ]
    )
    async with serving(app) as base:
        yield base


async def _passed_on(
    request: web.Request, bench: RelayBench, line: NarrowLine, url: str
) -> web.Response:
    async with bench.http.post(url, data=await request.text(), headers=SDP_HEADERS) as answer:
        text = await answer.text()
        return web.Response(
            status=answer.status,
            text=through(text, bench, line) if answer.status == 201 else text,
            content_type=answer.content_type,
            headers={"Location": request.path},
        )


def publication_url(base: str, publication: UUID) -> str:
    return f"{base}/internal/publications/{publication}"
