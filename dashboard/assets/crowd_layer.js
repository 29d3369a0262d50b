/**
 * Crowds as a layer of the map: a disc with how many cameras lie there, and how many of them record.
 *
 * Drawn by our own program, in the same picture as the cameras: a source of MapLibre's takes several pictures until it
 * shows what it was given, in which a camera would be neither a mark nor counted, and each costs what a whole map costs.
 */
import { WORLD_PX, mercatorX, mercatorY } from "./camera_store.js";
import { rgb } from "./camera_shaders.js";
import { FRAGMENT, KIND, STRIDE, VERTEX } from "./crowd_shaders.js";
import { linkedProgram } from "./gl_program.js";
import { letterPicture, spelled } from "./letter_picture.js";

const EDGE_PX = 1.25;
const COUNT_PX = 13;
const RECORDING_PX = 11;
const LETTERS = "0123456789.k● ";
/** How far the two lines are from the disc's middle, CSS pixels. */
const UP_PX = 5.5;
const DOWN_PX = 8;
/** Radius of a disc in CSS pixels at each power of ten. */
const RADII = [[1, 17], [2, 21], [3.5, 28]];
const UNIFORMS = ["u_size", "u_letters", "u_edge", "u_disc", "u_rim", "u_text", "u_recording"];

const PALETTES = {
  dark: { disc: "#1b2731", rim: "#6d8496", text: "#e8edf1", recording: "#12b886" },
  light: { disc: "#ffffff", rim: "#6b7a86", text: "#17212a", recording: "#00704f" },
};

/** "840", "1.2k", "14k". */
export function compact(count) {
  if (count < 1000) return String(count);
  return count < 10_000 ? `${(Math.floor(count / 100) / 10).toFixed(1)}k` : `${Math.floor(count / 1000)}k`;
}

/** Radius of a crowd's disc without its edge, CSS pixels. */
export function radiusOf(count) {
  const power = Math.log10(count);
  for (let at = 1; at < RADII.length; at++) {
    const [[from, least], [to, most]] = [RADII[at - 1], RADII[at]];
    if (power <= to) return least + (Math.max(0, power - from) / (to - from)) * (most - least);
  }
  return RADII.at(-1)[1];
}

export class CrowdLayer {
  id = "crowds";
  type = "custom";
  renderingMode = "2d";
  /** @type {import("./clusters.js").Cluster[]} */
  #crowds = [];
  #map = null;
  #program = null;
  #buffer = null;
  #array = null;
  #texture = null;
  #at = {};
  #palette = PALETTES.dark;
  /** The letters at the screen's present ratio. */
  #picture = null;
  #pictureRatio = 0;
  /** For each crowd, its rectangles around its middle. */
  #boxes = null;
  #numbers = new Float32Array(0);

  /** @param {import("./clusters.js").Cluster[]} crowds from the next picture on */
  setCrowds(crowds) {
    this.#crowds = crowds;
    this.#boxes = null;
  }

  /** @param {"dark"|"light"} theme */
  setTheme(theme) { this.#palette = PALETTES[theme]; }

  /**
   * The crowd at a place of the screen; null for none.
   * @param {{x: number, y: number}} point CSS pixels
   * @returns {import("./clusters.js").Cluster|null}
   */
  under({ x, y }) {
    if (this.#map === null) return null;
    const { clientWidth, clientHeight } = this.#map.getCanvas();
    const { world, middle } = this.#view();
    return this.#crowds.findLast((crowd) => {
      const dx = (crowd.x - middle.x) * world + clientWidth / 2 - x;
      const dy = (crowd.y - middle.y) * world + clientHeight / 2 - y;
      return Math.hypot(dx, dy) <= radiusOf(crowd.count) + EDGE_PX;
    }) ?? null;
  }

  // what MapLibre calls

  onAdd(map, gl) {
    this.#map = map;
    this.#program = linkedProgram(gl, VERTEX, FRAGMENT, "crowds");
    for (const name of UNIFORMS) this.#at[name] = gl.getUniformLocation(this.#program, name);
    this.#buffer = gl.createBuffer();
    this.#array = gl.createVertexArray();
    gl.bindVertexArray(this.#array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
    for (const [location, size, offset] of [[0, 4, 0], [1, 4, 4], [2, 2, 8]]) {
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, STRIDE * 4, offset * 4);
      gl.vertexAttribDivisor(location, 1);
    }
    gl.bindVertexArray(null);
    this.#texture = gl.createTexture();
    this.#pictureRatio = 0;
  }

