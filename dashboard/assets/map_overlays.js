/**
 * What lies over the basemap beside cameras and crowds: call signs, the selected camera's accuracy and ring,
 * an area that was drawn, where it has been, and a replay.
 * Small GeoJSON sources, since these are few.
 */
import { latitude } from "./camera_filter.js";
import { WORLD_PX, metresPerUnit } from "./camera_store.js";
import { radiusOf } from "./crowd_layer.js";
import { UNKNOWN } from "./feed_frame.js";

/** Labels are drawn from this zoom on. */
const LABELS_FROM_ZOOM = 12;
/** Size of a call sign's letters, and how far from a mark it begins. */
const LABEL_PX = 11.5;
/** From the selected mark's middle to the outside of its ring. */
const RING_PX = 14;
const MOST_LABELS = 220;
const CIRCLE_POINTS = 64;
/** Side of the empty picture that keeps the room of a crowd free of names, pixels. */
const ROOM_PX = 64;
/** The room moves and grows in steps, CSS pixels: it is told to MapLibre, which is dear, when there is another step. */
const ROOM_STEP_PX = 4;
const FONT = ["system-ui, sans-serif"];

const IS_RECORDING = ["==", ["get", "recording"], "recording"];

const COLOURS = {
  dark: { edge: "#6d8496", recording: "#12b886", label: "#dbe4eb", halo: "#0b1116", ring: "#ffffff", accuracy: "#56b4e9", track: "#cc79a7" },
  light: { edge: "#6b7a86", recording: "#00704f", label: "#17212a", halo: "#ffffff", ring: "#0b1116", accuracy: "#005f96", track: "#a1457a" },
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
    ["crowd-room", {}],
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
 * @param {Array<import("maplibre-gl").CustomLayerInterface>} ours layers that we draw ourselves, the lowest first
 * @param {"dark"|"light"} theme
 */
export function addOverlays(map, ours, theme) {
  const paint = Object.fromEntries(overlayPaint(theme));
  for (const name of ["crowd-room", "labels", "selection", "area-drawn", "track", "replay"]) {
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
  for (const layer of ours) if (!map.getLayer(layer.id)) map.addLayer(layer);
  if (!map.hasImage("room")) map.addImage("room", { width: ROOM_PX, height: ROOM_PX, data: new Uint8Array(4 * ROOM_PX ** 2) });
  add("crowd-room", "symbol", "crowd-room", {
    "icon-image": "room", "icon-size": ["/", ["*", 2, ["get", "radius"]], ROOM_PX], "icon-allow-overlap": true,
  });
  add("selection-ring", "circle", "selection", {}, ["==", ["geometry-type"], "Point"]);
  add("track-at", "circle", "track", {}, ["==", ["get", "kind"], "at"]);
  add("camera-labels", "symbol", "labels", {
    "text-field": ["get", "words"], "text-font": FONT, "text-size": LABEL_PX, "text-anchor": "left", "text-offset": [1, 0],
    "text-padding": 2, "symbol-sort-key": ["get", "order"], "text-max-width": 30,
  });
  const kind = (name) => ["==", ["get", "kind"], name];
  add("replay-area", "line", "replay", {}, kind("area"));
  add("replay-trail", "line", "replay", { "line-join": "round", "line-cap": "round" }, kind("trail"));
  add("replay-camera", "circle", "replay", {}, kind("camera"));
  add("replay-labels", "symbol", "replay", {
    "text-field": ["get", "words"], "text-font": FONT, "text-size": LABEL_PX, "text-anchor": "left", "text-offset": [1, 0], "text-padding": 2, "text-max-width": 30,
  }, kind("camera"));
}

function collection(features) { return { type: "FeatureCollection", features }; }

function point(x, y, properties) {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [x * 360 - 180, latitude(y)] } };
}

/**
 * Room of the crowds, in which no names are.
 * @param {import("./clusters.js").Cluster[]} crowds
 * @param {number} zoom
 */
export function roomFeatures(crowds, zoom) {
  const step = ROOM_STEP_PX / (WORLD_PX * 2 ** Math.floor(zoom));
  return collection(crowds.map(({ x, y, count }) => (
    point(Math.round(x / step) * step, Math.round(y / step) * step, { radius: Math.ceil(radiusOf(count) / ROOM_STEP_PX) * ROOM_STEP_PX })
  )));
}

/**
 * Call signs of the marks in view; none where there are too many to be read.
 * @param {import("./camera_store.js").CameraStore} store
 * @param {Uint8Array} drawn
 * @param {[number, number, number, number]} view west, north, east, south in Web Mercator units
 * @param {number} zoom
 * @param {number} [selected] index whose call sign comes before all others, and has none of theirs over its mark; -1 for none
 */
export function labelFeatures(store, drawn, [west, north, east, south], zoom, selected = -1) {
  if (zoom < LABELS_FROM_ZOOM) return collection([]);
  const features = [];
  const { x, y, entries, columns } = store;
  const world = WORLD_PX * 2 ** zoom;
  /** Whether words at the right of a mark lie over the selected one. */
  const lies = (words, index) => {
    if (selected < 0) return false;
    const right = (x[selected] - x[index]) * world;
    return Math.abs(y[selected] - y[index]) * world < LABEL_PX + RING_PX && right > 0 && right < LABEL_PX * (1 + 0.7 * words.length) + RING_PX;
  };
  for (let index = 0; index < drawn.length; index++) {
    if (!drawn[index] || !store.alive[index] || !store.hasPosition(index)) continue;
    if (x[index] < west || x[index] > east || y[index] < north || y[index] > south) continue;
    const words = entries[index]?.call_sign ?? entries[index]?.officer ?? entries[index]?.camera;
    if (!words || (index !== selected && lies(words, index))) continue;
    features.push(point(x[index], y[index], { words, order: index === selected ? -1 : 3 - columns.recording[index] }));
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
