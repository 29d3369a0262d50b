/**
 * Which cameras record, as far as is known now. Pure.
 */
import { RECORDING, mercatorX, mercatorY, metresPerUnit } from "./camera_store.js";

/** Cameras so near to a place may see something of it. */
export const NEAR_METRES = 500;
const IS_RECORDING = RECORDING.indexOf("recording");

/**
 * Whether a camera records; one that was not heard of for long may do so no more.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {number} index -1 for one that is not seen
 * @param {number} nowMs the server's time
 */
export function records(store, index, nowMs) {
  return index >= 0 && store.columns.recording[index] === IS_RECORDING && !store.isStale(index, nowMs);
}

/**
 * Cameras near a place that record, the nearest first.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {{lat: number, lon: number}} place degrees, WGS 84
 * @param {number} nowMs the server's time
 * @returns {number[]} indices
 */
export function recordingNear(store, { lat, lon }, nowMs) {
  const [x, y] = [mercatorX(lon), mercatorY(lat)];
  const reach = NEAR_METRES / metresPerUnit(lat);
  const away = (index) => Math.hypot(store.x[index] - x, store.y[index] - y);
  const found = [];
  for (let index = 0; index < store.size; index++) {
    if (!store.alive[index] || store.columns.recording[index] !== IS_RECORDING || !store.hasPosition(index)) continue;
    if (away(index) <= reach && !store.isStale(index, nowMs)) found.push(index);
  }
  return found.sort((one, other) => away(one) - away(other));
}
