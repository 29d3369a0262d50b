// The WHEP player without a browser: its states, its figures, its words.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FIRST_PICTURE_MS, FROZEN_AFTER_MS, INTERRUPTED_MS, RELAY_SILENT, WhepError, WhepPlayer, nextState, qualityWord, readCounters,
  summarise,
} from "../../dashboard/assets/whep.js";

const STATES = ["idle", "connecting", "playing", "frozen", "ended"];

/** What a browser gives, with a clock and frames of the test's own. */
class Page extends EventTarget {
  constructor(answer = { status: 201 }) {
    super();
    const page = this;
    this.clock = 1_000_000;
    this.Date = { now: () => page.clock };
    this.requests = [];
    this.frames = 0;
    this.timers = new Set();
    this.MediaStream = class { tracks = []; addTrack(track) { this.tracks.push(track); } };
    this.RTCPeerConnection = class extends EventTarget {
      constructor(configuration) { super(); this.configuration = configuration; page.connection = this; }
      connectionState = "new";
      localDescription = { sdp: "v=0 offer" };
      kinds = [];
      addTransceiver(kind, { direction }) { this.kinds.push(`${kind} ${direction}`); }
      async setLocalDescription() {}
      async setRemoteDescription({ sdp }) { this.answer = sdp; }
      async getStats() {
        return new Map([["v", { type: "inbound-rtp", kind: "video", framesDecoded: page.frames }]]);
      }
      close() { this.isClosed = true; }
      become(state) { this.connectionState = state; this.dispatchEvent(new Event("connectionstatechange")); }
    };
    this.fetch = async (url, options) => {
      this.requests.push({ url, ...options });
      if (this.failing) throw new TypeError("network gone");
      return options.method === "DELETE" ? { status: 200 } : {
        url: `https://sightline.test${url}`, status: answer.status, text: async () => "v=0 answer",
        headers: new Map([["Location", "/whep/17/me"]]), json: async () => answer.problem,
      };
    };
  }
  setInterval(call) { this.timers.add(call); return call; }
  clearInterval(call) { this.timers.delete(call); }
  async pass(ms) {
    for (const end = this.clock + ms; this.clock < end;) {
      this.clock += 200;
      await Promise.all([...this.timers].map((call) => call()));
    }
  }
}

class Video {
  srcObject = null;
  muted = false;
  plays = 0;
  async play() {
    this.plays += 1;
    if (this.refuses && !this.muted) throw Object.assign(new Error(), { name: "NotAllowedError" });
  }
  requestVideoFrameCallback(call) { this.next = call; }
  show(picture = {}) { const call = this.next; this.next = null; call?.(0, picture); }
}

async function playing(page = new Page(), video = new Video()) {
  const player = new WhepPlayer(video, page);
  const heard = [];
  player.addEventListener("state", (event) => heard.push(event.detail));
  await player.open({ url: "/whep/17", token: "once", headers: { "X-CSRF-Token": "c" } });
  page.connection.dispatchEvent(Object.assign(new Event("track"), { track: "video" }));
  video.show();
  return { page, video, player, heard };
}

test("every event in every state leads to a state; ended is final", () => {
  for (const state of STATES) {
    for (const event of ["open", "picture", "silence", "end"]) {
      assert.ok(STATES.includes(nextState(state, event)));
      if (state === "ended") assert.equal(nextState(state, event), "ended");
    }
    assert.equal(nextState(state, "end"), "ended");
  }
  assert.equal(nextState("connecting", "silence"), "connecting");
});

test("it asks with the token, without ICE servers, and plays what comes", async () => {
  const { page, video, player, heard } = await playing();
  const [request] = page.requests;
  assert.equal(request.method, "POST");
  assert.equal(request.body, "v=0 offer");
  assert.deepEqual(request.headers, {
    "X-CSRF-Token": "c", Authorization: "Bearer once", "Content-Type": "application/sdp",
  });
  assert.deepEqual(page.connection.configuration.iceServers, []);
  assert.deepEqual(page.connection.kinds, ["video recvonly", "audio recvonly"]);
  assert.equal(page.connection.answer, "v=0 answer");
  assert.deepEqual(heard.map((e) => e.state), ["connecting", "playing"]);
  assert.equal(player.state, "playing");
  assert.deepEqual(video.srcObject.tracks, ["video"]);
});

