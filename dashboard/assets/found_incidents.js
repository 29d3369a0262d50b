/**
 * The open incidents that the words of the search mean, above the cameras: one press frames an incident.
 * Event `frame` (detail: incident id).
 */
import { h } from "./dom.js";
import { GRADE_SHAPES } from "./incident_markers.js";

/** More than these are too many to choose from: a further word of the title is typed sooner. */
const MOST = 4;

/**
 * The incidents that a search means: the one with this log number, else all whose log number or title has every word.
 * @template {{log_number: string|null, title: string}} T
 * @param {T[]} open
 * @param {string} text
 * @returns {T[]}
 */
export function incidentsNamed(open, text) {
  const typed = text.trim().toLowerCase();
  if (typed.length < 2) return [];
  const exact = open.filter((incident) => incident.log_number?.toLowerCase() === typed);
  if (exact.length) return exact;
  const words = typed.split(/\s+/);
  return open.filter((incident) => {
    const said = `${incident.log_number ?? ""}\n${incident.title}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}

export class FoundIncidents extends EventTarget {
  #element;
  #drawn = "";
  /** @type {import("./incidents.js").Incident[]} */
  found = [];

  /** @param {HTMLElement} element */
  constructor(element) {
    super();
    this.#element = element;
  }

  /** @param {import("./incidents.js").Incident[]} open @param {string} text that was typed */
  draw(open, text) {
    this.found = incidentsNamed(open, text);
    const drawn = JSON.stringify(this.found.map(({ id, title, log_number: log, grade }) => [id, title, log, grade]));
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#element.hidden = this.found.length === 0;
    const more = this.found.length - MOST;
    this.#element.replaceChildren(
      ...this.found.slice(0, MOST).map((incident) => this.#row(incident)),
      ...(more > 0 ? [h("p", { class: "found-more", text: `and ${more} more incidents` })] : []),
    );
  }

  #row({ id, title, log_number: log, grade }) {
    const does = () => this.dispatchEvent(new CustomEvent("frame", { detail: String(id) }));
    return h(
      "button", { class: "found-incident", type: "button", title, "data-grade": grade, onclick: does },
      h("span", { class: "incident-shape", "aria-hidden": "true", text: GRADE_SHAPES[grade] ?? "●" }),
      h("span", { class: "found-title", text: title }),
      h("span", { class: "found-log", text: `${log ?? "provisional"} · show the incident` }),
    );
  }
}
