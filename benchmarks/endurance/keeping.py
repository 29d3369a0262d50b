"""Cameras, and a bridge, that keep every report until it is acknowledged, whatever happens to gateway and database."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from benchmarks.endurance.reading import Reading, read

_EVERY_S: Final = 0.15
_HOUR_MS: Final = 3_600_000
_CLOSED_HOURS: Final = (2, 3, 4, 5)


class Keeper:
    """One connection that reports all the time: new fixes, backlog, late ones, jumps, and some of it again."""

    def __init__(self, url: str, token: str, refs: Sequence[str], seed: int) -> None:
        self._url = url
        self._token = token
        self._refs = refs
        self._draw = random.Random(seed)
        self._seq = 0
        self._north = [0] * len(refs)
        self.unacknowledged: dict[int, tuple[str, bytes]] = {}
        self.acknowledged: dict[str, set[Reading]] = {ref: set() for ref in refs}
        self.wrong: list[str] = []
        self.again = 0
        self.stopped = False
        self.doing = "nothing yet"

    @property
    def fixes(self) -> int:
        """How many have been acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    @property
    def state(self) -> str:
        """Where it stands, for a person."""
        return f"{self._refs[0]}: {len(self.unacknowledged)} unacknowledged, {self.doing}"

    async def run(self) -> None:
        """Until it is stopped and everything is acknowledged."""
        while not (self.stopped and not self.unacknowledged):
            try:
                async with connect(
                    self._url,
                    subprotocols=[Subprotocol(f"sightline.{self._kind}.v1")],
                    additional_headers={"Authorization": f"Bearer {self._token}"},
                    compression=None,
                    open_timeout=5,
                    close_timeout=1,
                ) as socket:
                    self.doing = "connected"
                    await self._converse(socket)
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, EOFError) as error:
                self.doing = f"away: {error!r}"
                await asyncio.sleep(self._draw.uniform(0.1, 0.4))

    @property
    def _kind(self) -> str:
        return self._url.rpartition("/")[2]

    async def _converse(self, socket: ClientConnection) -> None:
        reading = asyncio.create_task(self._read(socket))
        try:
            waiting = list(self.unacknowledged.values())
            if self._draw.random() < 0.5:
                waiting.reverse()
            for _, raw in waiting:
                await socket.send(raw, text=True)
            while not reading.done():
                if self.stopped and not self.unacknowledged:
                    return
                if not self.stopped:
                    await self._report(socket)
                await asyncio.sleep(_EVERY_S)
        finally:
            reading.cancel()

    async def _report(self, socket: ClientConnection) -> None:
        for place, ref in enumerate(self._refs):
            self._seq += 1
            message: dict[str, Any] = {
                "type": "report",
                "seq": self._seq,
                "fixes": self._fixes(place),
            }
            if self._kind == "bridge":
                message["camera"] = ref
            raw = msgspec.json.encode(message)
            self.unacknowledged[self._seq] = (ref, raw)
            await socket.send(raw, text=True)
            if self._draw.random() < 0.1:  # before its acknowledgement, and perhaps another's
                await socket.send(
                    self._draw.choice(list(self.unacknowledged.values()))[1], text=True
                )

    def _fixes(self, place: int) -> list[dict[str, Any]]:
        draw = self._draw
        now_ms = int(time.time() * 1000)
        kind = draw.random()
        if kind < 0.75:
            return [
                self._fix(place, now_ms - 10 * number) for number in range(draw.randrange(1, 4))
            ]
        if kind < 0.8:  # backlog of hours that the packing is at, in any order
            begin_ms = now_ms - draw.choice(_CLOSED_HOURS) * _HOUR_MS - draw.randrange(_HOUR_MS)
            backlog = [self._fix(place, begin_ms + 1_000 * number) for number in range(20)]
            draw.shuffle(backlog)
            return backlog
        if kind < 0.95:  # late
            return [self._fix(place, now_ms - draw.randrange(200_000))]
        if kind < 0.98:  # a jump
            return [self._fix(place, now_ms) | {"lat": 57.5 + draw.random()}]
        return [self._fix(place, now_ms + draw.randrange(31_000, 45_000))]

    def _fix(self, place: int, time_ms: int) -> dict[str, Any]:
        self._north[place] += 1
        return {
            "time": time_ms,
            "lat": 56.4 + place / 1e3 + self._north[place] / 1e8,
            "lon": 1.08,
            "recording": self._draw.choice(("recording", "recording", "buffering")),
            "signal": {"bearer": "lte", "operator": "234-30", "cell": f"{self._draw.randrange(9)}"},
        }

    async def _read(self, socket: ClientConnection) -> None:
        async for raw in socket:
            answer = msgspec.json.decode(raw)
            if answer["type"] != "ack":
                if answer.get("code") != "seq_went_back":
                    self.wrong.append(str(answer)[:300])
                continue
            kept = self.unacknowledged.pop(answer["seq"], None)
            if kept is None:
                self.again += 1
                continue
            ref, sent = kept
            fixes = set(read(sent, binary=False).fixes.values())
            if answer["stored"] + answer["duplicate"] != len(fixes):
                self.wrong.append(f"{len(fixes)} fixes: {answer}"[:300])
            self.acknowledged[ref] |= fixes
