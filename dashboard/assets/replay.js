/**
 * What an area looked like: where each camera was at a time, by its newest fix until then. Never a place between two fixes. Pure.
 */
import { ageWords } from "./ages.js";
import { gridReference } from "./grid_reference.js";
import { newestUntil } from "./track.js";

/** A fix says where a camera is for so long; after that it is not known. */
export const KNOWN_FOR_S = 120;
/** The line behind a camera shows so much of where it came from. */
export const TRAIL_S = 120;

/**
 * @typedef {object} Wearer
 * @property {string|null} from @property {string|null} to
 * @property {string} officer shoulder number
 * @property {string} officer_name @property {string|null} call_sign @property {string|null} unit
 *
 * @typedef {object} ReplayedCamera
 * @property {string} camera
 * @property {Wearer[]} wearers
 * @property {number[]} time_ms oldest first
 * @property {number[]} lat @property {number[]} lon
 * @property {string[]} recording
 *
 * @typedef {object} Replay answer of `POST /api/replay`
 * @property {string} from @property {string} to
 * @property {number} step_s each camera has its newest place of every so many seconds
 * @property {Array<[number, number]>} area lat, lon
 * @property {ReplayedCamera[]} cameras
 *
 * @typedef {object} Then one camera at a time
 * @property {string} camera
 * @property {string} name as people call it
 * @property {number} at place of the fix in the camera's columns
 * @property {number} ageS of the fix then
 * @property {string} recording
 * @property {number} lat @property {number} lon
 */

/** For how long a fix says where a camera is, in a replay of steps. @param {Replay} replay */
export function knownForMs({ step_s: stepS }) { return Math.max(KNOWN_FOR_S, 2 * stepS) * 1000; }

/**
 * Where all cameras were, the recording ones first.
 * @param {Replay} replay
 * @param {number} timeMs
 * @returns {Then[]}
 */
export function placesAt(replay, timeMs) {
  const knownMs = knownForMs(replay);
  const found = [];
  for (const one of replay.cameras) {
    const at = newestUntil(one.time_ms, timeMs);
    if (at < 0 || timeMs - one.time_ms[at] > knownMs) continue;
    found.push({
      camera: one.camera, name: nameThen(one, timeMs), at, ageS: (timeMs - one.time_ms[at]) / 1000,
      recording: one.recording[at], lat: one.lat[at], lon: one.lon[at],
    });
  }
  const isRecording = ({ recording }) => (recording === "recording" ? 0 : 1);
  return found.sort((one, other) => isRecording(one) - isRecording(other) || one.name.localeCompare(other.name, "en"));
}

/** Who wore a camera then: call sign and shoulder number, or the camera's own name. */
function nameThen({ camera, wearers }, timeMs) {
  const wearer = wearers.find(({ from, to }) => (from === null || Date.parse(from) <= timeMs) && (to === null || timeMs < Date.parse(to)));
  return wearer ? [wearer.call_sign, wearer.officer].filter(Boolean).join(" · ") : camera;
}

/** One camera then, in words. @param {Then} then */
export function thenWords({ recording, lat, lon, ageS }) {
  const state = recording === "unknown" ? "state unknown" : recording;
  return [state, gridReference(lat, lon) || `${lat.toFixed(5)}, ${lon.toFixed(5)}`, ageS < 2 ? "" : `fix ${ageWords(ageS)} before`].filter(Boolean).join(" · ");
}

/**
 * What the map shows then: each camera, the way that it came, and the area.
 * @param {Replay} replay
 * @param {Then[]} then of `placesAt`
 * @param {number} timeMs
 */
export function replayFeatures(replay, then, timeMs) {
  const knownMs = knownForMs(replay);
  const byRef = new Map(replay.cameras.map((one) => [one.camera, one]));
  const features = [];
  for (const { camera, name, at, ageS, recording, lat, lon } of then) {
    const { time_ms: times, lat: lats, lon: lons } = byRef.get(camera);
    const trail = [[lon, lat]];
    for (let before = at - 1; before >= 0 && timeMs - times[before] <= TRAIL_S * 1000 && times[before + 1] - times[before] <= knownMs; before--) {
      trail.push([lons[before], lats[before]]);
    }
    if (trail.length > 1) features.push({ type: "Feature", properties: { kind: "trail" }, geometry: { type: "LineString", coordinates: trail } });
    features.push({
      type: "Feature", properties: { kind: "camera", words: name, recording, isOld: ageS > Math.max(30, 1.5 * replay.step_s) },
      geometry: { type: "Point", coordinates: [lon, lat] },
    });
  }
  const ring = replay.area.map(([lat, lon]) => [lon, lat]);
  features.push({ type: "Feature", properties: { kind: "area" }, geometry: { type: "LineString", coordinates: [...ring, ring[0]] } });
  return { type: "FeatureCollection", features };
}
