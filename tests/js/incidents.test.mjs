// The open incidents while the server or the database is away: still in sight, said to be old, read again soon.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { useZone } from "../../dashboard/assets/ages.js";
import { noteOf } from "../../dashboard/assets/incident_strip.js";
import { Incidents } from "../../dashboard/assets/incidents.js";

const AWAY = "The database does not answer, so this was not done or cannot be confirmed.";
/** What the server answers, one after the other: a list, or null for none. */
let answers;
let incidents;

beforeEach(() => {
  useZone("Europe/London");
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.UTC(2026, 10, 26, 22, 51, 40) });
  globalThis.window = { addEventListener() {} };
  answers = [];
  incidents = new Incidents(async () => {
    const answer = answers.shift();
    if (answer === null) throw new Error(AWAY);
    return { incidents: answer };
  });
});

afterEach(() => mock.timers.reset());

const one = { id: 1, grade: "immediate", opened_time: "2026-11-26T21:00:00Z", cameras: [] };
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("incidents that were read stay, with a short word since when nothing was read", async () => {
  answers = [[one], null];
  await incidents.start();
  assert.equal(noteOf(incidents), "");
  mock.timers.tick(30_000);
  mock.timers.tick(1000); // news that come together are one reading
  await settle();
  assert.equal(incidents.open.length, 1);
  assert.equal(noteOf(incidents), "Not read since 22:51:40");
});

test("where nothing was read yet it is said why, and never that there are none", async () => {
  answers = [null];
  assert.equal(noteOf(incidents), "Reading incidents…");
  await incidents.start();
  assert.equal(noteOf(incidents), `Incidents could not be read: ${AWAY}`);
});

test("what could not be read is read again soon", async () => {
  answers = [null, null, []];
  await incidents.start();
  for (let second = 0; second < 7; second += 1) {
    mock.timers.tick(1000);
    await settle();
  }
  assert.equal(incidents.error, "");
  assert.equal(noteOf(incidents), "No open incidents.");
});
