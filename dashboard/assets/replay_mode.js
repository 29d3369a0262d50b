/**
 * Replay on the live map: asks what for, then shows on the map and in the list where all cameras in an area were, at a time that a slider
 * chooses. Nothing live is shown meanwhile, and the page says so. Events: `begin`, `end`, `show` (detail: features for the map).
 */
import { clockWords, dayWords, fullTime } from "./ages.js";
import { announce, h, mark, say } from "./dom.js";
import { askPast } from "./past_dialog.js";
import { placesAt, replayFeatures, thenWords } from "./replay.js";

const TICK_MS = 200;
const SPEEDS = [["1", "1×"], ["10", "10×"], ["60", "60×"], ["300", "300×"]];
const MOST_ROWS = 200;

export class ReplayMode extends EventTarget {
  #frame;
  #side;
  #call;
  /** @type {import("./replay.js").Replay|null} */
  #replay = null;
  #timeMs = 0;
  #playing = 0;
  #bar;
  #clock = h("output", { class: "replay-clock", for: "replay-time" });
  #count = h("span", { class: "replay-count", role: "status" });
  #time = h("input", { id: "replay-time", class: "replay-time", type: "range", "aria-label": "Time of the replay" });
  #play = h("button", { class: "button button-small", type: "button", text: "Play" });
  #speed = h("select", { class: "plain-field replay-speed", "aria-label": "Speed" }, ...SPEEDS.map(([value, text]) => h("option", { value, text, selected: value === "10" })));
  #list = h("ol", { class: "replay-rows" });
  #aside;

  /**
   * @param {object} given
   * @param {HTMLElement} given.frame of the map
   * @param {HTMLElement} given.side the list's, which the replay's list stands in place of
   * @param {typeof import("./api.js").call} given.call
   */
  constructor({ frame, side, call }) {
    super();
    this.#frame = frame;
    this.#side = side;
    this.#call = call;
    const back = () => h("button", { class: "button button-small button-primary", type: "button", text: "Back to live", onclick: () => this.end() });
    this.#bar = h(
      "section", { class: "replay-bar", "aria-label": "Replay" },
      h("strong", { class: "replay-title", text: "Replay, not live" }), this.#clock, this.#count, this.#play, this.#speed, back(), this.#time,
    );
    this.#aside = h("section", { class: "replay-side", "aria-label": "Cameras then" }, h("h2", { text: "Cameras then" }), this.#list);
    this.#play.addEventListener("click", () => this.#toggle());
    this.#time.addEventListener("input", () => {
      this.#pause();
      this.#show(Number(this.#time.value));
    });
  }

  get isOn() { return this.#replay !== null; }

  /** Of when the map is shown; "" where it is live. */
  get words() { return this.isOn ? `Replay, ${fullTime(this.#timeMs)}` : ""; }

  /**
   * Ask, and begin where there is an answer.
   * @param {object} wanted as `askPast` takes it, and
   * @param {string} wanted.where in words
   * @param {Array<[number, number]>|null} wanted.area lat, lon; null: around the incident
   * @returns {Promise<void>}
   */
  async ask({ where, area, ...wanted }) {
    const found = await askPast(
      { ...wanted, title: "Replay", about: `Shows all cameras that were ${where}.`, back: "60", call: this.#call },
      ({ fromMs, toMs, purpose, incident, reason, signal }) => this.#call("POST", "/api/replay", {
        from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), purpose, reason, incident: Number(incident), ...(area && { area }),
      }, { signal }),
    );
    if (found) this.#begin(found);
  }

  /** Back to live. */
  end() {
    if (!this.isOn) return;
    this.#pause();
    this.#replay = null;
    this.#bar.remove();
    this.#aside.remove();
    mark(this.#side, "data-replay", null);
    this.dispatchEvent(new Event("end"));
    announce("Live again");
  }

  /** Show some of the cameras no more. @param {(camera: string) => boolean} isHidden */
  forget(isHidden) {
    const cameras = this.#replay.cameras.filter(({ camera }) => !isHidden(camera));
    if (cameras.length === this.#replay.cameras.length) return;
    this.#replay = { ...this.#replay, cameras };
    this.#show(this.#timeMs);
  }

  #begin(replay) {
    this.#replay = replay;
    const fromMs = Date.parse(replay.from);
    this.#time.min = String(fromMs);
    this.#time.max = String(Date.parse(replay.to));
    this.#time.step = String(replay.step_s * 1000);
    this.#frame.append(this.#bar);
    this.#side.append(this.#aside);
    mark(this.#side, "data-replay", "true");
    this.dispatchEvent(new CustomEvent("begin", { detail: replay }));
    // It begins where the first camera comes.
    this.#show(Math.min(...replay.cameras.map(({ time_ms: [first] }) => first), Number.MAX_SAFE_INTEGER, Number(this.#time.max)));
    this.#time.focus();
    announce(`Replay from ${clockWords(fromMs)}, ${counted(replay.cameras.length)} in all`);
  }

  #show(timeMs) {
    this.#timeMs = timeMs;
    const then = placesAt(this.#replay, timeMs);
    const recording = then.filter((one) => one.recording === "recording").length;
    say(this.#clock, dayWords(timeMs));
    mark(this.#clock, "title", fullTime(timeMs));
    const nobody = this.#replay.cameras.length === 0 ? "No camera was there in this time." : "No camera was there then.";
    say(this.#count, then.length ? `${counted(then.length)}, ${recording} recording` : nobody);
    this.#time.value = String(timeMs);
    mark(this.#time, "aria-valuetext", `${clockWords(timeMs)}, ${this.#count.textContent}`);
    this.#drawList(then);
    this.dispatchEvent(new CustomEvent("show", { detail: replayFeatures(this.#replay, then, timeMs) }));
  }

  #drawList(then) {
    const rows = then.slice(0, MOST_ROWS).map((one) => h("li", {}, h("strong", { text: one.name }), h("span", { text: thenWords(one) })));
    if (then.length > MOST_ROWS) rows.push(h("li", { text: `and ${then.length - MOST_ROWS} more` }));
    this.#list.replaceChildren(...rows);
  }

  #toggle() {
    if (this.#playing) {
      this.#pause();
      return;
    }
    const endMs = Number(this.#time.max);
    if (this.#timeMs >= endMs) this.#show(Number(this.#time.min));
    say(this.#play, "Pause");
    this.#playing = setInterval(() => {
      if (!this.#bar.isConnected) this.#pause();
      else if (this.#timeMs >= endMs) this.#pause();
      else this.#show(Math.min(endMs, this.#timeMs + TICK_MS * Number(this.#speed.value)));
    }, TICK_MS);
  }

  #pause() {
    clearInterval(this.#playing);
    this.#playing = 0;
    say(this.#play, "Play");
  }
}

function counted(number) { return `${number.toLocaleString("en-GB")} ${number === 1 ? "camera" : "cameras"}`; }
