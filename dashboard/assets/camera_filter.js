/**
 * Which cameras are shown, and in which order. Pure.
 */
import { insideOf } from "./area.js";
import { FLAG } from "./feed_frame.js";
import { QUALITY, RECORDING, metresPerUnit } from "./camera_store.js";

/**
 * @typedef {object} Filter
 * @property {string} text words of which each must be found in what people call the camera
 * @property {"all"|"recording"|"buffering"|"off"|"unknown"} recording
 * @property {string} unit code, "" for any
 * @property {string} quality "" for any; "good", "fair" and "poor" mean that or better, "unknown" just that
 * @property {"all"|"now"|"stale"} heard whether anything was heard of them of late
 * @property {string} division code of one of the force's areas, "" for any; cameras without a position are in none
 * @property {import("./area.js").Area|null} area that was drawn; null for anywhere
 */

/** @type {Filter} */
export const NO_FILTER = { text: "", recording: "all", unit: "", quality: "", heard: "all", division: "", area: null };

/** Whether a filter leaves anything out. @param {Filter} filter */
export function isFiltering(filter) {
  const { text, ...others } = filter;
  return text.trim() !== "" || Object.entries(others).some(([name, value]) => value !== NO_FILTER[name]);
}

/** What a search looks through, in small letters. @param {import("./camera_store.js").Entry|undefined} entry */
export function searchable(entry) {
  if (!entry) return "";
  const parts = [entry.officer, entry.name, entry.call_sign, entry.camera, entry.unit, entry.unit_name];
  return parts.filter(Boolean).join("\n").toLowerCase();
}

/** Keeps what a search looks through, so that 30,000 cameras are searched while somebody types. */
export class SearchTexts {
  #texts = new WeakMap();

  of(entry) {
    if (!entry) return "";
    let text = this.#texts.get(entry);
    if (text === undefined) {
      text = searchable(entry);
      this.#texts.set(entry, text);
    }
    return text;
  }
}

/**
 * @param {import("./camera_store.js").CameraStore} store
 * @param {Filter} filter
 * @param {SearchTexts} texts
 * @param {number} nowMs the server's time: what a stale camera did last, it need not do now
 * @param {import("./force_areas.js").ForceAreas} [areas] the force's own
 * @returns {Uint8Array} 1 at each index that is shown; as long as the store's `size`
 */
export function shownCameras(store, filter, texts, nowMs, areas) {
  const shown = new Uint8Array(store.size);
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const recording = filter.recording === "all" ? -1 : RECORDING.indexOf(filter.recording);
  const quality = filter.quality === "" ? -1 : QUALITY.indexOf(filter.quality);
  const insides = [filter.area && insideOf(filter.area), filter.division && areas.insideOf(filter.division)].filter(Boolean);
  const { recording: recordings, quality: qualities } = store.columns;
  for (let index = 0; index < store.size; index++) {
    if (!store.alive[index]) continue;
    if (recording >= 0 && (recordings[index] !== recording || store.isStale(index, nowMs))) continue;
    if (quality === 0 ? qualities[index] !== 0 : qualities[index] < quality) continue;
    if (filter.heard !== "all" && store.isStale(index, nowMs) !== (filter.heard === "stale")) continue;
    if (insides.length && !(store.hasPosition(index) && insides.every((isInside) => isInside(store.x[index], store.y[index])))) continue;
    const entry = store.entries[index];
    if (filter.unit && entry?.unit !== filter.unit) continue;
    if (words.length) {
      const text = texts.of(entry);
      if (!words.every((word) => text.includes(word))) continue;
    }
    shown[index] = 1;
  }
  return shown;
}

/**
 * The shown cameras, nearest first; those without a position last, and without a place to be near to: recording
 * first, then by call sign. What a stale camera did last counts for nothing.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {Uint8Array} shown
 * @param {{x: number, y: number, recordingFirst?: boolean}|null} near in Web Mercator units
 * @param {number} nowMs the server's time
 * @returns {{order: Uint32Array, distances: Float64Array|null}} indices in order; metres, by index
 */
export function ordered(store, shown, near, nowMs) {
  let count = 0;
  const order = new Uint32Array(store.count);
  for (let index = 0; index < shown.length; index++) if (shown[index] && store.alive[index]) order[count++] = index;
  const found = order.subarray(0, count);
  const recording = new Uint8Array(store.size);
  for (const index of found) recording[index] = store.isStale(index, nowMs) ? 0 : store.columns.recording[index];
  if (near === null) {
    found.sort((a, b) => recording[b] - recording[a] || byName(store, a, b));
    return { order: found, distances: null };
  }
  const distances = new Float64Array(store.size);
  const scale = metresPerUnit(latitude(near.y));
  for (const index of found) {
    distances[index] = (store.columns.flags[index] & FLAG.position) === 0
      ? Infinity
      : Math.hypot(store.x[index] - near.x, store.y[index] - near.y) * scale;
  }
  if (near.recordingFirst) {
    found.sort((a, b) => (recording[b] === 3) - (recording[a] === 3) || distances[a] - distances[b]);
  } else {
    found.sort((a, b) => distances[a] - distances[b]);
  }
  return { order: found, distances };
}

function byName(store, a, b) {
  const one = store.entries[a];
  const other = store.entries[b];
  const left = one?.call_sign ?? one?.officer ?? one?.camera ?? "";
  const right = other?.call_sign ?? other?.officer ?? other?.camera ?? "";
  return left < right ? -1 : left > right ? 1 : a - b;
}

/** Latitude in degrees of a Web Mercator y (0 to 1). */
export function latitude(y) {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}
