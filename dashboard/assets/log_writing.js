/**
 * Writing to the command log: the field is empty again at once, so that the next entry can be typed while
 * the last one travels; what is refused, or not answered, comes back into the field. No text is lost.
 */

import { setProps } from "./dom.js";

/** Milliseconds after which it is said that an entry was not answered. */
const UNANSWERED_MS = 6000;
/** Milliseconds after which Dash has heard of the last letter typed. */
const SETTLED_MS = 60;
const UNANSWERED =
  "No answer came: it is not known whether this was written. Look at the log before you add it again.";

/**
 * What stands in the field when an entry comes back: before what was typed since.
 * @param {string} entry
 * @param {string} typed
 */
export function broughtBack(entry, typed) {
  return typed.trim() ? `${entry} ${typed}` : entry;
}

/** Entries on their way, one at a time and in the order in which they were written. */
export class LogWriting {
  #ids;
  /** @type {{text: string, at: number}|null} */
  #sent = null;
  /** An entry that was given back unanswered; its answer may still come. @type {{text: string, at: number}|null} */
  #unsure = null;
  /** Whether what stands in the field was given back since the last entry was sent. */
  #cameBack = false;
  /** @type {string[]} */
  #next = [];
  #timer = 0;

  /** @param {{text: string, written: string, answer: string}} ids of the field, the store that sends, the answer */
  constructor(ids) {
    this.#ids = ids;
  }

  get #field() {
    return /** @type {HTMLInputElement|null} */ (document.getElementById(this.#ids.text));
  }

  /** Send what stands in the field; an empty field has nothing to send. */
  send() {
    const text = this.#field?.value.trim();
    if (!text) return;
    this.#cameBack = false;
    setProps(this.#ids.text, { value: "" });
    window.setTimeout(() => this.#emptyAgain(text), SETTLED_MS);
    this.#next.push(text);
    this.#sendNext();
  }

  /** Enter in the moment of the last letter: Dash knew the field as empty still, so emptying it changed nothing. */
  #emptyAgain(text) {
    if (this.#field?.value.trim() !== text || this.#cameBack) return;
    setProps(this.#ids.text, { value: text });
    window.setTimeout(() => setProps(this.#ids.text, { value: "" }), 0);
  }

  #sendNext() {
    if (this.#sent || this.#next.length === 0) return;
    this.#sent = { text: this.#next.shift(), at: Date.now() };
    this.#timer = window.setTimeout(() => this.#unanswered(), UNANSWERED_MS);
    setProps(this.#ids.written, { data: this.#sent });
  }

  /**
   * The server has answered.
   * @param {{at: number, refused: boolean}|null} answer
   */
  answered(answer) {
    if (answer && answer.at === this.#unsure?.at) this.#answeredLate(answer.refused);
    if (!answer || answer.at !== this.#sent?.at) return;
    if (answer.refused) this.#giveBack();
    else this.#settle();
    this.#sendNext();
  }

  /** It was written after all: what was given back is taken out of the field again. */
  #answeredLate(refused) {
    const { text } = this.#unsure;
    const typed = this.#field?.value ?? "";
    this.#unsure = null;
    if (!refused && typed.startsWith(text)) setProps(this.#ids.text, { value: typed.slice(text.length).trimStart() });
  }

  #unanswered() {
    this.#unsure = this.#sent;
    this.#giveBack();
    setProps(this.#ids.answer, { children: UNANSWERED });
  }

  #settle() {
    window.clearTimeout(this.#timer);
    this.#sent = null;
  }

  #giveBack() {
    const entry = [this.#sent.text, ...this.#next].join(" ");
    this.#next = [];
    this.#cameBack = true;
    this.#settle();
    setProps(this.#ids.text, { value: broughtBack(entry, this.#field?.value ?? "") });
  }
}
