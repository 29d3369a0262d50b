// The feed in the browser: frames, store, clock, reconnecting.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { COLUMNS, FrameError, HEADER_BYTES, MAGIC, readFrame } from "../../dashboard/assets/feed_frame.js";
import { CameraStore, mercatorX, mercatorY } from "../../dashboard/assets/camera_store.js";
import { FeedClient, LATE_AFTER_MS, LOST_AFTER_MS, ServerClock, backOffMs } from "../../dashboard/assets/feed.js";

/** A frame as the format describes it, built by hand. */
export function frameOf({ kind = 1, seq = 7, serverTimeMs = 5000, cameras = [], removed = [] }) {
  const width = COLUMNS.reduce((sum, [, Column]) => sum + Column.BYTES_PER_ELEMENT, 0);
  const columnsEnd = Math.ceil((HEADER_BYTES + width * cameras.length) / 4) * 4;
  const buffer = new ArrayBuffer(columnsEnd + 4 * removed.length);
  const view = new DataView(buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, kind);
  view.setUint32(8, cameras.length, true);
  view.setUint32(12, removed.length, true);
  view.setFloat64(16, seq, true);
  view.setFloat64(24, serverTimeMs, true);
  let at = HEADER_BYTES;
  for (const [name, Column] of COLUMNS) {
    const set = `set${Column.name.replace("Array", "")}`;
    for (const camera of cameras) {
      view[set](at, camera[name] ?? 0, true);
      at += Column.BYTES_PER_ELEMENT;
    }
  }
  removed.forEach((number, row) => view.setUint32(columnsEnd + 4 * row, number, true));
  return buffer;
}

function storeWith(...cameras) {
  const store = new CameraStore(2);
  store.apply(readFrame(frameOf({ cameras })));
  return store;
}

const entry = (n, more = {}) => ({ n, camera: `C${n}`, officer: null, name: null, call_sign: null, unit: null, unit_name: null, kind: "body_worn", ...more });

test("a frame is read back as it was written", () => {
  const cameras = [
    { number: 3, fixTimeMs: 1.5e12, seenTimeMs: NaN, latE7: 571234567, lonE7: -25000000, rsrpDbm: -92, uplinkKbps: 0xffffffff },
    { number: 9, accuracyDm: 48, headingDdeg: 3600, intervalS: 60, recording: 3, quality: 4, flags: 31, battery: 255, bearer: 2 },
    { number: 10, latE7: -1 },
  ];
  const frame = readFrame(frameOf({ kind: 2, seq: 2 ** 52 + 1, serverTimeMs: 1.7e12, cameras, removed: [4, 5] }));
  assert.equal(frame.kind, "delta");
  assert.equal(frame.seq, 2 ** 52 + 1);
  assert.equal(frame.serverTimeMs, 1.7e12);
  assert.deepEqual([...frame.removed], [4, 5]);
  for (const [name] of COLUMNS) {
    assert.deepEqual([...frame.columns[name]], cameras.map((camera) => camera[name] ?? 0), name);
  }
});

test("what is no frame is refused", () => {
  const good = frameOf({ cameras: [{ number: 1 }] });
  assert.throws(() => readFrame(new ArrayBuffer(8)), FrameError);
  assert.throws(() => readFrame(good.slice(0, good.byteLength - 4)), FrameError);
  const wrong = good.slice(0);
  new DataView(wrong).setUint8(0, 0);
  assert.throws(() => readFrame(wrong), FrameError);
  const unknown = good.slice(0);
  new DataView(unknown).setUint8(4, 9);
  assert.throws(() => readFrame(unknown), FrameError);
});

test("the store grows, and cameras keep their index", () => {
  const store = storeWith(...Array.from({ length: 50 }, (_, n) => ({ number: n + 1, battery: n })));
  assert.equal(store.count, 50);
  const index = 20;
  assert.equal(store.columns.number[index], 21);
  store.apply(readFrame(frameOf({ kind: 2, cameras: [{ number: 21, battery: 99 }, { number: 77 }] })));
  assert.equal(store.columns.battery[index], 99);
  assert.equal(store.count, 51);
});

test("a camera that goes leaves its index to the next", () => {
  const store = storeWith({ number: 1 }, { number: 2 }, { number: 3 });
  const change = store.apply(readFrame(frameOf({ kind: 2, removed: [2, 99] })));
  assert.deepEqual(change.removed, [1]);
  assert.equal(store.alive[1], 0);
  const next = store.apply(readFrame(frameOf({ kind: 2, cameras: [{ number: 8 }] })));
  assert.deepEqual(next.indices, [1]);
  assert.equal(store.count, 3);
});

