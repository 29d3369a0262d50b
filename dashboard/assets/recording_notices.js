/**
 * Below the header of every page: what *tell me when it starts* waits for, on one line, and what has started, with what
 * can be done about it. Without a sound.
 */
import { shortName } from "./camera_words.js";
import { announce, closeButton, h, say, toMap } from "./dom.js";
import { records } from "./recording_cameras.js";

export class RecordingNotices {
  #element;
  #app;
  #watch;
  #waiting = h("div", { class: "waits" });
  #rows = new Map();
  #said = "";

  /**
   * @param {HTMLElement} element
   * @param {typeof import("./app.js").app} app with its `recordingWatch`
   */
  constructor(element, app) {
    this.#element = element;
    this.#app = app;
    this.#watch = app.recordingWatch;
    this.#element.append(this.#waiting);
    const look = () => {
      if (this.#isKnown) this.#watch.check(app.nowMs());
    };
    app.feed.addEventListener("change", look);
    this.#watch.addEventListener("change", () => this.#draw());
    setInterval(() => {
      look();
      this.#draw();
    }, 1000);
    this.#draw();
  }

  /** Whether the feed has told of all cameras: before that, one that is not there may only not have come yet. */
  get #isKnown() { return this.#app.feed.lastFrameMs > 0 && !this.#app.feed.isReading; }

  #draw() {
    if (!this.#isKnown) return;
    const { waits } = this.#watch;
    this.#element.hidden = waits.length === 0;
    this.#drawWaiting(waits.filter(({ started }) => started === ""));
    const started = waits.filter((wait) => wait.started !== "");
    const keys = new Set(started.map(keyOf));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.element.remove();
      this.#rows.delete(key);
    }
    for (const wait of started) this.#say(this.#rows.get(keyOf(wait)) ?? this.#make(wait));
  }

  #drawWaiting(waits) {
    const said = JSON.stringify(waits.map((wait) => [keyOf(wait), this.#nameOf(wait)]));
    if (said === this.#said) return;
    this.#said = said;
    this.#waiting.hidden = waits.length === 0;
    this.#waiting.replaceChildren(
      h("span", { class: "waits-head", text: "You are told when it records:" }),
      ...waits.map((wait) => h(
        "span", { class: "wait" }, this.#nameOf(wait),
        h("button", { class: "link-button", type: "button", text: "Stop waiting", "aria-label": `Stop waiting for ${this.#nameOf(wait)}`, onclick: () => this.#watch.drop(wait.kind, wait.of) }),
      )),
    );
  }

  /** @param {import("./recording_watch.js").Wait} wait */
  #nameOf({ kind, of }) {
    if (kind === "scene") return `a camera at “${this.#app.incidents?.byId(of)?.title ?? "…"}”`;
    const index = this.#app.feed.store.indexOf(of);
    return index < 0 ? "a camera that is not on your map now" : shortName(this.#app.feed.store.entries[index]);
  }

  #make(wait) {
    const { kind, of, started } = wait;
    const button = (text, does, look = "") => h("button", { class: `button button-small ${look}`, type: "button", text, onclick: does });
    const row = { wait, words: h("span", { class: "alert-words" }) };
    row.stream = button("Open stream…", () => {
      const incident = kind === "scene" ? of : null;
      window.dispatchEvent(new CustomEvent("sightline:open-stream", { detail: { camera: started, incident } }));
      this.#watch.drop(kind, of);
    }, "button-primary");
    row.again = button("Tell me when it starts again", () => this.#watch.toggle(kind, of));
    const show = button("Show on the map", () => toMap("sightline:show-camera", "camera", started));
    row.element = h(
      "div", { class: "alert", "data-kind": "records" }, h("span", { class: "alert-shape", "aria-hidden": "true" }), row.words,
      h("div", { class: "alert-does" }, row.stream, row.again, show, closeButton(() => this.#watch.drop(kind, of))),
    );
    this.#rows.set(keyOf(wait), row);
    this.#element.append(row.element);
    this.#say(row);
    announce(row.words.textContent);
    return row;
  }

  #say({ wait, words, stream, again }) {
    const { store } = this.#app.feed;
    const index = store.indexOf(wait.started);
    const nowMs = this.#app.nowMs();
    const isOn = records(store, index, nowMs);
    const what = isOn ? "records now" : store.isStale(index, nowMs) ? "has begun to record; nothing was heard of it since" : "has begun to record, and stopped again";
    const title = wait.kind === "scene" ? this.#app.incidents?.byId(wait.of)?.title : null;
    say(words, `${shortName(store.entries[index])} ${what}${title ? `, at “${title}”` : ""}`);
    stream.hidden = !isOn;
    again.hidden = isOn;
  }
}

function keyOf({ kind, of, started }) { return `${kind} ${of} ${started}`; }
