/**
 * The triage page in the browser: news that refresh it, the selection in the address, streams from the
 * list of cameras, keys. Dash draws the page; the exports are called by its client-side callbacks.
 */

import { clockWords } from "./ages.js";
import { app } from "./app.js";
import { present, setProps } from "./dom.js";
import { Drafts, fieldsOf } from "./drafts.js";
import { keepFolds } from "./log_folds.js";
import { LogWriting } from "./log_writing.js";
import { readAnewOn } from "./page_news.js";
import { addHeading } from "./rationale.js";
import { RequestDrafts } from "./request_drafts.js";
import { SceneMap } from "./scene_map.js";
import { SecondStep } from "./second_step.js";
import { tickAges } from "./ticking_ages.js";

const NEWS = "triage-news";
const STANDING = "triage-standing";
const FORM_ANSWER = "triage-form-answer";
const SELECTED = "triage-selected";
const WANTED = "triage-wanted";
const LEAVING = "triage-leaving";
const WRITE_TEXT = "triage-write-text";
const WRITE_SEND = "triage-write-send";
/** Milliseconds after which it is said that a form was not answered, and it may be sent again. */
const UNANSWERED_MS = 6000;
const UNANSWERED =
  "No answer came: it is not known whether this was done. Look at the state and the log before you try again.";
/** Milliseconds after which the page says that it was not read of late; it is read every 15 s at least. */
const NOT_READ_MS = 35_000;
const WATCH_MS = 2000;
const CONCERNS_US = ["deployment", "incident", "stream", "stream_ended", "rota"];

/** @type {HTMLElement|null} */
let page = null;
const writing = new LogWriting({ text: WRITE_TEXT, written: "triage-written", answer: "triage-log-answer" });
/** @type {SecondStep|null} */
let secondStep = null;
/** @type {RequestDrafts|null} */
let requests = null;
/** Whether the open form was sent, and not left by *Back*. */
let wasSent = false;
/** @type {SceneMap|null} */
let sceneMap = null;
/** Local time at which the page was last drawn from what was read. */
let drawnMs = 0;
/** Timer of the form that was sent and not answered yet; 0: none. */
let unanswered = 0;

const isShown = () => page?.isConnected ?? false;
const part = (id) => page.querySelector(`#${id}`);

/** Called by Dash when the page appears. @param {string} id */
export async function mount(id) {
  if (page === null) {
    window.addEventListener("popstate", onBack);
    window.setInterval(watchReading, WATCH_MS);
  }
  page = await present(id);
  drawnMs = Date.now();
  await app.started;
  const drafts = new Drafts(window.sessionStorage, app.facts.username);
  secondStep = new SecondStep(part("triage-form"), part("triage-decision"), drafts);
  requests = new RequestDrafts(drafts);
  requests.load();
  keepFolds(part("triage-log"));
  page.addEventListener("click", onClick);
  page.addEventListener("keydown", onKey);
  tickAges();
  readAnewOn(id, NEWS, CONCERNS_US);
  return true;
}

// Reading ----------------------------------------------------------------------------------------

/** The page was read and drawn. */
export function wasDrawn() {
  drawnMs = Date.now();
}

/** Whatever is in the way of reading (network, server, database): a page that stands still says so. */
function watchReading() {
  if (!isShown() || Date.now() - drawnMs < NOT_READ_MS) return;
  const words = `Not read since ${clockWords(drawnMs)}. What you see below may have changed since. Sightline tries again by itself.`;
  setProps(STANDING, { children: words });
}

// Selection --------------------------------------------------------------------------------------

/** The request that the address names, or null. */
function addressed() {
  const id = new URLSearchParams(window.location.search).get("deployment");
  return id && /^\d+$/.test(id) ? Number(id) : null;
}

/**
 * Keep the address in step with the selection, so that a link opens the same request.
 * @param {number|null} selected
 */
export function selectionToAddress(selected) {
  if (window.location.pathname !== "/triage" || selected == null || addressed() === selected) return;
  const change = addressed() === null ? "replaceState" : "pushState";
  window.history[change](window.history.state, "", `/triage?deployment=${selected}`);
}

function onBack() {
  if (isShown() && addressed() !== null) setProps(SELECTED, { data: addressed() });
}

// Clicks and keys --------------------------------------------------------------------------------

/**
 * A plain click on a request opens it here, and on a camera asks for its stream; with a modifier both
 * stay links.
 * @param {MouseEvent} click
 */
