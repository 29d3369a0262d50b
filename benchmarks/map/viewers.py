"""What viewers cost the server, and how far behind a slow one is: many that read all, and one that reads 64 kB a second."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from benchmarks.map.render import CAMERAS, serving_pid
from benchmarks.measure import Goal, Measure
from benchmarks.processes import cpu_s
from sightline.dashboard.feed.delivery import ACK, LARGE

SECONDS: Final = float(os.environ.get("BENCH_MAP_VIEWERS_S", "20"))
SLOW_S: Final = float(os.environ.get("BENCH_MAP_SLOW_S", "180"))
_MANY: Final = 50
_SLOW_BYTES_S: Final = 64_000
_STEP_S: Final = 0.05
_MAGIC: Final = 0x31464C53
_PACKED, _PACKED_HEADER, _PACKED_TEXT = b"SLZ1", 8, 1
_DATA: Final = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
_HEADER: Final = struct.Struct("<IBxxxIIdd")
_MOST_BEHIND_S: Final = 5.0
_MOST_COST: Final = 3.0
_MOST_LATER: Final = 1.5


class Viewer(threading.Thread):
    """Reads the feed, as fast as it may.

    Attributes:
        delays_s: of each delta, from the server's sending to its end.
        behind_s: how old what was known of all cameras ever was, once it had read everything.
    """

    def __init__(self, url: str, bytes_a_second: int | None = None) -> None:
        super().__init__(daemon=True)
        self._url = url.replace("http://", "ws://") + "api/feed?format=binary&ack&packed"
        self._rate = bytes_a_second
        self._stopped = threading.Event()
        self._known_s: float | None = None
        self.delays_s: list[float] = []
        self.behind_s = 0.0

    def stop(self) -> None:
        """Read no more."""
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Read until stopped."""
        place = urlsplit(self._url)
        protocol = ClientProtocol(parse_uri(self._url), max_size=None)
        with socket.create_connection((place.hostname, place.port)) as connection:
            if self._rate:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            connection.settimeout(0.2)
            protocol.send_request(protocol.connect())
            message, is_text = b"", False
            while not self._stopped.is_set():
                for data in protocol.data_to_send():
                    connection.sendall(data)
                with contextlib.suppress(TimeoutError):
                    protocol.receive_data(connection.recv(self._most()))
                self._wait()
                for event in protocol.events_received():
                    if not isinstance(event, Frame) or event.opcode not in _DATA:
                        continue
                    message += event.data
                    if event.opcode is not Opcode.CONT:
                        is_text = event.opcode is Opcode.TEXT
                    if event.fin:
                        if len(message) >= LARGE or message.startswith(_PACKED):
                            protocol.send_text(ACK.encode())
                        self._heard(message, is_text=is_text)
                        message = b""

    def _most(self) -> int:
        return int(self._rate * _STEP_S) if self._rate else 1 << 18

    def _wait(self) -> None:
        if self._known_s is not None:
            self.behind_s = max(self.behind_s, time.time() - self._known_s)
        if self._rate:
            time.sleep(_STEP_S)

    def _heard(self, message: bytes, *, is_text: bool) -> None:
        if message.startswith(_PACKED):
            is_text = message[4] == _PACKED_TEXT
            message = zlib.decompress(message[_PACKED_HEADER:], -15)
        if is_text:
            return
        magic, _, _, _, seq, sent_ms = _HEADER.unpack_from(message)
        if magic != _MAGIC:
            raise RuntimeError("a binary message that is no frame of the feed")
        # A number to resume from: nothing waits any more that is older than this.
        if seq > 0:
            self._known_s = sent_ms / 1000
            self.delays_s.append(time.time() - self._known_s)


def measures() -> Iterator[Measure]:
    """One against many, then a slow one beside a fast one."""
    with serving_pid(CAMERAS) as (url, pid):
        one_s, alone_s = _used(url, pid, 1)
        many_s, _ = _used(url, pid, _MANY)
        fast, slow = Viewer(url), Viewer(url, _SLOW_BYTES_S)
        for viewer in (fast, slow):
            viewer.start()
        time.sleep(SLOW_S)
        for viewer in (fast, slow):
            viewer.stop()
    yield Measure("map", f"viewers: server with one, {CAMERAS:,} cameras", one_s, "cores")
    yield Measure("map", f"… with {_MANY}", many_s, "cores")
    goal = Goal(_MOST_COST, at_least=False)
    yield Measure("map", f"… with {_MANY} ÷ with one", many_s / one_s, "ratio", goal)
    goal = Goal(_MOST_BEHIND_S, at_least=False)
    words = f"… one that reads {_SLOW_BYTES_S // 1000} kB/s: behind at the most, after its snapshot"
    # Its snapshot alone, with all names, takes half a minute at that pace.
    behind_s = slow.behind_s if slow.delays_s else None
    yield Measure("map", words, behind_s, "s", goal)
    goal = Goal(_MOST_LATER, at_least=False)
    later = _p95(fast.delays_s) / alone_s
    yield Measure("map", "… delay of another, p95, beside it ÷ alone", later, "ratio", goal)


def _used(url: str, pid: int, viewers: int) -> tuple[float, float]:
    """Cores that the server uses for so many viewers, and the delay of the first, p95."""
    watching = [Viewer(url) for _ in range(viewers)]
    for viewer in watching:
        viewer.start()
    time.sleep(3)
    watching[0].delays_s.clear()
    before_s, began_s = cpu_s([pid]), time.monotonic()
    time.sleep(SECONDS)
    used = (cpu_s([pid]) - before_s) / (time.monotonic() - began_s)
    for viewer in watching:
        viewer.stop()
    return used, _p95(watching[0].delays_s)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
