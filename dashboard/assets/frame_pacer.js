/**
 * When the map is painted anew for what has changed: at once where a frame is quick, and seldom enough to leave the
 * browser most of its time where it is not (no graphics card, a remote desktop). Moving the map by hand is not paced.
 */

/** A frame within this many milliseconds is quick. */
const QUICK_MS = 40;
/** As long as a display shows a frame: who paints more often paints what nobody sees. */
const FRAME_MS = 1000 / 60;
/** Of the time, what painting may take where frames are slow: one part in this many. */
const SHARE = 3;
/** Changes are painted within this many milliseconds, however slow frames are. */
const LATEST_MS = 1000;

export class FramePacer {
  #paint;
  #clock;
  /** Before this moment nothing is painted. */
  #notBefore = 0;
  #heldUntil = 0;
  #timer = 0;
  #begunAt = -Infinity;

  /**
   * @param {() => void} paint asks for a frame
   * @param {{now: () => number, setTimeout: typeof setTimeout, clearTimeout: typeof clearTimeout}} [clock]
   */
  constructor(paint, clock = { now: () => performance.now(), setTimeout: (...given) => setTimeout(...given), clearTimeout: (...given) => clearTimeout(...given) }) {
    this.#paint = paint;
    this.#clock = clock;
  }

  /** Something has changed. */
  ask() {
    if (this.#timer) return;
    const wait = this.waitMs;
    if (wait === 0) this.#paint();
    else this.#timer = this.#clock.setTimeout(() => this.#due(), wait);
  }

  #due() {
    this.#timer = 0;
    this.ask(); // it may be held by now
  }

  /** Milliseconds until the next frame may be painted; 0: it may be now. */
  get waitMs() { return Math.max(0, Math.ceil(Math.max(this.#notBefore, this.#heldUntil) - this.#clock.now())); }

  /** Whether what the display shows was painted for an earlier frame: the next one need not wait for the display to ask for it. */
  get isRested() { return this.#clock.now() - this.#begunAt >= FRAME_MS; }

  /** A frame is being painted. */
  begun() { this.#begunAt = this.#clock.now(); }

  /** A frame was painted. @param {number} tookMs until the browser was ready for the next one */
  painted(tookMs) {
    const rest = tookMs > QUICK_MS ? Math.min(LATEST_MS, tookMs * (SHARE - 1)) : 0;
    this.#notBefore = this.#clock.now() + rest;
  }

  /** Paint nothing for a moment: something that somebody waits for needs the browser. @param {number} atMostMs */
  hold(atMostMs) { this.#heldUntil = this.#clock.now() + atMostMs; }

  /** It is there. */
  release() {
    this.#heldUntil = 0;
    if (!this.#timer) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = 0;
    this.ask();
  }

  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = 0;
  }
}
