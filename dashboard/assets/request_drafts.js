/**
 * Requests for negotiators that were begun and not sent: closing the form, leaving the page or reloading it loses
 * nothing. One for each place that a request was begun from.
 */
import { setProps } from "./dom.js";
import { written } from "./drafts.js";

const STORE = "triage-request-drafts";
const NAME = "requests";

export class RequestDrafts {
  #drafts;

  /** @param {import("./drafts.js").Drafts} drafts */
  constructor(drafts) {
    this.#drafts = drafts;
  }

  #all() { return this.#drafts.read(NAME) ?? {}; }

  /** Let the page know of them, for the next time that the form opens. */
  load() { setProps(STORE, { data: this.#all() }); }

  /**
   * The form stands like this now.
   * @param {import("./drafts.js").Fields} fields
   * @param {{key: string, values: Record<string, any>}|null} began how it opens without a draft
   */
  keep(fields, began) {
    if (!began || fields.length === 0) return;
    const all = this.#all();
    const draft = written(fields, began.values);
    if (Object.keys(draft).length > 0) all[began.key] = draft;
    else delete all[began.key];
    this.#drafts.keep(NAME, all);
    this.load();
  }

  /** @param {string} key of the one that was sent */
  sent(key) {
    const { [key]: _, ...others } = this.#all();
    this.#drafts.keep(NAME, others);
    this.load();
  }
}
