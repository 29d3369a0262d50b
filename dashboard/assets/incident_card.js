/**
 * The framed incident beside the map, where nobody is selected: what it is, where, who may help, and what can be done next.
 * Events: `request`: negotiators are wanted for it; `close`.
 */
import { ago, fullTime } from "./ages.js";
import { metresPerUnit, mercatorX, mercatorY } from "./camera_store.js";
import { closeButton, goTo, h, mark, say } from "./dom.js";
import { gridReference } from "./grid_reference.js";
import { tagsOf } from "./incident_strip.js";

/** Cameras so near may see something of it. */
const NEAR_METRES = 500;
const RECORDING = 3;

/**
 * Cameras near a place that record, as far as is known now.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {{lat: number, lon: number}} place degrees, WGS 84
 * @param {number} nowMs the server's time
 */
export function recordingNear(store, { lat, lon }, nowMs) {
  const [x, y] = [mercatorX(lon), mercatorY(lat)];
  const reach = NEAR_METRES / metresPerUnit(lat);
  let count = 0;
  for (let index = 0; index < store.size; index++) {
    if (!store.alive[index] || store.columns.recording[index] !== RECORDING || !store.hasPosition(index)) continue;
    if (Math.hypot(store.x[index] - x, store.y[index] - y) <= reach && !store.isStale(index, nowMs)) count += 1;
  }
  return count;
}

export class IncidentCard extends EventTarget {
  element;
  #app;
  #parts = {};

  /** @param {{app: typeof import("./app.js").app}} given */
  constructor({ app }) {
    super();
    this.#app = app;
    const p = this.#parts;
    p.title = h("h2", { class: "scene-name" });
    p.under = h("p", { class: "card-unit" });
    p.facts = h("dl", { class: "card-facts" });
    for (const [name, label] of [["opened", "Opened"], ["grid", "Grid ref."], ["talkgroup", "Talkgroup"], ["near", "Recording"]]) {
      p[name] = h("dd");
      p.facts.append(h("div", {}, h("dt", { text: label }), p[name]));
    }
    p.triage = h("button", { class: "button button-primary", type: "button", text: "Open in Triage", onclick: () => goTo(`/triage?deployment=${p.triage.dataset.deployment}`) });
    p.request = h("button", { class: "button", type: "button", text: "Request negotiators…", onclick: () => this.dispatchEvent(new Event("request")) });
    const head = h("header", { class: "card-head" }, p.title, closeButton(() => this.dispatchEvent(new Event("close"))));
    this.element = h("div", { class: "card" }, head, p.under, h("div", { class: "card-actions" }, p.triage, p.request), p.facts);
  }

  /** @param {import("./incidents.js").Incident} incident @param {number} nowMs the server's time */
  draw(incident, nowMs) {
    const p = this.#parts;
    const openedMs = Date.parse(incident.opened_time);
    say(p.title, incident.title);
    say(p.under, [incident.log_number ?? "no log number", incident.grade_name, ...tagsOf(incident)].filter(Boolean).join(" · "));
    say(p.opened, ago((nowMs - openedMs) / 1000));
    mark(p.opened, "title", fullTime(openedMs));
    const has = incident.lat !== null;
    say(p.grid, has ? gridReference(incident.lat, incident.lon) || "off the grid" : "has no place");
    say(p.talkgroup, incident.talkgroup || "not told");
    const near = has ? recordingNear(this.#app.feed.store, incident, nowMs) : 0;
    say(p.near, has ? `${near} ${near === 1 ? "camera" : "cameras"} within ${NEAR_METRES} m now` : "–");
    const { facts } = this.#app;
    const newest = incident.deployments.at(-1);
    const sees = facts.pages.includes("/triage");
    p.triage.hidden = !(sees && newest);
    if (newest) p.triage.dataset.deployment = String(newest.id);
    p.request.hidden = !(sees && this.#app.may("negotiators.request"));
  }
}
