"""Cameras on lines that get narrow: ours, and Chromium, step down, keep moving, and step up again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from playwright.async_api import BrowserContext

from sightline.ingest.camera.adaptation import STEPS, Adaptation, Step
from sightline.ingest.camera.publisher import PublicationJob, Publisher
from tests.ingest.media.conftest import SECRET, RelayBench, Viewer
from tests.ingest.media.narrow_line import NarrowLine, door, narrow_line, publication_url
from tests.ingest.media.test_browser_playback import FrontDoor, opened, serve
from tests.ingest.media.test_codecs import publishing_page
from tests.ingest.media.whip_camera import whip_camera

pytestmark = pytest.mark.slow

WIDE, NARROW = 4_000_000, 600_000


@asynccontextmanager
async def publishing(
    bench: RelayBench, whip: str, publication: UUID, **job: object
) -> AsyncIterator[Adaptation]:
    """The reference camera sends; what it decides can be looked at."""
    publisher = Publisher(
        bench.http, PublicationJob(str(publication), whip, SECRET, "RB31", "AB4-000123", **job)
    )
    sending = asyncio.Event()
    task = asyncio.create_task(publisher.run(sending.set))
    try:
        await asyncio.wait_for(sending.wait(), 10)
        yield publisher.adaptation
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def drained(viewer: Viewer) -> None:
    """Take the viewer's pictures, which would otherwise be kept."""
    while True:
        await viewer.picture(30)


async def until_step(adaptation: Adaptation, step: Step, timeout: float) -> float:
    """Seconds until the camera stands on a step at least so high."""
    began = time.monotonic()
    while adaptation.step.bit_rate < step.bit_rate:
        assert time.monotonic() - began < timeout, f"still on {adaptation.step}"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


@dataclass(frozen=True)
class Shown:
    """The pictures that a browser showed: when (seconds since 1970 UTC), and how high they were."""

    pictures: list[tuple[float, int]]
    unread: int

    def longest_gap_s(self, begin: float, end: float) -> float:
        times = [at for at, _ in self.pictures if begin <= at < end]
        return max(b - a for a, b in zip([begin, *times], [*times, end], strict=True))

    def heights(self, begin: float, end: float) -> set[int]:
        return {height for at, height in self.pictures if begin <= at < end}


NOTE_PICTURES = """() => {
  window.shown = []; window.unread = 0;
  const note = () => video.requestVideoFrameCallback(() => { shown.push([Date.now() / 1000, video.videoHeight]); note(); });
  note();
}"""


@pytest.mark.browser
@pytest.mark.parametrize("queue_s", [0.3, 0.06])
async def test_a_cut_uplink_is_stepped_down_for_and_pictures_keep_moving(
    bench: RelayBench, browser: BrowserContext, queue_s: float
) -> None:
    publication = uuid4()
    async with narrow_line(bench) as line, door(bench, line) as base:
        line.bits_per_s, line.queue_s = WIDE, queue_s
        async with publishing(bench, publication_url(base, publication), publication) as camera:
            page = await browser.new_page()
            await opened(page, await serve(bench, FrontDoor(bench, publication)))
            await page.evaluate(NOTE_PICTURES)
            await asyncio.sleep(4)
            assert camera.step == STEPS[0]

            cut_at, cut_time = time.monotonic(), time.time()
            line.bits_per_s = NARROW
            await asyncio.sleep(14)
            wide_at, wide_time = time.monotonic(), time.time()
            low = camera.step
            line.bits_per_s = WIDE
            await until_step(camera, STEPS[STEPS.index(low) - 1], 20)
            await until_step(camera, STEPS[0], 60)
            await asyncio.sleep(1)
            end_time = time.time()
            shown = Shown(await page.evaluate("shown"), await page.evaluate("unread"))

    offered = line.offered_bits_per_s(cut_at + 5, wide_at)
    gap_s = shown.longest_gap_s(cut_time + 2, end_time)
    assert gap_s < 1.0
    assert 250_000 < offered < NARROW
    assert max(shown.heights(cut_time + 5, wide_time)) < 720
    assert 720 in shown.heights(wide_time, end_time), "what it went up to is seen"
    assert shown.unread < len(shown.pictures) * 0.02, "the time can be read at every size"


async def test_a_camera_begins_with_what_half_its_known_uplink_carries(bench: RelayBench) -> None:
    publication = uuid4()
    url = bench.url(f"publications/{publication}")
    async with publishing(bench, url, publication, uplink_kbps=1_500) as camera:
        viewer = await bench.viewer(publication)
        picture = await viewer.picture()
        assert picture.luma.shape == (540, 960)
        assert picture.strip_ms is not None
        assert await until_step(camera, STEPS[1], 20) > 1


async def test_a_camera_hears_of_loss_jitter_and_limit(bench: RelayBench) -> None:
    """What really goes out to a publisher, from a relay that never decodes."""
    heard = Heard()
    async with narrow_line(bench) as line, door(bench, line) as base:
        line.loss = 0.08
        async with whip_camera(bench, "video/VP8", base=base, line=heard):
            await asyncio.sleep(7)
            shares = tuple(heard.shares)
            assert heard.limits == [], "nothing waits"
            line.loss, line.bits_per_s = 0.0, 300_000
            await asyncio.sleep(3)
    assert len(shares) >= 5, "a report a second"
    assert 0.02 < sum(shares) / len(shares) < 0.16
    assert heard.asked, "lost packets are asked for again"
    assert 0 < min(heard.round_trips) < 0.5
    assert heard.limits
    assert 100_000 < min(heard.limits) < 300_000


