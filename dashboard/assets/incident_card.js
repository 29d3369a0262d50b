/**
 * The framed incident beside the map, where nobody is selected: what it is, where, who may help, and what can be done next.
 * Events: `request`: negotiators are wanted for it; `show-rvp`; `change-rvp`; `close`.
 */
import { arrivals } from "./arrivals.js";
import { AskToRecord } from "./ask_to_record.js";
import { ago, fullTime } from "./ages.js";
import { closeButton, goTo, h, mark, say } from "./dom.js";
import { gridReference } from "./grid_reference.js";
import { tagsOf } from "./incident_strip.js";
import { NEAR_METRES, recordingNear } from "./recording_cameras.js";

export class IncidentCard extends EventTarget {
  element;
  #app;
  #ask;
  #parts = {};

  /** @param {{app: typeof import("./app.js").app}} given */
  constructor({ app }) {
    super();
    this.#app = app;
    this.#ask = new AskToRecord(app.recordingWatch);
    const p = this.#parts;
    p.title = h("h2", { class: "scene-name" });
    p.under = h("p", { class: "card-unit" });
    p.facts = h("dl", { class: "card-facts" });
    for (const [name, label] of [["opened", "Opened"], ["grid", "Grid ref."], ["talkgroup", "Talkgroup"], ["rvp", "RVP"], ["near", "Recording"], ["team", "En route"]]) {
      p[name] = h("dd");
      p.facts.append(h("div", {}, h("dt", { text: label }), p[name]));
    }
    p.rvpShow = h("button", { class: "link-button", type: "button", title: "Show on the map", onclick: () => this.dispatchEvent(new Event("show-rvp")) });
    p.rvpWords = h("span");
    p.rvpChange = h("button", { class: "link-button", type: "button", text: "Change…", "aria-label": "Change the RVP…", onclick: () => this.dispatchEvent(new Event("change-rvp")) });
    p.rvp.append(p.rvpShow, p.rvpWords, " ", p.rvpChange);
    p.teamRow = p.team.parentElement;
    p.triage = h("button", { class: "button button-primary", type: "button", text: "Open in Triage", onclick: () => goTo(`/triage?deployment=${p.triage.dataset.deployment}`) });
    p.request = h("button", { class: "button", type: "button", text: "Request negotiators…", onclick: () => this.dispatchEvent(new Event("request")) });
    const head = h("header", { class: "card-head" }, p.title, closeButton(() => this.dispatchEvent(new Event("close"))));
    this.element = h("div", { class: "card" }, head, p.under, h("div", { class: "card-actions" }, p.triage, this.#ask.element, p.request), p.facts);
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
    const near = has ? recordingNear(this.#app.feed.store, incident, nowMs).length : 0;
    say(p.near, has ? `${near} ${near === 1 ? "camera" : "cameras"} within ${NEAR_METRES} m now` : "–");
    this.#drawRvp(incident.rvp);
    const coming = arrivals(incident, this.#app.feed.store, nowMs);
    p.teamRow.hidden = coming.length === 0;
    const lines = coming.map(({ name, words }) => `${name}: ${words}`);
    if (p.team.textContent !== lines.join("")) p.team.replaceChildren(...lines.map((text) => h("div", { text })));
    this.#ask.draw(!has || near > 0 ? null : { kind: "scene", of: String(incident.id), talkgroup: incident.talkgroup });
    const { facts } = this.#app;
    const newest = incident.deployments.at(-1);
    const sees = facts.pages.includes("/triage");
    p.triage.hidden = !(sees && newest);
    if (newest) p.triage.dataset.deployment = String(newest.id);
    p.request.hidden = !(sees && this.#app.may("negotiators.request"));
  }
  /** @param {{name: string, lat: number|null, lon: number|null}|null} rvp */
  #drawRvp(rvp) {
    const { rvpShow, rvpWords, rvpChange } = this.#parts;
    const has = rvp?.lat != null;
    const grid = has ? gridReference(rvp.lat, rvp.lon).replaceAll(" ", "\u00a0") : "";
    rvpShow.hidden = !has;
    rvpChange.hidden = !rvp || !(this.#app.may("log.write") || this.#app.may("negotiators.request"));
    say(rvpShow, has ? [rvp.name, /\d{3} ?\d{3}|\d\.\d/.test(rvp.name) ? "" : grid].filter(Boolean).join(", ") || "on the map" : "");
    say(rvpWords, has ? "" : rvp ? `${rvp.name}, not on the map` : "not told; right click its place on the map");
  }
}
