// What the pages drawn by Dash decide in the browser: ages, headings of a rationale, how much of a scene is shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { withHeading } from "../../dashboard/assets/rationale.js";
import { aroundM } from "../../dashboard/assets/scene_map.js";
import { ageWords, saidAge } from "../../dashboard/assets/ticking_ages.js";

test("ages are said in the same words as by the server", () => {
  // The same table as tests/dashboard/test_ages.py.
  const table = [
    [-3, "now"], [0, "now"], [0.9, "now"], [1, "1 s"], [59.9, "59 s"], [60, "1 min"], [3599, "59 min"],
    [3600, "1 h 00"], [7500, "2 h 05"], [86_400, "24 h 00"], [172_799, "47 h 59"], [172_800, "2 days"],
    [900_000, "10 days"],
  ];
  for (const [seconds, words] of table) assert.equal(ageWords(seconds), words);
});

test("an age that ticks says ago unless it stands alone", () => {
  assert.equal(saidAge(0, false), "just now");
  assert.equal(saidAge(250, false), "4 min ago");
  assert.equal(saidAge(250, true), "4 min");
  assert.equal(saidAge(0, true), "now");
});

test("a heading begins a line of its own", () => {
  assert.equal(withHeading("", "Information"), "Information: ");
  assert.equal(withHeading("Height. \n", "Options"), "Height.\nOptions: ");
});

/** A camera so many metres north of the scene. */
function north(metres, more = {}) {
  return { lat: 57 + metres / 111_320, lon: 2, recording: "recording", stale: false, ...more };
}

const scene = (...cameras) => ({ lat: 57, lon: 2, cameras });

test("the inset shows the three nearest cameras that can be streamed", () => {
  assert.equal(Math.round(aroundM(scene(north(80), north(200), north(320), north(900)))), 400);
});

test("the inset never closes in on nothing, and never shows half the county", () => {
  assert.equal(aroundM(scene()), 150);
  assert.equal(aroundM(scene(north(5))), 150);
  assert.equal(aroundM(scene(north(1900))), 700);
});

test("cameras that cannot be streamed do not widen the inset", () => {
  assert.equal(aroundM(scene(north(600, { recording: "off" }), north(650, { stale: true }))), 150);
});
