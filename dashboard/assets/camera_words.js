/**
 * What is said of a camera, in words: the same on the list, the card, the tiles and for screen readers.
 */
import { ageWords } from "./ages.js";
import { UNKNOWN } from "./feed_frame.js";
import { BEARER, QUALITY, RECORDING } from "./camera_store.js";

export const RECORDING_WORDS = { recording: "Recording", buffering: "Buffering", off: "Off", unknown: "State unknown" };
export const QUALITY_WORDS = { good: "good", fair: "fair", poor: "poor", none: "none", unknown: "unknown" };
/** What the signal now would carry. */
export const QUALITY_MEANING = {
  good: "Good: carries 720p",
  fair: "Fair: carries 360p",
  poor: "Poor: may freeze",
  none: "None: nothing usable is heard",
  unknown: "Unknown: the camera tells no signal",
};
const BEARER_WORDS = { lte: "4G", nr: "5G", wifi: "Wi-Fi", other: "Other bearer" };

/** "RB31 · 4417": what people call the wearer; the camera's id where nobody is known. */
export function shortName(entry) {
  if (!entry) return "";
  return [entry.call_sign, entry.officer].filter(Boolean).join(" · ") || entry.camera;
}

/** "PC Jane Doe 4417", or the camera's id. */
export function fullName(entry) {
  if (!entry) return "";
  return [entry.name, entry.officer].filter(Boolean).join(" ") || entry.camera;
}

/** "recording", "buffering", "off" or "unknown". */
export function recordingOf(store, index) { return RECORDING[store.columns.recording[index]]; }

/** "good", "fair", "poor", "none" or "unknown". */
export function qualityOf(store, index) { return QUALITY[store.columns.quality[index]]; }

/** "5G −92 dBm · 6.1 Mbit/s up", with what is not known left out; "" where nothing is. */
export function signalWords(store, index) {
  const { bearer, rsrpDbm, uplinkKbps } = store.columns;
  const parts = [BEARER_WORDS[BEARER[bearer[index]]]];
  if (rsrpDbm[index] !== UNKNOWN.rsrpDbm) parts.push(`${minus(rsrpDbm[index])} dBm`);
  const radio = parts.filter(Boolean).join(" ");
  const uplink = uplinkKbps[index] === UNKNOWN.uplinkKbps ? "" : `${uplinkWords(uplinkKbps[index])} up`;
  return [radio, uplink].filter(Boolean).join(" · ");
}

/** "6.1 Mbit/s", "840 kbit/s". */
export function uplinkWords(kbps) {
  return kbps < 1000 ? `${kbps} kbit/s` : `${(kbps / 1000).toFixed(kbps < 10_000 ? 1 : 0)} Mbit/s`;
}

/** "40 m", "350 m", "2.4 km", "31 km"; as dashboard/places.py says it. */
export function distanceWords(metres) {
  if (metres < 1000) return `${metres >= 100 ? Math.round(metres / 10) * 10 : Math.round(metres)} m`;
  return metres < 10_000 ? `${(metres / 1000).toFixed(1)} km` : `${Math.round(metres / 1000)} km`;
}

/**
 * Why no stream of this camera can be opened now, in a sentence; "" where it can as far as is known here. The gate in
 * the database decides; this says beforehand what it would say.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {number} index
 * @param {number} nowMs
 * @param {Record<string, string>} capabilities of the user
 */
export function whyNoStream(store, index, nowMs, capabilities) {
  if (!capabilities["stream.open"]) return "Your role does not view live video.";
  const heard = store.freshness(index, nowMs);
  if (heard === "never") return "The camera has never reported.";
  const recording = recordingOf(store, index);
  if (recording === "buffering") return "Buffering, not recording: only a recording camera streams.";
  if (recording === "off") return "The camera is off.";
  if (recording === "unknown") return "The camera does not say whether it records.";
  if (heard === "stale") return `Last report ${ageWords(store.ageS(index, nowMs))} ago: it may record no more.`;
  return "";
}

function minus(number) { return number < 0 ? `−${-number}` : `${number}`; }
