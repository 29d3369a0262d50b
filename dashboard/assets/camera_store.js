/**
 * All cameras that this user sees, as columns: the browser's side of the feed.
 *
 * A camera keeps its index for as long as it is seen. Columns have room for `capacity` cameras; only indices with
 * `alive[index]` hold one. Positions are kept a second time in Web Mercator units (0 to 1 across the world), in which
 * everything that is drawn or measured on the map works.
 */
import { COLUMNS, FLAG } from "./feed_frame.js";
import { freshness, staleAfterS } from "./ages.js";

export const RECORDING = ["unknown", "off", "buffering", "recording"];
export const QUALITY = ["unknown", "none", "poor", "fair", "good"];
/** Width of the whole world at zoom 0, CSS pixels, as MapLibre counts. */
export const WORLD_PX = 512;
export const BEARER = ["unknown", "lte", "nr", "wifi", "other"];

/**
 * @typedef {object} Entry what people call a camera
 * @property {number} n
 * @property {string} camera
 * @property {string|null} officer shoulder number
 * @property {string|null} name rank and name
 * @property {string|null} call_sign
 * @property {string|null} unit
 * @property {string|null} unit_name
 * @property {string} kind
 */

/**
 * @typedef {object} Change
 * @property {boolean} all whether everything may be different
 * @property {number[]} indices that were added or changed; only if not `all`
 * @property {number[]} removed indices that are free now; only if not `all`
 */

/** Web Mercator of a longitude in degrees, 0 to 1. */
export function mercatorX(lon) { return (lon + 180) / 360; }

/** Web Mercator of a latitude in degrees, 0 (north) to 1. */
export function mercatorY(lat) {
  return (1 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / Math.PI) / 2;
}

/** Metres that one Web Mercator unit is at a latitude in degrees. */
export function metresPerUnit(lat) { return 40_075_016.686 * Math.cos((lat * Math.PI) / 180); }

export class CameraStore {
  /** Most indices that were ever in use at once; columns are meaningful below it. */
  size = 0;
  /** Number of cameras. */
  count = 0;
  capacity = 0;
  /** @type {Uint8Array} */ alive = new Uint8Array(0);
  /** @type {Float64Array} */ x = new Float64Array(0);
  /** @type {Float64Array} */ y = new Float64Array(0);
  /** @type {Record<string, any>} */ columns = {};
  /** @type {Array<Entry|undefined>} */ entries = [];
  #indexOf = new Map();
  #directory = new Map();
  #refs = new Map();
  #free = [];

