/**
 * All cameras as one layer of the map, drawn by our own program on the graphics card.
 *
 * The positions are kept relative to an origin among the cameras, and the origin relative to the map's centre is
 * worked out in double precision for each picture, so that marks stand still to a fraction of a pixel at every zoom.
 * How old each report is, the program works out itself: ageing costs one number a picture. The map must not be turned
 * or tilted.
 */
import { WORLD_PX, mercatorX, mercatorY } from "./camera_store.js";
import { FRAGMENT, PALETTES, STRIDE, VERTEX, rgb } from "./camera_shaders.js";
import { FLAG } from "./feed_frame.js";
import { linkedProgram } from "./gl_program.js";

/** Beyond this distance from the origin, in Web Mercator units, single precision begins to show. */
const FAR = 0.02;
const NEVER_S = -1e9;
const PASSES = 4;
/** Where in a camera's part of the array it stands whether it is drawn. */
const DRAWN_AT = 23;
const UNIFORMS = [
  "u_offset", "u_scale", "u_now", "u_radius", "u_ratio", "u_pass", "u_pulse", "u_colours", "u_quiet", "u_halo",
  "u_watched", "u_asks",
];

/** Radius of a disc in CSS pixels at a zoom. */
export function radiusAt(zoom) {
  if (zoom <= 8) return 3.6;
  if (zoom >= 17) return 10;
  return 3.6 + ((zoom - 8) / 9) * 6.4;
}

export class CameraLayer {
  id = "cameras";
  type = "custom";
  renderingMode = "2d";
  /** @type {Uint8Array} 1 at each index that is drawn */
  shown = new Uint8Array(0);
  #store;
  #nowMs;
  #repaint;
  #map = null;
  #gl = null;
  #program = null;
  #buffer = null;
  #array = null;
  #at = {};
  #bytes = new ArrayBuffer(0);
  #floats = new Float32Array(0);
  #codes = new Uint8Array(0);
  #uploaded = 0;
  #dirty = [Infinity, -1];
  #origin = null;
  #timeBaseMs = Date.now();
  #palette = PALETTES.dark;

  /**
   * @param {import("./camera_store.js").CameraStore} store
   * @param {() => number} nowMs the server's time
   * @param {() => void} repaint asks for a frame
   */
  constructor(store, nowMs, repaint) {
    this.#store = store;
    this.#nowMs = nowMs;
    this.#repaint = repaint;
  }

  /** @param {"dark"|"light"} theme */
  setTheme(theme) {
    this.#palette = PALETTES[theme];
    this.#repaint();
  }

  /** Take the columns of these cameras anew. @param {Iterable<number>} indices */
  update(indices) {
    if (this.#store.size * STRIDE > this.#bytes.byteLength || this.#origin === null) {
      this.updateAll();
      return;
    }
    for (const index of indices) this.#write(index);
    this.#repaint();
  }

  /** Take everything anew. */
  updateAll() {
    const { size, capacity } = this.#store;
    if (capacity * STRIDE > this.#bytes.byteLength) {
      this.#bytes = new ArrayBuffer(capacity * STRIDE);
      this.#floats = new Float32Array(this.#bytes);
      this.#codes = new Uint8Array(this.#bytes);
    }
    this.#origin = this.#originNow();
    for (let index = 0; index < size; index++) this.#write(index);
    this.#repaint();
  }

