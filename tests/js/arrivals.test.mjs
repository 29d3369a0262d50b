// When negotiators who are en route will be there, and the order in which incidents are offered for a place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrivals } from "../../dashboard/assets/arrivals.js";
import { clockWords } from "../../dashboard/assets/ages.js";
import { nearestFirst } from "../../dashboard/assets/rvp_dialog.js";
import { NOW, storeOf } from "./camera_fixtures.mjs";

const clock = (ms) => clockWords(ms).slice(0, 5);

function incidentOf(members, more = {}) {
  return { id: 7, title: "Man on a roof", lat: 56, lon: 1, rvp: null, deployments: [{ id: 1, state: "en_route", en_route: members }], ...more };
}

test("what they say comes before a straight line, and who is expected first comes first", () => {
  const store = storeOf([{ lat: 56.09, fixTimeMs: NOW }, { lat: 56.01, fixTimeMs: NOW }]);
  const at = NOW + 20 * 60_000;
  const found = arrivals(incidentOf([
    { name: "DC Ash", arrival: new Date(at).toISOString(), camera: "C2" },
    { name: "DC Birch", arrival: null, camera: null },
    { name: "DC Cole", arrival: null, camera: "C1" },
  ]), store, NOW);
  // 10 km of straight line are 14 km of road, at 50 km/h
  const about = NOW + (10_018 * 1.4 / (50 / 3.6)) * 1000;
  assert.deepEqual(found.map(({ name, index }) => [name, index]), [["DC Cole", 0], ["DC Ash", 1], ["DC Birch", -1]]);
  assert.ok(Math.abs(found[0].atMs - about) < 10_000);
  assert.deepEqual(found.map(({ words }) => words), [`about ${clock(found[0].atMs)}, by a straight line`, `${clock(at)}, as they said`, "arrival not told"]);
});

test("the way leads to the RVP where there is one on the map", () => {
  const store = storeOf([{ lat: 56.09, fixTimeMs: NOW }]);
  const members = [{ name: "DC Ash", arrival: null, camera: "C1" }];
  const [there] = arrivals(incidentOf(members, { rvp: { name: "Car park", lat: 56.09, lon: 1 } }), store, NOW);
  assert.ok(there.atMs - NOW < 1000);
  const [scene] = arrivals(incidentOf(members, { rvp: { name: "Car park", lat: null, lon: null } }), store, NOW);
  assert.ok(scene.atMs - NOW > 600_000);
});

test("an old position says nothing of an arrival, and a time that is over is said to be", () => {
  const store = storeOf([{ seenTimeMs: NOW - 900_000, fixTimeMs: NOW }, { fixTimeMs: NOW - 900_000 }, { flags: 0, fixTimeMs: NOW }]);
  const found = arrivals(incidentOf([
    { name: "A", arrival: null, camera: "C1" }, { name: "B", arrival: null, camera: "C2" }, { name: "C", arrival: null, camera: "C3" },
    { name: "D", arrival: new Date(NOW - 60_000).toISOString(), camera: "not seen" },
  ]), store, NOW);
  assert.deepEqual(found.map(({ name, index, words }) => [name, index, words]), [
    ["D", -1, `${clock(NOW - 60_000)}, as they said, overdue`],
    ["A", -1, "arrival not told"], ["B", -1, "arrival not told"], ["C", -1, "arrival not told"],
  ]);
});

test("an incident without a place has nobody's arrival by a straight line", () => {
  const store = storeOf([{ fixTimeMs: NOW }]);
  const [one] = arrivals(incidentOf([{ name: "A", arrival: null, camera: "C1" }], { lat: null, lon: null }), store, NOW);
  assert.deepEqual([one.index, one.words], [0, "arrival not told"]);
});

test("incidents are offered from the nearest to those without a place", () => {
  const one = (id, lat) => ({ id, lat, lon: lat === null ? null : 1 });
  assert.deepEqual(nearestFirst([one(1, null), one(2, 57), one(3, 56.1)], { lat: 56, lon: 1 }).map(({ id }) => id), [3, 2, 1]);
});
