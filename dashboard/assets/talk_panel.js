/**
 * Talk-back in a tile: asks the officer, then hold to talk; where that cannot be, the talkgroup, and *told by radio*.
 */
import { runningTime } from "./ages.js";
import { announce, h, mark, say } from "./dom.js";
import { TalkLine } from "./talk_line.js";

export const SPEAKER_WARNING = "The sound comes out of the camera's loudspeaker: the subject may hear you.";

const WHERE = { earpiece: "in the earpiece", speaker: "from the camera's loudspeaker" };

/**
 * What is said of a talk, in one line.
 * @param {{state: string, reason: string, audioOut: string, answerByMs: number, isSpeaking: boolean}} line
 * @param {string} who the officer
 * @param {number} nowMs
 */
export function talkWords(line, who, nowMs) {
  switch (line.state) {
    case "idle": return "One moment…";
    case "opened": return line.audioOut === "speaker" ? SPEAKER_WARNING : "Waiting for your microphone…";
    case "asking": return `Asking ${who}… ${runningTime(Math.max(0, (line.answerByMs - nowMs) / 1000))}`;
    case "accepted": return `${who} accepts; the camera's sound is coming…`;
    case "heard": return line.isSpeaking ? `You are speaking · ${who} hears you ${WHERE[line.audioOut]}` : `${who} can hear you ${WHERE[line.audioOut]}`;
    default: {
      const reason = `${line.reason.replace(/\.$/, "")}.`;
      return line.talk ? `Talk ended: ${reason}` : reason; // it could not begin
    }
  }
}

/** A key that is held, perhaps from before this had the keyboard, presses nothing. @param {KeyboardEvent} event */
function noRepeat(event) {
  if (event.repeat) event.preventDefault();
}

export class TalkPanel {
  element;
  #given;
  #parts;
  /** @type {TalkLine|null} */
  #line = null;
  #said = "";

