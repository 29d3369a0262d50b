/**
 * Alerts across the top of every page: few, each with what to do. An officer who asks for eyes on is the only one with
 * a sound, at the posts that it has come to, which comes again until somebody answers.
 */
import { call as apiCall } from "./api.js";
import { ago } from "./ages.js";
import { announce, h, say } from "./dom.js";

const ANEW_EVERY_MS = 15_000;
const TOGETHER_MS = 150;
const SOUND_EVERY_MS = 10_000;
const STATE_WORDS = { waiting: "waiting", seen: "seen", watching: "watched" };

/**
 * @typedef {object} Alert
 * @property {number} id
 * @property {string} kind
 * @property {"waiting"|"seen"|"watching"} state
 * @property {string} raised_time
 * @property {string|null} camera
 * @property {string|null} call_sign
 * @property {string|null} officer
 * @property {string|null} officer_name
 * @property {string|null} answered_by
 * @property {string|null} post whose turn it is; null: everybody's who answers alerts
 * @property {string|null} passes_on_time when it goes to the next post, if nobody answers
 * @property {boolean} is_mine whether it came to the user
 * @property {string} to_do
 */

export class Alerts {
  #element;
  #nowMs;
  #call;
  #rows = new Map();
  #waiting = 0;
  #soundedMs = 0;
  #audio = null;

  /**
   * @param {HTMLElement} element
   * @param {{nowMs: () => number, call?: typeof apiCall}} given
   */
  constructor(element, { nowMs, call = apiCall }) {
    this.#element = element;
    this.#nowMs = nowMs;
    this.#call = call;
  }

  start() {
    window.addEventListener("sightline:event", (message) => {
      if (message.detail.event === "alert") this.#readSoon();
    });
    setInterval(() => this.#read(), ANEW_EVERY_MS);
    setInterval(() => this.#tick(), 1000);
    this.#read();
  }

  #readSoon() {
    this.#waiting ||= setTimeout(() => {
      this.#waiting = 0;
      this.#read();
    }, TOGETHER_MS);
  }

  async #read() {
    let alerts;
    try {
      ({ alerts } = await this.#call("GET", "/api/alerts"));
    } catch {
      return; // the health pill says what is wrong; an alert that stood still stands
    }
    const ids = new Set(alerts.map((alert) => alert.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const alert of alerts) {
      const row = this.#rows.get(alert.id) ?? this.#make(alert);
      row.alert = alert;
    }
    this.#tick();
  }

  #make(alert) {
    const row = { alert, words: h("span", { class: "alert-words" }), state: h("span", { class: "alert-state" }) };
    row.seen = h("button", { class: "button button-small", type: "button", text: "Seen", onclick: () => this.#answer(row, "seen") });
    row.end = h("button", { class: "button button-small", type: "button", text: "Over", onclick: () => this.#answer(row, "ended") });
    const open = alert.camera && h("button", {
      class: "button button-primary button-small", type: "button", text: "Open stream…", onclick: () => this.#openStream(row),
    });
    row.element = h(
      "div", { class: "alert", "data-kind": alert.kind }, h("span", { class: "alert-shape", "aria-hidden": "true" }),
      row.words, row.state, h("span", { class: "alert-to-do", text: alert.to_do }), open, row.seen, row.end,
    );
    this.#rows.set(alert.id, row);
    this.#element.append(row.element);
    announce(`${alertWords(alert)}. ${alert.to_do}`);
    return row;
  }

  #tick() {
    this.#element.hidden = this.#rows.size === 0;
    let asks = false;
    for (const { alert, element, words, state, seen, end } of this.#rows.values()) {
      const age = ago((this.#nowMs() - Date.parse(alert.raised_time)) / 1000);
      say(words, alertWords(alert));
      const answered = STATE_WORDS[alert.state] + (alert.answered_by ? ` by ${alert.answered_by}` : "");
      say(state, [age, answered, turnWords(alert, this.#nowMs())].filter(Boolean).join(" · "));
      element.dataset.state = alert.state;
      seen.hidden = alert.state !== "waiting";
      end.hidden = alert.kind !== "eyes_on" || alert.state === "waiting";
      asks ||= alert.kind === "eyes_on" && alert.state === "waiting" && alert.is_mine;
    }
    const now = Date.now();
    if (asks && now - this.#soundedMs >= SOUND_EVERY_MS) {
      this.#soundedMs = now;
      this.#sound();
    } else if (!asks) {
      this.#soundedMs = 0;
    }
  }

  async #answer(row, state) {
    try {
      await this.#call("POST", `/api/alerts/${row.alert.id}/ack`, { state });
    } catch (error) {
      say(row.state, `Not answered: ${error.message}`);
      return;
    }
    this.#read();
  }

  #openStream({ alert }) {
    window.dispatchEvent(new CustomEvent("sightline:open-stream", { detail: { camera: alert.camera } }));
  }

  /** Two short tones. A page that nobody has clicked may make no sound; the words stand there all the same. */
  #sound() {
    this.#audio ??= new AudioContext();
    if (this.#audio.state === "suspended") this.#audio.resume();
    const start = this.#audio.currentTime + 0.02;
    [[660, 0], [880, 0.18]].forEach(([hertz, after]) => {
      const tone = this.#audio.createOscillator();
      const gain = this.#audio.createGain();
      tone.frequency.value = hertz;
      gain.gain.setValueAtTime(0, start + after);
      gain.gain.linearRampToValueAtTime(0.2, start + after + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, start + after + 0.16);
      tone.connect(gain).connect(this.#audio.destination);
      tone.start(start + after);
      tone.stop(start + after + 0.17);
    });
  }
}

/**
 * Whose turn it is to answer, and how long still.
 * @param {Alert} alert
 * @param {number} nowMs the server's time
 */
export function turnWords({ state, post, passes_on_time: passesOn }, nowMs) {
  if (state !== "waiting" || !post) return "";
  if (!passesOn) return `with ${post}`;
  const leftS = Math.max(0, Math.ceil((Date.parse(passesOn) - nowMs) / 1000));
  return `with ${post}, to the next post in ${leftS} s`;
}

/** @param {Alert} alert */
export function alertWords(alert) {
  const who = [alert.call_sign, alert.officer_name, alert.officer].filter(Boolean).join(" ") || alert.camera || "";
  return alert.kind === "eyes_on" ? `${who} asks for eyes on` : "Cover is short";
}
