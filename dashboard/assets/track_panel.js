/**
 * Where the selected camera has been, on the card: a slider through the time, and in words what was there and then.
 * Events: `ask`, `show` (detail: features for the map, or null).
 */
import { clockWords, fullTime } from "./ages.js";
import { h, mark, say } from "./dom.js";
import { gridReference } from "./grid_reference.js";
import { placeAt, trackFeatures, trackWords } from "./track.js";

const STEP_MS = 1000;

export class TrackPanel extends EventTarget {
  /** @type {import("./track.js").Track|null} */
  #track = null;
  #ask;
  #shown;
  #words = h("p", { class: "track-words" });
  #then = h("output", { class: "track-then", for: "track-time" });
  #time;
  element;

  constructor() {
    super();
    this.#ask = h("button", { class: "button", type: "button", text: "Where it has been…", onclick: () => this.dispatchEvent(new Event("ask")) });
    this.#time = h("input", { id: "track-time", class: "track-time", type: "range", step: String(STEP_MS), "aria-label": "Time on the track", oninput: () => this.#draw() });
    this.#shown = h(
      "div", { hidden: true }, this.#words, this.#time, this.#then,
      h(
        "div", { class: "track-buttons" },
        h("button", { class: "button", type: "button", text: "Another time…", onclick: () => this.dispatchEvent(new Event("ask")) }),
        h("button", { class: "button", type: "button", text: "Hide", onclick: () => this.show(null) }),
      ),
    );
    this.element = h("section", { class: "card-section" }, h("h3", { text: "Track" }), this.#ask, this.#shown);
  }

  /** @param {import("./track.js").Track|null} track null: none any more */
  show(track) {
    if (track === this.#track) return;
    this.#track = track;
    this.#ask.hidden = track !== null;
    this.#shown.hidden = track === null;
    if (track === null) {
      this.dispatchEvent(new CustomEvent("show", { detail: null }));
      return;
    }
    say(this.#words, trackWords(track));
    const { timesMs } = track;
    const last = timesMs.length - 1;
    this.#time.hidden = last < 1;
    if (last >= 0) {
      this.#time.min = String(timesMs[0]);
      this.#time.max = String(timesMs[last] + STEP_MS);
      this.#time.value = this.#time.max;
    }
    this.#draw();
    this.element.scrollIntoView({ block: "nearest" });
  }

  #draw() {
    const track = this.#track;
    const at = placeAt(track, Number(this.#time.value));
    if (at < 0) {
      say(this.#then, "");
    } else {
      const timeMs = track.timesMs[at];
      const [lon, lat] = track.places[at];
      const words = [clockWords(timeMs), gridReference(lat, lon) || "off the grid", track.recorded[at] ? "recording" : "not recording"].join(" · ");
      say(this.#then, words);
      mark(this.#then, "title", fullTime(timeMs));
      mark(this.#time, "aria-valuetext", words);
    }
    this.dispatchEvent(new CustomEvent("show", { detail: trackFeatures(track, at) }));
  }
}
