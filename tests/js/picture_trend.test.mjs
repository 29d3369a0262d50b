// What is said of a picture that gets worse: before it freezes, in one line, calmly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FIGURE_MS, LASTING_MS, figuresWords, nextTrend, noTrend, trendWords } from "../../dashboard/assets/picture_trend.js";

const GOOD = {
  fps: 25, kbps: 1800, loss: 0, jitterMs: 4, bufferMs: 60, roundTripMs: 20, ageMs: 90, silenceMs: 40, width: 1280, height: 720, word: "good",
};

/** Looks a second apart; what was said after each. */
function said(looks, begun = noTrend()) {
  let trend = begun;
  return looks.map((look, second) => {
    trend = nextTrend(trend, { ...GOOD, ...look }, second * 1000);
    return trendWords(trend);
  });
}

const times = (count, look = {}) => Array.from({ length: count }, () => look);

test("of a picture that stays as it is nothing is said", () => {
  assert.deepEqual(new Set(said(times(60))), new Set([""]));
  assert.deepEqual(new Set(said(Array.from({ length: 60 }, (_, n) => ({ fps: 23 + (n % 4), jitterMs: 3 + (n % 9), ageMs: 80 + (n % 7) * 15 })))), new Set([""]));
});

test("loss that grows is said within four looks, with its share", () => {
  const words = said([...times(10), ...times(4, { loss: 0.06 })]);
  assert.equal(words[9], "");
  assert.equal(words.at(-1), "picture getting worse: 6% lost");
});

test("one bad look is not worth a word", () => {
  assert.deepEqual(new Set(said([...times(10), { loss: 0.08 }, ...times(10)])), new Set([""]));
  assert.deepEqual(new Set(said([...times(10), { fps: 12 }, ...times(10)])), new Set([""]));
});

test("fewer pictures, a growing age and an uneven arrival are said", () => {
  assert.equal(said([...times(10), ...times(5, { fps: 11 })]).at(-1), "picture getting worse: 11 pictures a second");
  const growing = Array.from({ length: 5 }, (_, n) => ({ ageMs: 300 + 250 * n }));
  assert.equal(said([...times(10), ...growing]).at(-1), "picture getting worse: 1.3 s behind");
  assert.equal(said([...times(10), ...times(5, { jitterMs: 120 })]).at(-1), "picture getting worse: it arrives unevenly");
});

test("an age that the browser cannot tell is no reason", () => {
  assert.deepEqual(new Set(said([...times(10), ...times(10, { ageMs: null })])), new Set([""]));
  assert.deepEqual(new Set(said(times(20, { ageMs: null }))), new Set([""]));
});

test("an age that has grown and stays is said no longer than it is news", () => {
  const words = said([...times(10), { ageMs: 400 }, { ageMs: 600 }, { ageMs: 700 }, { ageMs: 800 }, ...times(60, { ageMs: 800 })]);
  assert.match(words[14], /behind/);
  assert.equal(words.at(-1), "");
});

test("a figure about its threshold does not flicker", () => {
  const looks = Array.from({ length: 40 }, (_, n) => ({ loss: n % 2 ? 0.045 : 0.02 }));
  const words = said([...times(10), ...looks]);
  const changes = words.filter((one, n) => n > 0 && (one === "") !== (words[n - 1] === ""));
  assert.ok(changes.length <= 1, `${changes.length} changes`);
});

test("words stay for some seconds after the last reason, then go", () => {
  const words = said([...times(10), ...times(6, { loss: 0.1 }), ...times(15)]);
  assert.notEqual(words[17], "");
  assert.notEqual(words[16 + LASTING_MS / 1000 - 1], "");
  assert.equal(words.at(-1), "");
});

test("the figure changes every other look at most", () => {
  const words = said([...times(10), ...Array.from({ length: 20 }, (_, n) => ({ loss: 0.05 + 0.01 * n }))]).slice(14);
  for (let n = 2; n < words.length; n += 1) {
    assert.ok(new Set([words[n - 2], words[n - 1], words[n]]).size <= 1 + Math.ceil(2000 / FIGURE_MS), words.slice(n - 2, n + 1).join());
  }
});

test("a smaller picture is told with its cause until it is as tall as before", () => {
  const words = said([...times(5), ...times(3, { width: 640, height: 360 }), ...times(2)]);
  assert.deepEqual(words.slice(4), ["", "", "reduced to 360p by the camera's uplink", "reduced to 360p by the camera's uplink", "", ""]);
});

test("who loses much on the own line is not told that the camera is to blame", () => {
  const words = said([...times(5), ...times(3, { height: 540, loss: 0.1 }), ...times(20, { height: 540 })]);
  assert.equal(words.at(-1), "reduced to 540p");
});

test("getting worse comes before having been reduced", () => {
  const words = said([...times(5), ...times(6, { height: 360, fps: 6 })]);
  assert.equal(words.at(-1), "picture getting worse: 6 pictures a second");
});

test("all figures stand in one line", () => {
  assert.equal(figuresWords(GOOD), "0.1 s behind · 25 pictures a second · 1.8 Mbit/s · 0% lost · jitter 4 ms · 1280 × 720");
  assert.equal(
    figuresWords({ ...GOOD, ageMs: null, bufferMs: null, kbps: 450.4, loss: 0.004, width: 0 }),
    "age unknown · 25 pictures a second · 450 kbit/s · 0.4% lost · jitter 4 ms",
  );
});