function onClick(click) {
  onButton(click.target.closest("button"));
  const heading = click.target.closest("button[data-heading]");
  if (heading) addHeading(heading.closest(".second-step").querySelector("textarea"), heading.dataset.heading);
  if (click.ctrlKey || click.metaKey || click.shiftKey || click.button !== 0) return;
  const request = click.target.closest("a[data-deployment]");
  const camera = click.target.closest("a[data-camera]");
  if (request) {
    click.preventDefault();
    setProps(SELECTED, { data: Number(request.dataset.deployment) });
  } else if (camera && app.feed && app.may("stream.open")) {
    click.preventDefault();
    const wanted = { camera: camera.dataset.camera, incident: camera.dataset.incident };
    window.dispatchEvent(new CustomEvent("sightline:open-stream", { detail: wanted }));
  }
}

/**
 * Buttons of the second step. Dash would lose a press when the button is drawn anew while the press is
 * on its way, so presses travel through stores.
 * @param {HTMLButtonElement|null} button
 */
function onButton(button) {
  const { action, entry, does } = button?.dataset ?? {};
  if (button?.id === WRITE_SEND) writing.send();
  if (action) setProps(WANTED, { data: { action, at: Date.now() } });
  else if (entry) setProps(WANTED, { data: { entry, at: Date.now() } });
  if (!does) return;
  if (does === "clear") {
    secondStep.clear();
    return;
  }
  wasSent = does === "send";
  if (wasSent) {
    button.disabled = true;
    secondStep.isSending = true;
    window.clearTimeout(unanswered);
    unanswered = window.setTimeout(() => setProps(FORM_ANSWER, { children: UNANSWERED }), UNANSWERED_MS);
  }
  setProps(LEAVING, { data: { does, at: Date.now() } });
}

/** The open form was answered, or it was said that nobody answered: it may be sent again. */
export function letSendAgain() {
  window.clearTimeout(unanswered);
  const button = page?.querySelector("#triage-form button[data-does=send]");
  if (button) button.disabled = false;
  if (!secondStep) return;
  secondStep.isSending = false;
  secondStep.check();
}

/** What stands in the open form. @param {any[]} values @param {object|null} opened @param {Array<{name: string}>} ids */
export function keepDraft(values, opened, ids) {
  secondStep?.fieldsChanged(fieldsOf(values, ids), opened);
}

/** What stands in the form of a request. @param {any[]} values @param {Array<{name: string}>} ids @param {object|null} began */
export function keepRequest(values, ids, began) {
  requests?.keep(fieldsOf(values, ids), began);
}

/** @param {{sent?: string}|null} drafts */
export function requestWasSent(drafts) {
  if (drafts?.sent !== undefined) requests?.sent(drafts.sent);
}

/** The server has answered what was written to the log. @param {{at: number, refused: boolean}|null} answer */
export function wasWritten(answer) {
  writing.answered(answer);
}

/**
 * Enter in the log's field writes; up and down go through the queue while the focus is in it.
 * @param {KeyboardEvent} press
 */
function onKey(press) {
  if (press.key === "Enter" && press.target.id === WRITE_TEXT && !press.isComposing) writing.send();
  const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
  const here = step && press.target.closest("a[data-deployment]");
  if (!here) return;
  const rows = [...page.querySelectorAll("a[data-deployment]")];
  const next = rows[rows.indexOf(here) + step];
  if (!next) return;
  press.preventDefault();
  next.focus();
}

/**
 * After a form has opened the keyboard is in it; after it has closed, on what can happen next.
 * @param {object|null} form
 */
export function followForm(form) {
  window.clearTimeout(unanswered);
  if (secondStep) secondStep.isSending = false;
  if (!form) secondStep?.closed(wasSent);
  wasSent = false;
  window.setTimeout(() => {
    if (!isShown()) return;
    const where = part(form ? "triage-form" : "triage-decision");
    const target = where?.querySelector("input, textarea, button:not(.link-button)") ?? where;
    if (form || document.activeElement === document.body) target?.focus();
  });
}

// The map inset ----------------------------------------------------------------------------------

/**
 * Draw the incident and the cameras around it.
 * @param {import("./scene_map.js").Scene|null} scene
 */
export async function drawScene(scene) {
  const frame = document.getElementById("triage-map");
  if (!frame) return;
  if (!sceneMap?.isShown) {
    sceneMap?.remove();
    sceneMap = new SceneMap(frame);
  }
  await sceneMap.draw(scene);
}
