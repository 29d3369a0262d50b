// Which way a stream comes, and the player of frames, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FramePlayer, WANTS_KEY } from "../../dashboard/assets/frame_player.js";
import { CHANGE_AFTER_MS, CHANGE_CONNECTED_AFTER_MS, DARK_FOR_MS, StreamPlayer } from "../../dashboard/assets/stream_player.js";
import { FROZEN_AFTER_MS } from "../../dashboard/assets/whep.js";

const SEQUENCE = [0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8, 0x40];
const KEY = [0, 0, 0, 1, ...SEQUENCE, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65, 0x88];
const DELTA = [0, 0, 0, 1, 0x41, 0x88];
const OPENED = { whep: "/whep/17", frames: "/api/streams/17/frames", token: "once" };

function message(number, { kind = 1, isKey = false, missing = 0, timeUs = number * 40_000, data = DELTA } = {}) {
  const made = new ArrayBuffer(20 + data.length);
  const view = new DataView(made);
  view.setUint8(0, kind);
  view.setUint8(1, isKey ? 1 : 0);
  view.setUint32(4, number, true);
  view.setFloat64(8, timeUs, true);
  view.setUint32(16, missing, true);
  new Uint8Array(made).set(data, 20);
  return made;
}

/** What a browser gives, with a clock, a network and decoders of the test's own. */
class Page extends EventTarget {
  clock = 1_000_000;
  timers = new Map();
  sockets = [];
  decoded = [];
  requests = [];
  queued = 0;
  location = { href: "https://sightline.test/map" };
  status = 201;

  constructor() {
    super();
    const page = this;
    this.Date = { now: () => page.clock };
    this.WebSocket = class extends EventTarget {
      readyState = 0;
      sent = [];
      constructor(url, protocols) { super(); Object.assign(this, { url, protocols }); page.sockets.push(this); }
      send(word) { this.sent.push(word); }
      close() { this.isClosed = true; }
      say(data) {
        this.readyState = 1;
        this.dispatchEvent(new MessageEvent("message", { data: typeof data === "object" && !(data instanceof ArrayBuffer) ? JSON.stringify(data) : data }));
      }
      gone(code, reason = "") { this.readyState = 3; this.dispatchEvent(Object.assign(new Event("close"), { code, reason })); }
    };
    this.RTCPeerConnection = class extends EventTarget {
      connectionState = "new";
      localDescription = { sdp: "v=0" };
      constructor() { super(); page.connection = this; if (page.noConnection) throw new Error("WebRTC is switched off"); }
      addTransceiver() {}
      async setLocalDescription() {}
      async setRemoteDescription() {}
      async getStats() { return new Map(); }
      close() { this.isClosed = true; }
    };
    this.MediaStream = class { tracks = []; addTrack(track) { this.tracks.push(track); } };
    this.MediaStreamTrackGenerator = class { writable = { getWriter: () => ({ desiredSize: 1, write: async () => {}, close: async () => {} }) }; };
    this.EncodedVideoChunk = class { constructor(init) { Object.assign(this, init); } };
    this.EncodedAudioChunk = this.EncodedVideoChunk;
    this.VideoDecoder = class {
      state = "unconfigured";
      constructor({ output, error }) { Object.assign(this, { output, error }); page.decoder = this; }
      get decodeQueueSize() { return page.queued; }
      configure({ codec }) { this.state = "configured"; this.codec = codec; }
      decode(chunk) {
        page.decoded.push(chunk.type);
        this.output({ timestamp: chunk.timestamp, displayWidth: 1280, displayHeight: 720, close() {} });
      }
      close() { this.state = "closed"; }
    };
    this.AudioDecoder = class { state = "configured"; configure() {} decode() {} close() { this.state = "closed"; } };
    this.AudioContext = class {
      state = "suspended";
      createMediaStreamDestination() { return { stream: { getAudioTracks: () => ["sound"] } }; }
      async resume() {}
      async close() {}
    };
    this.fetch = async (url, options) => {
      this.requests.push(`${options.method} ${url}`);
      return {
        url: `https://sightline.test${url}`, status: options.method === "DELETE" ? 200 : this.status, text: async () => "v=0",
        headers: new Map([["Location", url]]), json: async () => ({ detail: "No.", code: "no" }),
      };
    };
  }
  setInterval(call, ms) { this.timers.set(call, { every: ms, at: this.clock + ms }); return call; }
  setTimeout(call, ms) { this.timers.set(call, { at: this.clock + ms }); return call; }
  clearInterval(call) { this.timers.delete(call); }
  clearTimeout(call) { this.timers.delete(call); }
  async pass(ms) {
    for (const end = this.clock + ms; this.clock < end;) {
      this.clock += 50;
      for (const [call, timer] of [...this.timers]) {
        if (timer.at > this.clock) continue;
        if (timer.every) timer.at += timer.every;
        else this.timers.delete(call);
        const done = call();
        if (timer.every) await done;
      }
      await new Promise(setImmediate);
    }
  }
}

