/**
 * Where a camera has been: the fixes of a time, as the API gives them, with the gaps between them. Pure.
 */
import { ageWords, clockWords } from "./ages.js";

/** Between two fixes further apart than this nothing is known. */
export const GAP_S = 120;

/**
 * @typedef {object} Track
 * @property {Float64Array} timesMs of each fix, oldest first, milliseconds since 1970
 * @property {Array<[number, number]>} places of each: longitude, latitude (WGS 84)
 * @property {boolean[]} recorded of each, whether the camera recorded then
 * @property {number} fromMs beginning of the time that was asked for
 * @property {number} toMs its end
 */

/**
 * @param {{features: Array<object>}} found GeoJSON of `/api/cameras/{camera}/track`
 * @param {number} fromMs @param {number} toMs
 * @returns {Track}
 */
export function readTrack({ features }, fromMs, toMs) {
  return {
    timesMs: Float64Array.from(features, ({ properties }) => Date.parse(properties.fix_time)),
    places: features.map(({ geometry }) => geometry.coordinates),
    recorded: features.map(({ properties }) => properties.recording === "recording"),
    fromMs,
    toMs,
  };
}

/**
 * The place of the newest time that is not after another.
 * @param {ArrayLike<number>} times in order
 * @param {number} timeMs
 * @returns {number} −1: there is none
 */
export function newestUntil(times, timeMs) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The newest fix that is not after a time.
 * @param {Track} track
 * @returns {number} its place; −1: there is none
 */
export function placeAt({ timesMs }, timeMs) { return newestUntil(timesMs, timeMs); }

/** @param {Track} track @returns {Array<[number, number]>} places of the fixes before and after each gap */
export function gaps({ timesMs }) {
  const found = [];
  for (let at = 1; at < timesMs.length; at++) if (timesMs[at] - timesMs[at - 1] > GAP_S * 1000) found.push([at - 1, at]);
  return found;
}

/**
 * In a sentence: how many fixes, from when to when, and where nothing is known.
 * @param {Track} track
 */
export function trackWords(track) {
  const { timesMs } = track;
  const count = timesMs.length;
  if (count === 0) return `No fix from ${clockWords(track.fromMs)} to ${clockWords(track.toMs)}.`;
  const fixes = count === 1 ? "1 fix" : `${count.toLocaleString("en-GB")} fixes`;
  const words = `${fixes}, ${clockWords(timesMs[0])} to ${clockWords(timesMs[count - 1])}`;
  const silent = gaps(track).map(([before, after]) => timesMs[after] - timesMs[before]);
  if (silent.length === 0) return `${words}, without a gap.`;
  const longest = ageWords(Math.max(...silent) / 1000);
  return silent.length === 1 ? `${words}, with a gap of ${longest}.` : `${words}, with ${silent.length} gaps, the longest of ${longest}.`;
}

/**
 * A track as GeoJSON: lines where it is known, `gap` lines where it is not, and the place at a time.
 * @param {Track} track
 * @param {number} at place of the fix that is pointed out, −1 for none
 */
export function trackFeatures(track, at) {
  const { places, recorded } = track;
  const features = [];
  const line = (kind, coordinates) => features.push({ type: "Feature", properties: { kind }, geometry: { type: "LineString", coordinates } });
  const broken = new Set(gaps(track).map(([, after]) => after));
  let from = 0;
  for (let next = 1; next <= places.length; next++) {
    const isEnd = next === places.length || broken.has(next);
    if (!isEnd && recorded[next] === recorded[from]) continue;
    const run = places.slice(from, isEnd ? next : next + 1);
    if (run.length > 1) line(recorded[from] ? "recorded" : "known", run);
    if (broken.has(next)) line("gap", [places[next - 1], places[next]]);
    from = next;
  }
  if (at >= 0) features.push({ type: "Feature", properties: { kind: "at" }, geometry: { type: "Point", coordinates: places[at] } });
  return { type: "FeatureCollection", features };
}