  onRemove(_map, gl) {
    // After a lost context these are gone already, and deleting them does nothing.
    gl.deleteBuffer(this.#buffer);
    gl.deleteVertexArray(this.#array);
    gl.deleteTexture(this.#texture);
    gl.deleteProgram(this.#program);
  }

  render(gl) {
    if (this.#crowds.length === 0) return;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.#texture);
    this.#drawLetters(gl);
    this.#boxes ??= this.#crowds.map((crowd) => this.#boxesOf(crowd));
    const size = [gl.drawingBufferWidth, gl.drawingBufferHeight];
    const count = this.#place(size);
    gl.bindVertexArray(this.#array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.#numbers.subarray(0, count * STRIDE), gl.STREAM_DRAW);
    gl.useProgram(this.#program);
    gl.uniform2f(this.#at.u_size, ...size);
    gl.uniform1i(this.#at.u_letters, 0);
    gl.uniform1f(this.#at.u_edge, EDGE_PX * this.#pictureRatio);
    for (const [name, colour] of Object.entries(this.#palette)) gl.uniform3fv(this.#at[`u_${name}`], rgb(colour));
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
    gl.bindVertexArray(null);
  }

  /** Pixels of the world, and the map's middle in Web Mercator units. */
  #view() {
    const { lng, lat } = this.#map.getCenter();
    return { world: WORLD_PX * 2 ** this.#map.getZoom(), middle: { x: mercatorX(lng), y: mercatorY(lat) } };
  }

  /** The letters anew, where they are not those of this screen. */
  #drawLetters(gl) {
    const ratio = this.#map.getPixelRatio();
    if (ratio === this.#pictureRatio) return;
    this.#pictureRatio = ratio;
    this.#boxes = null;
    this.#picture = letterPicture([
      { letters: LETTERS, px: COUNT_PX * ratio, weight: 500 },
      { letters: LETTERS, px: RECORDING_PX * ratio, weight: 500 },
    ]);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, this.#picture.canvas);
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.NEAREST], [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ]) gl.texParameteri(gl.TEXTURE_2D, name, value);
  }

  /** Rectangles of a crowd around its middle, each the numbers that the card takes. */
  #boxesOf({ count, recording }) {
    const ratio = this.#pictureRatio;
    const radius = radiusOf(count) * ratio;
    const half = radius + EDGE_PX * ratio + 1;
    const [large, small] = this.#picture.rows;
    const boxes = [[0, 0, half, half, 0, 0, 0, 0, KIND.disc, radius]];
    const line = (row, word, y, kind) => {
      for (const placed of spelled(row, word)) boxes.push(this.#letterBox(row, placed, y * ratio, kind));
    };
    line(large, compact(count), recording > 0 ? -UP_PX : 0, KIND.count);
    if (recording > 0) line(small, `● ${recording}`, DOWN_PX, KIND.recording);
    return boxes;
  }

  #letterBox(row, { letter, x, y }, down, kind) {
    const { width, height } = this.#picture.canvas;
    // A letter begins at a whole pixel, else it is blurred: its middle lies on a half one where its side is odd.
    const whole = (middle, side) => Math.round(middle - side / 2) + side / 2;
    return [
      whole(x, letter.width), whole(y + down, row.height), letter.width / 2, row.height / 2,
      letter.left / width, row.top / height, (letter.left + letter.width) / width, (row.top + row.height) / height, kind, 0,
    ];
  }

  /** Lay all rectangles where they are in this picture. @returns {number} how many there are */
  #place([width, height]) {
    const total = this.#boxes.reduce((sum, boxes) => sum + boxes.length, 0);
    if (total * STRIDE > this.#numbers.length) this.#numbers = new Float32Array(total * STRIDE * 2);
    const { world, middle } = this.#view();
    const pixels = world * this.#pictureRatio;
    let at = 0;
    for (const [number, crowd] of this.#crowds.entries()) {
      const x = Math.round((crowd.x - middle.x) * pixels + width / 2);
      const y = Math.round((crowd.y - middle.y) * pixels + height / 2);
      for (const box of this.#boxes[number]) {
        this.#numbers.set(box, at);
        this.#numbers[at] += x;
        this.#numbers[at + 1] += y;
        at += STRIDE;
      }
    }
    return total;
  }
}
