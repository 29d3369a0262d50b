/**
 * What the map's address says: selection, incident, filters, view. Pure.
 *
 *     /map?camera=AB4-000123&incident=7&q=RB3&recording=recording&unit=B3&quality=good&at=56.36940,1.14654,12.50
 */
import { NO_FILTER } from "./camera_filter.js";

const RECORDING = ["all", "recording", "buffering", "off", "unknown"];
const QUALITY = ["", "good", "fair", "poor", "unknown"];

/**
 * @typedef {object} MapState
 * @property {string} camera selected, "" for none
 * @property {string} incident framed, "" for none
 * @property {import("./camera_filter.js").Filter} filter
 * @property {{lat: number, lon: number, zoom: number}|null} view null: the whole county
 */

/**
 * What is not understood counts as not said.
 * @param {string} search of the address
 * @returns {MapState}
 */
export function readAddress(search) {
  const given = new URLSearchParams(search);
  const incident = given.get("incident") ?? "";
  return {
    camera: given.get("camera") ?? "",
    incident: /^\d+$/.test(incident) ? incident : "",
    filter: {
      text: given.get("q") ?? NO_FILTER.text,
      recording: oneOf(RECORDING, given.get("recording"), NO_FILTER.recording),
      unit: given.get("unit") ?? NO_FILTER.unit,
      quality: oneOf(QUALITY, given.get("quality"), NO_FILTER.quality),
    },
    view: readView(given.get("at")),
  };
}

/**
 * @param {MapState} state
 * @returns {string} "" or beginning with a question mark
 */
export function writeAddress({ camera, incident, filter, view }) {
  const said = new URLSearchParams();
  if (camera) said.set("camera", camera);
  if (incident) said.set("incident", incident);
  if (filter.text.trim()) said.set("q", filter.text.trim());
  if (filter.recording !== "all") said.set("recording", filter.recording);
  if (filter.unit) said.set("unit", filter.unit);
  if (filter.quality) said.set("quality", filter.quality);
  // A comma may stand as it is, and is easier to read aloud.
  const at = view ? `at=${view.lat.toFixed(5)},${view.lon.toFixed(5)},${view.zoom.toFixed(2)}` : "";
  const all = [said.toString(), at].filter(Boolean).join("&");
  return all ? `?${all}` : "";
}

function oneOf(allowed, value, otherwise) {
  return value !== null && allowed.includes(value) ? value : otherwise;
}

function readView(text) {
  const parts = (text ?? "").split(",").map(Number);
  if (parts.length !== 3 || parts.some((part) => !Number.isFinite(part)) || !text) return null;
  const [lat, lon, zoom] = parts;
  if (Math.abs(lat) > 85 || Math.abs(lon) > 180 || zoom < 0 || zoom > 22) return null;
  return { lat, lon, zoom };
}
