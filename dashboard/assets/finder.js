/**
 * What else the words of the search mean, above the cameras: open incidents, and places.
 * Events: `frame` (detail: incident id), `choose` (detail: Place), `change` (places were found, or none).
 */
import { FoundIncidents } from "./found_incidents.js";
import { FoundPlaces } from "./found_places.js";

export class Finder extends EventTarget {
  #incidents;
  #places;
  #typed = "";

  /** @param {HTMLElement} incidents @param {HTMLElement} places @param {typeof import("./api.js").call} call */
  constructor(incidents, places, call) {
    super();
    this.#incidents = new FoundIncidents(incidents);
    this.#places = new FoundPlaces(places, call);
    const on = (source, kind) => source.addEventListener(kind, ({ detail }) => this.dispatchEvent(new CustomEvent(kind, { detail })));
    on(this.#incidents, "frame");
    on(this.#places, "choose");
    on(this.#places, "change");
  }

  /**
   * @param {import("./incidents.js").Incident[]} open
   * @param {string} text that was typed
   * @param {{lat: number, lon: number}|null} near
   */
  draw(open, text, near) {
    this.#typed = text.trim().toLowerCase();
    this.#incidents.draw(open, text);
    this.#places.ask(text, near);
  }

  /** In a sentence: what there is instead of cameras, "" for nothing. */
  get instead() {
    if (this.#incidents.found.length) return "No camera is called that; the incident above is.";
    if (this.#places.found.length === 1) return "No camera is called that; the place above is.";
    if (this.#places.found.length) return "No camera is called that; the places above are.";
    return this.#places.whyNot;
  }

  /** Choose what is called just so: an incident's number, a place; else an incident that has the words, else the first place. */
  async enter() {
    const [incident] = this.#incidents.found;
    const isNumber = incident?.log_number?.toLowerCase() === this.#typed;
    if (!isNumber) await this.#places.now();
    const places = this.#places.found;
    const place = isNumber ? undefined : places.find(({ name }) => name.toLowerCase() === this.#typed) ?? (incident ? undefined : places[0]);
    if (place) this.#places.choose(place);
    else if (incident) this.dispatchEvent(new CustomEvent("frame", { detail: String(incident.id) }));
  }

  /** The page is left. */
  stop() { this.#places.stop(); }
}
