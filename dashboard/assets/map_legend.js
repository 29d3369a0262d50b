/**
 * What the marks mean: shapes for the state, signs and colours for the stream that the signal would carry.
 */
import { h } from "./dom.js";
import { markIcon, showMark } from "./mark_icons.js";

const SHAPES = [
  ["recording-good", "recording"], ["buffering-good", "buffering"], ["off", "off"], ["elsewhere", "position old"], ["stale", "stale"],
];
const SIGNS = [
  ["recording-good", "good"], ["recording-fair", "fair"], ["recording-poor", "poor"], ["recording-none", "none"], ["recording-unknown", "unknown"],
];

/** @param {HTMLElement} element */
export function drawLegend(element) {
  element.replaceChildren(
    h("div", { class: "legend-group" }, ...SHAPES.map(entry)),
    h("div", { class: "legend-group" }, h("span", { class: "legend-title", text: "stream now" }), ...SIGNS.map(entry)),
  );
}

function entry([name, words]) {
  const icon = markIcon(14);
  showMark(icon, name);
  return h("span", { class: "legend-entry" }, icon, words);
}