test("a snapshot replaces everything and keeps the names", () => {
  const store = storeWith({ number: 1 }, { number: 2 });
  store.putDirectory([entry(2, { officer: "4417" })]);
  const change = store.apply(readFrame(frameOf({ cameras: [{ number: 2 }] })));
  assert.equal(change.all, true);
  assert.equal(store.count, 1);
  assert.equal(store.entries[store.indexOf("C2")].officer, "4417");
  assert.equal(store.indexOf("C1"), -1);
});

test("positions are where they are on the Mercator map", () => {
  const store = storeWith({ number: 1, latE7: 0, lonE7: 0, flags: 1 }, { number: 2, latE7: 563694000, lonE7: 11465000 });
  assert.equal(store.x[0], 0.5);
  assert.ok(Math.abs(store.y[0] - 0.5) < 1e-12);
  assert.ok(store.hasPosition(0) && !store.hasPosition(1));
  assert.ok(Math.abs(store.x[1] - mercatorX(1.1465)) < 1e-12 && Math.abs(store.y[1] - mercatorY(56.3694)) < 1e-12);
});

test("units are those of the cameras that are seen", () => {
  const store = storeWith({ number: 1 }, { number: 2 });
  store.putDirectory([entry(1, { unit: "B3", unit_name: "Response B3" }), entry(2, { unit: "A1", unit_name: "Area 1" }), entry(3, { unit: "X" })]);
  assert.deepEqual(store.units().map((unit) => unit.code), ["A1", "B3"]);
});

test("the clock takes the least delay", () => {
  const clock = new ServerClock();
  assert.equal(clock.offsetMs, 0);
  clock.heard(1000, 1400);
  clock.heard(2000, 2050);
  clock.heard(3000, 3900);
  assert.equal(clock.offsetMs, 50);
  clock.heard(200_000, 200_700);
  assert.equal(clock.offsetMs, 700);
});

test("trials grow further apart and are spread", () => {
  assert.ok(backOffMs(0, 0) < backOffMs(1, 0) && backOffMs(1, 0) < backOffMs(4, 0));
  assert.equal(backOffMs(4, 0.5), backOffMs(40, 0.5));
  assert.ok(backOffMs(2, 0) < backOffMs(2, 1));
});

class Socket {
  static made = [];
  sent = [];
  constructor(url) { this.url = url; Socket.made.push(this); }
  send(text) { this.sent.push(text); }
  packed(message) {
    const content = deflateRawSync(typeof message === "string" ? message : Buffer.from(message));
    const data = new Uint8Array(8 + content.length);
    new DataView(data.buffer).setUint32(0, 0x315a4c53, true);
    data[4] = typeof message === "string" ? 1 : 2;
    data.set(content, 8);
    this.onmessage({ data: data.buffer });
  }
  close() { this.closed = true; }
  frame(given) { this.onmessage({ data: frameOf(given) }); }
  text(message) { this.onmessage({ data: JSON.stringify(message) }); }
}

function started(t, options = {}) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  Socket.made = [];
  const feed = new FeedClient({ url: "/api/feed", Socket, ...options });
  t.after(() => { feed.close(); mock.timers.reset(); });
  feed.start();
  const [socket] = Socket.made;
  socket.onopen();
  return { feed, socket };
}

test("the feed is live with its first frame, late without, lost soon after, and then resumed", async (t) => {
  const { feed, socket } = started(t);
  assert.equal(feed.state.link, "connecting");
  socket.frame({ seq: 41, cameras: [{ number: 1 }] });
  assert.equal(feed.state.link, "live");
  mock.timers.tick(LATE_AFTER_MS + 500);
  assert.equal(feed.state.link, "late");
  assert.equal(feed.state.sinceMs, 1_000_000);
  mock.timers.tick(LOST_AFTER_MS - LATE_AFTER_MS);
  assert.equal(feed.state.link, "lost");
  assert.ok(socket.closed);
  await Promise.resolve();
  mock.timers.tick(1000);
  assert.equal(Socket.made.length, 2);
  assert.match(Socket.made[1].url, /since=41$/);
  Socket.made[1].frame({ kind: 2, seq: 42 });
  assert.equal(feed.state.link, "live");
});

test("a socket that closes is lost at once", async (t) => {
  const { feed, socket } = started(t);
  socket.frame({ seq: 41 });
  socket.onclose({ code: 1006, reason: "" });
  assert.equal(feed.state.link, "lost");
});

