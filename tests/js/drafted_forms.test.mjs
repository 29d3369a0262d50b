// Half written forms: kept at the keystroke, cleared, sent as they stand, and never back after they were sent.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { DraftedForms, holdStill, valuesOf, written } from "../../dashboard/assets/drafted_forms.js";
import { Drafts } from "../../dashboard/assets/drafts.js";

/** What Dash was told, as [name, value]. */
let told;
let drafts;
let forms;
/** What listens for typing. */
let heard;

/** A box whose value React would control: its prototype has the setter. */
class Box {
  constructor(kind, value, checked = false) { Object.assign(this, { kind, text: value, checked, form: null }); }
  get value() { return this.text; }
  set value(text) { this.text = text; }
  matches(selector) {
    if (selector === "input[type=hidden]") return this.kind === "hidden";
    if (selector === "input[type=checkbox]") return this.kind === "checkbox";
    if (selector === "input[type=radio]") return this.kind === "radio";
    return !["checkbox", "radio", "hidden"].includes(this.kind); // the text box
  }
  closest() { return this.form; }
  dispatchEvent() { heard({ target: this }); }
}

/** @param {Record<string, {first?: string, boxes: Box[]}>} fields */
function form(name, fields) {
  const words = { hidden: false };
  const made = { dataset: { draft: name, fields: "triage-field" }, words };
  const all = Object.entries(fields).map(([field, { first = "", boxes }]) => {
    for (const box of boxes) box.form = made;
    return {
      dataset: { field, first }, inert: false,
      querySelectorAll: (selector) => boxes.filter((box) => box.matches(selector)),
      querySelector: (selector) => boxes.find((box) => box.matches(selector)) ?? null,
    };
  });
  made.querySelectorAll = (selector) => (selector === "[data-field]" ? all : [words]);
  made.querySelector = () => all.find((field) => field.inert) ?? null;
  return made;
}

function type(box, text) {
  box.value = text;
  box.dispatchEvent();
}

beforeEach(() => {
  told = [];
  globalThis.Event = class {};
  globalThis.document = { addEventListener: (_name, listener) => { heard = listener; } };
  globalThis.window = { dash_clientside: { set_props: ({ name }, { value }) => told.push([name, value]) } };
  const tab = { getItem(key) { return this[key] ?? null; }, setItem(key, value) { this[key] = value; }, removeItem(key) { delete this[key]; } };
  drafts = new Drafts(tab, "negco");
  forms = new DraftedForms(drafts);
});

test("every keystroke is kept before anything else can happen", () => {
  const box = new Box("textarea", "");
  form("7/recommend", { rationale: { boxes: [box] } });
  type(box, "Hei");
  assert.deepEqual(drafts.read("7/recommend"), { rationale: "Hei" });
  type(box, "Height.");
  assert.deepEqual(drafts.read("7/recommend"), { rationale: "Height." });
  type(box, "");
  assert.equal(drafts.read("7/recommend"), null);
});

test("typing elsewhere is none of our business", () => {
  heard({ target: new Box("text", "4417") });
  heard({ target: {} });
  assert.deepEqual(drafts.all(), {});
});

test("a draft is what was written since, and never who was ticked", () => {
  const made = form("7/dispatch", {
    rationale: { boxes: [new Box("textarea", "Height.")] },
    members: { boxes: [new Box("checkbox", "1", true), new Box("checkbox", "2")] },
    to: { boxes: [new Box("radio", "5")] },
    where: { first: "On the roof", boxes: [new Box("text", "")] },
    grade: { first: "a", boxes: [new Box("text", "Grade A"), new Box("hidden", "a")] },
  });
  assert.deepEqual(written(made), { rationale: "Height.", where: "" });
  assert.deepEqual(valuesOf(made), { rationale: "Height.", members: ["1"], to: null, where: "", grade: "a" });
});

test("what was chosen is kept too", () => {
  const made = form("7/recommend", {
    recommendation: { boxes: [new Box("radio", "deploy"), new Box("radio", "cancel", true)] },
    incident: { first: "", boxes: [new Box("text", "Man on a roof"), new Box("hidden", "12")] },
  });
  forms.keep(made);
  assert.deepEqual(drafts.read("7/recommend"), { recommendation: "cancel", incident: "12" });
});

test("clearing makes the form as it was without a draft, and drops it", () => {
  const [box, where] = [new Box("textarea", "Height."), new Box("text", "On the bridge")];
  const made = form("7/recommend", {
    rationale: { boxes: [box] }, where: { first: "On the roof", boxes: [where] },
    recommendation: { boxes: [new Box("radio", "deploy", true)] },
  });
  forms.keep(made);
  forms.clear(made);
  assert.deepEqual([box.value, where.value], ["", "On the roof"]);
  assert.deepEqual(told, [["recommendation", null]]); // Dash draws it without a choice
  assert.equal(drafts.read("7/recommend"), null);
  assert.equal(made.words.hidden, true);
});

test("a form on its way is its last word: nothing that comes late brings its draft back", () => {
  const box = new Box("textarea", "");
  const made = form("7/recommend", { rationale: { boxes: [box] } });
  type(box, "Height.");
  holdStill(made, true);
  drafts.keep("7/recommend", null); // it was sent
  type(box, "Height. ");
  forms.keep(made);
  forms.keep(null);
  assert.equal(drafts.read("7/recommend"), null);
});

test("a form that was refused is kept again", () => {
  const box = new Box("textarea", "");
  const made = form("7/recommend", { rationale: { boxes: [box] } });
  holdStill(made, true);
  holdStill(made, false);
  type(box, "Height.");
  assert.deepEqual(drafts.read("7/recommend"), { rationale: "Height." });
});
