/**
 * Forms that carry `data-draft`: what is written in them is kept at the keystroke itself, before Dash hears of it, so
 * that nothing that is pressed next can lose it. What stands in the elements is the truth: it is what is kept and what
 * is sent. The server draws a form with its draft in it, so nothing comes late into a form that is being typed in.
 */
import { setProps } from "./dom.js";

/**
 * What stands in a field: its text, the one that is chosen (null: none), or the list of those that are ticked.
 * @param {HTMLElement} field marked `data-field`
 * @returns {string|string[]|null}
 */
function valueOf(field) {
  const of = (selector) => [...field.querySelectorAll(selector)];
  const [ticks, choices, [listed]] = [of("input[type=checkbox]"), of("input[type=radio]"), of("input[type=hidden]")];
  if (ticks.length > 0) return ticks.filter((tick) => tick.checked).map((tick) => tick.value);
  if (choices.length > 0) return choices.find((choice) => choice.checked)?.value ?? null;
  if (listed) return listed.value || null; // its box only shows the name of it
  return textBox(field)?.value ?? null;
}

/** @param {HTMLElement} field @returns {HTMLInputElement|HTMLTextAreaElement|null} */
function textBox(field) {
  return field.querySelector("textarea, input:not([type=radio], [type=checkbox], [type=hidden])");
}

const fieldsOf = (form) => [...form.querySelectorAll("[data-field]")];

/** @param {HTMLElement} form @returns {Record<string, string|string[]|null>} name → what stands there */
export function valuesOf(form) {
  return Object.fromEntries(fieldsOf(form).map((field) => [field.dataset.field, valueOf(field)]));
}

/**
 * What was written into a form since it was empty. Ticks are not kept: who is ticked beforehand may be somebody else
 * by then.
 * @param {HTMLElement} form
 * @returns {import("./drafts.js").Draft}
 */
export function written(form) {
  const draft = {};
  for (const field of fieldsOf(form)) {
    const value = valueOf(field);
    if (!Array.isArray(value) && (value ?? "") !== field.dataset.first) draft[field.dataset.field] = value ?? "";
  }
  return draft;
}

/** Put a text into a box that React controls, as if it had been typed. */
export function typeInto(box, text) {
  // React hears of a changed value only through the element's own setter.
  const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value");
  set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

export class DraftedForms {
  #drafts;

  /** @param {import("./drafts.js").Drafts} drafts */
  constructor(drafts) {
    this.#drafts = drafts;
    // On its way down to the box: whatever React does with the letter comes after.
    document.addEventListener("input", ({ target }) => this.keep(target.closest?.("[data-draft]")), true);
  }

  /**
   * Keep what stands in a form now. One that is on its way is not kept: what it was sent with is its last word.
   * @param {HTMLElement|null} form
   */
  keep(form) {
    if (!form || form.querySelector("[data-field][inert]")) return;
    this.#drafts.keep(form.dataset.draft, written(form));
  }

  /** What was written is not wanted: the form is as without a draft. @param {HTMLElement} form */
  clear(form) {
    for (const field of fieldsOf(form)) {
      const [value, box, listed] = [valueOf(field), textBox(field), field.querySelector("input[type=hidden]")];
      if (Array.isArray(value) || (value ?? "") === field.dataset.first) continue;
      if (box && !listed) typeInto(box, field.dataset.first);
      else setProps({ type: form.dataset.fields, name: field.dataset.field }, { value: field.dataset.first || null });
    }
    this.#drafts.keep(form.dataset.draft, null);
    for (const words of form.querySelectorAll("[data-draft-back]")) words.hidden = true;
  }
}

/**
 * A form that is on its way takes nothing in.
 * @param {HTMLElement|null|undefined} form
 * @param {boolean} isSending
 */
export function holdStill(form, isSending) {
  if (form) for (const field of fieldsOf(form)) field.inert = isSending;
}
