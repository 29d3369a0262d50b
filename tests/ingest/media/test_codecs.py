"""VP8 beside H.264, and each of its profiles: from cameras of other makes to viewers of other makes."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiortc.sdp import parse_h264_profile_level_id
from playwright.async_api import BrowserContext, Page

from sightline.ingest.media import hooks
from sightline.ingest.media.offers import H264Format, Vp8Format
from tests.ingest.media.conftest import SDP_HEADERS, RelayBench
from tests.ingest.media.test_browser_playback import FrontDoor, opened, serve
from tests.ingest.media.whip_camera import whip_camera
from tests.serving import serving

CHROMIUM_OFFER = (Path(__file__).parent / "viewer_offer.sdp").read_text()

PUBLISHING_PAGE = """<!doctype html><title>camera</title><canvas width=640 height=360></canvas>
<script type="module">
const CELL = 16, canvas = document.querySelector("canvas"), ink = canvas.getContext("2d");
let count = 0, block = 80;
function paint() {
  count += 1;
  for (let x = 0; x < 640; x += block) {
    for (let y = 0; y < 360; y += block) {
      ink.fillStyle = `hsl(${(x * 3 + y * 7 + count * 5) % 360} 60% ${30 + ((x + y + count) % 40)}%)`;
      ink.fillRect(x, y, block, block);
    }
  }
  const time = Date.now() % 0x1000000;
  let check = 0;
  for (let i = 0; i < 6; i += 1) check += (time >> (4 * i)) & 15;
  const digits = time.toString(2).padStart(24, "0") + (check & 15).toString(2).padStart(4, "0");
  [..."10", ...digits].forEach((bit, i) => {
    ink.fillStyle = bit === "1" ? "#fff" : "#000";
    ink.fillRect(i * CELL, 0, CELL, CELL);
  });
}
setInterval(paint, 40);
window.publish = async (url, mimeType, blockSize) => {
  block = blockSize;
  const connection = window.connection = new RTCPeerConnection({ iceServers: [] });
  const [track] = canvas.captureStream(25).getVideoTracks();
  track.contentHint = "detail"; // fewer pictures rather than smaller ones, whose time could not be read
  const video = connection.addTransceiver(track, { direction: "sendonly" });
  if (mimeType) {
    const { codecs } = RTCRtpSender.getCapabilities("video");
    video.setCodecPreferences(codecs.filter((c) => [mimeType, "video/rtx"].includes(c.mimeType)));
  }
  const sound = new AudioContext().createMediaStreamDestination();
  connection.addTransceiver(sound.stream.getAudioTracks()[0], { direction: "sendonly" });
  await connection.setLocalDescription();
  const response = await fetch(url, {
    method: "POST", headers: { "Content-Type": "application/sdp" }, body: connection.localDescription.sdp,
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(answer);
  await connection.setRemoteDescription({ type: "answer", sdp: answer });
};
window.ready = true;
</script>"""


async def publishing_page(
    browser: BrowserContext, bench: RelayBench, codec: str, block: int = 80
) -> UUID:
    """A page of Chromium that sends a canvas by WHIP.

    "" is the codec that it prefers itself; the smaller the blocks of its pattern, the more it has to send.
    """
    publication = uuid4()

    async def take(request: web.Request) -> web.Response:
        url = bench.url(f"publications/{publication}")
        async with bench.http.post(url, data=await request.text(), headers=SDP_HEADERS) as answer:
            return web.Response(status=answer.status, text=await answer.text())

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PUBLISHING_PAGE, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page), web.post("/whip", take)])
    base = await bench._stack.enter_async_context(serving(app)) + "/"
    camera = await browser.new_page()
    await camera.goto(base)
    await camera.wait_for_function("() => window.ready")
    await camera.evaluate(f"publish('/whip', '{codec}', {block})")
    return publication


async def plays(page: Page, bench: RelayBench, publication: UUID) -> None:
    """The dashboard's player shows pictures that go on, with a time that can be read."""
    await opened(page, await serve(bench, FrontDoor(bench, publication)))
    await page.wait_for_function("() => ages.length >= 20", timeout=15_000)
    assert await page.evaluate("player.state") == "playing"
    ages = await page.evaluate("ages")
    assert 0 <= min(ages) < 1000


@pytest.mark.browser
async def test_chromium_publishes_vp8_and_another_page_plays_it(
    bench: RelayBench, browser: BrowserContext
) -> None:
    publication = await publishing_page(browser, bench, "video/VP8")
    await plays(await browser.new_page(), bench, publication)
    assert bench.relay.publications[publication].format == Vp8Format()
    library = await bench.viewer(publication)
    times = [(await library.picture()).strip_ms for _ in range(10)]
    assert None not in times
    assert times == sorted(times), "the page may send one painting twice"
    assert len(set(times)) > 5


@pytest.mark.browser
async def test_chromium_publishes_what_it_prefers_itself(
    bench: RelayBench, browser: BrowserContext
) -> None:
    publication = await publishing_page(browser, bench, "")
    await plays(await browser.new_page(), bench, publication)
    assert isinstance(bench.relay.publications[publication].format, H264Format)


async def test_a_vp8_camera_of_another_library_is_relayed_to_whoever_comes_late(
    bench: RelayBench,
) -> None:
    async with whip_camera(bench, "video/VP8") as publication:
        first = await bench.viewer(publication, audio=False)
        assert (await first.picture(10)).strip_ms is not None
        late = await bench.viewer(publication, audio=False)
        times = [(await late.picture()).strip_ms for _ in range(10)]
        assert None not in times
        assert times == sorted(set(times))
        track = bench.relay.publications[publication].tracks["video"]
        assert track.keyframe_requests >= 2, "its own key frames are two minutes apart"


async def test_a_viewer_that_cannot_take_vp8_is_told_so(bench: RelayBench) -> None:
    async with whip_camera(bench, "video/VP8") as publication:
        stream = uuid4()
        async with bench.http.post(
            bench.url(f"viewings/{stream}?publication={publication}"),
            data=CHROMIUM_OFFER.replace("VP8/90000", "VP9/90000"),
            headers=SDP_HEADERS,
        ) as response:
            problem = await response.json(content_type="application/problem+json")
        assert response.status == 422
        assert problem["code"] == "unsupported_codec"
        assert problem["detail"] == (
            "The camera sends VP8, and this viewer takes H264 only; the relay does not convert."
            " Use a browser that plays VP8."
        )
        assert stream not in bench.relay.viewings
        assert bench.end_reason(stream) == problem["detail"]


@pytest.mark.browser
@pytest.mark.parametrize("profile", hooks.H264_PROFILES)
async def test_every_profile_of_h264_plays_in_a_browser(
    bench: RelayBench, browser: BrowserContext, profile: str
) -> None:
    async with whip_camera(bench, "video/H264", profile) as publication:
        await plays(await browser.new_page(), bench, publication)
        agreed = bench.relay.publications[publication].format
        assert isinstance(agreed, H264Format)
        assert agreed.profile == parse_h264_profile_level_id(profile + "1f")[0]
