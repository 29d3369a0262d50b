// Crowds: how large they are, what they say, where their letters lie.
import assert from "node:assert/strict";
import test from "node:test";
import { CrowdLayer, compact, radiusOf } from "../../dashboard/assets/crowd_layer.js";
import { spelled } from "../../dashboard/assets/letter_picture.js";
import { roomFeatures } from "../../dashboard/assets/map_overlays.js";

test("a crowd's number is short, and never says more than there are", () => {
  const said = [1, 840, 999, 1000, 1199, 9999, 10_000, 34_999].map(compact);
  assert.deepEqual(said, ["1", "840", "999", "1.0k", "1.1k", "9.9k", "10k", "34k"]);
});

test("a larger crowd is a larger disc, within bounds", () => {
  assert.equal(radiusOf(1), 17);
  assert.equal(radiusOf(10), 17);
  assert.equal(radiusOf(100), 21);
  assert.equal(radiusOf(1_000_000), 28);
  for (let count = 1; count < 50_000; count = Math.ceil(count * 1.3)) assert.ok(radiusOf(count) <= radiusOf(count * 2));
});

const row = { top: 0, height: 20, middle: 9, letters: new Map([["1", { left: 0, width: 9, advance: 5 }], ["8", { left: 9, width: 12, advance: 8 }]]) };

test("a word lies around its middle, and each letter begins where the one before ended", () => {
  const [one, eight] = spelled(row, "18");
  // 13 pixels wide: from -6.5; a cell is wider than its letter by two empty pixels on either side.
  assert.equal(one.x, -6.5 - 2 + 4.5);
  assert.equal(eight.x, -6.5 + 5 - 2 + 6);
  assert.equal(one.y, 1); // the middle of the figures lies a pixel above that of the cell
});

const crowd = (x, y, count) => ({ key: `${x}/${y}`, count, recording: 0, x, y, bounds: [x, y, x, y] });

test("the room of a crowd is told anew when it is elsewhere, not when its cameras walk a few steps", () => {
  const world = 512 * 2 ** 9;
  const at = 4000 * 4 / world;
  const said = (x, count = 100) => JSON.stringify(roomFeatures([crowd(x, at, count)], 9.7));
  assert.equal(said(at), said(at + 1.5 / world, 103));
  assert.notEqual(said(at), said(at + 6 / world));
  assert.notEqual(said(at), said(at, 2000));
});

test("of two crowds that lie over each other, the upper one is found", () => {
  const layer = new CrowdLayer();
  assert.equal(layer.under({ x: 400, y: 300 }), null); // there is no map yet
  const gl = new Proxy({}, { get: (_, name) => (String(name).startsWith("get") ? () => true : () => ({})) });
  const map = {
    getCanvas: () => ({ clientWidth: 800, clientHeight: 600 }), getCenter: () => ({ lng: 0, lat: 0 }), getZoom: () => 9, getPixelRatio: () => 1,
  };
  layer.onAdd(map, gl);
  const world = 512 * 2 ** 9;
  const [lower, upper] = [crowd(0.5, 0.5, 100), crowd(0.5 + 20 / world, 0.5, 100)];
  layer.setCrowds([lower, upper]);
  assert.equal(layer.under({ x: 410, y: 300 }), upper);
  assert.equal(layer.under({ x: 385, y: 300 }), lower);
  assert.equal(layer.under({ x: 400, y: 330 }), null);
});
