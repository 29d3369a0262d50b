"""What the relay bears on one core: many viewers of one camera, and many cameras with a viewer each.

Cameras send a loop that was encoded beforehand, from a process of their own; the viewers are in this one, and decode
nothing. How many comes from the environment: `BENCH_VIDEO_VIEWERS`, `BENCH_VIDEO_CAMERAS`, for `BENCH_VIDEO_RELAY_S`
seconds. Where that many do not all get every picture, fewer are tried until they do.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Goal, Measure
from benchmarks.processes import cpu_s
from benchmarks.video.cameras import LoopedCameras, looped_cameras
from benchmarks.video.people import Person
from benchmarks.video.place import LAT, LON, Place, running_place, stage
from benchmarks.video.watcher import Watcher, prepare

VIEWERS: Final = int(os.environ.get("BENCH_VIDEO_VIEWERS", "100"))
CAMERAS: Final = int(os.environ.get("BENCH_VIDEO_CAMERAS", "30"))
SECONDS: Final = float(os.environ.get("BENCH_VIDEO_RELAY_S", "15"))

_LEAST_SHARE: Final = 0.99
"""Of what its cameras sent, that a viewer must get."""
_LEAST_RATE: Final = 24.5
_MOST_CORES: Final = 1.0
_SEARCH_S: Final = 6.0
"""How long each smaller load is looked at."""
_SMALLER: Final = 0.8
_SETTLE_S: Final = 5.0
_AT_ONCE: Final = 4
_CAME_WITHIN_S: Final = 20.0


@dataclass(frozen=True)
class Borne:
    """How a load was borne.

    Attributes:
        viewers: how many watched.
        cores: processor time of the relay.
        worst_rate: pictures a second of the viewer that got fewest.
        worst_share: of the pictures that its camera sent, likewise.
        lost: packets of all viewers together that never came.
        packets: that did, a second.
        sent_rate: pictures a second of the camera that sent fewest.
    """

    viewers: int
    cores: float
    worst_rate: float
    worst_share: float
    lost: int
    packets: float
    sent_rate: float

    @property
    def holds(self) -> bool:
        return self.worst_rate >= _LEAST_RATE and self.worst_share >= _LEAST_SHARE


def measures() -> Iterator[Measure]:
    """Both loads, each with the largest number that holds where not all do."""
    for cameras, words in (
        (1, f"relay: {VIEWERS} viewers of one camera"),
        (CAMERAS, f"relay: {CAMERAS} cameras with a viewer each"),
    ):
        with running_place() as place:
            tried = asyncio.run(_tried(place, cameras))
        yield from _told(words, tried[0])
        if not tried[0].holds:
            last = tried[-1]
            most = last.viewers if last.holds else 0
            yield Measure("video", "… the largest number that gets every picture", most, "viewers")
            yield Measure("video", "… the relay then", last.cores, "cores")


def _told(words: str, borne: Borne) -> Iterator[Measure]:
    goal = Goal(_LEAST_RATE)
    yield Measure("video", f"{words}: the worst one's pictures", borne.worst_rate, "a second", goal)
    goal = Goal(_LEAST_SHARE)
    yield Measure("video", "… of those that were sent", borne.worst_share, "share", goal)
    goal = Goal(_MOST_CORES, at_least=False)
    yield Measure("video", "… the relay's processor time", borne.cores, "cores", goal)
    yield Measure("video", "… packets to all viewers", borne.packets, "a second")
    yield Measure("video", "… packets that never came", borne.lost, "packets")
    if borne.sent_rate < _LEAST_RATE:
        words = "… a camera could not keep its own pace: it sent"
        yield Measure("video", words, borne.sent_rate, "a second")


async def _tried(place: Place, cameras: int) -> list[Borne]:
    """The load that is asked for, and smaller ones until one holds."""
    await prepare()
    refs = [f"AB4-{number:06d}" for number in range(1, cameras + 1)]
    viewers = VIEWERS if cameras == 1 else cameras
    async with stage(place) as arranged, looped_cameras(arranged, refs) as looped:
        fim = await arranged.person("fim")
        incident = await fim.incident("Man on the bridge", LAT, LON)
        async with _watching(fim, [refs[n % cameras] for n in range(viewers)], incident) as all_:
            tried = [await _borne(place, looped, all_, SECONDS)]
            while not tried[-1].holds and len(all_) > 1:
                fewer = min(len(all_) - 1, int(len(all_) * _SMALLER))
                # Those that got least go first: one that was lost altogether would get nothing for ever.
                leaving = sorted(all_, key=lambda watcher: watcher.video.pictures)
                for watcher in leaving[: len(all_) - fewer]:
                    del all_[watcher]
                    await watcher.leave()
                if cameras > 1:
                    await arranged.end_publications(fewer)
                tried.append(await _borne(place, looped, all_, _SEARCH_S))
            return tried


@asynccontextmanager
async def _watching(
    fim: Person, refs: list[str], incident: int
) -> AsyncIterator[dict[Watcher, str]]:
    """A viewer for each of these cameras, all of which have a picture; which watches what."""
    watchers: dict[Watcher, str] = {}
    slots = asyncio.Semaphore(_AT_ONCE)

    async def begin(ref: str) -> None:
        async with slots:
            watcher = Watcher(fim.http, await fim.open(ref, incident))
            await watcher.watch()
            watchers[watcher] = ref
            await asyncio.wait_for(watcher.came.wait(), _CAME_WITHIN_S)

    try:
        # In turn, so that the first of each camera makes it send before the others come.
        await asyncio.gather(*(begin(ref) for ref in refs))
        yield watchers
    finally:
        await asyncio.gather(*(watcher.close() for watcher in watchers))


async def _borne(
    place: Place, looped: LoopedCameras, watching: dict[Watcher, str], seconds: float
) -> Borne:
    await asyncio.sleep(_SETTLE_S)
    relay = [place.pids["relay"]]
    sent_before, sending_s = await looped.sent(), time.monotonic()
    before, used_s, began_s = _counts(watching), cpu_s(relay), time.monotonic()
    await asyncio.sleep(seconds)
    after, used_s, took_s = (
        _counts(watching), cpu_s(relay) - used_s, time.monotonic() - began_s,
    )  # fmt: skip
    sent_after = await looped.sent()
    sending_s = time.monotonic() - sending_s
    came = {watcher: after[watcher] - before[watcher] for watcher in watching}
    sent = {ref: (sent_after[ref] - sent_before[ref]) / sending_s for ref in watching.values()}
    rates = {watcher: pictures / took_s for watcher, (pictures, _, _) in came.items()}
    return Borne(
        viewers=len(watching),
        cores=used_s / took_s,
        worst_rate=min(rates.values()),
        worst_share=min(rate / max(1.0, sent[watching[one]]) for one, rate in rates.items()),
        lost=int(sum(lost for _, _, lost in came.values())),
        packets=sum(packets for _, packets, _ in came.values()) / took_s,
        sent_rate=min(sent.values()),
    )


def _counts(watching: Iterable[Watcher]) -> dict[Watcher, npt.NDArray[np.int64]]:
    """Pictures, packets and lost packets of each so far."""
    return {
        watcher: np.array([watcher.video.pictures, watcher.video.packets, watcher.video.lost])
        for watcher in watching
    }
