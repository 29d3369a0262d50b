/**
 * What lies over the basemap beside the cameras themselves: crowds, call signs, the selected camera's accuracy and ring,
 * an area that was drawn, where it has been, and a replay.
 * Small GeoJSON sources, since these are few.
 */
import { latitude } from "./camera_filter.js";
import { metresPerUnit } from "./camera_store.js";
import { UNKNOWN } from "./feed_frame.js";

/** Labels are drawn from this zoom on. */
const LABELS_FROM_ZOOM = 12;
const MOST_LABELS = 220;
const CIRCLE_POINTS = 64;
const FONT = ["system-ui, sans-serif"];

const IS_RECORDING = ["==", ["get", "recording"], "recording"];

const COLOURS = {
  dark: { cluster: "#1b2731", edge: "#6d8496", text: "#e8edf1", recording: "#12b886", label: "#dbe4eb", halo: "#0b1116", ring: "#ffffff", accuracy: "#56b4e9", track: "#cc79a7" },
  light: { cluster: "#ffffff", edge: "#6b7a86", text: "#17212a", recording: "#00704f", label: "#17212a", halo: "#ffffff", ring: "#0b1116", accuracy: "#005f96", track: "#a1457a" },
};

/**
 * Layer → paint for a theme.
 * @param {"dark"|"light"} theme
 * @returns {Array<[string, Record<string, any>]>}
 */
export function overlayPaint(theme) {
  const c = COLOURS[theme];
  return [
    ["area-drawn", { "fill-color": c.accuracy, "fill-opacity": 0.08 }],
    ["area-drawn-edge", { "line-color": c.accuracy, "line-width": 2, "line-dasharray": [3, 2] }],
    ["area-drawn-corner", { "circle-radius": 5, "circle-color": c.accuracy, "circle-stroke-color": c.halo, "circle-stroke-width": 1.5 }],
    ["track-gap", { "line-color": c.track, "line-width": 1.5, "line-opacity": 0.8, "line-dasharray": [1, 3] }],
    ["track-known", { "line-color": c.track, "line-width": 2, "line-opacity": 0.75 }],
    ["track-recorded", { "line-color": c.track, "line-width": 4 }],
    ["track-at", { "circle-radius": 6, "circle-color": c.track, "circle-stroke-color": c.ring, "circle-stroke-width": 2 }],
    ["accuracy", { "fill-color": c.accuracy, "fill-opacity": 0.14 }],
    ["accuracy-edge", { "line-color": c.accuracy, "line-opacity": 0.7, "line-width": 1 }],
    ["clusters", {
      "circle-color": c.cluster, "circle-opacity": 0.94, "circle-stroke-color": c.edge, "circle-stroke-width": 1.25,
      "circle-radius": ["interpolate", ["linear"], ["log10", ["get", "count"]], 1, 17, 2, 21, 3.5, 28],
    }],
    ["cluster-counts", { "text-color": c.text }],
    ["cluster-recording", { "text-color": c.recording }],
    ["selection-ring", {
      "circle-radius": 15, "circle-opacity": 0, "circle-stroke-color": c.ring, "circle-stroke-width": 2,
    }],
    ["camera-labels", { "text-color": c.label, "text-halo-color": c.halo, "text-halo-width": 1.6 }],
    ["replay-area", { "line-color": c.accuracy, "line-width": 2, "line-dasharray": [3, 2] }],
    ["replay-trail", { "line-color": c.track, "line-width": 2.5, "line-opacity": 0.7 }],
    ["replay-camera", {
      "circle-radius": 7, "circle-stroke-width": 2.5,
      "circle-color": ["case", IS_RECORDING, c.recording, c.halo], "circle-stroke-color": ["case", IS_RECORDING, c.ring, c.edge],
      "circle-opacity": ["case", ["get", "isOld"], 0.35, 1], "circle-stroke-opacity": ["case", ["get", "isOld"], 0.5, 1],
    }],
    ["replay-labels", { "text-color": c.label, "text-halo-color": c.halo, "text-halo-width": 1.6 }],
  ];
}

/**
 * @param {import("maplibre-gl").Map} map
 * @param {import("./camera_layer.js").CameraLayer} cameras
 * @param {"dark"|"light"} theme
 */
