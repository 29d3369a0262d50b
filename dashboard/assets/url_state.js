/**
 * What the map's address says: selection, incident or place, filters, view. Pure.
 *
 *     /map?camera=AB4-000123&incident=7&q=RB3&recording=recording&unit=B3&quality=good&at=56.36940,1.14654,12.50
 *     /map?in=A&heard=stale
 *     /map?area=56.3600,1.1200;56.3700,1.1200;56.3700,1.1500
 *     /map?place=56.36940,1.14654&called=High+Street,+Salthaven
 */
import { areaText, readArea } from "./area.js";
import { NO_FILTER } from "./camera_filter.js";
import { gridReference } from "./grid_reference.js";

const RECORDING = ["all", "recording", "buffering", "off", "unknown"];
const LONGEST_NAME = 120;
const QUALITY = ["", "good", "fair", "poor", "unknown"];
const HEARD = ["all", "now", "stale"];

/**
 * @typedef {object} MapState
 * @property {string} camera selected, "" for none
 * @property {string} incident framed, "" for none
 * @property {import("./found_places.js").Place|null} place chosen; never beside an incident
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
  const said = given.get("incident") ?? "";
  const incident = /^\d+$/.test(said) ? said : "";
  return {
    camera: given.get("camera") ?? "",
    incident,
    place: incident ? null : readPlace(given.get("place"), given.get("called")),
    filter: {
      text: given.get("q") ?? NO_FILTER.text,
      recording: oneOf(RECORDING, given.get("recording"), NO_FILTER.recording),
      unit: given.get("unit") ?? NO_FILTER.unit,
      quality: oneOf(QUALITY, given.get("quality"), NO_FILTER.quality),
      heard: oneOf(HEARD, given.get("heard"), NO_FILTER.heard),
      division: given.get("in") ?? NO_FILTER.division,
      area: readArea(given.get("area")),
    },
    view: readView(given.get("at")),
  };
}

/**
 * @param {MapState} state
 * @returns {string} "" or beginning with a question mark
 */
export function writeAddress({ camera, incident, place, filter, view }) {
  const said = new URLSearchParams();
  if (camera) said.set("camera", camera);
  if (incident) said.set("incident", incident);
  if (place) said.set("called", place.name);
  if (filter.text.trim()) said.set("q", filter.text.trim());
  if (filter.recording !== "all") said.set("recording", filter.recording);
  if (filter.unit) said.set("unit", filter.unit);
  if (filter.quality) said.set("quality", filter.quality);
  if (filter.heard !== "all") said.set("heard", filter.heard);
  if (filter.division) said.set("in", filter.division);
  // A comma may stand as it is, and is easier to read aloud.
  const at = view ? `at=${view.lat.toFixed(5)},${view.lon.toFixed(5)},${view.zoom.toFixed(2)}` : "";
  const where = place ? `place=${place.lat.toFixed(5)},${place.lon.toFixed(5)}` : "";
  const inside = filter.area ? `area=${areaText(filter.area)}` : "";
  const all = [where, said.toString(), inside, at].filter(Boolean).join("&");
  return all ? `?${all}` : "";
}

function oneOf(allowed, value, otherwise) {
  return value !== null && allowed.includes(value) ? value : otherwise;
}

function readView(text) {
  const [lat, lon, zoom] = numbers(text, 3) ?? [];
  if (lat === undefined || !isOnMap(lat, lon) || zoom < 0 || zoom > 22) return null;
  return { lat, lon, zoom };
}

function readPlace(text, called) {
  const [lat, lon] = numbers(text, 2) ?? [];
  if (lat === undefined || !isOnMap(lat, lon)) return null;
  return { lat, lon, name: (called ?? "").trim().slice(0, LONGEST_NAME) || placeName(lat, lon) };
}

/** What a place is called that has no name: its grid reference, or degrees off the grid. */
export function placeName(lat, lon) {
  return gridReference(lat, lon) || `${lat.toFixed(4)}, ${lon.toFixed(4)}`;
}

function isOnMap(lat, lon) { return Math.abs(lat) <= 85 && Math.abs(lon) <= 180; }

function numbers(text, count) {
  const parts = (text ?? "").split(",");
  const read = parts.map(Number);
  const isWrong = parts.length !== count || parts.some((part, at) => part.trim() === "" || !Number.isFinite(read[at]));
  return isWrong ? null : read;
}
