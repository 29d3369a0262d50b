// Where a camera has been: gaps, the fix at a time, words, lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useZone } from "../../dashboard/assets/ages.js";
import { GAP_S, gaps, placeAt, readTrack, trackFeatures, trackWords } from "../../dashboard/assets/track.js";

useZone("UTC");
const FROM = Date.parse("2026-07-20T14:00:00Z");

/** A track of fixes at these seconds, a hundredth of a degree apart; those of `recorded` while it recorded. */
function trackOf(seconds, recorded = []) {
  const features = seconds.map((second, at) => ({
    geometry: { coordinates: [1 + at / 100, 56] },
    properties: { fix_time: new Date(FROM + second * 1000).toISOString(), recording: recorded.includes(second) ? "recording" : "buffering" },
  }));
  return readTrack({ features }, FROM, FROM + 900_000);
}

const kinds = (track, at = -1) => trackFeatures(track, at).features.map(({ properties, geometry }) => [properties.kind, geometry.coordinates.length]);

test("the fix at a time is the newest that is not after it", () => {
  const track = trackOf([0, 10, 20]);
  const at = (second) => placeAt(track, FROM + second * 1000);
  assert.deepEqual([-1, 0, 9, 10, 19, 20, 500].map(at), [-1, 0, 0, 1, 1, 2, 2]);
  assert.equal(placeAt(trackOf([]), FROM), -1);
});

test("a gap is where nothing is known for longer than two minutes", () => {
  assert.deepEqual(gaps(trackOf([0, GAP_S, GAP_S * 2 + 1, GAP_S * 2 + 2])), [[1, 2]]);
  assert.deepEqual(gaps(trackOf([])), []);
});

test("words say how much is known and where nothing is", () => {
  assert.equal(trackWords(trackOf([])), "No fix from 14:00:00 to 14:15:00.");
  assert.equal(trackWords(trackOf([5])), "1 fix, 14:00:05 to 14:00:05, without a gap.");
  assert.equal(trackWords(trackOf([0, 10])), "2 fixes, 14:00:00 to 14:00:10, without a gap.");
  assert.equal(trackWords(trackOf([0, 300, 310])), "3 fixes, 14:00:00 to 14:05:10, with a gap of 5 min.");
  assert.equal(trackWords(trackOf([0, 300, 800])), "3 fixes, 14:00:00 to 14:13:20, with 2 gaps, the longest of 8 min.");
});

test("lines never join what is not known, and say where the camera recorded", () => {
  assert.deepEqual(kinds(trackOf([0, 1, 2])), [["known", 3]]);
  assert.deepEqual(kinds(trackOf([0, 1, 2, 3], [2, 3])), [["known", 3], ["recorded", 2]]);
  assert.deepEqual(kinds(trackOf([0, 1, 500, 501])), [["known", 2], ["gap", 2], ["known", 2]]);
  assert.deepEqual(kinds(trackOf([0, 500, 501], [0])), [["gap", 2], ["known", 2]]);
  assert.deepEqual(kinds(trackOf([0, 500])), [["gap", 2]]);
  assert.deepEqual(kinds(trackOf([7]), 0), [["at", 2]]);
  assert.deepEqual(kinds(trackOf([])), []);
});
