// Posts in the header.
import assert from "node:assert/strict";
import { test } from "node:test";
import { alongLines, deskWords } from "../../dashboard/assets/post_desk.js";

const post = (more) => ({
  code: "oscar_1", name: "Oscar 1", holder: null, held_by: null, since: null, offered_to_name: null, is_mine: false, is_offered_to_me: false, ...more,
});

test("the header says which post is held, offered to whom, and offered to me", () => {
  assert.equal(deskWords([]), "");
  assert.equal(deskWords([post({ holder: "ann", held_by: "Ann" })]), "without a post");
  assert.equal(deskWords([post({ is_mine: true })]), "Oscar 1");
  assert.equal(deskWords([post({ is_mine: true, offered_to_name: "Bob" })]), "Oscar 1: offered to Bob");
  assert.equal(deskWords([post({ is_mine: true }), post({ name: "Oscar 2", is_offered_to_me: true })]), "· Oscar 2 is offered to you");
});

test("what goes along is counted, and the first are named", () => {
  const incidents = Array.from({ length: 8 }, (_, at) => ({ log_number: `L${at}`, title: "Fire" }));
  const [first, second, third] = alongLines({ incidents, alerts: [{ kind: "eyes_on", call_sign: "RB01", what: "asks for eyes on", state: "waiting" }], streams: [] });
  assert.deepEqual([first.title, first.lines.length, first.lines[0], first.more], ["8 open incidents", 6, "L0 · Fire", 2]);
  assert.deepEqual([second.title, second.lines], ["1 open alert", ["RB01 asks for eyes on: waiting"]]);
  assert.deepEqual([third.title, third.more], ["0 open streams", 0]);
});
