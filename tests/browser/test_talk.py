"""Talk-back in the browser, with every real part: microphone → relay → camera, and back with the camera's own sound."""

from __future__ import annotations

import io
import re
import statistics
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import av
import numpy as np
import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Screen
from tests.browser.scene import CAMERA, Scene, running_scene
from tests.force import Force, Person

pytestmark = pytest.mark.browser

TONE_HZ = 900

MICROPHONE = """
  // A voice that says a tone when the test wants it to, through the browser's own encoder.
  const context = new AudioContext();
  const gain = context.createGain();
  gain.gain.value = 0;
  const tone = context.createOscillator();
  tone.frequency.value = TONE_HZ;
  const out = context.createMediaStreamDestination();
  tone.connect(gain).connect(out);
  tone.start();
  navigator.mediaDevices.getUserMedia = async () => { window.asked = true; await context.resume(); return out.stream; };
  window.voice = (loud) => { gain.gain.value = loud ? 0.8 : 0; return performance.now(); };
""".replace("TONE_HZ", str(TONE_HZ))

HEAR = """async () => {
  // How loud the tone is in what comes back from the camera.
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  analyser.smoothingTimeConstant = 0;
  const sound = new MediaStream(document.querySelector(".tile-video").srcObject.getAudioTracks());
  context.createMediaStreamSource(sound).connect(analyser);
  const bins = new Uint8Array(analyser.frequencyBinCount);
  const place = Math.round(TONE_HZ / (context.sampleRate / analyser.fftSize));
  window.toneNow = () => { analyser.getByteFrequencyData(bins); return Math.max(...bins.slice(place - 1, place + 2)); };
}""".replace("TONE_HZ", str(TONE_HZ))

ROUND_TRIP = """async () => {
  const said = window.voice(true);
  const until = said + 3000;
  while (window.toneNow() < 170) {
    if (performance.now() > until) throw new Error(`nothing came back: ${window.toneNow()}`);
    await new Promise((done) => setTimeout(done, 4));
  }
  const heard = performance.now();
  window.voice(false);
  await new Promise((done) => setTimeout(done, 900));
  return heard - said;
}"""

Start = Callable[..., Any]


@pytest.fixture
async def start(force: Force, chromium: str) -> AsyncIterator[Start]:
    """Makes a scene whose camera's sound comes out as the test wants."""
    async with AsyncExitStack() as stack:

        async def make(audio_out: Any = "earpiece") -> Scene:
            return await stack.enter_async_context(running_scene(force, chromium, audio_out))

        yield make


async def negco(scene: Scene) -> Person:
    person = await scene.force.user("negco")
    await scene.force.negotiator("N1", "negco", person)
    return person


async def watching(scene: Scene, person: Person, *, named: bool = True) -> tuple[Screen, Locator]:
    """Somebody with a stream that plays, at an incident with a talkgroup; its tile."""
    incident = await scene.force.incident("Man on the bridge")
    await scene.force.owner.execute("update incident set talkgroup = 'NEG-1'")
    if named:
        await scene.force.assign(person, incident)
    screen = await scene.desk.open(person, f"/map?at=56.35,1.18,15&camera={CAMERA}")
    page = screen.page
    await page.add_init_script(MICROPHONE)
    await page.reload()
    await page.get_by_role("button", name="Open stream…").click()
    await page.locator("#stream-reason").fill("Hear the subject")
    await page.locator("#stream-incident").fill("bridge")
    await page.get_by_role("option", name=re.compile("Man on the bridge")).first.click()
    await page.locator("#stream-purpose").click()
    await page.get_by_role("option", name="Negotiator triage").click()
    await page.locator("#stream-open").click()
    tile = page.locator(".tile")
    await expect(tile).to_have_attribute("data-state", "playing", timeout=10_000)
    return screen, tile


async def turns(scene: Scene) -> list[Any]:
    return list(await scene.force.owner.fetch("select * from talk_turn order by number"))


async def logged(scene: Scene) -> str | None:
    text: str | None = await scene.force.owner.fetchval(
        "select text from incident_log where kind = 'talk'"
    )
    return text


async def eventually(ask: Callable[[], Any], page: Page) -> Any:
    for _ in range(60):
        if found := await ask():
            return found
        await page.wait_for_timeout(100)
    raise AssertionError("it never was so")


async def test_hold_to_talk_reaches_the_camera_and_what_was_said_is_kept(start: Start) -> None:
    scene: Scene = await start("speaker")
    screen, tile = await watching(scene, await negco(scene))
    page = screen.page
    await tile.get_by_role("button", name="Talk…").click()
    talk = tile.get_by_role("group", name="Talk to the officer")
    await expect(talk).to_contain_text("the subject may hear you")
    assert not await page.evaluate("window.asked"), "no microphone before one agrees"
    assert await scene.force.owner.fetchval("select asked_time from talk") is None
    await talk.get_by_role("button", name="Ask the officer").click()
    hold = talk.get_by_role("button", name="Hold to talk")
    await expect(talk).to_have_attribute("data-state", "heard", timeout=10_000)
    await expect(talk).to_contain_text("can hear you from the camera's loudspeaker")
    await expect(hold).to_be_focused()

    await page.evaluate(HEAR)
    await page.keyboard.down("Space")
    await expect(talk).to_contain_text("You are speaking")
    await page.wait_for_timeout(500)
    waits = [await page.evaluate(ROUND_TRIP) for _ in range(5)]
    await page.keyboard.up("Space")
    await expect(talk).to_contain_text("can hear you")
    # There (voice, relay, camera's loudspeaker) and back (its microphone, relay, browser): two ways of at most 200 ms.
    assert statistics.median(waits) < 400, waits

    (turn,) = await eventually(lambda: turns(scene), page)
    with av.open(io.BytesIO(turn["sound"])) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(np.argmax(spectrum) * 48_000 / len(samples) - TONE_HZ) < 20
    await talk.get_by_role("button", name="End talk").click()
    await expect(talk).to_be_hidden()
    await expect(tile.get_by_role("button", name="Talk…")).to_be_focused()
    text = await eventually(lambda: logged(scene), page)
    assert "through the camera's speaker: once," in text
    answer = await page.request.get(
        f"{scene.desk.url}/api/talk/{turn['talk_id']}/turns/{turn['number']}"
    )
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/ogg")
    assert await answer.body() == turn["sound"]
    assert screen.problems == []