test("a second without pictures is frozen, since the last one, and a picture mends it", async () => {
  const { page, video, player, heard } = await playing();
  const last = page.clock;
  await page.pass(FROZEN_AFTER_MS);
  assert.equal(player.state, "playing");
  await page.pass(400);
  assert.equal(player.state, "frozen");
  assert.equal(heard.at(-1).since, last);
  video.show();
  assert.equal(player.state, "playing");
});

test("in a page that draws nothing, decoded pictures count", async () => {
  const { page, player } = await playing();
  for (let n = 0; n < 20; n += 1) {
    page.frames += 5;
    await page.pass(200);
  }
  assert.equal(player.state, "playing");
});

test("an ended stream shows nothing, says why, and stays ended", async () => {
  const { page, video, player, heard } = await playing();
  player.ended("the camera stopped recording");
  assert.equal(video.srcObject, null);
  assert.ok(page.connection.isClosed);
  assert.equal(page.timers.size, 0);
  assert.deepEqual(heard.at(-1), {
    state: "ended", since: page.clock, reason: "the camera stopped recording",
  });
  page.connection.dispatchEvent(Object.assign(new Event("track"), { track: "late" }));
  video.show();
  player.ended("again");
  assert.equal(video.srcObject, null);
  assert.equal(player.reason, "the camera stopped recording");
  assert.equal(page.requests.length, 1, "the server knows already");
  await assert.rejects(player.open({ url: "/whep/18", token: "t" }), WhepError);
});

for (const how of ["close", "pagehide", "lost"]) {
  test(`the server is told: ${how}`, async () => {
    const { page, player } = await playing();
    if (how === "close") await player.close();
    if (how === "pagehide") page.dispatchEvent(new Event("pagehide"));
    if (how === "lost") page.connection.become("failed");
    const told = page.requests.filter((request) => request.method === "DELETE");
    assert.equal(told.length, 1);
    assert.equal(told[0].url, "https://sightline.test/whep/17/me");
    assert.equal(told[0].keepalive, true);
    assert.equal(told[0].headers.Authorization, "Bearer once");
    await player.close();
    assert.equal(page.requests.length, 2, "and told once");
  });
}

test("a refusal is told in the words of the server", async () => {
  const page = new Page({ status: 409, problem: { detail: "The camera is buffering, not recording.", code: "not_recording" } });
  const player = new WhepPlayer(new Video(), page);
  await assert.rejects(player.open({ url: "/whep/17", token: "t" }), (error) => {
    assert.ok(error instanceof WhepError);
    assert.equal(error.message, "The camera is buffering, not recording.");
    assert.equal(error.status, 409);
    assert.equal(error.code, "not_recording");
    return true;
  });
  assert.equal(player.state, "ended");
  assert.equal(player.reason, "The camera is buffering, not recording.");
});

test("without a network it ends, with a reason", async () => {
  const page = new Page();
  page.failing = true;
  const player = new WhepPlayer(new Video(), page);
  await assert.rejects(player.open({ url: "/whep/17", token: "t" }), /network gone/);
  assert.equal(player.state, "ended");
});

test("a stream that ends while it is opened does not come to life", async () => {
  const page = new Page();
  const video = new Video();
  const player = new WhepPlayer(video, page);
  const opening = player.open({ url: "/whep/17", token: "t" });
  player.ended("the sign-in ended");
  await assert.rejects(opening, /the sign-in ended/);
  assert.equal(player.state, "ended");
  assert.equal(page.timers.size, 0);
  assert.equal(page.requests.at(-1).method, "DELETE");
});

test("what is prepared is used, once, and tells nobody before it is opened", async () => {
  const page = new Page();
  const player = new WhepPlayer(new Video(), page);
  player.prepare();
  player.prepare();
  const prepared = page.connection;
  await new Promise(setImmediate);
  assert.deepEqual([page.requests.length, player.state], [0, "idle"]);
  prepared.localDescription = { sdp: "v=0 offer with candidates" };
  await player.open({ url: "/whep/17", token: "once" });
  assert.equal(page.connection, prepared, "one connection");
  assert.equal(page.requests[0].body, "v=0 offer", "as it was made, without candidates");
  assert.equal(prepared.answer, "v=0 answer");
});

test("with a TURN server what was prepared without it is made anew", async () => {
  const page = new Page();
  const player = new WhepPlayer(new Video(), page);
  player.prepare();
  const prepared = page.connection;
  await new Promise(setImmediate);
  const iceServers = [{ urls: ["turn:turn.force.example:3478"], username: "1795179600:17", credential: "c" }];
  await player.open({ url: "/whep/17", token: "once", iceServers });
  assert.notEqual(page.connection, prepared);
  assert.ok(prepared.isClosed);
  assert.deepEqual(page.connection.configuration.iceServers, iceServers);
  prepared.become("failed");
  assert.equal(player.state, "connecting");
});

