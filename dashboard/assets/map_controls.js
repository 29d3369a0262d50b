/**
 * The buttons on the map.
 */
import { h } from "./dom.js";

/**
 * @param {Array<{title: string, glyph: string, does: () => void}>} buttons from the top; a glyph is a class
 * @returns {HTMLElement}
 */
export function mapControls(buttons) {
  return h(
    "div", { class: "map-controls", role: "group", "aria-label": "Map" },
    ...buttons.map(({ title, glyph, does }) => h(
      "button", { class: "map-button", type: "button", title, "aria-label": title, onclick: does }, h("span", { class: glyph, "aria-hidden": "true" }),
    )),
  );
}
