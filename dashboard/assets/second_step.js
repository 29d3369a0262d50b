/**
 * The open form of a second step, in the browser: what others did meanwhile is said in it, and it is sent once, as it
 * stands.
 */
import { mark, say } from "./dom.js";
import { holdStill, valuesOf } from "./drafted_forms.js";

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

/**
 * @typedef {object} Sending a form on its way
 * @property {string} opened which form
 * @property {number} deployment
 * @property {string} [action] or the entry that is acknowledged
 * @property {number} [entry]
 * @property {string} draft under which it is kept
 * @property {Record<string, any>} values
 */

export class SecondStep {
  #part;
  #decision;
  /** Which form is on its way, so that what it does itself is no news; null: none. */
  #sending = null;
  /** The deployment that was chosen last; null: whichever is drawn. @type {number|null} */
  #only = null;

  /**
   * @param {HTMLElement} part where forms stand
   * @param {HTMLElement} decision the state and what is possible, as last read
   */
  constructor(part, decision) {
    this.#part = part;
    this.#decision = decision;
    const watch = new MutationObserver(() => this.check());
    watch.observe(part, { childList: true, subtree: true });
    watch.observe(decision, { childList: true, subtree: true, attributes: true });
  }

  /** @returns {HTMLElement|null} the form that is open */
  get form() { return this.#part.querySelector(".second-step"); }

  /** Of which deployment the state and the buttons are drawn; null: none. @returns {number|null} */
  get deploymentShown() {
    const shown = this.#decision.querySelector(".state-line")?.dataset.deploymentShown;
    return shown === undefined ? null : Number(shown);
  }

  /** What is drawn of another deployment is not to be pressed. @param {number} deployment that was chosen */
  only(deployment) {
    this.#only = deployment;
    this.check();
  }

  /** The open form as it stands, to be sent; it takes nothing in until it is answered. @returns {Sending} */
  send() {
    const { form } = this;
    const { opened, deploymentOf, acknowledges, draft } = form.dataset;
    const what = acknowledges ? { entry: Number(acknowledges) } : { action: form.dataset.for };
    const sending = { opened, deployment: Number(deploymentOf), ...what, draft, values: valuesOf(form) };
    this.#sending = opened;
    holdStill(form, true);
    return sending;
  }

  get isSending() { return this.#sending !== null; }

  /** It was refused, or nobody answers: it may be sent again. */
  letSendAgain() {
    this.#sending = null;
    holdStill(this.form, false);
    this.check();
  }

  /** Hold the open form against what was read last. */
  check() {
    const { form } = this;
    const isOther = ![null, this.deploymentShown].includes(this.#only) && this.deploymentShown !== null;
    mark(this.#decision, "inert", isOther ? "" : null);
    const now = this.#decision.querySelector(".state-line[data-change]");
    if (!form?.dataset.change || !now || form.dataset.opened === this.#sending) return;
    const { words, possible } = changedMeanwhile(form.dataset, now.dataset);
    say(form.querySelector(".form-changed"), words);
    form.querySelector("button[data-does=send]").disabled = !possible;
    mark(form, "data-stale", words ? "true" : null);
  }
}
