// Writing to the command log: nothing typed is lost, nothing is written twice, and nothing goes to another incident.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Drafts } from "../../dashboard/assets/drafts.js";
import { LogWriting } from "../../dashboard/assets/log_writing.js";

/** What the field, the store that sends, and the answer hold. */
let shown;
let writing;
/** What the tab keeps. */
let storage;

/** A box whose value React would control: its prototype has the setter, and typing is heard. */
class Box {
  text = "";
  get value() { return this.text; }
  set value(text) { this.text = text; }
  dispatchEvent() { writing.typed(); }
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  shown = { field: new Box(), kind: "note", sent: [], answer: null };
  const set = {
    written: ({ data }) => shown.sent.push(data),
    answer: ({ children }) => (shown.answer = children),
  };
  globalThis.document = {
    getElementById: () => shown.field,
    querySelector: (selector) => (selector === "#kind input:checked" ? { value: shown.kind } : null),
  };
  globalThis.window = {
    dash_clientside: { set_props: (id, props) => set[id](props) },
    setTimeout: (...given) => setTimeout(...given),
    clearTimeout: (...given) => clearTimeout(...given),
  };
  storage = Object.defineProperties({}, {
    getItem: { value: (key) => storage[key] ?? null },
    setItem: { value: (key, value) => (storage[key] = value) },
    removeItem: { value: (key) => delete storage[key] },
  });
  writing = open();
});

afterEach(() => mock.timers.reset());

/** The page as it opens, with the log of deployment 1. */
function open() {
  const ids = { text: "text", kind: "kind", written: "written", answer: "answer" };
  writing = new LogWriting(ids, new Drafts(storage, "negco"));
  writing.follow(1, true);
  return writing;
}

function type(text) {
  shown.field.value = text;
  writing.typed();
}

function write(text) {
  type(text);
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
  type("half a sen");
  answer();
  assert.equal(shown.field.value, "half a sen");
});

test("what is refused comes back, before what was typed since", () => {
  write("first");
  write("second");
  type("third");
  answer(true);
  assert.equal(shown.field.value, "first second third");
  writing.send();
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
  type("first and more");
  answer();
  assert.equal(shown.field.value, "and more");
  write("next");
  assert.deepEqual(texts(), ["first", "next"]);
});

test("what is refused at once stays in the field", () => {
  write("on the roof");
  answer(true);
  mock.timers.tick(100);
  assert.equal(shown.field.value, "on the roof");
});

test("what is half written waits for its own log, and through a reload", () => {
  type("he has a kni");
  writing.follow(2);
  assert.equal(shown.field.value, "");
  type("quiet here");
  writing.follow(1);
  assert.equal(shown.field.value, "he has a kni");
  shown.field = new Box();
  open();
  assert.equal(shown.field.value, "he has a kni");
  writing.follow(2);
  assert.equal(shown.field.value, "quiet here");
});

test("an entry goes to the log that was open, with the kind that was chosen, though it waits its turn", () => {
  shown.kind = "advice";
  write("first");
  mock.timers.tick(10);
  write("second");
  writing.follow(2);
  shown.kind = "note";
  answer();
  assert.deepEqual(
    shown.sent.map(({ deployment, kind, text }) => [deployment, kind, text]),
    [[1, "advice", "first"], [1, "advice", "second"]],
  );
});

test("what is refused comes back to its own log, not to the one that is open now", () => {
  write("first");
  writing.follow(2);
  mock.timers.tick(10);
  write("of the other");
  type("more of the oth");
  answer(true);
  assert.equal(shown.field.value, "more of the oth");
  assert.deepEqual(texts(), ["first", "of the other"]);
  writing.follow(1);
  assert.equal(shown.field.value, "first");
});

test("nothing that was sent comes back with a reload", () => {
  write("first");
  answer();
  shown.field = new Box();
  open();
  assert.equal(shown.field.value, "");
});
