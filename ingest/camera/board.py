"""A camera on a Linux board: real picture, sound and place, in the hands of whatever has its buttons.

    board = Board(identity, Wiring(capture=Capture("/dev/video0"), loudspeaker="default"), gateway, token)
    await board.run()

What the wearer does is told with `press`; what is to be shown to them comes out of `on_event`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import aiohttp

from sightline.ingest.camera import messages as m
from sightline.ingest.camera.capture import Capture
from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.gpsd import Place
from sightline.ingest.camera.hearing import Hearing, HearingError, HearingJob, Samples
from sightline.ingest.camera.loudspeaker import Loudspeaker
from sightline.ingest.camera.publisher import PublicationJob, Publisher, PublishError
from sightline.ingest.media import hooks

Press = Literal["recording", "buffering", "off", "eyes_on", "accept", "decline", "hang_up"]
"""What the wearer does. The last three answer who asks to talk to them, and end a talk."""

PRESSES: Final[tuple[str, ...]] = get_args(Press)
EVERY_S: Final = 1.0
"""How often the place is told before the gateway has said how often it wants it."""

Event = dict[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wiring:
    """What the board has.

    Attributes:
        capture: picture, and sound where `microphone` is None.
        microphone: sound from another device.
        loudspeaker: an ALSA device (see `Loudspeaker`); None: nothing can be said to the wearer.
        places: where it is, as it comes.
    """

    capture: Capture
    microphone: Capture | None = None
    loudspeaker: str | None = None
    places: AsyncIterator[Place] | None = None


class Board:
    """One camera. `run` works until it is cancelled."""

    def __init__(
        self,
        identity: m.Identity,
        wiring: Wiring,
        gateway: str,
        token: str,
        on_event: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        """`gateway` is the address of its camera socket; `on_event` hears what the wearer is to be shown."""
        self.client = CameraClient(gateway, token, identity, self._hear)
        self._camera = identity.camera
        self._wiring = wiring
        self._on_event = on_event
        self._recording: m.Recording = "off"
        self._place: Place | None = None
        self._http: aiohttp.ClientSession
        self._publications: dict[str, asyncio.Task[None]] = {}
        self._talk: str | None = None
        self._hearing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Connect, report, and do as the gateway asks."""
        await hooks.verify()
        hooks.install()
        async with aiohttp.ClientSession() as self._http, asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self.client.run()), tasks.create_task(self._report())]
            if self._wiring.places is not None:
                running.append(tasks.create_task(self._follow(self._wiring.places)))
            try:
                await asyncio.Event().wait()
            finally:
                for task in (*running, *self._publications.values()):
                    task.cancel()
                await self._stop_hearing()

    def press(self, button: Press) -> None:
        """The wearer does something."""
        match button:
            case "recording" | "buffering" | "off":
                self._recording = button
                self.client.set_status(button)
            case "eyes_on":
                self.client.ask_eyes_on()
            case "accept" if self._talk is not None:
                self.client.answer_talk(self._talk, accept=True)
            case "decline" | "hang_up" if self._talk is not None:
                self.client.answer_talk(self._talk, accept=False)
                self._stop_hearing_soon()  # at once, whether the gateway is to be reached or not

    # --- where it is

    async def _follow(self, places: AsyncIterator[Place]) -> None:
        async for place in places:
            self._place = place

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(self.client.interval_s(self._recording) or EVERY_S)
            place, self._place = self._place, None
            if place is None:
                self.client.set_status(self._recording)  # it is heard of, wherever it is
                continue
            self.client.add_fix(
                m.Fix(
                    time=int(time.time() * 1000),
                    lat=place.lat,
                    lon=place.lon,
                    recording=self._recording,
                    accuracy_m=place.accuracy_m,
                    altitude_m=place.altitude_m,
                    speed_mps=place.speed_mps,
                    heading_deg=place.heading_deg,
                )
            )

    # --- what the gateway asks

    def _hear(self, message: m.Incoming) -> None:
        match message:
            case m.StreamStart() if message.stream not in self._publications:
                task = asyncio.create_task(self._publish(message))
                self._publications[message.stream] = task
            case m.StreamStop():
                if (running := self._publications.get(message.stream)) is not None:
                    running.cancel()
            case m.Watched():
                self._on_event(
                    {"event": "watched", "roles": message.roles, "silent": message.silent}
                )
            case m.EyesOnState():
                self._on_event({"event": "eyes_on", "state": message.state})
            case m.TalkRequest() if self._wiring.loudspeaker is not None:
                self._talk = message.talk
                self._on_event({"event": "talk_request", "by": message.by})
            case m.TalkStart() if self._hearing is None:
                self._hearing = asyncio.create_task(self._listen(message))
            case m.TalkStop() if message.talk in (None, self._talk):
                self._talk = None
                self._stop_hearing_soon()
                self._on_event({"event": "talk_over"})

    async def _publish(self, start: m.StreamStart) -> None:
        job = PublicationJob(
            publication=start.stream,
            whip=start.whip,
            token=start.token,
            call_sign="",
            camera=self._camera,
            ice_servers=start.ice_servers,
        )
        capture = self._wiring.capture
        sound = self._wiring.microphone or capture
        try:
            publisher = Publisher(self._http, job, picture=capture, sound=sound)
            await publisher.run(lambda: self._on_event({"event": "sending"}))
        except PublishError as error:
            log.warning("not sent any more: %s", error)
        finally:
            del self._publications[start.stream]
            self._on_event({"event": "not_sending"})

    async def _listen(self, start: m.TalkStart) -> None:
        assert self._wiring.loudspeaker is not None
        job = HearingJob(start.talk, start.whep, start.token, ice_servers=start.ice_servers)
        loudspeaker = Loudspeaker(self._wiring.loudspeaker)

        def play(samples: Samples) -> None:
            if loudspeaker.failed:
                raise HearingError("the sound device does not work")
            loudspeaker.play(samples)

        try:
            hearing = Hearing(self._http, job, play)
            await hearing.run(lambda: self._on_event({"event": "hearing"}))
        except HearingError as error:
            log.info("nothing more to hear: %s", error)
        finally:
            if self._hearing is asyncio.current_task():
                self._hearing = None  # the next talk may begin
            await asyncio.to_thread(loudspeaker.close)

    def _stop_hearing_soon(self) -> None:
        asyncio.create_task(self._stop_hearing())  # noqa: RUF006 - it is over in a moment

    async def _stop_hearing(self) -> None:
        task, self._hearing = self._hearing, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
