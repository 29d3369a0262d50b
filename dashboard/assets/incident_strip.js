/**
 * The open incidents across the top of the map: one press frames an incident, with its recording cameras ranked.
 * Events: `frame` (detail: incident id, "" to let go), `link` (detail: incident id).
 */
import { h, mark, say } from "./dom.js";
import { ageWords, clockWords, fullTime } from "./ages.js";
import { GRADE_SHAPES } from "./incident_markers.js";
import { linkWords } from "./link_incident.js";

/** What the state of the newest deployment says on the strip; states that are over say nothing. */
const DEPLOYMENT_WORDS = {
  requested: "negotiators requested", triage: "in triage", deployed: "negotiators deployed",
  en_route: "negotiators en route", on_scene: "negotiators on scene", advice_only: "advice only",
};

export class IncidentStrip extends EventTarget {
  #element;
  #items = new Map();
  #list;
  #note;
  #mayLink;

  /**
   * @param {HTMLElement} element
   * @param {{mayLink: (incident: import("./incidents.js").Incident) => boolean}} given
   */
  constructor(element, { mayLink }) {
    super();
    this.#mayLink = mayLink;
    this.#element = element;
    this.#list = h("div", { class: "strip-items", role: "group", "aria-label": "Open incidents" });
    this.#note = h("p", { class: "strip-note" });
    element.replaceChildren(this.#list, this.#note);
    // A wheel turns one way; the strip lies the other.
    this.#list.addEventListener("wheel", (event) => { this.#list.scrollLeft += event.deltaY; }, { passive: true });
  }

  /**
   * @param {import("./incidents.js").Incidents} incidents
   * @param {string} framed id
   * @param {number} nowMs
   */
  draw(incidents, framed, nowMs) {
    say(this.#note, noteOf(incidents));
    this.#note.hidden = this.#note.textContent === "";
    mark(this.#note, "data-bad", incidents.error ? "true" : null);
    mark(this.#note, "title", incidents.error || null);
    const wanted = incidents.open.map((incident) => {
      const item = this.#items.get(incident.id) ?? this.#make(incident.id);
      this.#drawItem(item, incident, String(incident.id) === framed, nowMs);
      return item;
    });
    const ids = new Set(incidents.open.map((incident) => incident.id));
    for (const id of this.#items.keys()) if (!ids.has(id)) this.#items.delete(id);
    if (wanted.some((item, place) => this.#list.children[place] !== item) || this.#list.children.length !== wanted.length) {
      this.#list.replaceChildren(...wanted);
    }
  }

  #make(id) {
    const item = h(
      "button", { class: "strip-item", type: "button" },
      h("span", { class: "strip-grade", "aria-hidden": "true" }), h("span", { class: "strip-title" }), h("span", { class: "strip-age" }),
      h("span", { class: "strip-under" }, h("span", { class: "strip-log" }), h("span", { class: "strip-tags" })),
      h("span", { class: "unseen" }),
    );
    item.addEventListener("click", () => {
      const isFramed = item.getAttribute("aria-pressed") === "true";
      this.#tell("frame", isFramed ? "" : String(id));
    });
    const link = h("button", { class: "button button-small strip-link", type: "button", text: "Link…", onclick: () => this.#tell("link", String(id)) });
    const cell = h("div", { class: "strip-cell" }, item, link);
    this.#items.set(id, cell);
    return cell;
  }

  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }

  #drawItem(cell, incident, isFramed, nowMs) {
    const [item, link] = cell.children;
    const [shape, title, age, under, grade] = item.children;
    const [log, tags] = under.children;
    const openedMs = Date.parse(incident.opened_time);
    say(shape, GRADE_SHAPES[incident.grade] ?? "●");
    const toLink = linkWords(incident, nowMs);
    say(log, toLink ? toLink.words : incident.log_number ?? "no log number");
    mark(log, "data-over", toLink?.isOver ? "true" : null);
    link.hidden = !this.#mayLink(incident);
    mark(link, "aria-label", `Link ${incident.title}…`);
    say(title, incident.title);
    say(tags, tagsOf(incident).join(" · "));
    say(age, ageWords((nowMs - openedMs) / 1000));
    mark(age, "title", fullTime(openedMs));
    mark(item, "data-grade", incident.grade);
    mark(item, "aria-pressed", String(isFramed));
    mark(item, "title", incident.lat === null ? `${incident.title} (has no place)` : incident.title);
    say(grade, `, ${incident.grade_name}`);
  }
}

/** What there is to know of an incident in a word each: restricted, an exercise, how far its negotiators are. */
export function tagsOf(incident) {
  const said = [];
  if (incident.restricted) said.push("restricted");
  if (incident.exercise) said.push("exercise");
  const newest = incident.deployments.at(-1);
  if (newest && DEPLOYMENT_WORDS[newest.state]) said.push(DEPLOYMENT_WORDS[newest.state]);
  return said;
}

/** Short beside incidents that were read before, which stay in sight; why is in full where there is nothing else. */
export function noteOf(incidents) {
  if (incidents.error && incidents.readMs) return `Not read since ${clockWords(incidents.readMs)}`;
  if (incidents.error) return `Incidents could not be read: ${incidents.error}`;
  if (!incidents.readMs) return "Reading incidents…";
  return incidents.open.length === 0 ? "No open incidents." : "";
}
