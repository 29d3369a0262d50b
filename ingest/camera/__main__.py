"""`python -m sightline.ingest.camera`: a Linux board with a camera as a camera of the force.

Lines on standard input are what the wearer does (`recording`, `buffering`, `off`, `eyes_on`, `accept`, `decline`,
`hang_up`); lines on standard output are what they are to be shown, one JSON object each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

from sightline.ingest.camera import gpsd
from sightline.ingest.camera import messages as m
from sightline.ingest.camera.board import PRESSES, Board, Event, Wiring
from sightline.ingest.camera.capture import Capture

FIXED_EVERY_S = 1.0


def parser() -> argparse.ArgumentParser:
    """The options."""
    said = argparse.ArgumentParser("python -m sightline.ingest.camera", description=__doc__)
    said.add_argument("--gateway", required=True, help="the camera socket, ws://HOST:8765/camera")
    said.add_argument("--camera", required=True, help="the camera's id")
    said.add_argument("--token-file", required=True, type=Path, help="file with the camera's token")
    said.add_argument("--video", default="/dev/video0", help="V4L2 device, RTSP address, or file")
    said.add_argument("--size", default="1280x720", help="pictures of a V4L2 device")
    said.add_argument("--sound", help="ALSA device of a microphone (hw:1); else the video's own")
    said.add_argument("--speaker", help="ALSA device that the wearer hears (default, hw:0)")
    said.add_argument(
        "--audio-out", choices=get_args(m.AudioOut), help="what that is: earpiece or speaker"
    )
    place = said.add_mutually_exclusive_group()
    place.add_argument(
        "--gpsd", metavar="HOST:PORT", help="positions of a receiver, 127.0.0.1:2947"
    )
    place.add_argument(
        "--at", metavar="LAT,LON", type=_degrees, help="where it stands, if it stands"
    )
    return said


def _degrees(text: str) -> gpsd.Place:
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not LAT,LON in degrees") from None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise argparse.ArgumentTypeError(f"{text!r}: -90 to 90 and -180 to 180 are degrees")
    return gpsd.Place(lat, lon)


async def _standing(place: gpsd.Place) -> AsyncIterator[gpsd.Place]:
    while True:
        yield place
        await asyncio.sleep(FIXED_EVERY_S)


def _places(given: argparse.Namespace) -> AsyncIterator[gpsd.Place] | None:
    if given.at is not None:
        return _standing(given.at)
    if given.gpsd is None:
        return None
    host, _, port = given.gpsd.rpartition(":")
    return gpsd.places(host or "127.0.0.1", int(port))


def _tell(event: Event) -> None:
    print(json.dumps(event), flush=True)  # noqa: T201 - standard output is what it is for


async def _obey(board: Board) -> None:
    """Until standard input ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        said = line.decode(errors="replace").strip()
        if said in PRESSES:
            board.press(said)  # type: ignore[arg-type]
        elif said:
            _tell({"event": "not_understood", "said": said, "allowed": PRESSES})


async def _work(given: argparse.Namespace) -> None:
    audio_out: m.AudioOut = given.audio_out or ("speaker" if given.speaker else "none")
    identity = m.Identity(given.camera, "Linux board", "1", audio_out)
    capture = Capture(given.video, size=given.size)
    microphone = Capture(f"alsa:{given.sound}") if given.sound else None
    wiring = Wiring(capture, microphone, given.speaker, _places(given))
    board = Board(identity, wiring, given.gateway, given.token_file.read_text().strip(), _tell)
    running = asyncio.create_task(board.run())
    try:
        await asyncio.wait(
            (running, asyncio.create_task(_obey(board))), return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        for one in (capture, microphone):
            if one is not None:
                await asyncio.to_thread(one.close)


def main() -> None:
    """The program."""
    given = parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_work(given))


if __name__ == "__main__":
    main()