async def test_an_officer_who_declines_leaves_the_radio_and_one_key_logs_it(start: Start) -> None:
    scene: Scene = await start()
    scene.accepts = False
    screen, tile = await watching(scene, await negco(scene))
    page = screen.page
    await tile.get_by_role("button", name="Talk…").focus()
    await page.keyboard.press("Enter")
    talk = tile.get_by_role("group", name="Talk to the officer")
    await expect(talk).to_contain_text("Talk ended: the officer declined.", timeout=10_000)
    await expect(talk).to_contain_text("By radio on NEG-1:")
    await expect(talk.get_by_role("button", name="Told by radio")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(talk).to_be_hidden()
    await expect(tile.get_by_role("button", name="Talk…")).to_be_focused()
    row = await scene.force.owner.fetchrow(
        "select author, text from incident_log where kind = 'note'"
    )
    assert row["author"] == "negco"
    assert re.fullmatch(r"Told \S+ by radio on NEG-1", row["text"])
    assert screen.problems == []


async def test_who_only_listens_has_no_button_and_is_refused_by_the_server(start: Start) -> None:
    scene: Scene = await start()
    fim = await scene.force.user("fim")
    screen, tile = await watching(scene, fim)
    await expect(tile.get_by_role("button", name="Sound on")).to_be_visible()
    await expect(tile.get_by_role("button", name="Talk…")).to_have_count(0)
    stream = await scene.force.owner.fetchval("select id from stream_session")
    answer = await screen.page.request.post(
        f"{scene.desk.url}/api/talk",
        data={"stream": str(stream)},
        headers={"X-CSRF-Token": "csrf"},
    )
    assert answer.status == 403
    assert await scene.force.owner.fetchval("select count(*) from talk") == 0
    (row,) = await scene.force.audit("talk.open")
    assert (row["actor"], row["outcome"]) == ("fim", "refused")


async def test_who_is_not_on_the_incident_is_told_what_to_do(start: Start) -> None:
    scene: Scene = await start()
    _screen, tile = await watching(scene, await negco(scene), named=False)
    await tile.get_by_role("button", name="Talk…").click()
    await expect(tile).to_contain_text("You are not on this incident.")
    await expect(tile).to_contain_text("By radio on NEG-1:")


async def test_with_the_recording_the_talk_ends_and_the_microphone_is_let_go(start: Start) -> None:
    scene: Scene = await start()
    screen, tile = await watching(scene, await negco(scene))
    page = screen.page
    await page.evaluate(
        "() => { const give = navigator.mediaDevices.getUserMedia;"
        " navigator.mediaDevices.getUserMedia = async () => (window.held = await give()); }"
    )
    await tile.get_by_role("button", name="Talk…").click()
    talk = tile.get_by_role("group", name="Talk to the officer")
    await expect(talk).to_have_attribute("data-state", "heard", timeout=10_000)
    scene.camera.set_status("buffering", 79.0)
    await expect(tile).to_have_attribute("data-state", "ended", timeout=2500)
    await expect(talk).to_contain_text("Talk ended: the stream ended: the camera stopped recording")
    assert await page.evaluate("window.held.getAudioTracks()[0].readyState") == "ended"
    await expect(tile.get_by_role("button", name="Talk…")).to_be_hidden()
    assert await scene.force.owner.fetchval("select end_reason from talk") is not None


async def test_the_officer_ends_it(start: Start) -> None:
    scene: Scene = await start()
    _screen, tile = await watching(scene, await negco(scene))
    await tile.get_by_role("button", name="Talk…").click()
    talk = tile.get_by_role("group", name="Talk to the officer")
    await expect(talk).to_have_attribute("data-state", "heard", timeout=10_000)
    id_ = await scene.force.owner.fetchval("select id from talk")
    scene.camera.answer_talk(str(id_), accept=False)
    await expect(talk).to_contain_text("Talk ended: the officer ended it.")


async def test_others_see_who_talks(start: Start) -> None:
    scene: Scene = await start()
    speaker = await negco(scene)
    _screen, tile = await watching(scene, speaker)
    fim = await scene.force.user("fim")
    other = await scene.desk.open(fim, f"/map?at=56.35,1.18,15&camera={CAMERA}")
    await scene.open_stream(other.page)
    await expect(other.page.locator(".tile")).to_have_attribute("data-state", "playing", timeout=10_000)  # fmt: skip
    await tile.get_by_role("button", name="Talk…").click()
    await expect(other.page.locator(".tile-others")).to_contain_text("negco talks to the officer")
    await tile.get_by_role("button", name="End talk").click()
    await expect(other.page.locator(".tile-others")).not_to_contain_text("talks to the officer")
