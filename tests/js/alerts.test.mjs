// What alerts say: who and what, whose turn, and what became of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { alertWords, outcomeWords, turnWords } from "../../dashboard/assets/alert_words.js";

const officer = { call_sign: "RB01", officer_name: "PC Ann Lee", officer: "4417", camera: "AB4-1", log_number: null, incident_title: null };

test("an alert says who and what", () => {
  assert.equal(alertWords({ ...officer, kind: "eyes_on", what: "asks for eyes on" }), "RB01 PC Ann Lee 4417 asks for eyes on");
  assert.equal(alertWords({ kind: "eyes_on", what: "asks for eyes on", camera: "AB4-1" }), "AB4-1 asks for eyes on");
  const signal = { ...officer, kind: "signal", what: "no picture arrives" };
  assert.equal(alertWords(signal), "RB01 PC Ann Lee 4417: no picture arrives");
  assert.equal(
    alertWords({ ...signal, log_number: "0412", incident_title: "Man on the bridge" }),
    "RB01 PC Ann Lee 4417: no picture arrives, at 0412 Man on the bridge",
  );
  assert.equal(alertWords({ kind: "cover_short", what: "Cover is short: one NegCo short" }), "Cover is short: one NegCo short");
});

test("a call that waits says with which post, and when it goes on", () => {
  const now = Date.parse("2026-07-20T14:00:00Z");
  const alert = { state: "waiting", post: "Oscar 1", passes_on_time: "2026-07-20T14:00:12Z" };
  assert.equal(turnWords(alert, now), "with Oscar 1, to the next post in 12 s");
  assert.equal(turnWords(alert, now + 60_000), "with Oscar 1, to the next post in 0 s");
  assert.equal(turnWords({ ...alert, passes_on_time: null }, now), "with Oscar 1");
  assert.equal(turnWords({ ...alert, post: null }, now), "");
  assert.equal(turnWords({ ...alert, state: "seen" }, now), "");
});

test("what became of an alert is told in full", () => {
  const past = {
    raised_time: "2026-07-20T14:00:00Z", answered_time: null, answered_by: null, ended_time: null, posts: [], detail: {},
  };
  assert.equal(outcomeWords(past), "not answered · not over");
  assert.match(
    outcomeWords({ ...past, answered_time: "2026-07-20T14:00:41Z", answered_by: "Oscar Two", ended_time: "2026-07-20T14:05:00Z", posts: ["Oscar 1", "Oscar 2"] }),
    /^came to Oscar 1, then Oscar 2 · answered by Oscar Two after 41 s · over at \d\d:05:00, after 5 min$/,
  );
  assert.match(outcomeWords({ ...past, answered_time: "2026-07-20T14:01:00Z", detail: { reason: "Kent stands in" } }), /answered by somebody after 1 min · “Kent stands in”/);
});
