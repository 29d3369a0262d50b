/**
 * The places that the words of the search mean, above the cameras: grid references, degrees, names of the basemap.
 * Events: `choose` (detail: Place), `change` (others are shown).
 */
import { ApiError } from "./api.js";
import { h } from "./dom.js";

/** Words are asked about once nobody has typed for so long. */
const QUIET_MS = 180;
const LEAST_LETTERS = 2;
/** No name is longer; the server takes no more. */
const MOST_LETTERS = 80;

/**
 * @typedef {object} Place
 * @property {string} name
 * @property {number} lat degrees, WGS 84
 * @property {number} lon
 */

export class FoundPlaces extends EventTarget {
  #element;
  #call;
  #asked = "";
  #timer = 0;
  #abort = null;
  #near = null;
  #asking = Promise.resolve();
  #isDue = false;
  /** @type {Place[]} */
  found = [];
  /** What is wrong with what was typed, where it looks like a place; "" otherwise. */
  whyNot = "";

  /** @param {HTMLElement} element @param {typeof import("./api.js").call} call */
  constructor(element, call) {
    super();
    this.#element = element;
    this.#call = call;
  }

  /**
   * @param {string} text that was typed
   * @param {{lat: number, lon: number}|null} near of places called alike, the nearest to this comes first
   */
  ask(text, near) {
    const typed = [...text.trim()].slice(0, MOST_LETTERS).join("");
    if (typed === this.#asked) return;
    this.#asked = typed;
    this.#near = near;
    this.stop();
    if ([...typed].length < LEAST_LETTERS) {
      this.#show([], "");
      return;
    }
    this.#isDue = true;
    this.#timer = setTimeout(() => this.now(), QUIET_MS);
  }

  /** Wait no longer for another letter; done once the answer is here. */
  now() {
    if (this.#isDue) {
      clearTimeout(this.#timer);
      this.#isDue = false;
      this.#asking = this.#askNow(this.#asked, this.#near);
    }
    return this.#asking;
  }

  /** No answer is wanted any more. */
  stop() {
    clearTimeout(this.#timer);
    this.#isDue = false;
    this.#abort?.abort();
  }

  async #askNow(typed, near) {
    const abort = new AbortController();
    this.#abort = abort;
    const asked = new URLSearchParams({ q: typed });
    if (near) asked.set("near", `${near.lat.toFixed(5)},${near.lon.toFixed(5)}`);
    try {
      const { places, why_not: whyNot } = await this.#call("GET", `/api/places?${asked}`, undefined, { signal: abort.signal });
      this.#show(places, whyNot ?? "");
    } catch (error) {
      if (error.name === "AbortError") return;
      // Asked again with the next letter, and where the server was away, with whatever comes next.
      if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) this.#asked = "";
      this.#show([], `Places cannot be searched now. ${error.message}`);
    }
  }

  #show(places, whyNot) {
    this.found = places;
    this.whyNot = whyNot;
    this.#element.hidden = places.length === 0;
    this.#element.replaceChildren(...places.map((place) => this.#row(place)));
    this.dispatchEvent(new Event("change"));
  }

  #row(place) {
    const { name, kind, within, reference } = place;
    const about = [within ? `${kind} in ${within}` : kind, reference === name ? null : reference].filter(Boolean).join(" · ");
    return h(
      "button", { class: "found-place", type: "button", title: `${name}: recording cameras nearest to it`, onclick: () => this.choose(place) },
      h("span", { class: "glyph-pin", "aria-hidden": "true" }),
      h("span", { class: "found-title", text: name }),
      h("span", { class: "found-log", text: about }),
    );
  }

  /** @param {Place} place */
  choose({ name, within, lat, lon }) {
    const detail = { name: within ? `${name}, ${within}` : name, lat, lon };
    this.dispatchEvent(new CustomEvent("choose", { detail }));
  }
}
