/**
 * What can be done with the picture of a stream, at its lower edge: keep one (snapshot), a window of its own for a second screen,
 * the whole screen. The frame goes there whole, with what covers it, so that an ended or frozen stream looks alive nowhere.
 */
import { announce, h, say } from "./dom.js";
import { clockWords } from "./ages.js";

const SAID_MS = 8000;

export class PictureTools {
  element;
  #frame;
  #given;
  #note;
  #keep;
  /** @type {Window|null} where the frame is, if not in the page */
  #window = null;
  #timer = 0;

  /**
   * @param {HTMLElement} frame the picture and what covers it
   * @param {object} given
   * @param {() => Promise<{taken_time: string}>} given.snapshot keeps a picture
   * @param {() => string} given.title of the stream
   * @param {() => void} given.replay the picture was moved to another document, and stands still there until it plays
   */
  constructor(frame, given) {
    this.#frame = frame;
    this.#given = given;
    this.#note = h("p", { class: "tool-note", role: "status" });
    this.#keep = tool("tool-snapshot", "Snapshot: keep the next picture with the incident", () => this.#snapshot());
    this.element = h(
      "div", { class: "tile-tools" }, this.#note, this.#keep,
      canPopOut() ? tool("tool-window", "A window of its own, for a second screen", () => this.#toggleWindow()) : null,
      document.fullscreenEnabled ? tool("tool-full", "Full screen", () => this.#toggleFull()) : null,
    );
  }

  /** Whether there is a picture to do something with. @param {boolean} isPlaying @param {boolean} isOver */
  draw(isPlaying, isOver) {
    this.element.hidden = isOver && this.#window === null && !this.#isFull;
    this.#keep.hidden = !isPlaying;
    if (this.#window) this.#window.document.title = this.#given.title();
  }

  /** The tile goes. */
  remove() {
    clearTimeout(this.#timer);
    this.#window?.close();
  }

  get #isFull() { return this.#frame.ownerDocument.fullscreenElement === this.#frame; }

  async #snapshot() {
    this.#keep.disabled = true;
    this.#tell("Keeping the picture…");
    try {
      const kept = await this.#given.snapshot();
      this.#tell(`Kept ${clockWords(Date.parse(kept.taken_time))}, in the log`);
      announce("Snapshot kept with the incident");
    } catch (error) {
      this.#tell(`Not kept: ${error.message}`);
    } finally {
      this.#keep.disabled = false;
    }
  }

  #tell(words) {
    say(this.#note, words);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => say(this.#note, ""), SAID_MS);
  }

  async #toggleFull() {
    if (this.#isFull) await this.#frame.ownerDocument.exitFullscreen();
    else await this.#frame.requestFullscreen();
  }

  async #toggleWindow() {
    if (this.#window) {
      this.#window.close();
      return;
    }
    const place = document.createComment("the picture is in a window of its own");
    const opened = await openWindow();
    if (!opened) {
      this.#tell("The browser does not let this page open a window.");
      return;
    }
    this.#window = opened;
    dress(opened, this.#given.title());
    this.#frame.replaceWith(place, h("div", { class: "tile-frame tile-frame-away" }, h("p", { text: "In a window of its own" })));
    opened.document.body.append(this.#frame);
    this.#given.replay();
    const gone = () => opened.close(); // with the page the stream goes, and nothing would cover what is left of it
    window.addEventListener("pagehide", gone);
    opened.addEventListener("pagehide", () => {
      window.removeEventListener("pagehide", gone);
      this.#window = null;
      place.nextElementSibling.remove();
      place.replaceWith(this.#frame);
      this.#given.replay();
    }, { once: true });
  }
}

function tool(className, title, onclick) {
  return h("button", { class: `tool ${className}`, type: "button", title, "aria-label": title, onclick });
}

function canPopOut() { return "documentPictureInPicture" in window || typeof window.open === "function"; }

/** A window that stays above all others where the browser can, for one stream; else one as any other. */
async function openWindow() {
  const above = window.documentPictureInPicture;
  if (above && !above.window) {
    try {
      return await above.requestWindow({ width: 640, height: 360 });
    } catch {
      // not without a press, or not here: the other kind may do
    }
  }
  return window.open("", "", "popup,width=960,height=540");
}

/** The other window looks as this page does. */
function dress(opened, title) {
  opened.document.title = title;
  for (const name of document.documentElement.getAttributeNames()) {
    opened.document.documentElement.setAttribute(name, document.documentElement.getAttribute(name));
  }
  for (const sheet of document.querySelectorAll('link[rel="stylesheet"], style')) opened.document.head.append(sheet.cloneNode(true));
  opened.document.body.className = "picture-window";
}
