/**
 * The triage page in the browser: news that refresh it, the selection in the address, streams from the
 * list of cameras, keys. Dash draws the page; the exports are called by its client-side callbacks.
 */

import { clockWords } from "./ages.js";
import { app } from "./app.js";
import { present, setProps } from "./dom.js";
import { DraftedForms, holdStill, valuesOf } from "./drafted_forms.js";
import { Drafts } from "./drafts.js";
import { keepFocusIn, keepFocusOnRow } from "./keep_focus.js";
import { keepFolds } from "./log_folds.js";
import { LogWriting } from "./log_writing.js";
import { readAnewOn } from "./page_news.js";
import { addHeading } from "./rationale.js";
import { SceneMap } from "./scene_map.js";
import { SecondStep } from "./second_step.js";
import { tickAges } from "./ticking_ages.js";

const NEWS = "triage-news";
const STANDING = "triage-standing";
const FORM = "triage-form";
const FORM_ANSWER = "triage-form-answer";
const SELECTED = "triage-selected";
const WANTED = "triage-wanted";
const SENDING = "triage-sending";
const REQUEST_OPEN = "triage-request-open";
const REQUEST_DRAFTS = "triage-request-drafts";
const REQUEST_SEND = "triage-request-send";
const REQUEST_SENDING = "triage-request-sending";
const REQUEST_ANSWER = "triage-request-answer";
const WRITE_TEXT = "triage-write-text";
const WRITING = { text: WRITE_TEXT, kind: "triage-write-kind", written: "triage-written", answer: "triage-log-answer" };
const WRITE_SEND = "triage-write-send";
/** Milliseconds after which it is said that a form was not answered, and it may be sent again. */
const UNANSWERED_MS = 6000;
const UNANSWERED =
  "No answer came: it is not known whether this was done. Look at the state and the log before you try again.";
/** Milliseconds after which the page says that it was not read of late; it is read every 15 s at least. */
const NOT_READ_MS = 35_000;
const WATCH_MS = 2000;
/** Milliseconds in which a dialog closes and lets the keyboard go. */
const CLOSING_MS = 400;
const CONCERNS_US = ["deployment", "incident", "stream", "stream_ended", "rota"];

/** @type {HTMLElement|null} */
let page = null;
/** @type {LogWriting|null} */
let writing = null;
/** @type {SecondStep|null} */
let secondStep = null;
/** @type {Drafts|null} */
let drafts = null;
/** @type {DraftedForms|null} */
let forms = null;
/** @type {SceneMap|null} */
let sceneMap = null;
/** Local time at which the page was last drawn from what was read. */
let drawnMs = 0;
/** Timer of the form that was sent and not answered yet; 0: none. */
let unanswered = 0;
/** The same of a request. */
let requestUnanswered = 0;

const isShown = () => page?.isConnected ?? false;
const part = (id) => page.querySelector(`#${id}`);

