/**
 * The map inset of the triage page: an incident and the cameras around it, numbered as in the list
 * beside it. A picture for orientation, not to move around in; the live map is one click away.
 */
import { knowBasemap } from "./basemap_source.js";
import { basemapStyle } from "./basemap_style.js";
import { h } from "./dom.js";
import { theme } from "./theme.js";

const LIBRARY = "/static/lib/maplibre-gl/maplibre-gl.mjs";
/** Cameras beyond these many do not help to choose one. */
const MOST_CAMERAS = 15;
/** Metres around the incident that are shown at least. */
const LEAST_AROUND_M = 150;
const MOST_AROUND_M = 700;
const METRES_PER_DEGREE = 111_320;

/**
 * @typedef {object} Scene
 * @property {number} lat degrees, WGS 84
 * @property {number} lon
 * @property {string} title
 * @property {string} grade
 * @property {Array<{camera: string, lat: number, lon: number, rank: number, label: string,
 *   recording: string, stale: boolean, quality: string}>} cameras best first
 */

/**
 * How far around the incident is shown, in metres: enough for the nearest cameras that can be streamed.
 * @param {Scene} scene
 * @returns {number}
 */
export function aroundM(scene) {
  const distances = scene.cameras
    .filter((camera) => camera.recording === "recording" && !camera.stale)
    .map((camera) => distanceM(scene, camera))
    .sort((a, b) => a - b);
  const wanted = (distances[Math.min(2, distances.length - 1)] ?? 0) * 1.25;
  return Math.min(MOST_AROUND_M, Math.max(LEAST_AROUND_M, wanted));
}

function distanceM(from, to) {
  const north = (to.lat - from.lat) * METRES_PER_DEGREE;
  const east = (to.lon - from.lon) * METRES_PER_DEGREE * Math.cos((from.lat * Math.PI) / 180);
  return Math.hypot(north, east);
}

export class SceneMap {
  #frame;
  #map = null;
  #library = null;
  #marks = [];
  #scene = null;
  #onTheme = () => this.#map?.setStyle(basemapStyle(theme()));

  /** @param {HTMLElement} frame */
  constructor(frame) {
    this.#frame = frame;
    window.addEventListener("sightline:theme", this.#onTheme);
  }

  /** Whether its place on the page is still there. */
  get isShown() { return this.#frame.isConnected; }

  /** @param {Scene|null} scene null: an incident without a place */
  async draw(scene) {
    this.#scene = scene;
    this.#frame.classList.toggle("is-empty", scene === null);
    if (scene === null) return;
    if (!this.#library) [this.#library] = await Promise.all([import(LIBRARY), knowBasemap()]);
    if (this.#scene !== scene) return;
    this.#map ??= this.#made();
    this.#frameIn(scene);
    for (const mark of this.#marks) mark.remove();
    this.#marks = [
      ...scene.cameras.slice(0, MOST_CAMERAS).reverse().map((camera) => this.#mark(cameraMark(camera), camera)),
      this.#mark(h("div", { class: `scene-incident is-${scene.grade}`, role: "img", "aria-label": scene.title }), scene),
    ];
  }

  remove() {
    window.removeEventListener("sightline:theme", this.#onTheme);
    this.#map?.remove();
    this.#map = null;
  }

  #made() {
    const map = new this.#library.Map({
      container: this.#frame, style: basemapStyle(theme()), interactive: false,
      attributionControl: { compact: false }, fadeDuration: 0,
    });
    map.getCanvas().setAttribute("aria-hidden", "true");
    return map;
  }

  #frameIn(scene) {
    const north = aroundM(scene) / METRES_PER_DEGREE;
    const east = north / Math.cos((scene.lat * Math.PI) / 180);
    this.#map.fitBounds(
      [[scene.lon - east, scene.lat - north], [scene.lon + east, scene.lat + north]],
      { animate: false, padding: 14 },
    );
  }

  #mark(element, { lat, lon }) {
    return new this.#library.Marker({ element }).setLngLat([lon, lat]).addTo(this.#map);
  }
}

function cameraMark(camera) {
  const standing = camera.stale ? "stale" : camera.recording;
  return h("div", {
    class: `scene-camera is-${standing} is-${camera.quality}`, role: "img",
    "aria-label": `${camera.rank}: ${camera.label}, ${standing}`, text: String(camera.rank),
  });
}
