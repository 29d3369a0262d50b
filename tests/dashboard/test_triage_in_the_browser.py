"""Triage as people do it: a NegCo and a FIM at their screens, from the request to *cancelled en route*."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from sightline.dashboard import app
from sightline.dashboard.access.acting import Actor
from sightline.dashboard.access.cookies import CSRF_COOKIE, SESSION_COOKIE
from sightline.dashboard.operations import deployments, incidents
from tests.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_PATIENCE_MS = 30_000


@pytest.fixture
async def url(force) -> AsyncIterator[str]:
    """The dashboard, serving the small force."""
    port = free_port()
    settings = force.services.settings.model_copy(
        update={"host": "127.0.0.1", "dashboard_port": port}
    )
    stop = asyncio.Event()
    running = asyncio.create_task(app.run(settings, stop))
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert not running.done(), running.exception()
            await asyncio.sleep(0.05)
        else:
            writer.close()
            break
    yield f"http://127.0.0.1:{port}"
    stop.set()
    await running


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.connect(chromium)
        yield started
        await started.close()


@asynccontextmanager
async def screen(
    browser: Browser, force, url: str, role: str, path: str = "/triage"
) -> AsyncIterator[Page]:
    """A page of somebody who is signed in; whatever the browser calls an error fails the test."""
    session = await force.session(role)
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(_PATIENCE_MS)
    await context.add_cookies(
        [
            {"name": SESSION_COOKIE, "value": session.token, "url": url},
            {"name": CSRF_COOKIE, "value": session.csrf, "url": url},
        ]
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if is_wrong(said) else None)
    await page.goto(url + path)
    yield page
    assert errors == []
    await context.close()


def is_wrong(said: ConsoleMessage) -> bool:
    """A database that is slow on a busy machine answers 503, and the page asks again."""
    return said.type == "error" and "503" not in said.text


DEAF = (
    "window.addEventListener('sightline:event', (event) => event.stopImmediatePropagation(), true)"
)
"""The page hears nothing of what others do."""


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def test_from_the_request_to_cancelled_en_route(force, url, browser):
    expect.set_options(timeout=_PATIENCE_MS)
    async with (
        screen(
            browser, force, url, "fim", f"/triage?request=1&incident={force.incident}&camera=CAM-1"
        ) as fim,
        screen(browser, force, url, "negco") as negco,
    ):
        # the form knows where the officer stands, whose card it was opened from
        await expect(fim.get_by_label("Where exactly?")).to_have_value(
            "TR 1059 2657, with PC Jane Doe 4417"
        )
        await fim.get_by_label("What is happening?").fill("Man on the roof, quiet now")
        await press(fim, "Send the request")
        await expect(fim.locator(".state")).to_have_text("Requested")

        # it reaches the NegCo by itself
        await negco.locator("a.request", has_text="Man on a roof").click()
        await expect(negco.locator(".asked")).to_contain_text("Man on the roof, quiet now")
        await expect(negco.locator(".not-said")).to_contain_text("Hostages and others")
        await press(negco, "Recommend…")
        await negco.get_by_label("Deploy", exact=True).check()
        await press(negco, "Threat and risk")
        await negco.keyboard.type("Height.")

        # what others write meanwhile appears, and takes nothing from what is being typed
        await fim.get_by_label("Text of the entry").fill("Fire service asked")
        await fim.get_by_label("Text of the entry").press("Enter")
        await expect(negco.locator(".timeline")).to_contain_text("Fire service asked")
        await expect(negco.locator(".second-step textarea")).to_have_value(
            "Threat and risk: Height."
        )
        await press(negco, "Recommend")
        await expect(fim.locator(".advice-head")).to_contain_text("Deploy")

        # a decision needs its reason, and says so
        await press(fim, "Dispatch…")
        await press(fim, "Dispatch")
        await expect(fim.locator("#triage-form-answer")).to_contain_text(
            "Rationale: say in a few words."
        )
        await fim.locator(".second-step textarea").fill("As recommended.")
        await press(fim, "Dispatch")
        await expect(fim.locator(".state")).to_have_text("Deployed")
        await press(fim, "Mark en route…")
        await press(fim, "Mark en route")
        await expect(negco.locator(".state")).to_have_text("En route")

        await press(fim, "Cancel, turn them round…")
        await expect(fim.locator(".told li")).to_have_count(2)
        await fim.locator(".second-step textarea").fill("Came down by himself.")
        await press(fim, "Cancel and turn 2 round")
        await expect(negco.locator(".state")).to_have_text("Cancelled en route")
        last = negco.locator(".timeline > li").first
        await expect(last).to_contain_text("Cancelled en route. Came down by himself.")
        await expect(last.locator(".entry-role")).to_have_text("FIM")
        await expect(negco.locator(".actions")).to_have_count(0)
    assert [row["reason"] for row in await force.audit("deployment.cancel")] == [
        "Came down by himself."
    ]


async def test_a_step_that_came_too_late_is_answered_with_what_is_possible(force, url, browser):
    expect.set_options(timeout=_PATIENCE_MS)
    async with force.services.acting(await force.credentials("fim")) as act:
        made = await deployments.request(act, force.incident, {"what": "on the roof"})
    async with screen(browser, force, url, "fim", f"/triage?deployment={made['id']}") as page:
        await press(page, "Dispatch…")
        await page.locator(".second-step textarea").fill("Now.")
        # who presses before the news has come
        await page.evaluate(DEAF)
        async with force.services.acting(await force.credentials("fim")) as act:
            await deployments.decide(act, made["id"], "not_required", "Came down.")
        await press(page, "Dispatch")
        await expect(page.locator("#triage-form-answer")).to_contain_text(
            "Not possible while the deployment is not required. Possible now: reopen or cancel."
        )


async def test_the_keyboard_alone_opens_a_request_and_leads_into_its_form(force, url, browser):
    expect.set_options(timeout=_PATIENCE_MS)
    async with force.services.acting(await force.credentials("fim")) as act:
        first = await deployments.request(act, force.incident, {"what": "first"})
        second = await _another(act)
    async with screen(browser, force, url, "negco", f"/triage?deployment={first['id']}") as page:
        await expect(page.locator(".asked")).to_contain_text("first")
        await page.locator(f"a[data-deployment='{first['id']}']").focus()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page.locator(".asked")).to_contain_text("second")
        await expect(page).to_have_url(f"{url}/triage?deployment={second['id']}")
        await page.get_by_role("button", name="Recommend…").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Deploy", exact=True)).to_be_focused()
        # after it was sent, and what can happen next was drawn anew, the keyboard is on that
        await page.keyboard.press("Space")
        await page.locator(".second-step textarea").focus()
        await page.keyboard.type("Alone, quiet.")
        await page.get_by_role("button", name="Recommend", exact=True).press("Enter")
        await expect(page.locator(".advice-head")).to_contain_text("Deploy")
        await expect(page.get_by_role("button", name="Recommend anew…")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Deploy", exact=True)).to_be_focused()
        await page.go_back()
        await expect(page.locator(".asked")).to_contain_text("first")
        await expect(page.locator(".second-step")).to_have_count(0)


async def test_the_keyboard_stays_on_its_request_when_the_queue_is_drawn_anew(force, url, browser):
    expect.set_options(timeout=_PATIENCE_MS)
    async with force.services.acting(await force.credentials("fim")) as act:
        first = await deployments.request(act, force.incident, {"what": "first"})
        second = await _another(act)
    async with screen(browser, force, url, "negco", f"/triage?deployment={first['id']}") as page:
        rows = {
            one["id"]: page.locator(f"a[data-deployment='{one['id']}']") for one in (first, second)
        }
        await expect(rows[second["id"]]).to_be_visible()
        await rows[first["id"]].focus()
        async with force.services.acting(await force.credentials("fim")) as act:
            await deployments.decide(act, first["id"], "not_required", "Came down.")
        await expect(rows[first["id"]]).to_contain_text("Not required")
        await expect(rows[first["id"]]).to_be_focused()


async def test_a_half_written_entry_waits_for_its_own_log(force, url, browser):
    expect.set_options(timeout=_PATIENCE_MS)
    async with force.services.acting(await force.credentials("fim")) as act:
        first = await deployments.request(act, force.incident, {"what": "first"})
        second = await _another(act)
    async with screen(browser, force, url, "fim", f"/triage?deployment={first['id']}") as page:
        entry = page.get_by_label("Text of the entry")
        await entry.fill("He has a knife")
        await page.locator(f"a[data-deployment='{second['id']}']").click()
        await expect(entry).to_have_value("")
        await entry.fill("Fire service asked")
        await entry.press("Enter")
        await expect(page.locator(".timeline")).to_contain_text("Fire service asked")
        await page.locator(f"a[data-deployment='{first['id']}']").click()
        await expect(page.locator(".asked")).to_contain_text("first")
        await expect(entry).to_have_value("He has a knife")
        await page.reload()
        await expect(entry).to_be_visible()
        await expect(entry).to_have_value("He has a knife")
        await entry.press("Enter")
        await expect(page.locator(".timeline")).to_contain_text("He has a knife")
        await expect(page.locator(".timeline")).not_to_contain_text("Fire service asked")
        await expect(entry).to_have_value("")


async def test_a_form_says_that_somebody_else_has_decided_and_cannot_be_sent_any_more(
    force, url, browser
):
    expect.set_options(timeout=_PATIENCE_MS)
    async with force.services.acting(await force.credentials("fim")) as act:
        made = await deployments.request(act, force.incident, {"what": "on the roof"})
    async with screen(browser, force, url, "fim", f"/triage?deployment={made['id']}") as page:
        await press(page, "Dispatch…")
        await page.locator(".second-step textarea").fill("Now.")
        send = page.get_by_role("button", name="Dispatch", exact=True)
        await expect(send).to_be_enabled()
        async with force.services.acting(await force.credentials("fim")) as act:
            await deployments.decide(act, made["id"], "not_required", "Came down.")
        await expect(page.locator(".form-changed")).to_have_text(
            "Changed meanwhile by Fim, FIM: now not required. This is not possible any more."
        )
        await expect(send).to_be_disabled()
        await expect(page.locator(".second-step textarea")).to_have_value("Now.")


async def test_a_half_written_rationale_waits_for_its_writer(force, url, browser):
    expect.set_options(timeout=_PATIENCE_MS)
    async with force.services.acting(await force.credentials("fim")) as act:
        first = await deployments.request(act, force.incident, {"what": "first"})
        second = await _another(act)
    async with screen(browser, force, url, "negco", f"/triage?deployment={first['id']}") as page:
        text = page.locator(".second-step textarea")
        await press(page, "Recommend…")
        await text.fill("Height, alone, talking.")
        # another incident is no reason to lose it, nor is a reload
        await page.locator(f"a[data-deployment='{second['id']}']").click()
        await expect(page.locator(".second-step")).to_have_count(0)
        await press(page, "Recommend…")
        await expect(text).to_have_value("")
        await page.locator(f"a[data-deployment='{first['id']}']").click()
        # the address is that of the choice at once, though nothing of it is drawn yet
        await page.reload()
        await expect(page.locator(".asked")).to_contain_text("first")
        await press(page, "Recommend…")
        await expect(text).to_have_value("Height, alone, talking.")
        await expect(page.locator(".form-draft")).to_contain_text("What you had written is back.")
        # once sent it is gone
        await page.get_by_label("Deploy", exact=True).check()
        await press(page, "Recommend")
        await press(page, "Recommend anew…")
        await expect(text).to_have_value("")
        await text.fill("Not this")
        await press(page, "Back")
        await press(page, "Recommend anew…")
        # a form takes the keyboard as it opens
        await expect(page.locator(".second-step input").first).to_be_focused()
        await page.get_by_role("button", name="Clear it").press("Enter")
        await expect(text).to_have_value("")
        await expect(page.locator(".form-draft")).to_be_hidden()


async def _another(act: Actor) -> dict[str, Any]:
    made = await incidents.create(
        act, incidents.NewIncident.of({"title": "Woman on a bridge", "grade": "immediate"})
    )
    return await deployments.request(act, made["id"], {"what": "second"})


async def test_a_request_that_was_begun_is_there_again_until_it_is_sent_or_cleared(
    force, url, browser
):
    expect.set_options(timeout=_PATIENCE_MS)
    path = f"/triage?request=1&incident={force.incident}&camera=CAM-1"
    async with screen(browser, force, url, "fim", path) as page:
        what, where = page.get_by_label("What is happening?"), page.get_by_label("Where exactly?")
        await what.fill("Man on the roof")
        await page.get_by_label("Hostages, children").fill("None known")
        await page.keyboard.press("Escape")
        await expect(what).to_have_count(0)
        await expect(page.get_by_role("button", name="Request negotiators…")).to_be_focused()
        await press(page, "Request negotiators…")
        await expect(what).to_have_value("Man on the roof")
        await page.reload()
        await expect(what).to_have_value("Man on the roof")
        await expect(page.get_by_label("Hostages, children")).to_have_value("None known")
        await expect(where).to_have_value("TR 1059 2657, with PC Jane Doe 4417")
        await press(page, "Clear the form")
        await expect(what).to_have_value("")
        await expect(where).to_have_value("TR 1059 2657, with PC Jane Doe 4417")
        await what.fill("Man on the roof, quiet")
        await press(page, "Send the request")
        await expect(page.locator(".asked")).to_contain_text("Man on the roof, quiet")
        await press(page, "Request negotiators…")
        await expect(what).to_have_value("")


async def test_one_incident_with_its_stream_is_one_screen(force, url, browser):
    expect.set_options(timeout=_PATIENCE_MS)
    said = {
        "what": "Man over the parapet, threatening to jump",
        "where": "Bridge, downstream side, middle span", "rvp": "Quay Street car park",
        "subject": "Male, about 40, calls himself Danny, red jacket", "threat": "To himself only",
        "vulnerabilities": "Says he has lost his job; has taken tablets", "language": "English",
        "rapport": "PC on scene has been talking to him for ten minutes",
        "hazards": "12 m drop, tide running out",
    }  # fmt: skip
    async with force.services.acting(await force.credentials("fim")) as act:
        made = await deployments.request(act, force.incident, said)
        for number in range(6):
            await incidents.write_log(act, force.incident, f"Entry {number}", "note")
    async with screen(browser, force, url, "negco", f"/triage?deployment={made['id']}") as page:
        await expect(page.locator(".asked")).to_contain_text("tide running out")
        for tiles in range(5):
            if tiles:
                await page.evaluate(A_TILE)
            shown = await page.evaluate(ROOM)
            assert shown["scrolls"] == 0, tiles
            assert shown["asked"] == 0, f"what was asked is cut with {tiles} streams"
            assert shown["log"] >= 130, tiles
            assert shown["cameras"] >= 90, tiles
            assert shown["covered"] == [], f"{tiles} streams lie over {shown['covered']}"


A_TILE = """() => {
  const dock = document.getElementById("dock");
  const tile = document.createElement("article");
  tile.className = "tile";
  tile.innerHTML = '<div class="tile-frame"><video class="tile-video"></video></div><div class="tile-text">'
    + '<div class="tile-head"><span class="tile-name">RB31</span><span class="tile-picture">live</span></div>'
    + '<div class="tile-people"><p class="tile-who">PC Jane Doe</p></div>'
    + '<div class="tile-buttons"><button class="button button-small">End</button></div></div>';
  dock.append(tile);
  dock.hidden = false;
}"""
"""One more stream in the dock, as it draws them."""

ROOM = """() => {
  const of = (selector) => document.querySelector(selector);
  const [page, asked] = [of(".page"), of(".incident-asked")];
  const dock = of("#dock").hidden ? null : of("#dock").getBoundingClientRect();
  const over = (selector) => {
    const part = of(selector).getBoundingClientRect();
    return dock !== null && part.left < dock.right && dock.left < part.right
      && part.top < dock.bottom && dock.top < part.bottom;
  };
  return {
    scrolls: page.scrollHeight - page.clientHeight,
    asked: asked.scrollHeight - asked.clientHeight,
    log: of(".log-lines").clientHeight,
    cameras: of(".camera-list-part").clientHeight,
    covered: [".triage-queue", ".incident-head", ".incident-asked", ".incident-cameras", ".incident-log", ".decision", ".team"]
      .filter(over),
  };
}"""
"""What has room on the screen, in pixels; 0 for what should not scroll."""
