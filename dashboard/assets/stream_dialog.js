/**
 * The dialog before a stream: purpose, incident and reason; or why there is no stream to ask for.
 * The exports are called by Dash's clientside callbacks, but for `listen`.
 */
import { app } from "./app.js";
import { ApiError, call } from "./api.js";
import { fullName, signalWords, whyNoStream } from "./camera_words.js";
import { announce, h, mark, setProps } from "./dom.js";

/** The purpose that a provisional incident stands for. */
const OFFICER_SAFETY = "officer_safety";
const FIELDS = ["stream-incident", "stream-purpose", "stream-reason"];
const FOCUS_TRIES = 12;

/** Any page may ask for a stream: `sightline:open-stream` with the camera's id and, if there is one, the incident's. */
export function listen() {
  window.addEventListener("sightline:open-stream", (message) => ask(message.detail));
  app.incidents?.addEventListener("change", forgetClosed);
}

/** @type {Array<{value: string, label: string}>} */
let known = [];

/** Incidents that are closed, or not the user's to see any more, are no choice, nor anywhere in the page. */
function forgetClosed() {
  const open = new Set(app.incidents.open.map(({ id }) => String(id)));
  const left = known.filter(({ value }) => open.has(value));
  if (app.incidents.readMs && left.length < known.length) setProps("stream-incident", { data: left });
}

/** @param {{camera: string, incident?: string|number|null}} wanted */
function ask({ camera, incident = null }) {
  if (app.dock === null || app.dock.showIfOpen(camera)) return;
  const why = whyNot(camera);
  drawWho(camera);
  mark(document.getElementById("stream-form"), "data-refused", why ? "true" : null);
  setProps("stream-cancel", { children: why ? "Close" : "Cancel" });
  setProps("stream-answer", { children: why });
  if (!why) {
    // What was chosen for another camera is no answer for this one.
    setProps("stream-reason", { value: "" });
    setProps("stream-purpose", { value: null });
    setProps("stream-incident", { value: null });
    setProps("stream-provisional", { checked: false });
    setProps("stream-for", { data: { camera, incident: incident === null ? null : String(incident), asked: Date.now() } });
    app.dock.prepare();
  }
  setProps("stream-dialog", { opened: true });
  if (why) announce(why);
  focusOn(why ? "stream-cancel" : "stream-incident");
}

/** Why no stream can be asked for now, as far as is known here. */
function whyNot(camera) {
  const { store } = app.feed;
  const index = store.indexOf(camera);
  const why = index < 0 ? "" : whyNoStream(store, index, app.nowMs(), app.facts.capabilities);
  return why || app.dock.whyFull;
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

let focusing = 0;

/** Put the keyboard into a field of a dialog that is just opening, and puts it elsewhere itself while it does. */
function focusOn(id) {
  clearInterval(focusing);
  document.getElementById(id).focus();
  let tries = FOCUS_TRIES;
  focusing = setInterval(() => {
    const isWithin = document.getElementById("stream-form").contains(document.activeElement);
    if (!isWithin) document.getElementById(id).focus();
    if ((tries -= 1) === 0) clearInterval(focusing);
  }, 50);
}

/** The choices are there: the keyboard goes on to the first empty field, unless somebody was faster. */
export function filled(_words, choices, incident) {
  known = choices ?? [];
  if (!incident || document.activeElement?.id !== FIELDS[0]) return;
  const empty = FIELDS.slice(1).find((id) => !document.getElementById(id).value);
  if (empty) focusOn(empty);
}

/**
 * Open now and link later: that is for officer safety, and names no incident.
 * @returns {[any, boolean, any, boolean, string]} purpose and whether it is fixed, incident and whether it is left out, and
 *     why there is no stream: what was missing may be so no more
 */
export function provisionalChosen(isProvisional, wanted) {
  const stay = window.dash_clientside.no_update;
  const why = wanted ? whyNot(wanted.camera) : "";
  return [isProvisional ? OFFICER_SAFETY : null, Boolean(isProvisional), isProvisional ? null : stay, Boolean(isProvisional), why];
}

/**
 * The button of the dialog.
 * @returns {Promise<[any, any]>} what the dialog answers, and whether it stays open
 */
export async function openStream(clicks, wanted, purpose, incident, isProvisional, reason) {
  const stay = window.dash_clientside.no_update;
  if (!clicks || !wanted) return [stay, stay];
  const why = missing(purpose, incident, isProvisional, reason) || whyNot(wanted.camera);
  if (why) return [why, stay];
  const button = document.getElementById("stream-open");
  button.disabled = true;
  window.dispatchEvent(new Event("sightline:stream-opening"));
  try {
    const body = { camera: wanted.camera, purpose, reason: reason.trim() };
    if (!isProvisional) body.incident = Number(incident);
    app.dock.add(await call("POST", "/api/streams", body));
    return ["", false];
  } catch (error) {
    window.dispatchEvent(new Event("sightline:stream-settled"));
    if (!(error instanceof ApiError)) throw error;
    return [error.message, stay];
  } finally {
    button.disabled = false;
  }
}

function missing(purpose, incident, isProvisional, reason) {
  if (!incident && !isProvisional) return "Choose the incident, or open now for officer safety.";
  if (!purpose) return "Choose the purpose.";
  if ((reason ?? "").trim().length < 3) return "Say in a few words why you need to see this camera.";
  return "";
}

export function close(clicks) {
  return clicks ? false : window.dash_clientside.no_update;
}

/** The dialog opened or closed, whichever way. */
export function moved(isOpen) {
  if (!isOpen) app.dock?.unprepare();
}
