"""What is said to the officer, as it reaches the camera: WHEP with sound alone, decoded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import numpy as np
import numpy.typing as npt
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from sightline.ingest.camera.messages import IceServer
from sightline.ingest.camera.sdp_exchange import ExchangeError, SdpExchange, loopback_of
from sightline.ingest.media import hooks

if TYPE_CHECKING:
    from av import AudioFrame

CLOSING_TIMEOUT_S = 2.0

Samples = npt.NDArray[np.int16]
"""48 kHz, one channel."""


class HearingError(Exception):
    """What is said cannot be heard, or no longer; the message says why."""


class HearingJob(msgspec.Struct, frozen=True):
    """What to listen to, where. `token` is shown once, at `whep`.

    Attributes:
        talk: its id.
        whep: where.
        token: shown there once.
        ice_servers: TURN, where the command named one.
        publication: whose microphone hears it, too; None: it comes out of an earpiece.
    """

    talk: str
    whep: str
    token: str
    publication: str | None = None
    ice_servers: list[IceServer] = []


class Hearing:
    """One talk from its beginning to its end, on the officer's side."""

    def __init__(
        self, http: aiohttp.ClientSession, job: HearingJob, play: Callable[[Samples], None]
    ) -> None:
        """`play` is given what is said, 20 ms at a time."""
        self._job = job
        self._play = play
        self._exchange = SdpExchange(http, job.whep, job.token)
        servers = [RTCIceServer(s.urls, s.username, s.credential) for s in job.ice_servers]
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )

    async def run(self, on_hearing: Callable[[], None] = lambda: None) -> None:
        """Listen until cancelled. `on_hearing` is called once, with the first sound.

        Raises `HearingError` when the other side refuses, cannot be reached, or leaves.
        """
        try:
            await self._begin()
            (transceiver,) = self._connection.getTransceivers()
            while True:
                frame: Any = await transceiver.receiver.track.recv()
                on_hearing()
                on_hearing = _nothing
                self._play(mono(frame))
        except MediaStreamError:
            raise HearingError("the talk is over") from None
        finally:
            await asyncio.shield(self._say_goodbye())

    async def _begin(self) -> None:
        connection = self._connection
        connection.addTransceiver("audio", direction="recvonly")
        if (loopback := loopback_of(self._job.whep)) is not None:
            hooks.gather_on(connection, loopback)
        await connection.setLocalDescription(await connection.createOffer())
        try:
            answer = await self._exchange.answer_to(connection.localDescription.sdp)
            await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except ExchangeError as error:
            raise HearingError(str(error)) from error
        except (ValueError, AssertionError, AttributeError) as error:
            raise HearingError("the answer to our offer cannot be read") from error

    async def _say_goodbye(self) -> None:
        await self._exchange.say_goodbye()
        async with asyncio.timeout(CLOSING_TIMEOUT_S):
            await self._connection.close()


def _nothing() -> None:
    pass


def mono(frame: AudioFrame) -> Samples:
    """The samples of a frame (s16, interleaved) as one channel."""
    samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
    together: Samples = samples.astype(np.int32).mean(axis=1).astype(np.int16)
    return together
