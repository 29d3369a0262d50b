/**
 * The frame of every page in the browser: health, clock, theme, signing out, the dialog that opens streams.
 * The exports are called by Dash's clientside callbacks.
 */
import { Alerts } from "./alerts.js";
import { app } from "./app.js";
import { ApiError, call } from "./api.js";
import { clockWords, fullTime } from "./ages.js";
import { fullName, signalWords, whyNoStream } from "./camera_words.js";
import { h, mark, present, say, setProps } from "./dom.js";
import { healthView, readyView } from "./health.js";
import { OpenStreams } from "./open_streams.js";
import { StreamDock } from "./stream_dock.js";
import { mountThemeSwitch } from "./theme.js";

const PROVISIONAL = "provisional";
const TICK_MS = 250;
/** Events after which a number in the header may be another one. */
const COUNTED = new Set(["deployment", "incident", "alert"]);
const READY_EVERY_MS = 1500;
/** Milliseconds without an answer after which the server counts as silent. */
const READY_WITHIN_MS = 1400;

let dock = null;
let others = null;
let news = 0;
/** What the server answered last, for pages without a feed. */
let ready = { answer: "waiting", sinceMs: 0 };

/** Called by Dash once the frame is there. @param {string} id */
export async function mount(id) {
  const shell = await present(id);
  app.start(JSON.parse(shell.dataset.facts));
  mountThemeSwitch(await present("theme-switch"));
  (await present("sign-out")).addEventListener("click", signOut);
  window.addEventListener("sightline:event", (message) => {
    if (COUNTED.has(message.detail.event)) setProps("shell-news", { data: `news ${(news += 1)}` });
  });
  window.addEventListener("sightline:open-stream", (message) => askForStream(message.detail));
  if (app.feed) {
    app.feed.addEventListener("signedout", (event) => showSignedOut(event.detail));
    app.feed.start();
  } else {
    watchReady();
  }
  if (app.may("stream.open") && app.feed) {
    others = new OpenStreams(call);
    others.start();
    dock = new StreamDock(await present("dock"), { app, others, call });
  }
  if (app.may("alert.answer")) new Alerts(await present("alerts"), { nowMs: () => app.nowMs() }).start();
  app.incidents?.start();
  setInterval(tick, TICK_MS);
  tick();
  return true;
}

/** A page is shown: its name in the window's title, and its link marked. */
export function pageShown() {
  requestAnimationFrame(() => {
    const links = [...document.querySelectorAll("#navigation a")];
    for (const link of links) {
      const current = link.pathname === location.pathname;
      mark(link, "aria-current", current ? "page" : null);
      if (current) document.title = `${link.firstChild.textContent} · Sightline`;
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
    ? healthView({ feed: app.feed.state, health: app.feed.health, nowMs: now, offsetMs: app.feed.clock.offsetMs })
    : readyView({ ...ready, nowMs: now });
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

/** Roles without cameras have no feed; whether Sightline can work they ask the server. */
function watchReady() {
  const heard = (answer) => {
    if (answer !== ready.answer) ready = { answer, sinceMs: Date.now() };
  };
  const ask = () => {
    const given = { cache: "no-store", signal: AbortSignal.timeout(READY_WITHIN_MS) };
    return fetch("/readyz", given).then((response) => heard(response.ok ? "ready" : "not"), () => heard("silent"));
  };
  ask();
  setInterval(ask, READY_EVERY_MS);
}

// Signing out ------------------------------------------------------------------------------------

async function signOut() {
  try {
    await call("DELETE", "/api/session");
  } catch (error) {
    if (error.status !== 401) {
      drawBanner({ title: "You are still signed in.", detail: error.message });
      return;
    }
  }
  location.assign("/sign-in");
}

/** The sign-in is over: nothing of it stays on the screen. */
function showSignedOut(reason) {
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

// Opening a stream -------------------------------------------------------------------------------

/**
 * Ask for purpose, incident and reason. Any page may: dispatch `sightline:open-stream` on the window with the camera's
 * id and, if there is one, the incident's.
 * @param {{camera: string, incident?: string|number|null}} wanted
 */
function askForStream({ camera, incident = null }) {
  if (dock === null || dock.showIfOpen(camera)) return;
  drawWho(camera);
  setProps("stream-answer", { children: dock.whyFull });
  setProps("stream-reason", { value: "" });
  setProps("stream-for", { data: { camera, incident: incident === null ? null : String(incident), asked: Date.now() } });
  setProps("stream-dialog", { opened: true });
  focusWithin("stream-reason", 20);
}

/** Put the keyboard into a field of a dialog that is just opening: Mantine does so only if the field is shown by then. */
function focusWithin(id, tries) {
  const field = document.getElementById(id);
  field.focus();
  if (document.activeElement !== field && tries > 0) setTimeout(() => focusWithin(id, tries - 1), 50);
}

function drawWho(camera) {
  const { store } = app.feed;
  const index = store.indexOf(camera);
  const entry = index < 0 ? undefined : store.entries[index];
  const lines = index < 0
    ? [camera]
    : [[entry?.call_sign, fullName(entry)].filter(Boolean).join(" · "), signalWords(store, index)];
  document.getElementById("stream-who").replaceChildren(
    h("strong", { text: lines[0] }), h("span", { class: "faint", text: lines[1] ?? "" }),
  );
}

/** Officer safety is the purpose that a provisional incident stands for; what was chosen before stays otherwise. */
export function purposeFor(incident, purpose) {
  if (incident === PROVISIONAL) return "officer_safety";
  return purpose ?? window.dash_clientside.no_update;
}

/**
 * The button of the dialog.
 * @returns {Promise<[string, any]>} what the dialog answers, and whether it stays open
 */
export async function openStream(clicks, wanted, purpose, incident, reason) {
  const stay = window.dash_clientside.no_update;
  if (!clicks || !wanted) return [stay, stay];
  const { store } = app.feed;
  const index = store.indexOf(wanted.camera);
  const why = missing(purpose, incident, reason) || dock.whyFull
    || (index < 0 ? "" : whyNoStream(store, index, app.nowMs(), app.facts.capabilities));
  if (why) return [why, stay];
  const button = document.getElementById("stream-open");
  button.disabled = true;
  try {
    const body = { camera: wanted.camera, purpose, reason: reason.trim() };
    if (incident !== PROVISIONAL) body.incident = Number(incident);
    dock.add(await call("POST", "/api/streams", body));
    return ["", false];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [error.message, stay];
  } finally {
    button.disabled = false;
  }
}

function missing(purpose, incident, reason) {
  if (!incident) return "Choose the incident.";
  if (!purpose) return "Choose the purpose.";
  if ((reason ?? "").trim().length < 3) return "Say in a few words why you need to see this camera.";
  return "";
}

export function closeStreamDialog(clicks) {
  return clicks ? false : window.dash_clientside.no_update;
}

/** Who else watches a camera; for the officer card. @param {string} camera */
export function watchersOf(camera) { return others?.othersAt(camera) ?? []; }