/** Called by Dash when the page appears. @param {string} id */
export async function mount(id) {
  const isFirst = page === null;
  page = await present(id);
  drawnMs = Date.now();
  await app.started;
  if (isFirst) {
    window.addEventListener("popstate", onBack);
    window.setInterval(watchReading, WATCH_MS);
    drafts = new Drafts(window.sessionStorage, app.facts.username);
    forms = new DraftedForms(drafts);
    writing = new LogWriting(WRITING, drafts);
    document.addEventListener("input", ({ target }) => target.id === WRITE_TEXT && writing.typed(), true);
    document.addEventListener("click", onClickAnywhere, true);
  }
  secondStep = new SecondStep(part(FORM), part("triage-decision"));
  writing.follow(addressed(), true);
  tellDrafts();
  keepFocusIn(part(FORM).parentElement, nextStep);
  keepFocusOnRow(part("triage-queue"), "deployment");
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

/** Where nothing was chosen, the server opens a request: its address. @param {number|null} selected */
export function selectionToAddress(selected) {
  if (selected != null) writing?.follow(selected);
  if (window.location.pathname !== "/triage" || selected == null || addressed() !== null) return;
  window.history.replaceState(window.history.state, "", addressOf(selected));
}

const addressOf = (id) => `/triage?deployment=${id}`;

/**
 * Open a request. Its address is there at once, so that a reload and a link open the same; what was drawn of the one
 * before cannot be pressed any more.
 * @param {number} id
 */
function select(id) {
  if (addressed() !== id) window.history.pushState(window.history.state, "", addressOf(id));
  follow(id);
}

function onBack() {
  if (isShown() && addressed() !== null) follow(addressed());
}

function follow(id) {
  if (secondStep.form && Number(secondStep.form.dataset.deploymentOf) !== id) closeForm();
  secondStep.only(id);
  writing.follow(id);
  setProps(SELECTED, { data: id });
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
    select(Number(request.dataset.deployment));
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
  if (action) openForm({ action }, action);
  else if (entry) openForm({ entry }, `entry ${entry}`);
  else if (does === "back") closeForm();
  else if (does === "send" && !secondStep.isSending) sendForm();
}

/**
 * Open the form of an action, with what was written in it before.
 * @param {{action: string}|{entry: string}} what
 * @param {string} name of its draft, among those of the deployment
 */
function openForm(what, name) {
  const deployment = secondStep.deploymentShown;
  const draft = `${deployment}/${name}`;
  if (secondStep.form?.dataset.draft === draft) followForm(true);
  else setProps(WANTED, { data: { ...what, deployment, draft, written: drafts.read(draft), at: Date.now() } });
}

function closeForm() {
  setProps(FORM, { children: null });
  setProps(FORM_ANSWER, { children: null });
}

function sendForm() {
  setProps(SENDING, { data: { ...secondStep.send(), at: Date.now() } });
  window.clearTimeout(unanswered);
  unanswered = window.setTimeout(() => setProps(FORM_ANSWER, { children: UNANSWERED }), UNANSWERED_MS);
}

/** The open form was refused, or it was said that nobody answered: it may be sent again. */
export function letSendAgain() {
  window.clearTimeout(unanswered);
  secondStep?.letSendAgain();
}

/** A form was sent and done: it closes, and its draft is gone. @param {{opened: string, draft: string}|null} sent */
export function wasSent(sent) {
  if (!sent) return;
  drafts.keep(sent.draft, null);
  if (secondStep.form?.dataset.opened === sent.opened) closeForm();
}

// A request --------------------------------------------------------------------------------------

const requestForm = () => document.querySelector(".request-dialog [data-draft]");

/**
 * Its dialog stands outside the page. Heard before Dash hears of it, which reads the drafts when a request is begun.
 * @param {MouseEvent} click
 */
function onClickAnywhere(click) {
  const button = click.target.closest?.("button");
  const form = button?.closest("[data-draft]") ?? (button?.closest(".request-dialog") && requestForm());
  if (button?.dataset.does === "clear" && form) forms.clear(form);
  if (button?.id === REQUEST_OPEN) tellDrafts();
  if (button?.id === REQUEST_SEND && form) sendRequest(form);
}

function tellDrafts() { setProps(REQUEST_DRAFTS, { data: drafts.all() }); }

function sendRequest(form) {
  if (form.querySelector("[inert]")) return; // on its way
  setProps(REQUEST_SENDING, { data: { draft: form.dataset.draft, values: valuesOf(form), at: Date.now() } });
  holdStill(form, true);
  window.clearTimeout(requestUnanswered);
  requestUnanswered = window.setTimeout(() => setProps(REQUEST_ANSWER, { children: UNANSWERED }), UNANSWERED_MS);
}

/** The request was refused, or nobody answers, or its form opens anew; while it closes after sending it stays still. */
export function requestAnswered() {
  window.clearTimeout(requestUnanswered);
  holdStill(requestForm(), false);
}

/**
 * The dialog opened or closed. Where an address opened it there is nothing to give the keyboard back to: then it goes to
 * what opens it again, or after sending to what can happen next.
 * @param {boolean} isOpen
 */
export function requestMoved(isOpen) {
  if (isOpen) return;
  window.setTimeout(() => {
    if (!isShown() || document.activeElement !== document.body) return;
    (part(REQUEST_OPEN) ?? part("triage-decision")).focus();
  }, CLOSING_MS);
}

/** Something was chosen in the form of a request, which is no typing. */
export function keepRequest() { forms?.keep(requestForm()); }

/** @param {{draft: string, made: number}|null} sent */
export function requestWasSent(sent) {
  if (!sent) return;
  window.clearTimeout(requestUnanswered);
  drafts.keep(sent.draft, null);
  select(sent.made);
}

/** The server has answered what was written to the log. @param {{at: number, refused: boolean}|null} answer */
export function wasWritten(answer) {
  writing?.answered(answer);
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
 * After a form has opened the keyboard is in it.
 * @param {any} form what stands there, if anything
 */
export function followForm(form) {
  if (!form) return; // the keyboard is kept where it was
  window.setTimeout(() => {
    if (!isShown()) return;
    // It was wanted of one request, and came when another was open.
    const opened = secondStep?.form;
    if (opened && addressed() !== null && Number(opened.dataset.deploymentOf) !== addressed()) closeForm();
    nextStep()?.focus();
  });
}

/** Where the keyboard belongs: in the open form, else on what can happen next. */
function nextStep() {
  const where = secondStep?.form ?? part("triage-decision");
  return where?.querySelector("input, textarea, button:not(.link-button)") ?? where;
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
