/**
 * Below the header of every page: what has started of that for which *tell me when it starts* waits, with what can be done
 * about it, and on one line what is still waited for. Without a sound.
 */
import { shortName } from "./camera_words.js";
import { announce, closeButton, h, say, toMap } from "./dom.js";
import { records } from "./recording_cameras.js";

/** More names than these make the line no clearer. */
const MOST_NAMES = 4;

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
    // What plays here needs no notice any more.
    const seen = started.find((wait) => this.#app.dock?.plays(wait.started));
    if (seen) {
      this.#watch.drop(seen.kind, seen.of); // draws again
      return;
    }
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
    const more = waits.length - MOST_NAMES;
    const link = (text, name, does) => h("button", { class: "link-button", type: "button", text, "aria-label": name, onclick: () => this.#press(does) });
    this.#waiting.replaceChildren(
      h("span", { class: "waits-head", text: "Waiting for a recording by" }),
      ...waits.slice(0, MOST_NAMES).map((wait) => {
        const name = this.#nameOf(wait);
        return h("span", { class: "wait" }, name, link("Stop waiting", `Stop waiting for ${name}`, () => this.#watch.drop(wait.kind, wait.of)));
      }),
      more > 0 ? h("span", { class: "wait", text: `and ${more} more` }) : null,
      waits.length > 1 ? link("Stop all", "Stop waiting for all", () => { for (const { kind, of } of waits) this.#watch.drop(kind, of); }) : null,
    );
  }

  /** Do what a button is for; it is gone then, and the keyboard goes on to the next one here, or to the page. */
  #press(does) {
    does();
    const next = [...this.#element.querySelectorAll("button")].find((button) => button.checkVisibility());
    (next ?? document.getElementById("page")).focus();
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
    }, "button-primary");
    row.again = button("Tell me when it starts again", () => this.#press(() => this.#watch.toggle(kind, of)));
    const show = button("Show on the map", () => toMap("sightline:show-camera", "camera", started));
    row.element = h(
      "div", { class: "alert", "data-kind": "records" }, h("span", { class: "alert-shape", "aria-hidden": "true" }), row.words,
      h("div", { class: "alert-does" }, row.stream, row.again, show, closeButton(() => this.#press(() => this.#watch.drop(kind, of)))),
    );
    this.#rows.set(keyOf(wait), row);
    this.#waiting.before(row.element);
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
