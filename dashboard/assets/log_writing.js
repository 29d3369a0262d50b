/**
 * Writing to the command log: the field is empty again at once, so that the next entry can be typed while
 * the last one travels; what is refused, or not answered, comes back into the field. No text is lost, and none
 * goes to another log than the one that was open when it was written.
 */

import { setProps } from "./dom.js";
import { typeInto } from "./drafted_forms.js";

/** Milliseconds after which it is said that an entry was not answered. */
const UNANSWERED_MS = 6000;
const UNANSWERED =
  "No answer came: it is not known whether this was written. Look at the log before you add it again.";
const FIELD = "log";

/**
 * What stands in the field when an entry comes back: before what was typed since.
 * @param {string} entry
 * @param {string} typed
 */
export function broughtBack(entry, typed) {
  return typed.trim() ? `${entry} ${typed}` : entry;
}

/** @typedef {{deployment: number|null, kind: string|undefined, text: string}} Entry of the log of a deployment's incident */

/** Entries on their way, one at a time and in the order in which they were written. */
export class LogWriting {
  #ids;
  #drafts;
  /** Whose log is open. @type {number|null} */
  #deployment = null;
  /** @type {(Entry & {at: number})|null} */
  #sent = null;
  /** An entry that was given back unanswered; its answer may still come. @type {(Entry & {at: number})|null} */
  #unsure = null;
  /** @type {Entry[]} */
  #next = [];
  #timer = 0;

  /**
   * @param {{text: string, kind: string, written: string, answer: string}} ids of the field, the choice of a kind, the
   * store that sends, the answer
   * @param {import("./drafts.js").Drafts} drafts
   */
  constructor(ids, drafts) {
    this.#ids = ids;
    this.#drafts = drafts;
  }

  get #field() {
    return /** @type {HTMLInputElement|null} */ (document.getElementById(this.#ids.text));
  }

  /**
   * The log of another deployment is open: what was half written for it stands in the field, and what was half
   * written for the one before waits there.
   * @param {number|null} deployment
   * @param {boolean} [isNew] the field was drawn anew, and is empty
   */
  follow(deployment, isNew = false) {
    if (deployment === this.#deployment && !isNew) return;
    this.#deployment = deployment;
    this.#show(this.#halfWritten(deployment));
  }

  /** Something was typed into the field. */
  typed() { this.#keep(this.#deployment, this.#field?.value ?? ""); }

  #name(deployment) { return `${deployment}/${FIELD}`; }

  #halfWritten(deployment) { return this.#drafts.read(this.#name(deployment))?.[FIELD] ?? ""; }

  #keep(deployment, text) { this.#drafts.keep(this.#name(deployment), text ? { [FIELD]: text } : null); }

  /** As if it had been typed, so that the element and Dash agree whatever Dash has heard of. */
  #show(text) {
    const field = this.#field;
    if (field && field.value !== text) typeInto(field, text);
  }

  /** Have this stand in the field of a deployment, which may be another one than is open. */
  #put(deployment, text) {
    this.#keep(deployment, text);
    if (deployment === this.#deployment) this.#show(text);
  }

  /** Send what stands in the field; an empty field has nothing to send. */
  send() {
    const text = this.#field?.value.trim();
    if (!text) return;
    const deployment = this.#deployment;
    const kind = document.querySelector(`#${this.#ids.kind} input:checked`)?.value;
    this.#put(deployment, "");
    this.#next.push({ deployment, kind, text });
    this.#sendNext();
  }

  #sendNext() {
    if (this.#sent || this.#next.length === 0) return;
    this.#sent = { ...this.#next.shift(), at: Date.now() };
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
    const { deployment, text } = this.#unsure;
    const typed = this.#halfWritten(deployment);
    this.#unsure = null;
    if (!refused && typed.startsWith(text)) this.#put(deployment, typed.slice(text.length).trimStart());
  }

  #unanswered() {
    this.#unsure = this.#sent;
    this.#giveBack();
    setProps(this.#ids.answer, { children: UNANSWERED });
    this.#sendNext();
  }

  #settle() {
    window.clearTimeout(this.#timer);
    this.#sent = null;
  }

  /** With what was written after it for the same log, which would make no sense without it. */
  #giveBack() {
    const { deployment, text } = this.#sent;
    const after = this.#next.filter((entry) => entry.deployment === deployment).map((entry) => entry.text);
    this.#next = this.#next.filter((entry) => entry.deployment !== deployment);
    this.#settle();
    this.#put(deployment, broughtBack([text, ...after].join(" "), this.#halfWritten(deployment)));
  }
}