export function addOverlays(map, cameras, theme) {
  const paint = Object.fromEntries(overlayPaint(theme));
  for (const name of ["clusters", "labels", "selection", "area-drawn", "track", "replay"]) {
    if (!map.getSource(name)) map.addSource(name, { type: "geojson", data: collection([]), tolerance: 0 });
  }
  const add = (id, type, source, layout = {}, filter = undefined) => {
    if (!map.getLayer(id)) map.addLayer({ id, type, source, layout, paint: paint[id], ...(filter && { filter }) });
  };
  const area = ["==", ["geometry-type"], "Polygon"];
  add("area-drawn", "fill", "area-drawn", {}, area);
  add("area-drawn-edge", "line", "area-drawn");
  add("area-drawn-corner", "circle", "area-drawn", {}, ["==", ["geometry-type"], "Point"]);
  for (const kind of ["gap", "known", "recorded"]) {
    add(`track-${kind}`, "line", "track", { "line-join": "round", "line-cap": kind === "gap" ? "butt" : "round" }, ["==", ["get", "kind"], kind]);
  }
  add("accuracy", "fill", "selection", {}, area);
  add("accuracy-edge", "line", "selection", {}, area);
  if (!map.getLayer(cameras.id)) map.addLayer(cameras);
  add("clusters", "circle", "clusters");
  const always = { "text-font": FONT, "text-allow-overlap": true };
  add("cluster-counts", "symbol", "clusters", {
    ...always, "text-padding": 9, "text-field": ["get", "words"], "text-size": 13,
    "text-offset": ["case", [">", ["get", "recording"], 0], ["literal", [0, -0.42]], ["literal", [0, 0]]],
  });
  add("cluster-recording", "symbol", "clusters", {
    ...always, "text-field": ["concat", "● ", ["to-string", ["get", "recording"]]], "text-size": 11, "text-offset": [0, 0.72],
  }, [">", ["get", "recording"], 0]);
  add("selection-ring", "circle", "selection", {}, ["==", ["geometry-type"], "Point"]);
  add("track-at", "circle", "track", {}, ["==", ["get", "kind"], "at"]);
  add("camera-labels", "symbol", "labels", {
    "text-field": ["get", "words"], "text-font": FONT, "text-size": 11.5, "text-anchor": "left", "text-offset": [1, 0],
    "text-padding": 2, "symbol-sort-key": ["get", "order"], "text-max-width": 30,
  });
  const kind = (name) => ["==", ["get", "kind"], name];
  add("replay-area", "line", "replay", {}, kind("area"));
  add("replay-trail", "line", "replay", { "line-join": "round", "line-cap": "round" }, kind("trail"));
  add("replay-camera", "circle", "replay", {}, kind("camera"));
  add("replay-labels", "symbol", "replay", {
    "text-field": ["get", "words"], "text-font": FONT, "text-size": 11.5, "text-anchor": "left", "text-offset": [1, 0], "text-padding": 2, "text-max-width": 30,
  }, kind("camera"));
}

function collection(features) { return { type: "FeatureCollection", features }; }

function point(x, y, properties) {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [x * 360 - 180, latitude(y)] } };
}

/** @param {import("./clusters.js").Cluster[]} clusters */
export function clusterFeatures(clusters) {
  return collection(clusters.map(({ key, count, recording, x, y }) => point(x, y, { key, count, recording, words: compact(count) })));
}

/** "840", "1.2k", "14k". */
export function compact(count) {
  if (count < 1000) return String(count);
  return count < 10_000 ? `${(Math.floor(count / 100) / 10).toFixed(1)}k` : `${Math.floor(count / 1000)}k`;
}

/**
 * Call signs of the marks in view; none where there are too many to be read.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {Uint8Array} drawn
 * @param {[number, number, number, number]} view west, north, east, south in Web Mercator units
 * @param {number} zoom
 */
export function labelFeatures(store, drawn, [west, north, east, south], zoom) {
  if (zoom < LABELS_FROM_ZOOM) return collection([]);
  const features = [];
  const { x, y, entries, columns } = store;
  for (let index = 0; index < drawn.length; index++) {
    if (!drawn[index] || !store.alive[index] || !store.hasPosition(index)) continue;
    if (x[index] < west || x[index] > east || y[index] < north || y[index] > south) continue;
    const words = entries[index]?.call_sign ?? entries[index]?.officer ?? entries[index]?.camera;
    if (words) features.push(point(x[index], y[index], { words, order: 3 - columns.recording[index] }));
    if (features.length > MOST_LABELS) return collection([]);
  }
  return collection(features);
}

/**
 * The selected camera: its ring, and a circle on the ground within which it is.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {number} index -1 for none
 */
export function selectionFeatures(store, index) {
  if (index < 0 || !store.alive[index] || !store.hasPosition(index)) return collection([]);
  const x = store.x[index];
  const y = store.y[index];
  const ring = point(x, y, {});
  const accuracy = store.columns.accuracyDm[index];
  if (accuracy === UNKNOWN.accuracyDm) return collection([ring]);
  const radius = accuracy / 10 / metresPerUnit(store.lat(index));
  const corners = Array.from({ length: CIRCLE_POINTS + 1 }, (_, corner) => {
    const angle = (corner / CIRCLE_POINTS) * 2 * Math.PI;
    return [(x + radius * Math.cos(angle)) * 360 - 180, latitude(y + radius * Math.sin(angle))];
  });
  return collection([{ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [corners] } }, ring]);
}
