"""The fleet's handle on its studio: starts it, gives it jobs, hears what became of them.

Light to import: neither WebRTC nor FFmpeg is loaded into the process that holds this.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, Self

import msgspec

from sightline.ingest.camera.messages import IceServer

STUDIO_MODULE = "sightline.ingest.camera.studio"
RESTART_DELAY_S = 1.0
CLOSING_TIMEOUT_S = 4.0
STUDIO_LOST = "the studio stopped"

log = logging.getLogger(__name__)

EndListener = Callable[[str, str], None]
SendingListener = Callable[[str, int], None]


class StudioProcess:
    """A studio in a child process, started again should it fail.

        async with StudioProcess(on_ended=…) as studio:
            studio.start(publication, whip, token, call_sign="RB31", camera="AB4-000123")
            studio.stop(publication)

    `on_sending(publication, after_ms)` hears when the first picture has left,
    `on_ended(publication, reason)` when a publication is over, for whatever reason.
    """

    def __init__(
        self,
        on_sending: SendingListener = lambda _publication, _after_ms: None,
        on_ended: EndListener = lambda _publication, _reason: None,
    ) -> None:
        self.ready = asyncio.Event()
        self._on_sending = on_sending
        self._on_ended = on_ended
        self._active: set[str] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closing = False

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_running())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._closing = True
        if self._process is not None and not self.ready.is_set():
            # It is starting still, publishes nothing, and would hear of its end only afterwards.
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        elif self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        if self._keeper is not None:
            try:
                async with asyncio.timeout(CLOSING_TIMEOUT_S):
                    await self._keeper
            except TimeoutError:
                if self._process is not None:
                    with contextlib.suppress(ProcessLookupError):
                        self._process.kill()

    @property
    def active(self) -> frozenset[str]:
        """Publications that were started and have not ended."""
        return frozenset(self._active)

    def start(
        self,
        publication: str,
        whip: str,
        token: str,
        *,
        call_sign: str,
        camera: str,
        bit_rate: int | None = None,
        uplink_kbps: float | None = None,
        ice_servers: Sequence[IceServer] = (),
    ) -> None:
        """Publish a camera's picture and sound; ends with `on_ended` in any case.

        `uplink_kbps`: what the camera measured last; it begins with a picture that half of it carries.
        """
        job: dict[str, Any] = {
            "publication": publication,
            "whip": whip,
            "token": token,
            "call_sign": call_sign,
            "camera": camera,
        }
        if bit_rate is not None:
            job["bit_rate"] = bit_rate
        if uplink_kbps is not None:
            job["uplink_kbps"] = uplink_kbps
        if ice_servers:
            job["ice_servers"] = ice_servers
        self._active.add(publication)
        if not self._order({"do": "start", "job": job}):
            self._ended(publication, STUDIO_LOST)

    def stop(self, publication: str) -> None:
        """End a publication; nothing happens when it is over already."""
        if publication in self._active:
            self._order({"do": "stop", "publication": publication})

    def listen(
        self,
        talk: str,
        whep: str,
        token: str,
        *,
        beside: str | None = None,
        ice_servers: Sequence[IceServer] = (),
    ) -> None:
        """Listen to who talks to the officer; `beside` is the publication whose microphone hears it, too."""
        job: dict[str, Any] = {"talk": talk, "whep": whep, "token": token, "publication": beside}
        if ice_servers:
            job["ice_servers"] = ice_servers
        self._order({"do": "listen", "job": job})

    def hush(self, talk: str) -> None:
        """Listen no longer; nothing happens when it is over already."""
        self._order({"do": "hush", "talk": talk})

    def _order(self, order: dict[str, Any]) -> bool:
        pipe = self._process.stdin if self._process is not None else None
        if pipe is None or pipe.is_closing():
            return False
        pipe.write(msgspec.json.encode(order) + b"\n")
        return True

    def _ended(self, publication: str, reason: str) -> None:
        if publication in self._active:
            self._active.discard(publication)
            self._on_ended(publication, reason)

    async def _keep_running(self) -> None:
        while not self._closing:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                STUDIO_MODULE,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            await self._listen(self._process)
            status = await self._process.wait()
            self.ready.clear()
            for publication in tuple(self._active):
                self._ended(publication, STUDIO_LOST)
            if not self._closing:
                log.error("the studio stopped, another is started status=%s", status)
                await asyncio.sleep(RESTART_DELAY_S)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            event = msgspec.json.decode(line)
            match event["event"]:
                case "ready":
                    self.ready.set()
                case "sending":
                    self._on_sending(event["publication"], event["after_ms"])
                case "ended":
                    self._ended(event["publication"], event["reason"])
                case "hearing":
                    log.info("hearing talk=%s", event["talk"])
                case "hushed":
                    log.info("hushed talk=%s reason=%r", event["talk"], event["reason"])
