/**
 * Negotiators who are en route: where they are, and when they will be there. As they said it, or else by a straight line from
 * where their phone or camera was last. Pure.
 */
import { clockWords } from "./ages.js";
import { metresBetween } from "./near_forecasts.js";

/** Roads are longer than the straight line by about so much, and driven at about so many metres a second (50 km/h). */
const DETOUR = 1.4;
const SPEED_MPS = 50 / 3.6;

/**
 * @typedef {object} Arrival
 * @property {number} negotiator
 * @property {string} name rank and name
 * @property {number} index of their camera or phone, -1 where none is seen
 * @property {number} atMs when they are expected; Infinity where nobody knows
 * @property {string} words "02:41, as they said", "about 02:41, by a straight line", "arrival not told"
 */

/**
 * @param {import("./incidents.js").Incident} incident
 * @param {import("./camera_store.js").CameraStore} store
 * @param {number} nowMs the server's time
 * @returns {Arrival[]} who is expected first, then those of whom nobody knows
 */
export function arrivals(incident, store, nowMs) {
  const there = incident.rvp?.lat != null ? incident.rvp : incident;
  const found = incident.deployments.flatMap(({ en_route: members }) => members ?? []).map(({ negotiator, name, arrival, camera }) => {
    const index = camera ? store.indexOf(camera) : -1;
    const isPlaced = index >= 0 && store.hasPosition(index) && !store.isStale(index, nowMs) && !store.isElsewhere(index, nowMs);
    const place = isPlaced ? index : -1;
    if (arrival) {
      const atMs = Date.parse(arrival);
      return { negotiator, name, index: place, atMs, words: `${hourMinute(atMs)}, as they said${atMs < nowMs ? ", overdue" : ""}` };
    }
    if (place < 0 || there.lat === null) return { negotiator, name, index: place, atMs: Infinity, words: "arrival not told" };
    const metres = metresBetween(there, { lat: store.lat(place), lon: store.lon(place) });
    const atMs = nowMs + (metres * DETOUR / SPEED_MPS) * 1000;
    return { negotiator, name, index: place, atMs, words: `about ${hourMinute(atMs)}, by a straight line` };
  });
  return found.sort((one, other) => one.atMs - other.atMs || 0);
}

function hourMinute(ms) { return clockWords(ms).slice(0, 5); }