class Video extends EventTarget {
  srcObject = null;
  muted = true;
  async play() {}
  requestVideoFrameCallback(call) { this.next = call; }
}

async function begun(page = new Page()) {
  const video = new Video();
  const player = new FramePlayer(video, { page });
  const states = [];
  player.addEventListener("state", ({ detail }) => states.push(detail.state));
  const opening = player.open({ url: OPENED.frames, token: "once" });
  const [socket] = page.sockets;
  socket.say({ type: "start", picture: "h264", sound: "opus" });
  await opening;
  return { page, video, player, socket, states };
}

test("it asks with the token among the protocols, and plays from the key frame on", async () => {
  const { page, video, player, socket, states } = await begun();
  assert.equal(socket.url, "wss://sightline.test/api/streams/17/frames");
  assert.deepEqual(socket.protocols, ["sightline.frames.v1", "token.once"]);
  assert.equal(player.state, "connecting");
  socket.say(message(1, { isKey: true, data: KEY }));
  socket.say(message(2));
  assert.deepEqual(page.decoded, ["key", "delta"]);
  assert.equal(page.decoder.codec, "avc1.42c01f");
  assert.deepEqual(states, ["connecting", "playing"]);
  assert.ok(video.srcObject instanceof page.MediaStream);
  assert.equal(player.by, "webcodecs");
});

test("what was read is told, but not while the decoder is behind", async () => {
  const { page, socket } = await begun();
  socket.say(message(1, { isKey: true, data: KEY }));
  assert.deepEqual(socket.sent, ["1"]);
  socket.say(message(2));
  socket.say(message(3));
  assert.deepEqual(socket.sent, ["1"], "not each by itself");
  await page.pass(200);
  assert.deepEqual(socket.sent, ["1", "3"]);
  page.queued = 20;
  socket.say(message(4));
  await page.pass(600);
  assert.deepEqual(socket.sent, ["1", "3"]);
  page.queued = 0;
  await page.pass(200);
  assert.deepEqual(socket.sent, ["1", "3", "4"]);
});

test("a decoder that breaks asks for a key frame, and waits for it", async () => {
  const { page, socket, player } = await begun();
  socket.say(message(1, { isKey: true, data: KEY }));
  page.decoder.error(Object.assign(new Error("bad"), { name: "EncodingError" }));
  assert.equal(socket.sent.at(-1), WANTS_KEY);
  socket.say(message(2));
  assert.deepEqual(page.decoded, ["key"]);
  socket.say(message(3, { isKey: true, data: KEY }));
  assert.deepEqual(page.decoded, ["key", "key"]);
  page.decoder.error(Object.assign(new Error("no"), { name: "NotSupportedError" }));
  assert.deepEqual([player.state, player.reason], ["ended", "this browser cannot decode the camera's pictures"]);
});