class Heard:
    """A camera's line that takes down what it is told, and changes nothing."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.round_trips: list[float] = []
        self.limits: list[int] = []
        self.asked: list[int] = []

    def delay_s(self, _octets: int) -> float:
        return 0.0

    def sent(self, octets: int, *, padding: bool) -> None:
        assert octets > 0
        assert not padding

    def picture_sent(self, sequence_number: int) -> None:
        assert 0 <= sequence_number < 1 << 16

    def may_repeat(self, sequence_number: int) -> bool:
        self.asked.append(sequence_number)
        return True

    def reported(self, share_lost: float, round_trip_s: float | None) -> None:
        self.shares.append(share_lost)
        if round_trip_s is not None:
            self.round_trips.append(round_trip_s)

    def limited(self, bits_per_s: int) -> None:
        self.limits.append(bits_per_s)


async def test_one_viewers_bad_line_pulls_nobody_down_until_all_suffer(bench: RelayBench) -> None:
    publication = uuid4()
    async with narrow_line(bench) as line, door(bench, line) as base:
        url = bench.url(f"publications/{publication}")
        async with publishing(bench, url, publication) as camera:
            good = await bench.viewer(publication, audio=False)
            bad = await viewer_through(bench, base, publication)
            drains = [asyncio.create_task(drained(viewer)) for viewer in (good, bad)]
            line.loss_back = 0.35
            await asyncio.sleep(9)
            assert line.lost > 100
            assert camera.step == STEPS[0], "the other one sees it well"

            await good.connection.close()
            await bench.wait_until(lambda: camera.step != STEPS[0], 20)
            line.loss_back = 0.0
            low = camera.step
            await until_step(camera, STEPS[STEPS.index(low) - 1], 40)
            for drain in drains:
                drain.cancel()
            await asyncio.gather(*drains, return_exceptions=True)


async def viewer_through(bench: RelayBench, base: str, publication: UUID) -> Viewer:
    """A viewer behind the line."""
    direct = bench.base
    bench.base = base
    try:
        return await bench.viewer(publication, audio=False)  # it fills lost sound up without end
    finally:
        bench.base = direct


NOTE_WORDS = """async () => {
  const { nextTrend, noTrend, trendWords } = await import("/assets/picture_trend.js");
  let trend = noTrend();
  window.words = [];
  player.addEventListener("stats", (e) => {
    trend = nextTrend(trend, e.detail, Date.now());
    words.push([Date.now() / 1000, trendWords(trend)]);
  });
}"""


@pytest.mark.browser
async def test_a_bad_line_is_said_while_pictures_still_come(
    bench: RelayBench, browser: BrowserContext
) -> None:
    publication = await bench.camera()
    async with narrow_line(bench) as line, door(bench, line) as base:
        direct, bench.base = bench.base, base
        page = await browser.new_page()
        await opened(page, await serve(bench, FrontDoor(bench, publication)))
        bench.base = direct
        await page.evaluate(NOTE_WORDS)
        await page.wait_for_function("() => words.length >= 6", timeout=15_000)
        bad_at = time.time()
        line.loss_back = 0.12
        await page.wait_for_function("() => words.at(-1)[1] !== ''", timeout=10_000)
        words = await page.evaluate("words")
        assert await page.evaluate("player.state") == "playing", "it is said before it freezes"
        assert all(said == "" for at, said in words if at < bad_at)
        assert words[-1][1].startswith("picture getting worse: ")
        line.loss_back = 0.0
        await page.wait_for_function("() => words.at(-1)[1] === ''", timeout=30_000)


def offered_lately(line: NarrowLine) -> float:
    """Bit/s over the last two seconds."""
    now = time.monotonic()
    return line.offered_bits_per_s(now - 2, now)


@pytest.mark.browser
async def test_chromium_adapts_by_itself(bench: RelayBench, browser: BrowserContext) -> None:
    async with narrow_line(bench) as line, door(bench, line) as base:
        line.bits_per_s = WIDE
        direct, bench.base = bench.base, base
        publication = await publishing_page(browser, bench, "video/VP8", 16)
        bench.base = direct
        page = await browser.new_page()
        await opened(page, await serve(bench, FrontDoor(bench, publication)))
        await page.evaluate(NOTE_PICTURES)
        # With transport feedback it need not feel its way for long; without it takes twenty seconds.
        await bench.wait_until(lambda: offered_lately(line) > 700_000, 15)
        before = offered_lately(line)
        line.bits_per_s = before / 2
        await asyncio.sleep(12)
        now = time.monotonic()
        narrow = line.offered_bits_per_s(now - 6, now)
        line.bits_per_s = WIDE
        await asyncio.sleep(20)
        now = time.monotonic()
        after = line.offered_bits_per_s(now - 4, now)
        shown = Shown(await page.evaluate("shown"), 0)
        gap_s = shown.longest_gap_s(time.time() - 30, time.time())
    assert narrow < before / 2 * 1.05
    assert after > narrow * 1.2
    assert gap_s < 1.0
