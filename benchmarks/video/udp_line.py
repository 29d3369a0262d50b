"""A bad line between a relay and its peers: `python -m benchmarks.video.udp_line`, a process of its own.

Peers send to its port instead of the relay's; each gets a socket of its own towards the relay. One JSON object a line on
standard input says how bad it is from then on, in both directions; it ends with its input.

    → {"relay":["127.0.0.1",8189]}
    ← {"port":40123}
    → {"to_relay":{"loss":0.02,"delay_s":0.04},"from_relay":{…}}
    ← {"set":1795183331.25}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from benchmarks.video.line import Line, Quality
from benchmarks.video.orders import ReadLine, Write, obeying

Address = tuple[str, int]

_ADDRESS: Final = "127.0.0.1"
_LARGEST: Final = 2048
_AT_ONCE: Final = 64
_BUFFER_BYTES: Final = 1 << 20


def with_port(sdp: str, port: int) -> str:
    """An SDP answer whose candidates name another port."""
    lines = sdp.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("a=candidate:"):
            parts = line.split(" ")
            parts[5] = str(port)
            lines[number] = " ".join(parts)
    return "\r\n".join(lines) + "\r\n"


class _Forwarder:
    """Both directions, for all peers."""

    def __init__(self, relay: Address) -> None:
        self.to_relay, self.from_relay = Line(Quality(), seed=1), Line(Quality(), seed=2)
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._onward: dict[Address, socket.socket] = {}
        self._peers = _socket()
        self._loop.add_reader(self._peers.fileno(), self._from_peers)

    @property
    def port(self) -> int:
        return int(self._peers.getsockname()[1])

    def _from_peers(self) -> None:
        for data, peer in _received(self._peers):
            onward = self._onward.get(peer)
            if onward is None:
                onward = self._onward[peer] = _socket()
                self._loop.add_reader(onward.fileno(), self._from_relay, onward, peer)
            self._pass(self.to_relay, data, onward, self._relay)

    def _from_relay(self, onward: socket.socket, peer: Address) -> None:
        for data, _ in _received(onward):
            self._pass(self.from_relay, data, self._peers, peer)

    def _pass(self, line: Line, data: bytes, through: socket.socket, to: Address) -> None:
        now_s = self._loop.time()
        arrives_s = line.arrival(len(data), now_s)
        if arrives_s is None:
            return
        if arrives_s <= now_s:
            _send(through, data, to)
        else:
            self._loop.call_at(arrives_s, _send, through, data, to)


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    made.setblocking(False)
    made.bind((_ADDRESS, 0))
    return made


def _received(from_: socket.socket) -> list[tuple[bytes, Address]]:
    found: list[tuple[bytes, Address]] = []
    with contextlib.suppress(OSError):  # no more for now, or an ICMP error of an earlier datagram
        while len(found) < _AT_ONCE:
            found.append(from_.recvfrom(_LARGEST))
    return found


def _send(through: socket.socket, data: bytes, to: Address) -> None:
    with contextlib.suppress(OSError):  # lost, as any datagram may be
        through.sendto(data, to)


class UdpLine:
    """The process, as a benchmark holds it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self._process = process

    async def set(self, to_relay: Quality, from_relay: Quality) -> float:
        """Make the line this bad from now on; when it was, in seconds since 1970."""
        answer = await _ask(
            self._process, {"to_relay": vars(to_relay), "from_relay": vars(from_relay)}
        )
        return float(answer["set"])


@contextlib.asynccontextmanager
async def udp_line(relay: Address) -> AsyncIterator[UdpLine]:
    """A line to a relay, good until it is told otherwise, until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.video.udp_line",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        answer = await _ask(process, {"relay": list(relay)})
        yield UdpLine(process, int(answer["port"]))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _ask(process: asyncio.subprocess.Process, order: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the bad line ended; its messages stand above")
    answer: dict[str, Any] = json.loads(line)
    return answer


async def _serve(read: ReadLine, write: Write) -> None:
    host, port = json.loads(await read())["relay"]
    forwarder = _Forwarder((host, port))
    write({"port": forwarder.port})
    while line := await read():
        order = json.loads(line)
        forwarder.to_relay.quality = Quality(**order["to_relay"])
        forwarder.from_relay.quality = Quality(**order["from_relay"])
        write({"set": time.time()})


if __name__ == "__main__":
    asyncio.run(obeying(_serve))
