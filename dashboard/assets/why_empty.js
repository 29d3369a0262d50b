/**
 * Why the list of cameras is empty, and what can be done.
 */
import { h } from "./dom.js";

const SKELETON_ROWS = 8;

/** Where there is nobody at all, by the scope in which the role sees cameras. */
const NOBODY = {
  all: "No camera is registered yet. The administrator adds them.",
  on_call: "You see cameras while you are on call; by the rota you are not now.",
  assigned: "You see the cameras of incidents that you are assigned to; there are none now.",
  own_units: "You see the cameras of your own units; none is in use now.",
  own: "You see your own camera; you are not signed on to one now.",
};

/**
 * @param {object} given
 * @param {number} given.known cameras that the feed has told of
 * @param {boolean} given.isHeard whether the feed has said anything yet
 * @param {string} given.scope of the capability to see cameras
 * @param {string} given.instead what else was found for the search, "" for nothing
 * @param {() => void} given.onClear takes the filters away
 * @returns {HTMLElement}
 */
export function whyEmpty({ known, isHeard, scope, instead, onClear }) {
  if (known > 0) {
    return h(
      "div", {}, h("p", { text: instead || "No camera passes these filters." }),
      h("button", { class: "button", type: "button", text: "Clear filters", onclick: onClear }),
    );
  }
  if (!isHeard) {
    return h("div", { class: "skeleton" }, h("span", { class: "unseen", text: "Waiting for the feed…" }), ...Array.from({ length: SKELETON_ROWS }, () => h("span")));
  }
  return h("p", { text: NOBODY[scope] ?? NOBODY.all });
}
