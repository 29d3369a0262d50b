"""Senseless conversations with a running gateway, and what each message has to be answered with."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.endurance.nonsense import Nonsense
from benchmarks.endurance.reading import NotReadableError, Reading, Said, UnsureError, read

_WINDOW: Final = 64
_ANSWERED_WITHIN_S: Final = 30.0
_AGAIN: Final = 0.05


@dataclass
class Account:
    """What was said and answered on a connection.

    Attributes:
        expected: by camera, the fixes that have to be stored.
        wrong: what was not as it had to be.
    """

    sent: int = 0
    answered: int = 0
    expected: dict[str, set[Reading]] = field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = field(default_factory=list)


class Talker:
    """One connection, of a camera or of a bridge, that talks nonsense."""

    def __init__(
        self, url: str, token: str, refs: Sequence[str], seed: int, now_ms: int, *, bridge: bool
    ) -> None:
        self._url = url + ("/bridge" if bridge else "/camera")
        self._token = token
        self._refs = refs
        self._bridge = bridge
        self._draw = random.Random(seed)
        self._nonsense = Nonsense(seed, now_ms)
        self._contradicted = False
        self._acks: dict[tuple[str | None, int], deque[int]] = defaultdict(deque)
        self._counts: Counter[str] = Counter()
        self._due = 0
        self._heard = 0
        self._progress = asyncio.Event()
        self.account = Account()

    async def talk(self, count: int) -> Account:
        """Say so much; every message must be answered."""
        async with connect(
            self._url,
            subprotocols=[Subprotocol(f"sightline.{'bridge' if self._bridge else 'camera'}.v1")],
            additional_headers={"Authorization": f"Bearer {self._token}"},
            compression=None,
            max_size=None,
            max_queue=None,
        ) as socket:
            reading = asyncio.create_task(self._read(socket))
            try:
                await self._say(socket, count)
                await self._caught_up(0)
            except (TimeoutError, ConnectionClosed) as error:
                self._wrong(
                    f"{self._due - self._heard} not answered: {error!r}, {socket.close_code}"
                )
            finally:
                reading.cancel()
        left = sum(map(len, self._acks.values()))
        if left or self._counts["error"]:
            self._wrong(f"{left} acknowledgements and {self._counts['error']} errors are missing")
        return self.account

    async def _say(self, socket: ClientConnection, count: int) -> None:
        said: deque[tuple[bytes, bool]] = deque(maxlen=200)
        while self.account.sent < count:
            if said and self._draw.random() < _AGAIN:
                raw, binary = self._draw.choice(said)
            else:
                name = self._draw.choice(self._refs)
                camera = name if self._bridge or self._draw.random() < 0.3 else None
                raw, binary = self._nonsense.message(camera, spoilt=0.6)
                said.append((raw, binary))
            try:
                expected: Said | None = read(raw, binary=binary)
            except NotReadableError:
                expected = None
            except UnsureError:
                continue  # the pure protocol has had such ones
            if expected is not None and expected.unsure:
                continue
            self._expect(expected)
            self.account.sent += 1
            await socket.send(raw, text=not binary)
            await self._caught_up(_WINDOW)

    def _expect(self, said: Said | None) -> None:
        if said is None or not self._is_heard(said):
            self._counts["error"] += 1
            self._due += 1
            return
        if said.kind == "hello":
            self._counts["welcome"] += 1
            self._due += 1
        elif said.kind in ("report", "status"):
            camera = said.camera if self._bridge else self._refs[0]
            assert camera is not None
            self._acks[camera if self._bridge else None, said.seq].append(len(said.fixes))
            self.account.expected[camera].update(map(_plus_zero, said.fixes.values()))
            self._due += 1

    def _is_heard(self, said: Said) -> bool:
        """Whether the message is of a camera that may speak here."""
        if self._bridge:
            return said.camera in self._refs
        if said.camera is not None and said.camera != self._refs[0]:
            self._contradicted |= said.kind == "hello"
            return False
        if said.camera is not None and said.kind == "hello":
            self._contradicted = False
        return not self._contradicted

    async def _caught_up(self, behind: int) -> None:
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            while self._due - self._heard > behind:
                self._progress.clear()
                await self._progress.wait()

    async def _read(self, socket: ClientConnection) -> None:
        async for raw in socket:
            answer: dict[str, Any] = (
                msgspec.msgpack.decode(raw) if isinstance(raw, bytes) else json.loads(raw)
            )
            self._hear(answer)
            self._progress.set()

    def _hear(self, answer: dict[str, Any]) -> None:
        kind = answer["type"]
        if kind == "ack":
            whose = answer.get("camera") if self._bridge else None
            waiting = self._acks.get((whose, answer["seq"]))
            if not waiting:
                self._wrong(f"an acknowledgement of nothing: {answer}")
                return
            fixes = waiting.popleft()
            if answer["stored"] + answer["duplicate"] != fixes:
                self._wrong(f"{fixes} fixes acknowledged as {answer}")
        elif kind in ("welcome", "error"):
            if answer.get("code") == "seq_went_back":
                return
            self._counts[kind] -= 1
            if self._counts[kind] < 0:
                self._wrong(f"not expected: {answer}")
        else:
            return
        self._heard += 1
        self.account.answered += 1

    def _wrong(self, what: str) -> None:
        if len(self.account.wrong) < 10:
            self.account.wrong.append(what[:500])


def _plus_zero(reading: Reading) -> Reading:
    return tuple(part + 0.0 if isinstance(part, float) else part for part in reading)
