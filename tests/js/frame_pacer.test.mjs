// When the map is painted: at once where frames are quick, seldom where they are slow, not while a stream opens.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FramePacer } from "../../dashboard/assets/frame_pacer.js";

let nowMs;
let painted;
let timers;
let pacer;

beforeEach(() => {
  nowMs = 1000;
  painted = [];
  timers = [];
  const clock = {
    now: () => nowMs,
    setTimeout: (does, wait) => timers.push({ does, at: nowMs + wait }),
    clearTimeout: (number) => { if (number) timers[number - 1].does = null; },
  };
  pacer = new FramePacer(() => painted.push(nowMs), clock);
});

/** Time goes on, and timers go off. */
function pass(ms) {
  const until = nowMs + ms;
  for (;;) {
    const next = timers.filter(({ does, at }) => does && at <= until).sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    nowMs = next.at;
    const { does } = next;
    next.does = null;
    does();
  }
  nowMs = until;
}

test("quick frames are painted at once, every one", () => {
  for (let change = 0; change < 5; change++) {
    pacer.ask();
    pacer.painted(16);
    pass(16);
  }
  assert.equal(painted.length, 5);
});

test("what changes again within a frame of the display waits for the next one", () => {
  assert.equal(pacer.isRested, true);
  pacer.begun();
  pass(10);
  assert.equal(pacer.isRested, false);
  pass(7);
  assert.equal(pacer.isRested, true);
});

test("slow frames leave two thirds of the time, and the last change is painted", () => {
  pacer.ask();
  pacer.painted(200);
  pass(100);
  pacer.ask();
  pacer.ask();
  assert.deepEqual(painted, [1000]);
  pass(300);
  assert.deepEqual(painted, [1000, 1400]);
});

test("however slow a frame was, the next one is painted within a second", () => {
  pacer.ask();
  pacer.painted(60_000);
  pacer.ask();
  pass(1000);
  assert.deepEqual(painted, [1000, 2000]);
});

test("what is held is painted when it is released, once", () => {
  pacer.hold(2500);
  pacer.ask();
  pass(700);
  assert.deepEqual(painted, []);
  pacer.release();
  assert.deepEqual(painted, [1700]);
  pass(5000);
  assert.deepEqual(painted, [1700]);
});

test("what nobody releases is painted at the end of its time", () => {
  pacer.hold(2500);
  pacer.ask();
  pass(2500);
  assert.deepEqual(painted, [3500]);
});

test("after stop nothing is painted", () => {
  pacer.hold(100);
  pacer.ask();
  pacer.stop();
  pass(1000);
  assert.deepEqual(painted, []);
});
