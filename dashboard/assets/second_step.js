/**
 * The open form of a second step, in the browser: what was half written in it comes back, and what others did
 * meanwhile is said in it.
 */
import { mark, say, setProps } from "./dom.js";
import { written } from "./drafts.js";

const FIELD = "triage-field";

/**
 * What an open form says of a step that somebody took meanwhile, and whether it can still be sent.
 * @param {{change: string, for: string, deploymentOf: string}} form as opened
 * @param {{change: string, changedBy: string, stateName: string, possible: string, deploymentShown: string}} now
 * @returns {{words: string, possible: boolean}}
 */
export function changedMeanwhile(form, now) {
  if (form.deploymentOf !== now.deploymentShown || Number(now.change) <= Number(form.change)) {
    return { words: "", possible: true };
  }
  const possible = now.possible.split(" ").includes(form.for);
  const left = possible ? "Look again before you go on." : "This is not possible any more.";
  return { words: `Changed meanwhile by ${now.changedBy}: now ${now.stateName.toLowerCase()}. ${left}`, possible };
}

export class SecondStep {
  #part;
  #decision;
  #drafts;
  /** The form that is open: under which name its draft is kept, and what stood in it at first. */
  #open = null;
  /** Whether it is on its way, so that what it does itself is no news. */
  isSending = false;

  /**
   * @param {HTMLElement} part where forms stand
   * @param {HTMLElement} decision the state and what is possible, as last read
   * @param {import("./drafts.js").Drafts} drafts
   */
  constructor(part, decision, drafts) {
    this.#part = part;
    this.#decision = decision;
    this.#drafts = drafts;
    const watch = new MutationObserver(() => this.check());
    watch.observe(part, { childList: true, subtree: true });
    watch.observe(decision, { childList: true, subtree: true, attributes: true });
  }

  /**
   * The fields of the open form have changed, or have just appeared: then what was written before comes back.
   * @param {import("./drafts.js").Fields} fields
   * @param {{deployment: number, action?: string, entry?: string, at: number, first: Record<string, any>}|null} opened
   */
  fieldsChanged(fields, opened) {
    // Dash says that a form was opened and that its fields are there one after the other.
    if (!opened || fields.length === 0 || !fields.every(({ id }) => id.name in opened.first)) return;
    if (this.#open?.at === opened.at) {
      this.#drafts.keep(this.#open.name, written(fields, opened.first));
      return;
    }
    const name = `${opened.deployment}/${opened.action ?? `entry ${opened.entry}`}`;
    this.#open = { at: opened.at, name, first: opened.first };
    const draft = this.#drafts.read(name);
    if (draft) this.#bringBack(draft);
  }

  #bringBack(draft) {
    for (const [name, value] of Object.entries(draft)) {
      if (name in this.#open.first) setProps({ type: FIELD, name }, { value });
    }
    window.setTimeout(() => this.#sayBack(true));
  }

  #sayBack(isBack) {
    const words = this.#part.querySelector(".form-draft");
    if (words) words.hidden = !isBack;
  }

  /** What was written is not wanted: the form is as it opened. */
  clear() {
    if (!this.#open) return;
    this.#drafts.keep(this.#open.name, null);
    for (const [name, value] of Object.entries(this.#open.first)) {
      if (!Array.isArray(value)) setProps({ type: FIELD, name }, { value: value ?? "" });
    }
    this.#sayBack(false);
  }

  /** The form has closed. @param {boolean} wasSent */
  closed(wasSent) {
    if (wasSent && this.#open) this.#drafts.keep(this.#open.name, null);
    this.#open = null;
  }

  /** Hold the open form against what was read last. */
  check() {
    const form = this.#part.querySelector(".second-step[data-change]");
    const now = this.#decision.querySelector(".state-line[data-change]");
    const send = form?.querySelector("button[data-does=send]");
    if (!form || !now || this.isSending) return;
    const { words, possible } = changedMeanwhile(form.dataset, now.dataset);
    const said = form.querySelector(".form-changed");
    if (said) say(said, words);
    if (send) send.disabled = !possible;
    mark(form, "data-stale", words ? "true" : null);
  }
}