test("a second without pictures is frozen, and one mends it; an ended stream shows nothing", async () => {
  const { page, video, player, socket, states } = await begun();
  socket.say(message(1, { isKey: true, data: KEY }));
  const last = page.clock;
  await page.pass(FROZEN_AFTER_MS + 400);
  assert.deepEqual([player.state, player.since], ["frozen", last]);
  socket.say(message(2));
  assert.equal(player.state, "playing");
  player.ended("the camera stopped recording");
  assert.equal(video.srcObject, null);
  assert.ok(socket.isClosed);
  socket.say(message(3));
  assert.deepEqual(states, ["connecting", "playing", "frozen", "playing", "ended"]);
  assert.equal(page.timers.size, 0);
});

test("figures: what is missing counts as lost, and age is by the server's clock", async () => {
  const page = new Page();
  const player = new FramePlayer(new Video(), { page, nowMs: () => page.clock + 500 });
  const stats = [];
  player.addEventListener("stats", ({ detail }) => stats.push(detail));
  const opening = player.open({ url: OPENED.frames, token: "once" });
  const [socket] = page.sockets;
  socket.say({ type: "start" });
  await opening;
  for (let n = 1; n <= 60; n += 1) {
    socket.say(message(n, { isKey: n === 1, data: n === 1 ? KEY : DELTA, missing: n > 40 ? 10 : 0, timeUs: page.clock * 1000 }));
    await page.pass(50);
  }
  const last = stats.at(-1);
  assert.ok(Math.abs(last.fps - 20) <= 1, `${last.fps}`);
  assert.ok(last.loss > 0.3);
  assert.equal(last.word, "poor");
  assert.deepEqual([last.width, last.height], [1280, 720]);
  assert.ok(Math.abs(last.ageMs - 500) <= 100);
});

for (const [code, reason, said] of [
  [4410, "the camera stopped recording", "the camera stopped recording"],
  [4401, "role changed", "the viewer's sign-in ended: role changed"],
  [4504, "The camera did not begin to send within 8 s.", "The camera did not begin to send within 8 s"],
  [1006, "", "the connection to the dashboard was lost"],
]) {
  test(`closed with ${code} it says why`, async () => {
    const { player, socket } = await begun();
    socket.say(message(1, { isKey: true, data: KEY }));
    socket.gone(code, reason);
    assert.deepEqual([player.state, player.reason], ["ended", said]);
  });
}

test("a socket that does not open is told as such", async () => {
  const page = new Page();
  const player = new FramePlayer(new Video(), { page });
  const opening = player.open({ url: OPENED.frames, token: "once" });
  page.sockets[0].gone(1006);
  await assert.rejects(opening, /could not be opened/);
  assert.equal(player.state, "ended");
});

async function opened(page = new Page(), given = {}) {
  const video = new Video();
  const player = new StreamPlayer(video, { page, found: { darkUntilMs: 0 }, ...given });
  const states = [];
  player.addEventListener("state", ({ detail }) => states.push(detail.state));
  const opening = player.open(OPENED);
  if (page.sockets.length) page.sockets[0].say({ type: "start" });
  await opening;
  return { page, video, player, states };
}

test("where a picture comes it stays direct", async () => {
  const { page, video, player, states } = await opened();
  await page.pass(500);
  video.next(0, {});
  await page.pass(6000);
  assert.equal(player.line, "direct");
  assert.equal(page.sockets.length, 0);
  assert.deepEqual(states.slice(0, 2), ["connecting", "playing"]);
});

test("two seconds without a picture or a connection, and it comes over the socket; only then the other is let go", async () => {
  const { page, player, states } = await opened();
  await page.pass(CHANGE_AFTER_MS - 100);
  assert.equal(page.sockets.length, 0);
  await page.pass(150);
  const [socket] = page.sockets;
  assert.deepEqual(socket.protocols, ["sightline.frames.v1", "token.once"]);
  assert.equal(player.line, "dashboard");
  assert.ok(!page.connection.isClosed, "its end would end the viewing");
  socket.say({ type: "start" });
  await page.pass(50);
  assert.ok(page.connection.isClosed);
  socket.say(message(1, { isKey: true, data: KEY }));
  assert.equal(player.state, "playing");
  assert.equal(states.at(-1), "playing");
  assert.ok(!states.includes("ended"));
  assert.deepEqual(page.requests, ["POST /whep/17"], "the server is not told that anything ended");
});

