"""The main job in a real browser, from sign-in to *cancelled en route*."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.system.conftest import Demo, Person
from tests.system.test_foreign_camera import Camera, _fix

pytestmark = pytest.mark.browser

REASON = "See the subject on the parapet"
WHY = "Subject came down by himself"
FIRST_PICTURE_WITHIN_S = 10


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.connect(chromium)
        yield opened
        opened.close()


@contextmanager
def signed_in(browser: Browser, demo: Demo, role: str, path: str) -> Iterator[Page]:
    """A page of somebody who has just signed in with one click; fails on any error of the page's own code."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{demo.url}/sign-in?{urlencode({'next': path})}")
    page.get_by_role("button", name=role, exact=True).click()
    page.wait_for_url(re.compile(re.escape(path)))
    yield page
    context.close()
    assert problems == []


def frame_of(page: Page) -> bytes:
    """The video element's picture as it is now, as PNG; empty before the first."""
    data = page.evaluate(
        """() => {
          const video = document.querySelector("video");
          if (!video || !video.videoWidth) return "";
          const canvas = document.createElement("canvas");
          canvas.width = video.videoWidth; canvas.height = video.videoHeight;
          canvas.getContext("2d").drawImage(video, 0, 0);
          return canvas.toDataURL("image/png").split(",")[1];
        }"""
    )
    return base64.b64decode(data)


def recording_camera(fim: Person) -> str:
    """A camera that records, is heard and has a good signal."""
    found = [
        c for c in fim.cameras("recording") if c["freshness"] == "live" and c["quality"] == "good"
    ]
    assert found, "no camera of the demo records with a good signal"
    return str(found[0]["camera"])


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    """Choose in a select."""
    page.get_by_role("textbox", name=label).or_(
        page.get_by_role("combobox", name=label)
    ).first.click()
    page.get_by_role("option", name=option).first.click()


def step(page: Page, button: str, confirm: str, rationale: str | None = None) -> None:
    """One step of a deployment: its button, the rationale, and the button that does it."""
    page.get_by_role("button", name=button, exact=True).click()
    form = page.locator(".second-step")
    if rationale is not None:
        form.get_by_label("Rationale").or_(form.get_by_label("Remark")).first.fill(rationale)
    form.get_by_role("button", name=re.compile(confirm)).click()


def test_the_main_job(demo: Demo, browser: Browser) -> None:
    fim = demo.sign_in("fim")
    incident = fim.get("/api/incidents")["incidents"][0]
    camera = recording_camera(fim)

    with signed_in(browser, demo, "FIM", f"/map?camera={camera}") as page:
        page.get_by_role("button", name="Open stream…").click()
        choose(page, "Incident", re.compile(re.escape(incident["title"][:20])))
        choose(page, "Purpose", "Negotiator triage")
        page.get_by_label("Reason").fill(REASON)
        page.get_by_role("button", name="Open stream", exact=True).click()
        first = wait_for_picture(page)
        time.sleep(0.5)
        later = frame_of(page)
        assert first != later, "the picture does not change"
        (stream,) = fim.get("/api/streams")["streams"]
        assert (stream["camera"], stream["reason"]) == (camera, REASON)

    deployment = fim.post(
        "/api/deployments",
        {"incident": incident["id"], "request": {"what": "Man on the parapet"}},
        expect=201,
    )["id"]
    where = f"/triage?deployment={deployment}"
    with signed_in(browser, demo, "NegCo", where) as page:
        page.get_by_role("button", name="Recommend…", exact=True).click()
        page.locator(".second-step").get_by_label("Deploy", exact=True).click()
        page.locator(".second-step").get_by_label("Rationale").fill("Agitated, no rapport")
        page.locator(".second-step").get_by_role("button", name="Recommend").click()
        expect(page.get_by_text("NegCo recommends")).to_be_visible()

    with signed_in(browser, demo, "FIM", where) as page:
        expect(page.get_by_text("Agitated, no rapport").first).to_be_visible()
        step(page, "Dispatch…", "Dispatch", "Recommended")
        expect(page.locator(".state-deployed")).to_be_visible()
        step(page, "Mark en route…", "en route")
        expect(page.locator(".state-en_route")).to_be_visible()
        step(page, "Cancel, turn them round…", "turn", WHY)
        expect(page.locator(".state-cancelled_en_route")).to_be_visible()
        expect(page.get_by_text(f"Cancelled en route. {WHY}").first).to_be_visible()

    ended = fim.get(f"/api/deployments/{deployment}")
    assert ended["state"] == "cancelled_en_route"
    last = ended["transitions"][-1]
    assert (last["by"], last["role"], last["rationale"]) == ("fim", "fim", WHY)


def wait_for_picture(page: Page) -> bytes:
    """The first picture."""
    deadline = time.monotonic() + FIRST_PICTURE_WITHIN_S
    while time.monotonic() < deadline:
        if picture := frame_of(page):
            return picture
        time.sleep(0.05)
    raise AssertionError(f"no picture within {FIRST_PICTURE_WITHIN_S} s")


def test_a_camera_that_only_buffers_refuses_and_the_audit_knows(demo: Demo) -> None:
    fim, auditor = demo.sign_in("fim"), demo.sign_in("auditor")
    incident = fim.get("/api/incidents")["incidents"][0]["id"]
    camera = fim.cameras("buffering")[0]["camera"]
    asked = {
        "camera": camera,
        "purpose": "negotiator_triage",
        "reason": REASON,
        "incident": incident,
    }
    refused = fim.post("/api/streams", asked, expect=409)
    assert refused["code"] == "not_recording"
    assert "buffering" in refused["detail"]
    rows = auditor.get("/api/audit", action="stream.open", outcome="refused")["entries"]
    assert any(row["object_id"] == camera for row in rows)


def test_the_officer_is_told_who_watches_and_the_stream_ends_when_recording_stops(
    demo: Demo,
) -> None:
    """Over the API with a camera of our own: what the camera hears, and what the viewer is told."""
    made = demo.made("camera", "add", "FOREIGN-WATCHED")
    camera = Camera(demo, made["camera"], made["token"])
    camera.report(1, _fix())
    fim = demo.sign_in("fim")
    incident = fim.get("/api/incidents")["incidents"][0]["id"]
    asked = {
        "camera": made["camera"], "purpose": "officer_safety", "reason": REASON, "incident": incident,
    }  # fmt: skip
    opened = fim.post("/api/streams", asked, expect=201)
    start = camera.expect("stream_start")
    assert start["whip"].startswith(demo.gateway_http)
    assert start["token"]
    assert opened["stream"] in [s["stream"] for s in fim.get("/api/streams")["streams"]]
    camera.send({"type": "status", "seq": 2, "time": int(time.time() * 1000), "recording": "off"})
    stopped = time.monotonic()
    camera.expect("stream_stop")
    assert time.monotonic() - stopped < 1.5
    assert opened["stream"] not in [s["stream"] for s in fim.get("/api/streams")["streams"]]
    camera.socket.close()
