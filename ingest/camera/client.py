"""The reference camera client: a thin shell of sockets around `core.CameraCore`.

One process can run hundreds: a camera costs two small tasks and no task for each message.

    client = CameraClient(url, token, identity, on_message=print)
    running = asyncio.create_task(client.run())
    client.add_fix(Fix(time=…, lat=…, lon=…, recording="recording"))
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import NoReturn

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from sightline.ingest.camera import messages as m
from sightline.ingest.camera.backoff import Backoff
from sightline.ingest.camera.core import CameraCore, UnreadableMessageError

OPEN_TIMEOUT_S = 10.0
PING_S = 20.0
LARGEST_MESSAGE_BYTES = 1 << 20

log = logging.getLogger(__name__)


class CameraClient:
    """One camera. `run` connects, and connects again, until it is cancelled.

    `on_message` hears of everything the gateway says; `clock` gives seconds since 1970 UTC.
    """

    def __init__(
        self,
        url: str,
        token: str,
        identity: m.Identity,
        on_message: Callable[[m.Incoming], None] = lambda _message: None,
        *,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.core = CameraCore(identity, first_seq=int(clock()))
        self.refused = False
        """Whether the gateway said last that this token opens nothing."""
        self._url = url
        self._token = token
        self._on_message = on_message
        self._clock = clock
        self._backoff = Backoff(jitter)
        self._something_to_send = asyncio.Event()
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._socket: ClientConnection | None = None

    @property
    def camera(self) -> str:
        return self.core.identity.camera

    @property
    def connected(self) -> bool:
        """Whether the gateway has welcomed this camera, and is there."""
        return self._socket is not None and self.core.welcomed

    def interval_s(self, recording: m.Recording) -> float | None:
        """How often the gateway wants fixes in a state; None before it has said so."""
        return self.core.report_every_s.get(recording)

    # --- what happens on the camera

    def add_fix(self, fix: m.Fix) -> None:
        """Report a fix: at once when connected, else as soon as that is possible again."""
        self.core.add_fix(fix)
        self._something_to_send.set()

    def set_status(
        self,
        recording: m.Recording,
        battery_pct: float | None = None,
        signal: m.Signal | None = None,
    ) -> None:
        """Tell the state of the camera at once; to be called at every change of recording."""
        self.core.set_status(recording, battery_pct, signal)
        self._something_to_send.set()

    def ask_eyes_on(self) -> None:
        """The officer asks to be watched over."""
        self.core.ask_eyes_on()
        self._something_to_send.set()

    def answer_talk(self, talk: str, *, accept: bool) -> None:
        """The officer accepts to be talked to, declines, or has heard enough."""
        self.core.answer_talk(talk, accept=accept)
        self._something_to_send.set()

    def lose_signal(self) -> None:
        """No network from now on: the connection breaks without a goodbye, fixes are kept."""
        self._reachable.clear()
        if self._socket is not None:
            self._socket.transport.abort()

    def regain_signal(self) -> None:
        """The network is back."""
        self._reachable.set()

    # --- the socket

    async def run(self) -> NoReturn:
        """Keep this camera connected until cancelled."""
        while True:
            await self._reachable.wait()
            delay_s = await self._connect_once()
            await asyncio.sleep(delay_s)

    async def _connect_once(self) -> float:
        """One connection from beginning to end; how long to wait before the next."""
        try:
            async with connect(
                self._url,
                subprotocols=[Subprotocol(m.SUBPROTOCOL)],
                additional_headers={"Authorization": f"Bearer {self._token}"},
                compression=None,
                max_size=LARGEST_MESSAGE_BYTES,
                open_timeout=OPEN_TIMEOUT_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=1,
            ) as socket:
                return await self._converse(socket)
        except InvalidStatus as error:
            status = error.response.status_code
            log.warning("the gateway refuses camera=%s status=%d", self.camera, status)
            if status in (401, 403):
                self.refused = True
                return self._backoff.after_refusal()
            if status == 503:
                return self._backoff.after_refused_for_now(
                    error.response.headers.get("Retry-After")
                )
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            log.debug("no gateway camera=%s error=%r", self.camera, error)
        return self._backoff.after_failure()

    async def _converse(self, socket: ClientConnection) -> float:
        if not self._reachable.is_set():  # the signal went while the socket was opened
            socket.transport.abort()
        self._socket = socket
        self.core.connected()
        self._something_to_send.set()
        writer = asyncio.create_task(self._write(socket))
        try:
            async for text in socket:
                self._hear(text)
        except ConnectionClosed:
            pass  # the code below tells why
        finally:
            writer.cancel()
            self._socket = None
            self.core.disconnected()
        return self._backoff.after_close(socket.close_code, socket.close_reason or "")

    def _hear(self, text: str | bytes) -> None:
        try:
            message = self.core.received(text)
        except UnreadableMessageError as error:
            log.warning(
                "the gateway sent something unknown camera=%s error=%r", self.camera, str(error)
            )
            return
        if isinstance(message, m.Welcome):
            self.refused = False
            self._backoff.succeeded()
        if isinstance(message, m.Error):
            log.warning(
                "the gateway objects camera=%s code=%s message=%r",
                self.camera,
                message.code,
                message.message,
            )
        self._something_to_send.set()
        self._on_message(message)

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await self._something_to_send.wait()
            self._something_to_send.clear()
            for message in self.core.outgoing(int(self._clock() * 1000)):
                try:
                    await socket.send(message, text=True)
                except ConnectionClosed:
                    return  # what was not acknowledged is sent again
