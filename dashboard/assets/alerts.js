/**
 * Alerts across the top of every page: few, each with what to do. An officer who asks for eyes on is the only one with
 * a sound, at the posts that it has come to, which comes again until somebody answers.
 */
import { openPastAlerts } from "./alert_history.js";
import { CONCERNS_ALERTS, alertWords, turnWords } from "./alert_words.js";
import { call as apiCall } from "./api.js";
import { ago } from "./ages.js";
import { announce, goTo, h, mark, say, toMap } from "./dom.js";

const ANEW_EVERY_MS = 15_000;
const TOGETHER_MS = 150;
const SOUND_EVERY_MS = 10_000;
const LEAST_REASON = 3;
const STATE_WORDS = { waiting: "waiting", seen: "seen", watching: "watched" };

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
      if (CONCERNS_ALERTS.has(message.detail.event)) this.#readSoon();
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
    this.#order();
    this.#tick();
  }

  /** Who waits for an answer stands above who has one. */
  #order() {
    const rank = ({ alert }) => Number(alert.state !== "waiting");
    const wanted = [...this.#rows.values()].sort((one, other) => rank(one) - rank(other) || one.alert.id - other.alert.id);
    if (wanted.every(({ element }, place) => this.#element.children[place] === element)) return;
    const held = document.activeElement;
    this.#element.append(...wanted.map(({ element }) => element));
    if (this.#element.contains(held)) held.focus();
  }

  #make(alert) {
    const button = (text, does, kind = "") => h("button", { class: `button button-small ${kind}`, type: "button", text, onclick: does });
    const words = alert.camera
      ? h("button", { class: "alert-words", type: "button", title: "Show on the map", onclick: () => this.#show(row) })
      : h("span", { class: "alert-words" });
    const row = { alert, words, state: h("span", { class: "alert-state" }), toDo: h("span", { class: "alert-to-do" }) };
    row.seen = button("Seen", () => this.#answer(row, "seen"));
    row.end = button("Over", () => this.#answer(row, "ended"));
    const does = {
      eyes_on: () => [button("Open stream…", () => this.#openStream(row), "button-primary"), row.seen, row.end],
      signal: () => [button("Cameras there", () => this.#frame(row), "button-primary"), row.seen],
      cover_short: () => [button("On call", () => goTo("/on-call"), "button-primary"), this.#goOnWithout(row)],
    };
    row.element = h(
      "div", { class: "alert", "data-kind": alert.kind }, h("span", { class: "alert-shape", "aria-hidden": "true" }),
      row.words, row.state, row.toDo, h(
        "div", { class: "alert-does" }, ...does[alert.kind](),
        button("Past alerts…", () => openPastAlerts({ call: this.#call, nowMs: this.#nowMs }), "alert-past"),
      ),
    );
    this.#rows.set(alert.id, row);
    this.#element.append(row.element);
    announce(`${alertWords(alert)}. ${alert.to_do}`);
    return row;
  }

  /** Cover that stays short is acknowledged with a reason, which is kept. */
  #goOnWithout(row) {
    const why = h("input", { class: "plain-field", maxlength: "500", placeholder: "Why go on without?", "aria-label": "Why the force goes on with short cover", autocomplete: "off" });
    const form = h("form", { class: "alert-reason" }, why, h("button", { class: "button button-small", text: "Acknowledge" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (why.value.trim().length < LEAST_REASON) this.#say(row, "Say in a few words why the force goes on with short cover.");
      else this.#answer(row, "seen", why.value);
    });
    row.seen = form;
    return form;
  }

  #tick() {
    this.#element.hidden = this.#rows.size === 0;
    let asks = false;
    for (const { alert, element, words, state, toDo, seen, end, problem } of this.#rows.values()) {
      const age = ago((this.#nowMs() - Date.parse(alert.raised_time)) / 1000);
      say(words, alertWords(alert));
      say(toDo, alert.to_do);
      const answered = STATE_WORDS[alert.state] + (alert.answered_by ? ` by ${alert.answered_by}` : "");
      say(state, [age, answered, turnWords(alert, this.#nowMs()), problem].filter(Boolean).join(" · "));
      mark(element, "data-state", alert.state);
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

  async #answer(row, state, reason = "") {
    try {
      await this.#call("POST", `/api/alerts/${row.alert.id}/ack`, { state, reason });
    } catch (error) {
      this.#say(row, error.message);
      return;
    }
    row.problem = "";
    this.#read();
  }

  /** Why an alert was not answered; stands there until it is. */
  #say(row, problem) {
    row.problem = `Not answered: ${problem}`;
    announce(row.problem);
    this.#tick();
  }

  #openStream({ alert }) {
    window.dispatchEvent(new CustomEvent("sightline:open-stream", { detail: { camera: alert.camera } }));
  }

  #frame({ alert }) { toMap("sightline:frame-incident", "incident", String(alert.incident)); }

  #show({ alert }) { toMap("sightline:show-camera", "camera", alert.camera); }

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
