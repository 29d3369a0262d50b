// Writing to the command log: nothing typed is lost, nothing is written twice.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { LogWriting } from "../../dashboard/assets/log_writing.js";

/** What the field, the store that sends, and the answer hold. */
let shown;
let writing;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  shown = { field: { value: "" }, sent: [], answer: null };
  const set = {
    text: ({ value }) => (shown.field.value = value),
    written: ({ data }) => shown.sent.push(data),
    answer: ({ children }) => (shown.answer = children),
  };
  globalThis.document = { getElementById: () => shown.field };
  globalThis.window = {
    dash_clientside: { set_props: (id, props) => set[id](props) },
    setTimeout: (...given) => setTimeout(...given),
    clearTimeout: (...given) => clearTimeout(...given),
  };
  writing = new LogWriting({ text: "text", written: "written", answer: "answer" });
});

afterEach(() => mock.timers.reset());

function write(text) {
  shown.field.value = text;
  writing.send();
}

function answer(refused = false) {
  writing.answered({ at: shown.sent.at(-1).at, refused });
}

const texts = () => shown.sent.map((sent) => sent.text);

test("the field is empty at once, and a second press sends nothing", () => {
  write("Fire service asked ");
  assert.equal(shown.field.value, "");
  writing.send();
  answer();
  assert.deepEqual(texts(), ["Fire service asked"]);
});

test("entries travel one at a time, in order", () => {
  write("first");
  mock.timers.tick(10);
  write("second");
  assert.deepEqual(texts(), ["first"]);
  answer();
  assert.deepEqual(texts(), ["first", "second"]);
});

test("what was typed meanwhile stays when the answer comes", () => {
  write("first");
  shown.field.value = "half a sen";
  answer();
  assert.equal(shown.field.value, "half a sen");
});

test("what is refused comes back, before what was typed since", () => {
  write("first");
  write("second");
  shown.field.value = "third";
  answer(true);
  assert.equal(shown.field.value, "first second third");
  write(shown.field.value);
  assert.deepEqual(texts(), ["first", "first second third"]);
});

test("no answer: the text comes back, and it is said that nobody knows", () => {
  write("first");
  mock.timers.tick(6000);
  assert.equal(shown.field.value, "first");
  assert.match(shown.answer, /not known whether this was written/);
});

test("an answer that comes late takes back what was given back", () => {
  write("first");
  mock.timers.tick(6000);
  shown.field.value = "first and more";
  answer();
  assert.equal(shown.field.value, "and more");
  write("next");
  assert.deepEqual(texts(), ["first", "next"]);
});

test("a field that Dash did not empty, because it did not know of the last letter, is emptied", () => {
  write("on the roof");
  shown.field.value = "on the roof"; // emptying what counts as empty changes nothing
  mock.timers.tick(100);
  mock.timers.tick(1);
  assert.equal(shown.field.value, "");
});

test("what is refused at once stays in the field", () => {
  write("on the roof");
  answer(true);
  mock.timers.tick(100);
  assert.equal(shown.field.value, "on the roof");
});