  /**
   * @param {object} given
   * @param {typeof import("./api.js").call} given.call
   * @param {string} given.stream
   * @param {number} given.incident
   * @param {() => string} given.who the officer's short name
   * @param {() => string} given.talkgroup "" where none is known
   * @param {() => void} given.closed the panel has gone
   */
  constructor(given) {
    this.#given = given;
    this.#parts = this.#build();
    this.element = this.#parts.panel;
    for (const name of ["blur", "pagehide"]) window.addEventListener(name, this.#letGo);
  }

  get isOpen() { return !this.element.hidden; }

  #letGo = () => { this.#line?.release(); };

  /** May one talk here? If so, ask the officer; with a loudspeaker only once that has been said. */
  async start() {
    const hadKeyboard = this.element.parentElement?.contains(document.activeElement);
    this.element.hidden = false;
    const line = this.#line = new TalkLine({ call: this.#given.call, stream: this.#given.stream });
    line.addEventListener("change", () => this.draw());
    line.addEventListener("level", (event) => this.#parts.level.style.setProperty("--level", event.detail));
    this.draw();
    if (hadKeyboard) this.#parts.end.focus(); // the button that was pressed goes
    await line.open();
    if (line.state !== "opened" || !this.isOpen) return;
    if (line.audioOut === "speaker") this.#parts.ask.focus();
    else await line.ask();
  }

  /** What the feed tells of talks. @param {object} event */
  told(event) { this.#line?.told(event); }

  /** The stream has ended, and the talk with it. @param {string} reason */
  streamEnded(reason) { this.#line?.lost(`the stream ended: ${reason}`); }

  /** It goes, and whatever is open with it. */
  remove() {
    for (const name of ["blur", "pagehide"]) window.removeEventListener(name, this.#letGo);
    if (this.#line && this.#line.state !== "ended") this.#line.end();
    this.element.remove();
  }

  draw() {
    const p = this.#parts;
    const line = this.#line;
    if (!line || !this.isOpen) return;
    const who = this.#given.who();
    const words = talkWords(line, who, Date.now());
    say(p.words, words);
    mark(p.panel, "data-state", line.isSpeaking ? "speaking" : line.state);
    const hadKeyboard = this.element.contains(document.activeElement);
    if (line.state !== this.#said) this.#stateCame(line, words);
    if (!this.isOpen) return;
    const isOver = line.state === "ended";
    p.ask.disabled = line.isAsking;
    p.ask.hidden = !(line.state === "opened" && line.audioOut === "speaker");
    p.hold.hidden = !["accepted", "heard"].includes(line.state);
    p.hold.disabled = line.state !== "heard";
    p.level.hidden = p.hold.hidden && line.state !== "asking";
    mark(p.hold, "aria-pressed", String(line.isSpeaking));
    say(p.hold, line.isSpeaking ? "Let go to listen" : "Hold to talk");
    say(p.end, line.state === "heard" || line.state === "accepted" ? "End talk" : "Cancel");
    p.end.hidden = isOver;
    p.close.hidden = !isOver;
    p.radio.hidden = !isOver;
    if (isOver) this.#drawRadio();
    if (hadKeyboard && !this.#hasKeyboard) (p.end.hidden ? p.words : p.end).focus();
  }

  /** Whether the keyboard is in here, at something that takes it. */
  get #hasKeyboard() {
    const at = document.activeElement;
    return this.element.contains(at) && !at.closest("[hidden], :disabled");
  }

  #stateCame(line, words) {
    this.#said = line.state;
    announce(words);
    const hadKeyboard = this.element.contains(document.activeElement);
    if (line.state === "heard" && hadKeyboard) {
      this.#parts.hold.hidden = this.#parts.hold.disabled = false;
      this.#parts.hold.focus();
    } else if (line.isOwnEnd) {
      this.#close();
    } else if (line.state === "ended" && hadKeyboard) {
      const wasHeld = document.activeElement === this.#parts.hold;
      this.#parts.radio.hidden = false;
      // The key that was held to talk would press the button.
      (wasHeld ? this.#parts.words : this.#parts.logged).focus();
    }
  }

  #drawRadio() {
    const talkgroup = this.#given.talkgroup();
    say(this.#parts.talkgroup, talkgroup ? `By radio on ${talkgroup}:` : "By radio (no talkgroup is known):");
  }

  #close() {
    this.element.hidden = true;
    this.#line = null;
    this.#said = "";
    this.#parts.told.value = "";
    say(this.#parts.answer, "");
    this.#given.closed();
  }

  /** One key: that it was told by radio stands in the command log, by whom, and what if that is written. */
  async #logRadio() {
    const p = this.#parts;
    if (p.logged.disabled) return; // it is on its way
    const talkgroup = this.#given.talkgroup();
    const what = p.told.value.trim();
    const text = `Told ${this.#given.who()} by radio${talkgroup ? ` on ${talkgroup}` : ""}${what ? `: ${what}` : ""}`;
    p.logged.disabled = true;
    try {
      await this.#given.call("POST", `/api/incidents/${this.#given.incident}/log`, { kind: "note", text });
      announce("Logged: told by radio");
      this.#close();
    } catch (error) {
      say(p.answer, `Not logged: ${error.message}`);
    } finally {
      p.logged.disabled = false;
    }
  }

  /** Whoever can only click (a screen reader, a voice, a switch) presses once to speak, and once more to listen. */
  #toggle(event) {
    if (event.detail !== 0) return; // a pointer, which was held
    if (this.#line?.isSpeaking) this.#line.release();
    else this.#line?.press();
    announce(this.#line?.isSpeaking ? "You are speaking" : "You are listening");
  }

  #build() {
    const press = (event) => {
      if (event.button) return;
      event.preventDefault(); // no text is selected, and the keyboard stays
      p.hold.focus();
      p.hold.setPointerCapture?.(event.pointerId);
      this.#line?.press();
    };
    const key = (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      if (event.type === "keyup") this.#line?.release();
      else if (!event.repeat) this.#line?.press();
    };
    const p = {
      words: h("p", { class: "talk-words", tabindex: "-1" }),
      level: h("div", { class: "talk-level", "aria-hidden": "true", hidden: true }),
      ask: h("button", { class: "button button-small button-primary", type: "button", text: "Ask the officer", hidden: true, onclick: () => this.#line?.ask() }),
      hold: h("button", {
        class: "button talk-hold", type: "button", text: "Hold to talk", title: "Hold the space bar, or the button", hidden: true,
        onpointerdown: press, onpointerup: this.#letGo, onpointercancel: this.#letGo, onblur: this.#letGo, onkeydown: key, onkeyup: key, onclick: (event) => this.#toggle(event),
        oncontextmenu: (event) => event.preventDefault(),
      }),
      end: h("button", { class: "button button-small", type: "button", text: "Cancel", onclick: () => this.#line?.end() }),
      close: h("button", { class: "quiet-button", type: "button", text: "Close", hidden: true, onclick: () => this.#close() }),
      talkgroup: h("label", { class: "talk-group" }),
      told: h("input", { class: "plain-field", type: "text", maxlength: "400", placeholder: "What was told, if it is to be kept", autocomplete: "off" }),
      logged: h("button", { class: "button button-small", type: "button", text: "Told by radio", title: "Log that it was told by radio", onclick: () => this.#logRadio(), onkeydown: noRepeat }),
      answer: h("p", { class: "talk-answer", role: "status" }),
    };
    p.told.id = `told-${this.#given.stream}`;
    p.talkgroup.setAttribute("for", p.told.id);
    p.told.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && !event.repeat) this.#logRadio();
    });
    p.radio = h("div", { class: "talk-radio", hidden: true }, p.talkgroup, p.told, p.logged, p.answer);
    p.panel = h(
      "div", { class: "tile-talk", role: "group", "aria-label": "Talk to the officer", hidden: true },
      p.words, p.level, h("div", { class: "talk-buttons" }, p.hold, p.ask, p.end, p.close), p.radio,
    );
    return p;
  }
}