  /**
   * Which cameras are drawn; without `alive` nothing ever is.
   * @param {Uint8Array} shown
   */
  setShown(shown) {
    this.shown = shown;
    const { size, capacity } = this.#store;
    if (capacity * STRIDE > this.#bytes.byteLength || this.#originNow() !== this.#origin) {
      this.updateAll();
      return;
    }
    for (let index = 0; index < size; index++) {
      if (this.#codes[index * STRIDE + DRAWN_AT] !== Number(this.#isDrawn(index))) this.#write(index);
    }
    this.#repaint();
  }

  /**
   * The camera whose mark is nearest to a place on the screen, recording ones before others; -1 for none.
   * @param {{x: number, y: number}} point CSS pixels
   * @param {number} within CSS pixels
   */
  nearest(point, within) {
    const map = this.#map;
    if (map === null) return -1; // somebody points at the map before anything is drawn
    const centre = map.getCenter();
    const world = WORLD_PX * 2 ** map.getZoom();
    const { clientWidth, clientHeight } = map.getCanvas();
    const x = mercatorX(centre.lng) + (point.x - clientWidth / 2) / world;
    const y = mercatorY(centre.lat) + (point.y - clientHeight / 2) / world;
    const { recording } = this.#store.columns;
    let found = -1;
    let least = Infinity;
    for (let index = 0; index < this.shown.length; index++) {
      if (!this.#isDrawn(index)) continue;
      const away = Math.hypot(this.#store.x[index] - x, this.#store.y[index] - y) * world;
      if (away > within) continue;
      const weighed = away - (recording[index] === 3 ? 4 : 0);
      if (weighed < least) {
        least = weighed;
        found = index;
      }
    }
    return found;
  }

  /** How many marks are within the picture. */
  countInView() {
    const map = this.#map;
    const bounds = map.getBounds();
    const [west, east] = [mercatorX(bounds.getWest()), mercatorX(bounds.getEast())];
    const [north, south] = [mercatorY(bounds.getNorth()), mercatorY(bounds.getSouth())];
    let count = 0;
    for (let index = 0; index < this.shown.length; index++) {
      if (!this.#isDrawn(index)) continue;
      const x = this.#store.x[index];
      const y = this.#store.y[index];
      if (x >= west && x <= east && y >= north && y <= south) count += 1;
    }
    return count;
  }

  // what MapLibre calls

  onAdd(map, gl) {
    this.#map = map;
    this.#gl = gl;
    this.#program = linkedProgram(gl, VERTEX, FRAGMENT, "the cameras");
    for (const name of UNIFORMS) this.#at[name] = gl.getUniformLocation(this.#program, name);
    this.#buffer = gl.createBuffer();
    this.#array = gl.createVertexArray();
    gl.bindVertexArray(this.#array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, STRIDE, 0);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 2, gl.FLOAT, false, STRIDE, 8);
    gl.enableVertexAttribArray(2);
    gl.vertexAttribIPointer(2, 4, gl.UNSIGNED_BYTE, STRIDE, 20);
    gl.enableVertexAttribArray(3);
    gl.vertexAttribPointer(3, 1, gl.FLOAT, false, STRIDE, 16);
    gl.bindVertexArray(null);
    this.#uploaded = 0;
    this.updateAll();
  }

  onRemove(_map, gl) {
    // After a lost context these are gone already, and deleting them does nothing.
    gl.deleteBuffer(this.#buffer);
    gl.deleteVertexArray(this.#array);
    gl.deleteProgram(this.#program);
    this.#gl = null;
  }

  render(gl) {
    const { size } = this.#store;
    if (size === 0 || this.#origin === null) return;
    const map = this.#map;
    const centre = map.getCenter();
    const zoom = map.getZoom();
    const world = WORLD_PX * 2 ** zoom;
    const canvas = map.getCanvas();
    const ratio = map.getPixelRatio();
    gl.bindVertexArray(this.#array);
    this.#upload(gl);
    gl.useProgram(this.#program);
    gl.uniform2f(this.#at.u_offset, this.#origin.x - mercatorX(centre.lng), this.#origin.y - mercatorY(centre.lat));
    gl.uniform2f(this.#at.u_scale, (2 * world) / canvas.clientWidth, (2 * world) / canvas.clientHeight);
    gl.uniform1f(this.#at.u_now, (this.#nowMs() - this.#timeBaseMs) / 1000);
    gl.uniform1f(this.#at.u_radius, radiusAt(zoom));
    gl.uniform1f(this.#at.u_ratio, ratio);
    gl.uniform1f(this.#at.u_pulse, 0.5 + 0.5 * Math.sin(performance.now() / 160));
    gl.uniform3fv(this.#at.u_colours, this.#palette.colours.flatMap(rgb));
    for (const name of ["quiet", "halo", "watched", "asks"]) {
      gl.uniform3fv(this.#at[`u_${name}`], rgb(this.#palette[name]));
    }
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (let pass = 0; pass < PASSES; pass++) {
      gl.uniform1i(this.#at.u_pass, pass);
      gl.drawArrays(gl.POINTS, 0, size);
    }
    gl.bindVertexArray(null);
  }

  #isDrawn(index) {
    return this.shown[index] === 1 && this.#store.alive[index] === 1 && this.#store.hasPosition(index);
  }

  #write(index) {
    const { x, y, columns } = this.#store;
    const float = (index * STRIDE) / 4;
    const code = index * STRIDE + 20;
    const dx = x[index] - this.#origin.x;
    const dy = y[index] - this.#origin.y;
    const seen = columns.seenTimeMs[index];
    this.#floats[float] = dx;
    this.#floats[float + 1] = dy;
    this.#floats[float + 2] = Number.isNaN(seen) ? NEVER_S : (seen - this.#timeBaseMs) / 1000;
    this.#floats[float + 3] = columns.intervalS[index];
    const fixed = columns.fixTimeMs[index];
    this.#floats[float + 4] = Number.isNaN(fixed) ? NEVER_S : (fixed - this.#timeBaseMs) / 1000;
    this.#codes[code] = columns.recording[index];
    this.#codes[code + 1] = columns.quality[index];
    this.#codes[code + 2] = columns.flags[index];
    this.#codes[index * STRIDE + DRAWN_AT] = Number(this.#isDrawn(index));
    this.#dirty[0] = Math.min(this.#dirty[0], index);
    this.#dirty[1] = Math.max(this.#dirty[1], index);
  }

  #upload(gl) {
    const [first, last] = this.#dirty;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
    if (this.#uploaded !== this.#bytes.byteLength) {
      gl.bufferData(gl.ARRAY_BUFFER, this.#bytes, gl.DYNAMIC_DRAW);
      this.#uploaded = this.#bytes.byteLength;
    } else if (last >= first) {
      gl.bufferSubData(gl.ARRAY_BUFFER, first * STRIDE, this.#codes.subarray(first * STRIDE, (last + 1) * STRIDE));
    }
    this.#dirty = [Infinity, -1];
  }

  /** Among the cameras; the present one as long as it is near enough to all. */
  #originNow() {
    const { size, x, y } = this.#store;
    let [west, north, east, south] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let index = 0; index < size; index++) {
      if (!this.#isDrawn(index)) continue;
      west = Math.min(west, x[index]);
      east = Math.max(east, x[index]);
      north = Math.min(north, y[index]);
      south = Math.max(south, y[index]);
    }
    if (west === Infinity) return this.#origin ?? { x: 0.5, y: 0.5 };
    const origin = this.#origin;
    const isNear = origin !== null
      && Math.max(Math.abs(west - origin.x), Math.abs(east - origin.x)) < FAR
      && Math.max(Math.abs(north - origin.y), Math.abs(south - origin.y)) < FAR;
    return isNear ? origin : { x: (west + east) / 2, y: (north + south) / 2 };
  }

  /** Whether any camera that is drawn asks for eyes on, which makes its ring pulse. */
  anyAsks() {
    const { flags } = this.#store.columns;
    for (let index = 0; index < this.shown.length; index++) {
      if (this.shown[index] && flags[index] & FLAG.eyesOn) return true;
    }
    return false;
  }
}
