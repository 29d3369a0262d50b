/**
 * Crowded places of the map: where more cameras lie in a cell of the screen than can be told apart, they are drawn as
 * one number. Pure.
 *
 * Cells lie still on the ground (they belong to the whole zoom, not to the screen's edge), so that nothing flickers
 * while the map is moved. A cell turns into a number above `ENTER` cameras and back below `LEAVE`. Whoever asks for eyes
 * on is never one of a number.
 */

import { WORLD_PX } from "./camera_store.js";
import { FLAG } from "./feed_frame.js";

/** Width of a cell on the screen, pixels, at a whole zoom. */
export const CELL_PX = 88;
export const ENTER = 16;
export const LEAVE = 11;
/** From this zoom on every camera is a mark of its own. */
export const NO_CLUSTERS_FROM_ZOOM = 13.5;

/**
 * @typedef {object} Cluster
 * @property {string} key of its cell
 * @property {number} count
 * @property {number} recording how many of them record, as far as is known now
 * @property {number} x in Web Mercator units
 * @property {number} y
 * @property {[number, number, number, number]} bounds west, north, east, south in Web Mercator units
 */

/**
 * @param {object} given
 * @param {import("./camera_store.js").CameraStore} given.store
 * @param {Uint8Array} given.shown cameras that pass the filter
 * @param {number} given.zoom of the map
 * @param {[number, number, number, number]} given.view west, north, east, south in Web Mercator units
 * @param {number} given.nowMs the server's time
 * @param {Set<string>} given.before keys of the cells that were clusters
 * @param {number} [given.selected] index that always stays a mark
 * @returns {{clusters: Cluster[], inside: Uint8Array}} clusters in view; 1 at each index that is in one
 */
export function clustered({ store, shown, zoom, view, nowMs, before, selected = -1 }) {
  const inside = new Uint8Array(store.size);
  if (zoom >= NO_CLUSTERS_FROM_ZOOM) return { clusters: [], inside };
  const level = Math.floor(zoom);
  const cell = CELL_PX / (WORLD_PX * 2 ** level);
  const left = Math.floor(view[0] / cell) - 1;
  const top = Math.floor(view[1] / cell) - 1;
  const columns = Math.floor(view[2] / cell) + 2 - left;
  const rows = Math.floor(view[3] / cell) + 2 - top;
  const counts = new Uint32Array(columns * rows);
  const cellOf = new Int32Array(store.size).fill(-1);
  const { flags, recording } = store.columns;
  for (let index = 0; index < shown.length; index++) {
    if (!shown[index] || !(flags[index] & FLAG.position) || flags[index] & FLAG.eyesOn || index === selected) continue;
    const column = Math.floor(store.x[index] / cell) - left;
    const row = Math.floor(store.y[index] / cell) - top;
    if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
    const at = row * columns + column;
    cellOf[index] = at;
    counts[at] += 1;
  }
  /** @type {Array<Cluster|undefined>} by cell */
  const made = new Array(counts.length);
  for (let at = 0; at < counts.length; at++) {
    if (counts[at] < LEAVE) continue;
    const key = `${level}/${(at % columns) + left}/${Math.floor(at / columns) + top}`;
    if (counts[at] >= ENTER || before.has(key)) {
      made[at] = { key, count: 0, recording: 0, x: 0, y: 0, bounds: [Infinity, Infinity, -Infinity, -Infinity] };
    }
  }
  for (let index = 0; index < shown.length; index++) {
    const cluster = cellOf[index] < 0 ? undefined : made[cellOf[index]];
    if (!cluster) continue;
    inside[index] = 1;
    cluster.count += 1;
    cluster.recording += recording[index] === 3 && !store.isStale(index, nowMs) ? 1 : 0;
    add(cluster, store.x[index], store.y[index]);
  }
  made.forEach((cluster, at) => {
    const column = (at % columns) + left;
    const row = Math.floor(at / columns) + top;
    cluster.x = within(cluster.x / cluster.count, column, cell);
    cluster.y = within(cluster.y / cluster.count, row, cell);
  });
  return { clusters: made.filter(Boolean), inside };
}

function add(cluster, x, y) {
  cluster.x += x;
  cluster.y += y;
  const { bounds } = cluster;
  bounds[0] = Math.min(bounds[0], x);
  bounds[1] = Math.min(bounds[1], y);
  bounds[2] = Math.max(bounds[2], x);
  bounds[3] = Math.max(bounds[3], y);
}

/** Where the cameras are in the middle, but not so near the cell's edge that it touches the next number. */
function within(place, cellNumber, cell) {
  return Math.min(Math.max(place, (cellNumber + 0.25) * cell), (cellNumber + 0.75) * cell);
}
