/**
 * The controls of the list: they say what the filter is, and offer the units and areas that there are.
 */
import { setProps } from "./dom.js";

export class FilterControls {
  #store;
  #areas;
  #offered = { unit: "", division: "" };

  /**
   * @param {import("./camera_store.js").CameraStore} store
   * @param {import("./force_areas.js").ForceAreas} areas
   */
  constructor(store, areas) {
    this.#store = store;
    this.#areas = areas;
  }

  /** @param {import("./camera_filter.js").Filter} filter */
  show(filter) {
    const { text, recording, unit, quality, division, heard } = filter;
    this.offerUnits(unit);
    this.#offer("division", this.#areas.all.map(({ code, name }) => ({ value: code, label: name })), division);
    setProps("live-map-search", { value: text });
    setProps("live-map-recording", { value: recording });
    setProps("live-map-unit", { value: unit || null });
    setProps("live-map-division", { value: division || null });
    setProps("live-map-quality", { value: quality || null });
    setProps("live-map-heard", { value: heard === "all" ? null : heard });
  }

  /** The units of the cameras that there are now. @param {string} chosen code, "" for none */
  offerUnits(chosen) {
    this.#offer("unit", this.#store.units().map(({ code, name }) => ({ value: code, label: name })), chosen);
  }

  #offer(name, choices, chosen) {
    // What is no choice cannot be chosen: the address may name a unit before its cameras have come.
    if (chosen && !choices.some(({ value }) => value === chosen)) choices.push({ value: chosen, label: chosen });
    const said = JSON.stringify(choices);
    if (said === this.#offered[name]) return;
    this.#offered[name] = said;
    setProps(`live-map-${name}`, { data: choices });
  }
}

/**
 * What is filtered by, in words, for paper.
 * @param {import("./camera_filter.js").Filter} filter
 * @param {import("./force_areas.js").ForceAreas} areas
 * @returns {string[]}
 */
export function filterWords({ text, recording, unit, quality, heard, division }, areas) {
  return [
    text && `“${text}”`, recording === "all" ? "" : recording, unit && `unit ${unit}`, quality && `stream ${quality}`,
    { now: "heard of now", stale: "stale or never heard of" }[heard] ?? "", division && `in ${areas.byCode(division)?.name ?? division}`,
  ].filter(Boolean);
}
