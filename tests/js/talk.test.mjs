// A talk's line without a browser: its states, the microphone on and off the line, its words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TalkLine, loudness, stateAfter } from "../../dashboard/assets/talk_line.js";
import { SPEAKER_WARNING, talkWords } from "../../dashboard/assets/talk_panel.js";

const TRACK = { stop() { this.stopped = true; } };

/** What a browser gives. */
function page({ status = 201, microphone = null } = {}) {
  const made = { tracks: [], requests: [], Date: { now: () => 1_000_000 }, setInterval() { return 1; }, clearInterval() {} };
  made.track = { ...TRACK };
  made.navigator = { mediaDevices: { async getUserMedia() {
    if (microphone) throw Object.assign(new Error("no"), { name: microphone });
    return { getAudioTracks: () => [made.track], getTracks: () => [made.track] };
  } } };
  made.RTCPeerConnection = class extends EventTarget {
    localDescription = { sdp: "v=0 offer" };
    connectionState = "new";
    constructor() { super(); made.connection = this; }
    addTransceiver(kind, { direction }) {
      made.transceiver = `${kind} ${direction}`;
      return { sender: { async replaceTrack(track) { made.tracks.push(track); } } };
    }
    async setLocalDescription() {}
    async setRemoteDescription({ sdp }) { this.answer = sdp; }
    close() { this.isClosed = true; }
  };
  made.fetch = async (url, options) => {
    made.requests.push({ url, ...options });
    return { status, text: async () => "v=0 answer", json: async () => ({ detail: "The relay is full." }) };
  };
  return made;
}

const OPENED = { talk: "t1", whip: "/whip/t1", token: "secret", audio_out: "earpiece", answer_s: 30 };

function lineOn(given, opened = OPENED) {
  const calls = [];
  const line = new TalkLine({
    stream: "s1", page: given,
    call: async (...call) => {
      calls.push(call);
      if (opened instanceof Error) throw opened;
      return call[0] === "POST" ? opened : null;
    },
  });
  return { line, calls };
}

test("a talk goes from the wish to the officer's ear, and nothing is on the line before one presses", async () => {
  const browser = page();
  const { line, calls } = lineOn(browser);
  await line.open();
  assert.equal(line.state, "opened");
  assert.equal(browser.transceiver, undefined, "no microphone before one asks");
  await line.ask();
  assert.equal(line.state, "asking");
  assert.equal(line.answerByMs, 1_030_000);
  assert.deepEqual([browser.transceiver, browser.requests[0].headers.Authorization], ["audio sendonly", "Bearer secret"]);
  await line.press();
  assert.equal(line.isSpeaking, false, "the officer has not accepted");
  line.told({ talk: "t1", state: "accepted" });
  await line.press();
  assert.equal(line.isSpeaking, false, "the camera does not listen yet");
  line.told({ talk: "t1", state: "heard" });
  line.told({ talk: "t1", state: "accepted" });
  assert.equal(line.state, "heard", "never back");
  await line.press();
  await line.press();
  await line.release();
  assert.deepEqual(browser.tracks, [browser.track, null]);
  const ended = line.end();
  assert.ok(browser.track.stopped, "the microphone is let go at once");
  assert.ok(!browser.connection.isClosed, "and the line once the server knows");
  await ended;
  assert.deepEqual(calls.at(-1), ["DELETE", "/api/talk/t1?why=ended"]);
  assert.ok(browser.track.stopped && browser.connection.isClosed);
});

test("letting go while the microphone is being put on the line takes it off again", async () => {
  const browser = page();
  const { line } = lineOn(browser);
  await line.open();
  await line.ask();
  line.told({ talk: "t1", state: "heard" });
  const pressed = line.press();
  await line.release();
  await pressed;
  assert.equal(browser.tracks.at(-1), null);
});

test("a refusal says why, and no microphone is asked for", async () => {
  const browser = page();
  const { line } = lineOn(browser, new Error("You are not on this incident."));
  await line.open();
  assert.deepEqual([line.state, line.reason], ["ended", "You are not on this incident."]);
  assert.equal(browser.transceiver, undefined);
});

