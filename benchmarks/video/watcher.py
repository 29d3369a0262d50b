"""A viewer without a browser: connects by WHEP as one does, and counts what arrives, decrypting and decoding nothing.

Hundreds fit into one process. Each has a socket of its own, as browsers have. The first packet of each stream goes on to
aiortc, so that receiver reports are sent as by anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin

import aiohttp
from aioice import Candidate, ice
from aioice.candidate import candidate_foundation, candidate_priority
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from benchmarks.video.people import Opened, Refused
from benchmarks.video.rtp import Arrivals, is_rtp
from sightline.ingest.media import hooks

_ADDRESS: Final = "127.0.0.1"
_LARGEST: Final = 2048
_AT_ONCE: Final = 64
_BUFFER_BYTES: Final = 1 << 20
_SSRC: Final = slice(8, 12)


async def prepare() -> None:
    """Make the WebRTC library what watchers need."""
    await hooks.verify()
    hooks.install()


class Watcher:
    """One viewing."""

    def __init__(self, http: aiohttp.ClientSession, opened: Opened) -> None:
        self._http, self._opened = http, opened
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._location: str | None = None
        self._video: Arrivals | None = None
        self.came = asyncio.Event()
        """Set with the first packet of the picture."""

    @property
    def video(self) -> Arrivals:
        """What arrived of the picture."""
        if self._video is None:
            raise RuntimeError("nobody has answered yet")
        return self._video

    async def watch(self) -> None:
        """Begin.

        Raises:
            Refused: the server does not let it.
        """
        connection = self._connection
        video = connection.addTransceiver("video", direction="recvonly")
        connection.addTransceiver("audio", direction="recvonly")
        hooks.gather_with(connection, self._gather)
        await connection.setLocalDescription(await connection.createOffer())
        try:
            answer = await self._ask(connection.localDescription.sdp)
        except BaseException:
            await self.close()
            raise
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self._video = Arrivals(hooks.negotiated_codec(video).payloadType or 0)

    async def leave(self) -> None:
        """Say goodbye, to the server as well."""
        if self._location is not None:
            async with self._http.delete(self._location, headers=self._bearer()):
                pass
        await self.close()

    async def close(self) -> None:
        """Let go of everything here."""
        await self._connection.close()

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._opened.token}"}

    async def _ask(self, offer: str) -> str:
        headers = self._bearer() | {"Content-Type": "application/sdp"}
        async with self._http.post(self._opened.whep, data=offer, headers=headers) as answer:
            if answer.status != HTTPStatus.CREATED:
                raise Refused(answer.status, await answer.json(content_type=None))
            self._location = urljoin(self._opened.whep, answer.headers["Location"])
            return await answer.text()

    def _gather(self, agent: ice.Connection, component: int) -> list[Candidate]:
        return [_Socket(agent, component, self._take).candidate]

    def _take(self, datagram: bytes, at_s: float) -> None:
        if self._video is None:
            return
        self._video.take(datagram, at_s)
        if self._video.packets:
            self.came.set()


class _Socket:
    """What one ICE agent sends and receives through: all but media is its, media is counted."""

    def __init__(
        self, agent: ice.Connection, component: int, take: Callable[[bytes, float], None]
    ) -> None:
        self._take = take
        self._known: set[bytes] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.setblocking(False)
        self._socket.bind((_ADDRESS, 0))
        self.candidate = Candidate(
            foundation=candidate_foundation("host", "udp", _ADDRESS),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=_ADDRESS,
            port=self._socket.getsockname()[1],
            type="host",
        )
        self._protocol = hooks.open_protocol(agent, self, self.candidate)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def sendto(self, data: bytes, addr: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):  # lost, as any datagram may be
            self._socket.sendto(data, addr)

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._socket.getsockname() if name == "sockname" else default

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._loop.call_soon(self._protocol.connection_lost, None)

    def _readable(self) -> None:
        now_s = time.monotonic()
        for _ in range(_AT_ONCE):
            try:
                data, address = self._socket.recvfrom(_LARGEST)
            except OSError:
                return
            if is_rtp(data):
                self._take(data, now_s)
                if data[_SSRC] in self._known:
                    continue
                self._known.add(data[_SSRC])
            self._protocol.datagram_received(data, address)
