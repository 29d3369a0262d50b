"""A warm process that encodes and publishes for many simulated cameras.

Importing WebRTC and FFmpeg and drawing the street take over a second; a picture must be there in
two. So the studio is started ahead, with everything loaded, and waits for jobs: one JSON object a
line on its standard input, events on its standard output. It ends when its input does, so it never
outlives who started it.

    → {"do":"start","job":{"publication":"…","whip":"…","token":"…","call_sign":"…","camera":"…"}}
    → {"do":"stop","publication":"…"}
    → {"do":"listen","job":{"talk":"…","whep":"…","token":"…","publication":"…"}}
    → {"do":"hush","talk":"…"}
    ← {"event":"ready"}
    ← {"event":"sending","publication":"…","after_ms":183}
    ← {"event":"ended","publication":"…","reason":"…"}
    ← {"event":"hearing","talk":"…"}
    ← {"event":"hushed","talk":"…","reason":"…"}
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from typing import BinaryIO

import aiohttp
import msgspec

from sightline.ingest.camera.encoding import sound_loop
from sightline.ingest.camera.hearing import Hearing, HearingError, HearingJob, Samples
from sightline.ingest.camera.publisher import FRAME_RATE, PublicationJob, Publisher, PublishError
from sightline.ingest.camera.scene import car, street
from sightline.ingest.media import hooks

MOST_PUBLICATIONS = 16
CROWD = 6  # publications from which each sends half as many pictures
STOPPED = "stopped"

log = logging.getLogger(__name__)


class Start(msgspec.Struct, tag_field="do", tag="start", frozen=True):
    job: PublicationJob


class Stop(msgspec.Struct, tag_field="do", tag="stop", frozen=True):
    publication: str


class Listen(msgspec.Struct, tag_field="do", tag="listen", frozen=True):
    job: HearingJob


class Hush(msgspec.Struct, tag_field="do", tag="hush", frozen=True):
    talk: str


class Ready(msgspec.Struct, tag_field="event", tag="ready", frozen=True):
    """The studio is warm."""


class Sending(msgspec.Struct, tag_field="event", tag="sending", frozen=True):
    """The first picture has left, `after_ms` after the job came."""

    publication: str
    after_ms: int


class Ended(msgspec.Struct, tag_field="event", tag="ended", frozen=True):
    """A publication is over; `reason` is `STOPPED` when that was asked for."""

    publication: str
    reason: str


class HearingNow(msgspec.Struct, tag_field="event", tag="hearing", frozen=True):
    """The first sound of a talk has come."""

    talk: str


class Hushed(msgspec.Struct, tag_field="event", tag="hushed", frozen=True):
    """A talk is over; `reason` is `STOPPED` when that was asked for."""

    talk: str
    reason: str


Order = Start | Stop | Listen | Hush
Event = Ready | Sending | Ended | HearingNow | Hushed

_read_order = msgspec.json.Decoder(Order).decode


class Studio:
    """The publications of this process; events are written to `output` as they happen."""

    def __init__(self, output: BinaryIO, http: aiohttp.ClientSession) -> None:
        self._output = output
        self._http = http
        self._running: dict[str, asyncio.Task[None]] = {}
        self._publishers: dict[str, Publisher] = {}
        self._talks: dict[str, asyncio.Task[None]] = {}

    def say(self, event: Event) -> None:
        self._output.write(msgspec.json.encode(event) + b"\n")
        self._output.flush()

    def obey(self, line: bytes) -> None:
        """Act on one line.

        Raises `msgspec.DecodeError` for a line that is no order.
        """
        match _read_order(line):
            case Start(job):
                self._start(job)
            case Stop(publication):
                if (task := self._running.get(publication)) is not None:
                    task.cancel()
            case Listen(job):
                if job.talk not in self._talks:
                    self._talks[job.talk] = asyncio.create_task(self._listen(job))
            case Hush(talk):
                if (task := self._talks.get(talk)) is not None:
                    task.cancel()

    async def close(self) -> None:
        tasks = (*self._running.values(), *self._talks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, job: PublicationJob) -> None:
        if job.publication in self._running:
            return
        if len(self._running) >= MOST_PUBLICATIONS:
            self.say(Ended(job.publication, f"{MOST_PUBLICATIONS} cameras send already"))
            return
        task = asyncio.create_task(self._publish(job))
        self._running[job.publication] = task

    async def _publish(self, job: PublicationJob) -> None:
        began = time.monotonic()

        def sending() -> None:
            self.say(Sending(job.publication, round((time.monotonic() - began) * 1000)))

        reason = STOPPED
        try:
            publisher = Publisher(self._http, job, self._frame_rate)
            self._publishers[job.publication] = publisher
            await publisher.run(sending)
        except PublishError as error:
            reason = str(error)
        except Exception as error:  # one camera's fault must not end the others
            log.exception("a publication failed")
            reason = f"the studio failed: {type(error).__name__}"
        finally:
            del self._running[job.publication]
            self._publishers.pop(job.publication, None)
            self.say(Ended(job.publication, reason))

    async def _listen(self, job: HearingJob) -> None:
        def play(samples: Samples) -> None:
            beside = self._publishers.get(job.publication or "")
            if beside is not None:
                beside.microphone.hear(samples)

        reason = STOPPED
        try:
            await Hearing(self._http, job, play).run(lambda: self.say(HearingNow(job.talk)))
        except HearingError as error:
            reason = str(error)
        except Exception as error:  # one camera's fault must not end the others
            log.exception("a talk failed")
            reason = f"the studio failed: {type(error).__name__}"
        finally:
            if (beside := self._publishers.get(job.publication or "")) is not None:
                beside.microphone.alone()
            del self._talks[job.talk]
            self.say(Hushed(job.talk, reason))

    def _frame_rate(self) -> int:
        return FRAME_RATE if len(self._running) <= CROWD else FRAME_RATE // 2


async def _serve(orders: BinaryIO, events: BinaryIO) -> None:
    await hooks.verify()
    hooks.install()
    sound_loop(), street(), car()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), orders)
    async with aiohttp.ClientSession() as http:
        studio = Studio(events, http)
        studio.say(Ready())
        try:
            while line := await reader.readline():
                try:
                    studio.obey(line)
                except msgspec.DecodeError as error:
                    log.error("not an order error=%r", str(error))  # noqa: TRY400
        finally:
            await studio.close()


def main() -> None:
    """The studio process: orders on standard input, events on standard output."""
    # Whoever started us decides when we end, and closes our input; Ctrl-C is meant for them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="studio: %(message)s", stream=sys.stderr)
    # Libraries that print must not print into the events.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(BrokenPipeError):
        asyncio.run(_serve(sys.stdin.buffer, events))


if __name__ == "__main__":
    main()
