/**
 * Where nothing records: how to ask for it by radio, and *tell me when it starts*. Shown on the cards of an officer and of an
 * incident.
 */
import { h, mark, say } from "./dom.js";
import { NEAR_METRES } from "./recording_cameras.js";

export class AskToRecord {
  element;
  #watch;
  #words = h("p", { class: "ask-words" });
  #button;
  #kind = "camera";
  #of = "";

  /** @param {import("./recording_watch.js").RecordingWatch|null} watch null: the user opens no streams */
  constructor(watch) {
    this.#watch = watch;
    this.#button = h("button", { class: "button button-small", type: "button", onclick: () => this.#press() });
    this.element = h("div", { class: "ask-to-record", hidden: true }, this.#words, this.#button);
  }

  /**
   * @param {object|null} asked null: it records, or nobody need be asked
   * @param {"camera"|"scene"} asked.kind
   * @param {string} asked.of id of the camera or incident
   * @param {string} asked.talkgroup "" where none is known
   */
  draw(asked) {
    this.element.hidden = asked === null || this.#watch === null;
    if (this.element.hidden) return;
    this.#kind = asked.kind;
    this.#of = asked.of;
    const where = asked.talkgroup ? `on ${asked.talkgroup}` : "(no talkgroup is known)";
    say(this.#words, asked.kind === "camera" ? `Ask the officer by radio ${where} to record.` : `Nobody within ${NEAR_METRES} m records. Ask by radio ${where} for it.`);
    this.#drawButton();
  }

  #press() {
    this.#watch.toggle(this.#kind, this.#of);
    this.#drawButton();
  }

  #drawButton() {
    const isOn = this.#watch.has(this.#kind, this.#of);
    const words = this.#kind === "camera" ? "Tell me when it starts" : "Tell me when one starts";
    say(this.#button, isOn ? "You will be told · Stop waiting" : words);
    mark(this.#button, "aria-pressed", String(isOn));
  }
}
