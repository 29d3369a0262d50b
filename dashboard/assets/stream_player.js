/**
 * Plays one stream by whichever way gets through: by WebRTC, and where its packets do not arrive (UDP is shut on many
 * networks), over a socket of the dashboard. It is the same viewing; it changes over by itself, and says by which it comes.
 * A page that has found out so begins its next streams with the socket, and tries again after a while.
 *
 *     WebRTC ─2 s without a picture, or no WebRTC here→ socket
 *
 * Events, states and figures are those of `WhepPlayer`.
 */
import { FramePlayer, canPlayFrames } from "./frame_player.js";
import { WhepPlayer } from "./whep.js";

/** Milliseconds after the answer for which a picture may be waited for where no connection has come about. */
export const CHANGE_AFTER_MS = 2000;
/** … and where one has: packets get through, but perhaps only the small ones. */
export const CHANGE_CONNECTED_AFTER_MS = 5000;
/** For how long it is taken that packets do not get through, once they did not: nobody waits for the same again and again. */
export const DARK_FOR_MS = 600_000;
/** What the address of a page may ask for: `?line=dashboard` never tries WebRTC. */
const ASKED = "line";

/** @typedef {"direct"|"dashboard"} Line */

/** What this page has found out about its network. */
const found = { darkUntilMs: 0 };

/** @type {Line|null} */
const asked = new URLSearchParams(globalThis.location?.search ?? "").get(ASKED) === "dashboard" ? "dashboard" : null;

export class StreamPlayer extends EventTarget {
  /** @type {Line} */
  line = "direct";
  #video;
  #page;
  #nowMs;
  /** @type {WhepPlayer|FramePlayer} */
  #player;
  #found;
  #stream = null;
  #isTrying = false;
  #timer;

  /**
   * @param {HTMLVideoElement} video
   * @param {object} [given]
   * @param {object} [given.page] what the browser gives; tests give their own
   * @param {() => number} [given.nowMs] the server's clock
   * @param {Line|null} [given.line] which to use without trying
   * @param {{darkUntilMs: number}} [given.found] shared by the players of a page
   */
  constructor(video, { page = globalThis, nowMs, line = asked, found: shared = found } = {}) {
    super();
    this.#video = video;
    this.#page = page;
    this.#nowMs = nowMs;
    this.#found = shared;
    const isDark = page.Date.now() < shared.darkUntilMs;
    if (line === "dashboard" || isDark || !page.RTCPeerConnection) this.#use(this.#makeFrames(), "dashboard");
    else this.#use(new WhepPlayer(video, page), "direct");
  }

  get state() { return this.#player.state; }

  get since() { return this.#player.since; }

  get reason() { return this.#player.reason; }

  /** Whether the relay does not answer just now. */
  get isInterrupted() { return this.#player.isInterrupted ?? false; }

  /** How the dashboard's line is shown: `webcodecs`, `mse`; "" for the direct one. */
  get by() { return this.#player.by ?? ""; }

  /** Make ready what takes the browser time, and tell nobody. */
  prepare() { this.#player.prepare?.(); }

  /**
   * @param {{whep: string, frames: string, token: string, ice_servers?: RTCIceServer[]}} stream as the API opened it
   * @returns {Promise<void>} once the server has answered
   * @throws {Error} the player has ended then
   */
  async open(stream) {
    this.#stream = stream;
    if (this.line === "dashboard") return this.#player.open({ url: stream.frames, token: stream.token });
    const whep = this.#player;
    this.#isTrying = true;
    try {
      await whep.open({ url: stream.whep, token: stream.token, iceServers: stream.ice_servers ?? [] });
    } catch (error) {
      if (!this.#isTrying) throw error; // it was closed meanwhile
      this.#isTrying = false;
      // No status: the server was not asked, because this browser makes no connection (or may not).
      if (error.status !== undefined || !canPlayFrames(this.#page)) {
        this.#tell(whep);
        throw error;
      }
      this.#use(this.#makeFrames(), "dashboard");
      return this.#player.open({ url: stream.frames, token: stream.token });
    }
    this.#isTrying = false;
    if (whep.state !== "ended") this.#timer = this.#page.setTimeout(() => this.#changeIfDark(), CHANGE_AFTER_MS);
  }

  async close() {
    this.#settle();
    await this.#player.close();
  }

  /** The server says that the stream has ended. @param {string} reason */
  ended(reason) {
    this.#settle();
    this.#player.ended(reason);
  }

  #settle() {
    this.#isTrying = false;
    this.#page.clearTimeout(this.#timer);
  }

  #makeFrames() { return new FramePlayer(this.#video, { page: this.#page, nowMs: this.#nowMs }); }

  /** Have a player's events be ours from now on. */
  #use(player, line) {
    this.#player = player;
    this.line = line;
    player.addEventListener("state", () => {
      if (this.#player !== player || (this.#isTrying && player.state === "ended")) return;
      this.#tell(player);
    });
    player.addEventListener("stats", ({ detail }) => {
      if (this.#player === player) this.dispatchEvent(new CustomEvent("stats", { detail }));
    });
  }

  #tell({ state, since, reason }) {
    this.dispatchEvent(new CustomEvent("state", { detail: { state, since, reason } }));
  }

  #changeIfDark() {
    const whep = this.#player;
    if (!(whep instanceof WhepPlayer) || whep.state !== "connecting" || !canPlayFrames(this.#page)) return;
    if (whep.isConnected) {
      const more = CHANGE_CONNECTED_AFTER_MS - CHANGE_AFTER_MS;
      this.#timer = this.#page.setTimeout(() => this.#changeOver(whep), more);
    } else {
      this.#changeOver(whep);
    }
  }

  /** The socket carries the viewing from now on; only then is the connection let go, whose end would be the viewing's. */
  async #changeOver(whep) {
    if (this.#player !== whep || whep.state !== "connecting") return;
    const tellServer = whep.release();
    this.#use(this.#makeFrames(), "dashboard");
    try {
      await this.#player.open({ url: this.#stream.frames, token: this.#stream.token });
      this.#found.darkUntilMs = this.#page.Date.now() + DARK_FOR_MS;
    } catch {
      await tellServer(); // the player that took over has ended, and has said why
    } finally {
      whep.ended("it goes on over the dashboard's own line");
    }
  }
}
