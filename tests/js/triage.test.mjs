// What the pages drawn by Dash decide in the browser: ages, headings of a rationale, how much of a scene is shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clockWords, fullTime, useZone } from "../../dashboard/assets/ages.js";
import { Drafts } from "../../dashboard/assets/drafts.js";
import { withHeading } from "../../dashboard/assets/rationale.js";
import { aroundM } from "../../dashboard/assets/scene_map.js";
import { changedMeanwhile } from "../../dashboard/assets/second_step.js";
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

test("times are the force's, in the words of the server, wherever the browser is", () => {
  // The same moments as tests/dashboard/test_ages.py.
  const [november, july] = [Date.UTC(2026, 10, 20, 14, 2, 11), Date.UTC(2026, 6, 20, 14, 2, 11)];
  useZone("Europe/London");
  assert.equal(clockWords(november), "14:02:11");
  assert.equal(clockWords(july), "15:02:11");
  assert.equal(fullTime(july), "20 July 2026, 15:02:11 BST");
  assert.equal(fullTime(november), "20 November 2026, 14:02:11 GMT");
  assert.equal(clockWords(Date.UTC(2026, 10, 20)), "00:00:00");
});

/** A tab's storage. */
class Tab {
  getItem(key) { return this[key] ?? null; }
  setItem(key, value) { this[key] = value; }
  removeItem(key) { delete this[key]; }
}

test("a draft outlives its form, for the one who wrote it", () => {
  const tab = new Tab();
  new Drafts(tab, "negco").keep("7/recommend", { rationale: "Height." });
  assert.deepEqual(new Drafts(tab, "negco").read("7/recommend"), { rationale: "Height." });
  assert.equal(new Drafts(tab, "negco").read("8/recommend"), null);
  assert.deepEqual(new Drafts(tab, "negco").all(), { "7/recommend": { rationale: "Height." } });
  assert.equal(new Drafts(tab, "fim").read("7/recommend"), null);
  assert.equal(new Drafts(tab, "negco").read("7/recommend"), null);
});

test("a form says what others did meanwhile, and whether it can still be sent", () => {
  const form = { change: "4", for: "dispatch", deploymentOf: "7" };
  const now = { change: "4", changedBy: "Oscar 1, FIM", stateName: "Not required", possible: "reopen cancel", deploymentShown: "7" };
  assert.deepEqual(changedMeanwhile(form, now), { words: "", possible: true });
  assert.deepEqual(changedMeanwhile(form, { ...now, change: "5" }), {
    words: "Changed meanwhile by Oscar 1, FIM: now not required. This is not possible any more.", possible: false,
  });
  assert.equal(changedMeanwhile(form, { ...now, change: "5", possible: "dispatch" }).possible, true);
  assert.equal(changedMeanwhile(form, { ...now, change: "5", deploymentShown: "8" }).words, "");
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