test("without a microphone the talk is ended at the server, too", async () => {
  const { line, calls } = lineOn(page({ microphone: "NotAllowedError" }));
  await line.open();
  await line.ask();
  assert.match(line.reason, /allow it in the address bar/);
  assert.deepEqual(calls.at(-1), ["DELETE", "/api/talk/t1?why=no_microphone"]);
  const { line: insecure } = lineOn({ ...page(), navigator: {} });
  await insecure.open();
  await insecure.ask();
  assert.match(insecure.reason, /https/);
  const { line: full } = lineOn(page({ status: 503 }));
  await full.open();
  await full.ask();
  assert.match(full.reason, /The relay is full/);
});

test("what is called off while it is asked for takes no microphone, and holds no officer", async () => {
  const browser = page();
  const { line, calls } = lineOn(browser);
  const opening = line.open();
  await line.end();
  await opening;
  await line.ask();
  assert.equal(line.state, "ended");
  assert.equal(browser.connection, undefined);
  assert.deepEqual(calls, [["POST", "/api/talk", { stream: "s1" }], ["DELETE", "/api/talk/t1?why=ended"]]);
});

test("asking twice is asking once", async () => {
  const browser = page();
  const { line, calls } = lineOn(browser);
  await line.open();
  await Promise.all([line.ask(), line.ask()]);
  assert.deepEqual([line.state, browser.requests.length, calls.length], ["asking", 1, 1]);
});

test("an event that was missed is found by looking", async () => {
  const browser = page();
  const looks = [];
  browser.setInterval = (call) => looks.push(call);
  const answers = [{ talk: "t1", state: "heard" }, { talk: "t1", state: "ended", reason: "the officer ended it" }];
  const line = new TalkLine({ stream: "s1", page: browser, call: async (method) => (method === "GET" ? answers.shift() : OPENED) });
  await line.open();
  await line.ask();
  await looks[0]();
  assert.equal(line.state, "heard");
  await looks[0]();
  assert.deepEqual([line.state, line.reason], ["ended", "the officer ended it"]);
});

test("what is told of other talks, and after the end, changes nothing", async () => {
  const browser = page();
  const { line } = lineOn(browser);
  await line.open();
  await line.ask();
  line.told({ talk: "another", state: "ended", reason: "the officer declined" });
  assert.equal(line.state, "asking");
  line.told({ talk: "t1", state: "ended", reason: "the officer declined" });
  line.told({ talk: "t1", state: "heard" });
  assert.deepEqual([line.state, line.reason], ["ended", "the officer declined"]);
  assert.ok(browser.track.stopped);
});

test("states only go on", () => {
  assert.equal(stateAfter("opened", "asked"), "asking");
  assert.equal(stateAfter("heard", "asked"), "heard");
  assert.equal(stateAfter("asking", "something new"), "asking");
});

test("loudness goes from quiet to as loud as can be", () => {
  assert.equal(loudness(new Float32Array(100)), 0);
  assert.equal(loudness(new Float32Array(100).fill(1)), 1);
  assert.ok(loudness(new Float32Array(100).fill(0.03)) > 0.4);
});

test("each state has its words, and a loudspeaker its warning", () => {
  const line = { state: "opened", reason: "", audioOut: "speaker", answerByMs: 20_000, isSpeaking: false };
  assert.equal(talkWords(line, "RB31", 0), SPEAKER_WARNING);
  assert.equal(talkWords({ ...line, state: "asking" }, "RB31", 500), "Asking RB31… 00:19");
  assert.equal(talkWords({ ...line, state: "heard" }, "RB31", 0), "RB31 can hear you from the camera's loudspeaker");
  assert.match(talkWords({ ...line, state: "heard", isSpeaking: true, audioOut: "earpiece" }, "RB31", 0), /You are speaking.*earpiece/);
  assert.equal(talkWords({ ...line, state: "ended", reason: "It is restricted." }, "RB31", 0), "It is restricted.");
  assert.equal(talkWords({ ...line, talk: "t1", state: "ended", reason: "the officer declined" }, "RB31", 0), "Talk ended: the officer declined.");
});