  constructor(capacity = 1024) { this.#grow(capacity); }

  /**
   * Take directory entries; cameras that are there already get their new names.
   * @param {Entry[]} entries
   * @returns {number[]} indices whose names changed
   */
  putDirectory(entries) {
    const changed = [];
    for (const entry of entries) {
      this.#directory.set(entry.n, entry);
      this.#refs.set(entry.camera, entry.n);
      const index = this.#indexOf.get(entry.n);
      if (index !== undefined) {
        this.entries[index] = entry;
        changed.push(index);
      }
    }
    return changed;
  }

  /**
   * @param {import("./feed_frame.js").Frame} frame
   * @returns {Change}
   */
  apply(frame) {
    if (frame.kind === "snapshot") this.#clear();
    const removed = [];
    for (const number of frame.removed) {
      const index = this.#indexOf.get(number);
      if (index !== undefined) {
        this.#remove(number, index);
        removed.push(index);
      }
    }
    const indices = new Array(frame.count);
    const numbers = frame.columns.number;
    for (let row = 0; row < frame.count; row++) indices[row] = this.#index(numbers[row]);
    for (const [name] of COLUMNS) {
      const from = byWidth(frame.columns[name]);
      const to = byWidth(this.columns[name]);
      for (let row = 0; row < frame.count; row++) to[indices[row]] = from[row];
    }
    const { latE7, lonE7 } = frame.columns;
    for (let row = 0; row < frame.count; row++) {
      const index = indices[row];
      this.x[index] = mercatorX(lonE7[row] / 1e7);
      this.y[index] = mercatorY(latE7[row] / 1e7);
    }
    return { all: frame.kind === "snapshot", indices, removed };
  }

  /** Index of a camera by its id in messages, -1 where it is not seen. */
  indexOf(ref) {
    const number = this.#refs.get(ref);
    return number === undefined ? -1 : this.#indexOf.get(number) ?? -1;
  }

  /** Id in messages of the camera at an index. */
  refOf(index) { return this.entries[index]?.camera ?? ""; }

  hasPosition(index) { return (this.columns.flags[index] & FLAG.position) !== 0; }

  lat(index) { return this.columns.latE7[index] / 1e7; }

  lon(index) { return this.columns.lonE7[index] / 1e7; }

  /** Seconds since anything was heard of a camera; NaN: never. */
  ageS(index, nowMs) { return Math.max(0, (nowMs - this.columns.seenTimeMs[index]) / 1000); }

  /** Seconds since a camera was where it is drawn; NaN where it has no position. */
  positionAgeS(index, nowMs) {
    return this.hasPosition(index) ? Math.max(0, (nowMs - this.columns.fixTimeMs[index]) / 1000) : NaN;
  }

  /** Whether a camera is heard of still, but was where it is drawn so long ago that it may be anywhere by now. */
  isElsewhere(index, nowMs) {
    const limitS = staleAfterS(this.columns.intervalS[index]);
    return this.ageS(index, nowMs) <= limitS && this.positionAgeS(index, nowMs) > limitS;
  }

  freshness(index, nowMs) { return freshness(this.ageS(index, nowMs), this.columns.intervalS[index]); }

  /** Whether nothing was heard for so long that nobody knows what it does. */
  isStale(index, nowMs) {
    const fresh = this.freshness(index, nowMs);
    return fresh === "stale" || fresh === "never";
  }

  /** The units of all cameras, by code. @returns {Array<{code: string, name: string}>} */
  units() {
    const found = new Map();
    for (let index = 0; index < this.size; index++) {
      const entry = this.alive[index] ? this.entries[index] : undefined;
      if (entry?.unit) found.set(entry.unit, entry.unit_name ?? entry.unit);
    }
    return [...found].map(([code, name]) => ({ code, name })).sort((a, b) => a.name.localeCompare(b.name));
  }

  #index(number) {
    let index = this.#indexOf.get(number);
    if (index !== undefined) return index;
    index = this.#free.pop() ?? this.size;
    if (index === this.size) {
      if (index === this.capacity) this.#grow(2 * this.capacity);
      this.size += 1;
    }
    this.#indexOf.set(number, index);
    this.entries[index] = this.#directory.get(number);
    this.alive[index] = 1;
    this.count += 1;
    return index;
  }

  #remove(number, index) {
    this.#indexOf.delete(number);
    this.entries[index] = undefined;
    this.alive[index] = 0;
    this.count -= 1;
    this.#free.push(index);
  }

  #clear() {
    this.#indexOf.clear();
    this.#free = [];
    this.entries = [];
    this.alive.fill(0);
    this.size = 0;
    this.count = 0;
  }

  #grow(capacity) {
    for (const [name, Column] of COLUMNS) {
      const grown = new Column(capacity);
      if (this.columns[name]) grown.set(this.columns[name]);
      this.columns[name] = grown;
    }
    this.alive = extended(this.alive, new Uint8Array(capacity));
    this.x = extended(this.x, new Float64Array(capacity));
    this.y = extended(this.y, new Float64Array(capacity));
    this.capacity = capacity;
  }
}

function extended(before, grown) {
  grown.set(before);
  return grown;
}

/** Numbers of each width; what they mean does not matter where they are copied. */
const OF_WIDTH = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Float64Array };

/** The same numbers in one of four types: with more, the browser's compiler gives up on the loop that copies them. */
function byWidth(column) { return new OF_WIDTH[column.BYTES_PER_ELEMENT](column.buffer, column.byteOffset, column.length); }