test("the end of the sign-in is told and nothing is tried again", async (t) => {
  const { feed, socket } = started(t);
  let reason = null;
  feed.addEventListener("signedout", (event) => { reason = event.detail; });
  socket.onclose({ code: 4401, reason: "signed out" });
  assert.equal(reason, "signed out");
  mock.timers.tick(60_000);
  assert.equal(Socket.made.length, 1);
});

test("a socket that never opened asks whether anybody is signed in", async (t) => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  Socket.made = [];
  const feed = new FeedClient({ url: "/api/feed", Socket, isSignedIn: async () => false });
  t.after(() => { feed.close(); mock.timers.reset(); });
  let told = false;
  feed.addEventListener("signedout", () => { told = true; });
  feed.start();
  Socket.made[0].onclose({ code: 1006, reason: "" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(told);
});

test("texts become events of their own", (t) => {
  const { feed, socket } = started(t);
  const heard = [];
  for (const kind of ["event", "health", "directory", "change"]) {
    feed.addEventListener(kind, (event) => heard.push([kind, event.detail]));
  }
  socket.text({ type: "directory", cameras: [entry(1)] });
  socket.frame({ seq: 1, cameras: [{ number: 1 }] });
  socket.frame({ kind: 2, seq: 2 });
  socket.text({ type: "health", database: "ok" });
  socket.text({ type: "event", event: "incident", incident: 4 });
  assert.deepEqual(heard.map(([kind]) => kind), ["directory", "change", "health", "event"]);
  assert.equal(feed.health.database, "ok");
  assert.equal(heard[3][1].incident, 4);
});

const many = (count) => Array.from({ length: count }, (_, n) => ({ number: n + 1 }));

test("a snapshot in parts counts once its last part is there", async (t) => {
  const { feed, socket } = started(t);
  socket.frame({ seq: 0, cameras: [{ number: 1 }] });
  assert.ok(feed.isReading);
  socket.frame({ kind: 3, seq: 0, cameras: [{ number: 2 }] });
  assert.ok(feed.isReading);
  socket.onclose({ code: 1006, reason: "" });
  await Promise.resolve();
  mock.timers.tick(1000);
  assert.doesNotMatch(Socket.made[1].url, /since/, "not from the middle of it");
  const [, again] = Socket.made;
  again.frame({ seq: 0, cameras: [{ number: 1 }] });
  again.frame({ kind: 3, seq: 9, cameras: [{ number: 2 }] });
  assert.ok(!feed.isReading);
  assert.equal(feed.store.count, 2);
  again.frame({ kind: 2, seq: 0, cameras: [{ number: 1 }] });
  assert.ok(!feed.isReading, "a delta in parts is nothing that is waited for");
});

test("large messages are acknowledged, small ones are not", (t) => {
  const { socket } = started(t);
  socket.frame({ seq: 1, cameras: many(10) });
  socket.text({ type: "health" });
  assert.deepEqual(socket.sent, []);
  socket.frame({ seq: 2, cameras: many(1000) });
  socket.text({ type: "directory", cameras: many(1000).map(({ number }) => entry(number)) });
  assert.deepEqual(socket.sent, ["ack", "ack"]);
});

test("packed messages are unpacked, and all are dealt with in order", async (t) => {
  const { feed, socket } = started(t);
  assert.match(socket.url, /&packed/);
  const seqs = [];
  feed.addEventListener("change", ({ detail }) => seqs.push(detail.indices.length));
  const names = [];
  feed.addEventListener("directory", () => names.push(feed.store.count));
  socket.packed(JSON.stringify({ type: "directory", cameras: [entry(1), entry(2)] }));
  socket.packed(frameOf({ seq: 4, cameras: many(2) }));
  socket.frame({ kind: 2, seq: 5, cameras: many(1) });
  assert.deepEqual(seqs, [], "not before what came first");
  assert.deepEqual(socket.sent, ["ack", "ack"]);
  for (let turn = 0; turn < 20_000 && seqs.length < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([names, seqs], [[0], [2, 1]]);
  assert.equal(feed.store.entries[0].camera, "C1");
  socket.frame({ kind: 2, seq: 6, cameras: many(1) });
  assert.deepEqual(seqs, [2, 1, 1]);
});

test("names that are read for long keep a line alive", (t) => {
  const { feed, socket } = started(t);
  for (let second = 0; second < 20; second++) {
    mock.timers.tick(1000);
    socket.text({ type: "directory", cameras: [entry(second)] });
  }
  assert.equal(feed.state.link, "connecting");
  assert.ok(!socket.closed);
  mock.timers.tick(LOST_AFTER_MS + 500);
  assert.ok(socket.closed);
});
