/**
 * The chosen place beside the map, where nobody is selected: who records there, and whose RVP it is to be.
 * Events: `close`; `rvp`: it is to be the RVP of an incident.
 */
import { closeButton, h, say } from "./dom.js";
import { gridReference } from "./grid_reference.js";
import { NEAR_METRES, recordingNear } from "./recording_cameras.js";

export class PlaceCard extends EventTarget {
  element;
  #app;
  #parts = {};

  /** @param {{app: typeof import("./app.js").app}} given */
  constructor({ app }) {
    super();
    this.#app = app;
    const p = this.#parts;
    p.title = h("h2", { class: "scene-name" });
    p.facts = h("dl", { class: "card-facts" });
    for (const [name, label] of [["grid", "Grid ref."], ["near", "Recording"]]) {
      p[name] = h("dd");
      p.facts.append(h("div", {}, h("dt", { text: label }), p[name]));
    }
    p.rvp = h("button", { class: "button", type: "button", text: "Make it an RVP…", onclick: () => this.dispatchEvent(new Event("rvp")) });
    const head = h("header", { class: "card-head" }, p.title, closeButton(() => this.dispatchEvent(new Event("close"))));
    this.element = h("div", { class: "card" }, head, p.facts, h("div", { class: "card-actions" }, p.rvp));
  }

  /** @param {import("./found_places.js").Place} place @param {number} nowMs the server's time */
  draw(place, nowMs) {
    const p = this.#parts;
    say(p.title, place.name);
    say(p.grid, gridReference(place.lat, place.lon) || "off the grid");
    const near = recordingNear(this.#app.feed.store, place, nowMs).length;
    say(p.near, `${near} ${near === 1 ? "camera" : "cameras"} within ${NEAR_METRES} m now`);
    const may = this.#app.may("log.write") || this.#app.may("negotiators.request");
    p.rvp.hidden = !may || !this.#app.incidents?.open.length;
  }
}
