/**
 * The live map by keyboard: single keys, unless somebody types or a dialog is open, and those of the search field.
 */

import { hasSingleKeys } from "./key_help.js";

const SEARCH = "live-map-search";

/**
 * @typedef {object} MapKeys
 * @property {() => void} escape
 * @property {() => void} n the place in the map's middle
 * @property {() => void} help the keys in words
 * @property {() => void} o open the stream
 * @property {() => void} r replay
 * @property {() => void} searchEnter take the first that was found
 * @property {() => void} searchDown go on in the list
 * @property {() => void} searchEscape
 */

/**
 * @param {KeyboardEvent} event
 * @param {MapKeys} does
 */
export function pressed(event, does) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // A dialog that has closed may have the keyboard for another moment; the key that closed it has done its work.
  const isShown = event.target.checkVisibility();
  if (event.target.closest("[role=dialog]") && (isShown || event.key === "Escape")) return;
  const target = isShown ? event.target : document.body;
  if (target.id === SEARCH) {
    inSearch(event, does);
  } else if (event.key === "Escape" && target.type === "range") {
    does.escape();
  } else if (!target.closest("input, textarea, select")) {
    single(event, does);
  }
}

function inSearch(event, does) {
  if (event.key === "Enter") {
    does.searchEnter();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    does.searchDown();
  } else if (event.key === "Escape") {
    does.searchEscape();
  }
}

function single(event, does) {
  if (event.key === "Escape") {
    does.escape();
  } else if (event.key === "?") {
    does.help();
  } else if (!hasSingleKeys()) {
    return;
  } else if (event.key === "/") {
    event.preventDefault();
    document.getElementById(SEARCH).focus();
  } else if (event.key === "n" || event.key === "o" || event.key === "r") {
    does[event.key]();
  }
}