test("whom packets did not reach is not made to wait for the next stream, but after a while they are tried again", async () => {
  const found = { darkUntilMs: 0 };
  const { page } = await opened(new Page(), { found });
  await page.pass(CHANGE_AFTER_MS + 100);
  page.sockets[0].say({ type: "start" });
  await page.pass(50);
  const next = new StreamPlayer(new Video(), { page, found });
  next.open(OPENED);
  assert.equal(next.line, "dashboard");
  assert.deepEqual([page.sockets.length, page.requests.length], [2, 1]);
  page.clock += DARK_FOR_MS;
  assert.equal(new StreamPlayer(new Video(), { page, found }).line, "direct");
});

test("where there is a connection, a picture is waited for longer", async () => {
  const { page, player } = await opened();
  page.connection.connectionState = "connected";
  await page.pass(CHANGE_AFTER_MS + 500);
  assert.equal(page.sockets.length, 0);
  await page.pass(CHANGE_CONNECTED_AFTER_MS - CHANGE_AFTER_MS);
  assert.equal(page.sockets.length, 1);
  // The relay has let go of the connection before the socket says so.
  page.connection.connectionState = "failed";
  page.connection.dispatchEvent(new Event("connectionstatechange"));
  page.sockets[0].say({ type: "start" });
  await page.pass(50);
  assert.deepEqual(page.requests, ["POST /whep/17"], "that is no end of the viewing");
  page.sockets[0].say(message(1, { isKey: true, data: KEY }));
  assert.equal(player.state, "playing");
});

test("a socket that is refused after WHEP ends it, and the server hears so", async () => {
  const { page, player, states } = await opened();
  await page.pass(CHANGE_AFTER_MS + 100);
  page.sockets[0].gone(1006);
  await page.pass(50);
  assert.equal(player.state, "ended");
  assert.equal(states.filter((state) => state === "ended").length, 1);
  assert.deepEqual(page.requests, ["POST /whep/17", "DELETE https://sightline.test/whep/17"]);
});

for (const [how, prepare] of [
  ["there is none", (page) => { page.RTCPeerConnection = undefined; }],
  ["it is switched off", (page) => { page.noConnection = true; }],
]) {
  test(`without WebRTC (${how}) it begins with the socket, and WHEP is never asked`, async () => {
    const page = new Page();
    prepare(page);
    const player = new StreamPlayer(new Video(), { page });
    player.prepare();
    const states = [];
    player.addEventListener("state", ({ detail }) => states.push(detail.state));
    const opening = player.open(OPENED);
    await page.pass(50);
    page.sockets[0].say({ type: "start" });
    await opening;
    assert.equal(player.line, "dashboard");
    assert.ok(!states.includes("ended"));
    assert.deepEqual(page.requests, []);
  });
}

test("what the server refuses is not tried elsewhere", async () => {
  const page = new Page();
  page.status = 409;
  const player = new StreamPlayer(new Video(), { page });
  const states = [];
  player.addEventListener("state", ({ detail }) => states.push(detail.state));
  await assert.rejects(player.open(OPENED), /No\./);
  assert.equal(page.sockets.length, 0);
  assert.deepEqual(states, ["connecting", "ended"]);
});

test("a stream that is closed or ends before it would change over does not", async () => {
  for (const how of ["close", "ended"]) {
    const { page, player, states } = await opened();
    await page.pass(1000);
    await player[how]("the camera stopped recording");
    await page.pass(5000);
    assert.equal(page.sockets.length, 0);
    assert.equal(player.state, "ended");
    assert.equal(states.filter((state) => state === "ended").length, 1);
  }
});

test("a browser that can play no frames stays with what there is", async () => {
  const page = new Page();
  page.VideoDecoder = undefined;
  const { player } = await opened(page);
  await page.pass(4000);
  assert.equal(player.line, "direct");
  assert.equal(page.sockets.length, 0);
});