test("what was prepared for nothing is let go", async () => {
  const page = new Page();
  const player = new WhepPlayer(new Video(), page);
  player.prepare();
  await player.close();
  assert.ok(page.connection.isClosed);
  assert.equal(page.requests.length, 0);
});

test("a relay that does not answer is named, and ends what it carried", async () => {
  const { page, player } = await playing();
  await page.pass(FROZEN_AFTER_MS + 400);
  assert.equal(player.isInterrupted, false);
  page.connection.become("disconnected");
  assert.equal(player.isInterrupted, true);
  await page.pass(INTERRUPTED_MS + 400);
  assert.deepEqual([player.state, player.reason], ["ended", RELAY_SILENT]);
  assert.equal(page.requests.at(-1).method, "DELETE");
});

test("a connection that comes back goes on", async () => {
  const { page, video, player } = await playing();
  page.connection.become("disconnected");
  await page.pass(INTERRUPTED_MS - 200);
  page.connection.become("connected");
  await page.pass(INTERRUPTED_MS);
  assert.equal(player.state, "frozen");
  video.show();
  assert.equal(player.state, "playing");
});

test("no picture after the answer ends it", async () => {
  const page = new Page();
  const player = new WhepPlayer(new Video(), page);
  await player.open({ url: "/whep/17", token: "t" });
  await page.pass(FIRST_PICTURE_MS + 400);
  assert.equal(player.state, "ended");
  assert.equal(player.reason, "no picture came");
});

test("a page without a click plays without sound", async () => {
  const video = new Video();
  video.refuses = true;
  await playing(new Page(), video);
  await new Promise(setImmediate);
  assert.equal(video.muted, true);
  assert.equal(video.plays, 2);
});

test("figures are of the time between two looks", () => {
  const video = {
    type: "inbound-rtp", kind: "video", framesDecoded: 100, bytesReceived: 1_000_000,
    packetsReceived: 900, packetsLost: 10, jitter: 0.004, jitterBufferDelay: 5,
    jitterBufferEmittedCount: 100, frameWidth: 1280, frameHeight: 720,
  };
  const sound = { type: "inbound-rtp", kind: "audio", bytesReceived: 1000, packetsReceived: 50, packetsLost: 0 };
  const pair = { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.02 };
  const before = readCounters([video, sound, pair], 0);
  const now = readCounters([{
    ...video, framesDecoded: 150, bytesReceived: 1_450_000, packetsReceived: 1298, packetsLost: 12,
    jitterBufferDelay: 7.5, jitterBufferEmittedCount: 150,
  }, sound, pair], 2000);
  const stats = summarise(before, now, { silenceMs: 40, ageMs: 90 });
  assert.equal(stats.fps, 25);
  assert.equal(stats.kbps, 1800);
  assert.equal(stats.loss, 2 / 400);
  assert.equal(stats.bufferMs, 50);
  assert.equal(stats.roundTripMs, 20);
  assert.deepEqual([stats.width, stats.height, stats.jitterMs], [1280, 720, 4]);
  assert.equal(stats.ageMs, 90);
  assert.equal(stats.word, "good");
  assert.equal(summarise(before, now, { silenceMs: 40, ageMs: null }).ageMs, 50 + 10);
  assert.equal(summarise(now, now, { silenceMs: 40, ageMs: null }).ageMs, null);
});

test("one word", () => {
  const good = { fps: 25, loss: 0, silenceMs: 40, ageMs: 120 };
  assert.equal(qualityWord(good), "good");
  assert.equal(qualityWord({ ...good, ageMs: null }), "good");
  assert.equal(qualityWord({ ...good, fps: 12 }), "fair");
  assert.equal(qualityWord({ ...good, loss: 0.02 }), "fair");
  assert.equal(qualityWord({ ...good, ageMs: 900 }), "fair");
  assert.equal(qualityWord({ ...good, fps: 5 }), "poor");
  assert.equal(qualityWord({ ...good, loss: 0.1 }), "poor");
  assert.equal(qualityWord({ ...good, ageMs: 2500 }), "poor");
  assert.equal(qualityWord({ ...good, silenceMs: 1200 }), "none");
  assert.equal(qualityWord({ ...good, fps: 0 }), "none");
});
