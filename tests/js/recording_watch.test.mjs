// Of whose recording somebody wants to be told: what is waited for, what has started, and what is forgotten.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingWatch } from "../../dashboard/assets/recording_watch.js";
import { NOW, storeOf } from "./camera_fixtures.mjs";

/** What a tab stores. */
class Tab {
  constructor(items = {}) { Object.assign(this, items); }

  getItem(key) { return this[key] ?? null; }

  setItem(key, text) { this[key] = text; }

  removeItem(key) { delete this[key]; }
}

const SCENE = { id: 7, title: "Man on a roof", lat: 56, lon: 1 };

function watchOf(store, { storage = new Tab(), user = "fim", incidents = [SCENE] } = {}) {
  return new RecordingWatch({
    store, storage, user, incidentOf: (id) => incidents.find((one) => String(one.id) === id) ?? null, isGone: () => true,
  });
}

test("a camera that begins to record is told once, and only where it was asked for", () => {
  const store = storeOf([{ recording: 2 }, { recording: 2 }, { recording: 3 }]);
  const watch = watchOf(store);
  let changes = 0;
  watch.addEventListener("change", () => { changes += 1; });
  watch.toggle("camera", "C1");
  watch.check(NOW);
  assert.deepEqual([watch.has("camera", "C1"), changes], [true, 1]);
  store.columns.recording[0] = 3;
  store.columns.recording[1] = 3;
  watch.check(NOW);
  watch.check(NOW);
  assert.deepEqual(watch.waits, [{ kind: "camera", of: "C1", started: "C1" }]);
  assert.deepEqual([watch.has("camera", "C1"), changes], [false, 2]);
  watch.drop("camera", "C1");
  assert.deepEqual(watch.waits, []);
});

test("what a camera did before it fell silent is no recording", () => {
  const store = storeOf([{ recording: 3, seenTimeMs: NOW - 900_000 }]);
  const watch = watchOf(store);
  watch.toggle("camera", "C1");
  watch.check(NOW);
  assert.equal(watch.has("camera", "C1"), true);
});

test("a scene is told of the nearest camera that records there", () => {
  const store = storeOf([{ recording: 2 }, { lat: 56.003, recording: 2 }, { lat: 56.1, recording: 3 }]);
  const watch = watchOf(store);
  watch.toggle("scene", "7");
  watch.check(NOW);
  assert.equal(watch.has("scene", "7"), true);
  store.columns.recording[1] = 3;
  watch.check(NOW);
  assert.deepEqual(watch.waits, [{ kind: "scene", of: "7", started: "C2" }]);
});

test("asked once more it waits no more, and asked after it has started it waits again", () => {
  const store = storeOf([{ recording: 2 }]);
  const watch = watchOf(store);
  watch.toggle("camera", "C1");
  watch.toggle("camera", "C1");
  assert.deepEqual(watch.waits, []);
  watch.toggle("camera", "C1");
  store.columns.recording[0] = 3;
  watch.check(NOW);
  store.columns.recording[0] = 1;
  watch.check(NOW);
  assert.equal(watch.waits[0].started, "C1", "that it has begun is said though it has stopped again");
  watch.toggle("camera", "C1");
  watch.check(NOW);
  assert.deepEqual(watch.waits, [{ kind: "camera", of: "C1", started: "" }]);
});

test("what the user may not see any more is forgotten", () => {
  const store = storeOf([{ recording: 3 }, { recording: 2, lat: 57 }]);
  const incidents = [SCENE];
  const watch = watchOf(store, { incidents });
  watch.toggle("camera", "C1");
  watch.toggle("camera", "C2");
  watch.check(NOW);
  watch.toggle("scene", "7");
  incidents.pop();
  store.apply({ kind: "delta", count: 0, columns: { ...store.columns, number: new Uint32Array(0), latE7: new Int32Array(0), lonE7: new Int32Array(0) }, removed: Uint32Array.of(1, 2) });
  watch.check(NOW);
  assert.deepEqual(watch.waits, [{ kind: "camera", of: "C2", started: "" }], "one that has not begun may come back");
});

test("it stays in the tab, for the same user only", () => {
  const store = storeOf([{ recording: 2 }]);
  const storage = new Tab();
  watchOf(store, { storage }).toggle("camera", "C1");
  assert.equal(watchOf(store, { storage }).has("camera", "C1"), true);
  assert.deepEqual(watchOf(store, { storage, user: "bob" }).waits, []);
  assert.deepEqual(Object.keys(storage), []);
  assert.deepEqual(watchOf(store, { storage: new Tab({ "sightline:waits:fim": "{rubbish" }) }).waits, []);
  assert.deepEqual(watchOf(store, { storage: new Tab({ "sightline:waits:fim": '[{"kind":"x"},null]' }) }).waits, []);
});
