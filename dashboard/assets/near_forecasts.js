/**
 * What a stream would be like where the first cameras of a list are, in a few words. Event `change`.
 */
import { mercatorX, mercatorY, metresPerUnit } from "./camera_store.js";

/** A forecast is asked for again when the camera has moved this far, or after this time. */
export const MOVED_METRES = 120;
export const KNOWN_FOR_MS = 60_000;
const MOST = 6;

/** Metres between two places that are near to each other. */
export function metresBetween(one, other) {
  const units = Math.hypot(mercatorX(one.lon) - mercatorX(other.lon), mercatorY(one.lat) - mercatorY(other.lat));
  return units * metresPerUnit(one.lat);
}

/**
 * A headline as the end of a row: "A stream should mostly hold: fails about 1 time in 10" → "should mostly hold".
 * @param {string} headline
 */
export function shortForecast(headline) {
  const [said] = headline.split(":");
  return said.replace(/^A stream /, "").replace(/^./, (letter) => letter.toLowerCase());
}

export class NearForecasts extends EventTarget {
  #store;
  #call;
  #known = new Map();
  #abort = new AbortController();

  /**
   * @param {import("./camera_store.js").CameraStore} store
   * @param {typeof import("./api.js").call} call
   */
  constructor(store, call) {
    super();
    this.#store = store;
    this.#call = call;
  }

  /** @param {number} index of a camera @returns {string} "" where none was asked for */
  of(index) { return this.#known.get(this.#store.refOf(index))?.words ?? ""; }

  /** @param {Iterable<number>} indices of cameras, the first of which are asked about */
  want(indices) {
    const wanted = [...indices].filter((index) => this.#store.hasPosition(index)).slice(0, MOST);
    const refs = new Set(wanted.map((index) => this.#store.refOf(index)));
    for (const ref of this.#known.keys()) if (!refs.has(ref)) this.#known.delete(ref);
    for (const index of wanted) this.#ask(index);
  }

  /** Nothing is wanted any more. */
  stop() {
    this.#abort.abort();
    this.#known.clear();
  }

  async #ask(index) {
    const ref = this.#store.refOf(index);
    const place = { lat: this.#store.lat(index), lon: this.#store.lon(index), at: performance.now(), words: "" };
    const before = this.#known.get(ref);
    if (before && place.at - before.at < KNOWN_FOR_MS && metresBetween(before, place) < MOVED_METRES) return;
    place.words = before?.words ?? "";
    this.#known.set(ref, place);
    try {
      const { headline } = await this.#call(
        "GET", `/api/coverage/forecast?lat=${place.lat}&lon=${place.lon}`, undefined, { signal: this.#abort.signal },
      );
      place.words = shortForecast(headline);
    } catch (error) {
      if (error.name === "AbortError") return;
      place.words = "forecast not read";
      place.at -= KNOWN_FOR_MS; // asked for again with the next order
    }
    this.dispatchEvent(new Event("change"));
  }
}
