/**
 * The frame of every page in the browser: health, clock, theme, menu, signing out.
 * The exports are called by Dash's clientside callbacks.
 */
import { Alerts } from "./alerts.js";
import { app } from "./app.js";
import { call } from "./api.js";
import { clockWords, fullTime } from "./ages.js";
import { quietDialogHeaders } from "./dialog_headers.js";
import { h, mark, present, say, setProps } from "./dom.js";
import { healthView, readyView } from "./health.js";
import { closeMenu, mountMenu, nameMenu } from "./menu.js";
import { PostDesk } from "./post_desk.js";
import { RecordingNotices } from "./recording_notices.js";
import { ReadyWatch } from "./ready_watch.js";
import { SessionGuard } from "./session_guard.js";
import { StreamDock } from "./stream_dock.js";
import { listen as listenForStreams } from "./stream_dialog.js";
import { mountThemeSwitch } from "./theme.js";

const TICK_MS = 250;
/** Events after which a number in the header may be another one. */
const COUNTED = new Set(["deployment", "incident", "alert"]);

/** Milliseconds in which the feed may say why the sign-in ended, before that is shown without a reason. */
const REASON_WITHIN_MS = 300;

const guard = new SessionGuard();
const ready = new ReadyWatch();
let news = 0;
let ticking = 0;
/** Whether this page is being left because its user signs out here. */
let isLeaving = false;

/** Called by Dash once the frame is there. @param {string} id */
export async function mount(id) {
  const shell = await present(id);
  // The feed knows why, and says so at about the same time.
  guard.addEventListener("over", () => setTimeout(() => showSignedOut(""), app.feed ? REASON_WITHIN_MS : 0));
  guard.start();
  app.start(JSON.parse(shell.dataset.facts));
  mountMenu(await present("menu"), await present("header"));
  mountThemeSwitch(await present("theme-switch"));
  (await present("sign-out")).addEventListener("click", signOut);
  window.addEventListener("sightline:event", (message) => {
    if (COUNTED.has(message.detail.event)) setProps("shell-news", { data: `news ${(news += 1)}` });
  });
  quietDialogHeaders();
  listenForStreams();
  if (app.feed) {
    app.feed.addEventListener("signedout", (event) => showSignedOut(event.detail));
    app.feed.start();
  } else {
    ready.start();
  }
  if (app.openStreams) {
    app.openStreams.start();
    app.dock = new StreamDock(await present("dock"), { app, call });
    new RecordingNotices(await present("recording-notices"), app);
  }
  if (app.may("alert.answer")) new Alerts(await present("alerts"), { nowMs: () => app.nowMs() }).start();
  if (app.may("post.hold")) {
    new PostDesk(await present("post"), { call, nowMs: () => app.nowMs(), mayAlerts: app.may("alert.answer") }).start();
  }
  app.incidents?.start();
  ticking = setInterval(tick, TICK_MS);
  tick();
  return true;
}

/** A page is shown: its name in the window's title and on the menu, and its link marked. */
export function pageShown() {
  closeMenu();
  requestAnimationFrame(() => {
    const links = [...document.querySelectorAll("#navigation a")];
    for (const link of links) {
      const current = link.pathname === location.pathname;
      mark(link, "aria-current", current ? "page" : null);
      if (!current) continue;
      document.title = `${link.firstChild.textContent} · Sightline`;
      nameMenu(link.firstChild.textContent);
    }
  });
}

// Health and clock -------------------------------------------------------------------------------

function tick() {
  const now = Date.now();
  const clock = document.getElementById("clock");
  if (clock) {
    say(clock, clockWords(now));
    clock.title = fullTime(now);
  }
  const view = app.feed
    ? healthView({
      feed: app.feed.state, health: app.feed.health, known: app.feed.store.count, nowMs: now, offsetMs: app.feed.clock.offsetMs,
    })
    : readyView({ ...ready.state, nowMs: now });
  const pill = document.getElementById("health");
  if (pill) {
    mark(pill, "data-state", view.state);
    say(document.getElementById("health-words"), view.words);
  }
  drawBanner(view.banner);
}

function drawBanner(banner) {
  const element = document.getElementById("banner");
  if (!element) return;
  element.hidden = banner === null;
  const said = banner === null ? "" : banner.title + banner.detail;
  if (element.dataset.said === said) return;
  element.dataset.said = said;
  element.replaceChildren(...(banner === null ? [] : [h("strong", { text: banner.title }), " ", banner.detail]));
}

// Signing out ------------------------------------------------------------------------------------

async function signOut() {
  isLeaving = true;
  try {
    await call("DELETE", "/api/session");
  } catch (error) {
    if (error.status !== 401) {
      isLeaving = false;
      drawBanner({ title: "You are still signed in.", detail: error.message });
      return;
    }
  }
  app.recordingWatch?.forget();
  location.assign("/sign-in");
}

/** The sign-in is over: nothing of it stays on the screen, and nothing is asked any more. */
function showSignedOut(reason) {
  if (isLeaving || document.getElementById("signed-out")) return;
  clearInterval(ticking);
  ready.stop();
  app.feed?.close();
  app.dock?.endAll("your sign-in is over");
  app.recordingWatch?.forget();
  guard.end();
  document.title = "Signed out · Sightline";
  const again = `/sign-in?${new URLSearchParams({ next: location.pathname + location.search })}`;
  const words = reason ? `It ended: ${reason}.` : "It has ended.";
  document.body.replaceChildren(
    h(
      "main", { class: "message-page", id: "signed-out" },
      h("h1", { text: "You are signed out" }), h("p", { text: `Your sign-in is over. ${words}` }),
      h("a", { class: "button button-primary", href: again, text: "Sign in again" }),
    ),
  );
}
