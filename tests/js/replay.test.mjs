// What a replay shows at a time: by the newest fix until then, for as long as that says something.
import assert from "node:assert/strict";
import { test } from "node:test";
import { placesAt, replayFeatures, thenWords } from "../../dashboard/assets/replay.js";

const START = Date.parse("2026-07-20T14:00:00Z");
const wearer = { from: null, to: null, officer: "4417", officer_name: "PC Ann Lee", call_sign: "RB01", unit: "B3" };

function camera(ref, seconds, more = {}) {
  return {
    camera: ref, wearers: [], time_ms: seconds.map((at) => START + at * 1000), lat: seconds.map((at) => 51 + at / 1e5),
    lon: seconds.map(() => 1), recording: seconds.map(() => "recording"), ...more,
  };
}

function replay(cameras, stepS = 1) {
  return { from: "2026-07-20T14:00:00Z", to: "2026-07-20T15:00:00Z", step_s: stepS, area: [[51, 1], [51, 2], [52, 2]], cameras };
}

const at = (seconds) => START + seconds * 1000;

test("a camera is where its newest fix until then says, never between two", () => {
  const shown = replay([camera("C1", [0, 10, 20])]);
  const [then] = placesAt(shown, at(19.9));
  assert.deepEqual([then.lat, then.ageS], [51.0001, 9.9]);
  assert.deepEqual(placesAt(shown, at(-1)), []);
  assert.equal(placesAt(shown, at(20))[0].ageS, 0);
});

test("after two minutes without a fix it is not known where a camera is, or after two steps of a long replay", () => {
  const cameras = [camera("C1", [0])];
  assert.equal(placesAt(replay(cameras), at(120)).length, 1);
  assert.equal(placesAt(replay(cameras), at(120.1)).length, 0);
  assert.equal(placesAt(replay(cameras, 100), at(200)).length, 1);
});

test("those that record come first; each is called after who wore it then", () => {
  const buffering = camera("C1", [0, 60], { recording: ["buffering", "buffering"], wearers: [
    { ...wearer, call_sign: "AA01", officer: "1", to: "2026-07-20T14:00:30Z" }, { ...wearer, call_sign: "AA02", officer: "2", from: "2026-07-20T14:00:30Z" },
  ] });
  const shown = replay([buffering, camera("C2", [0], { wearers: [wearer] }), camera("C3", [0])]);
  assert.deepEqual(placesAt(shown, at(1)).map(({ name }) => name), ["C3", "RB01 · 4417", "AA01 · 1"]);
  assert.deepEqual(placesAt(shown, at(61)).map(({ name }) => name).at(-1), "AA02 · 2");
});

test("a row says state, place and age", () => {
  const [then] = placesAt(replay([camera("C1", [0])]), at(40));
  assert.equal(thenWords(then), "recording · TR 105 265 · fix 40 s before");
  assert.equal(thenWords({ ...then, recording: "unknown", ageS: 1 }), "state unknown · TR 105 265");
  assert.equal(thenWords({ ...then, lat: 48.5, lon: -20 }), "recording · 48.50000, -20.00000 · fix 40 s before");
});

test("the map shows where it came from, but no way over a gap", () => {
  const shown = replay([camera("C1", [0, 10, 20, 400, 410])]);
  const lines = (seconds) => {
    const then = placesAt(shown, at(seconds));
    return replayFeatures(shown, then, at(seconds)).features.filter(({ properties }) => properties.kind === "trail").map(({ geometry }) => geometry.coordinates.length);
  };
  assert.deepEqual(lines(20), [3]);
  assert.deepEqual(lines(410), [2]);
  assert.deepEqual(lines(0), []);
  const features = replayFeatures(shown, placesAt(shown, at(60)), at(60)).features;
  assert.equal(features.find(({ properties }) => properties.kind === "camera").properties.isOld, true);
  assert.deepEqual(features.at(-1).geometry.coordinates.at(-1), [1, 51], "the area is closed");
});
