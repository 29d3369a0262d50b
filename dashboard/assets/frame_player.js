/**
 * Plays one stream over a socket of the dashboard, for whom UDP does not reach: states, events and figures are those of
 * `WhepPlayer`. How pictures are shown is chosen here: by WebCodecs, else by Media Source Extensions.
 */
import { FrameDecoder, canDecode } from "./frame_decoder.js";
import { Kind, readFrame } from "./frame_message.js";
import { MsePlayer, canPlayMse } from "./mse_player.js";
import { FIRST_PICTURE_MS, FROZEN_AFTER_MS, WhepError, nextState, summarise } from "./whep.js";

export const PROTOCOL = "sightline.frames.v1";
/** What the server is told when only a key frame helps. */
export const WANTS_KEY = "key";
const WATCH_MS = 200;
const STATS_MS = 1000;
/** The server is told this often at most what was read; it lets a second's worth be on the way. */
const TELL_MS = 100;
/** Close codes from here on come with a sentence (docs/frames.md). */
const WITH_REASON = 4000;
const SIGNED_OUT = 4401;
const ENDED = 4410;

/** Whether this browser can play so at all. @param {object} page what the browser gives */
export function canPlayFrames(page) { return Boolean(page.WebSocket) && (canDecode(page) || canPlayMse(page)); }

export class FramePlayer extends EventTarget {
  /** @type {import("./whep.js").PlayerState} */
  #state = "idle";
  #since;
  #reason = "";
  #video;
  #page;
  #nowMs;
  /** @type {WebSocket|null} */
  #socket = null;
  /** @type {FrameDecoder|MsePlayer|null} */
  #sink = null;
  #openedAt = Infinity;
  #lastPicture = 0;
  #shownUs = 0;
  #read = 0;
  #told = 0;
  #toldAt = 0;
  #arrival = { atMs: 0, timeUs: 0 };
  #count = { frames: 0, bytes: 0, packets: 0, lost: 0, jitterMs: 0 };
  #before = null;
  #nextStats = 0;
  #timer;

  /**
   * @param {HTMLVideoElement} video
   * @param {object} [given]
   * @param {object} [given.page] what the browser gives; tests give their own
   * @param {() => number} [given.nowMs] the server's clock, by which pictures have their age
   */
  constructor(video, { page = globalThis, nowMs = () => page.Date.now() } = {}) {
    super();
    this.#video = video;
    this.#page = page;
    this.#nowMs = nowMs;
    this.#since = this.#now();
  }

  get state() { return this.#state; }

  /** Milliseconds since 1970 at which the present state began; for *frozen*, its last picture. */
  get since() { return this.#since; }

  /** Why it ended; empty before. */
  get reason() { return this.#reason; }

  /** How pictures are shown: `webcodecs`, `mse`, or "" before it is known. */
  get by() { return this.#sink === null ? "" : this.#sink instanceof FrameDecoder ? "webcodecs" : "mse"; }

  /** Sounds decoded so far. */
  get sounds() { return this.#sink?.sounds ?? 0; }

  /**
   * Ask for the stream and begin to play it; resolves when the relay has said that it comes.
   * @param {object} stream
   * @param {string} stream.url of the socket
   * @param {string} stream.token of the stream
   * @returns {Promise<void>}
   * @throws {WhepError} the player has ended then
   */
  open({ url, token }) {
    if (this.#state !== "idle") return Promise.reject(new WhepError("This player was used before."));
    this.#go("open");
    const address = new URL(url, this.#page.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new this.#page.WebSocket(address.href, [PROTOCOL, `token.${token}`]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#timer = this.#page.setInterval(() => this.#watch(), WATCH_MS);
    this.#openedAt = this.#now();
    return new Promise((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => {
        if (this.#state === "ended") return;
        if (typeof data !== "string") this.#take(readFrame(data));
        else if (JSON.parse(data).type === "start") this.#start(resolve);
      });
      socket.addEventListener("close", (event) => {
        this.#end(whyClosed(event, this.#sink !== null));
        reject(new WhepError(this.#reason)); // without effect where it was resolved
      });
    });
  }

  /** The viewer has seen enough. */
  async close() { this.#end("closed by the viewer"); }

  /** The server says that the stream has ended. @param {string} reason */
  ended(reason) { this.#end(reason); }

  #start(resolve) {
    this.#openedAt = this.#now();
    this.#nextStats = this.#openedAt + STATS_MS;
    resolve(); // whoever waited lets go of the element before a picture comes
  }

  #take(frame) {
    this.#sink ??= this.#makeSink();
    this.#count.bytes += frame.data.length;
    this.#count.lost = frame.missing;
    if (frame.kind === Kind.PICTURE) {
      this.#count.packets += 1;
      this.#measureJitter(frame.timeUs);
      this.#sink.picture(frame);
    } else if (frame.kind === Kind.SOUND) {
      this.#sink.sound(frame);
    }
    this.#read = frame.number;
    this.#tell();
  }

  #makeSink() {
    const given = {
      page: this.#page,
      onPicture: (timeUs) => this.#pictureCame(timeUs),
      onBroken: () => this.#say(WANTS_KEY),
      onTrouble: (sentence) => this.#end(sentence),
    };
    return canDecode(this.#page) ? new FrameDecoder(this.#video, given) : new MsePlayer(this.#video, given);
  }

  /** How unevenly pictures come, as RTP has it (RFC 3550, 6.4.1). */
  #measureJitter(timeUs) {
    const atMs = this.#now();
    if (this.#arrival.atMs > 0) {
      const off = Math.abs(atMs - this.#arrival.atMs - (timeUs - this.#arrival.timeUs) / 1000);
      this.#count.jitterMs += (off - this.#count.jitterMs) / 16;
    }
    this.#arrival = { atMs, timeUs };
  }

  /** Tell the server what was read; not while more waits than can be decoded, so that it holds back. */
  #tell() {
    const now = this.#now();
    if (this.#read === this.#told || now - this.#toldAt < TELL_MS || this.#sink?.isBehind) return;
    this.#toldAt = now;
    this.#told = this.#read;
    this.#say(String(this.#read));
  }

  #say(word) {
    if (this.#socket?.readyState === 1) this.#socket.send(word);
  }

  #pictureCame(timeUs) {
    if (this.#state === "ended") return;
    this.#count.frames += 1;
    this.#shownUs = timeUs;
    this.#lastPicture = this.#now();
    if (this.#state !== "playing") this.#go("picture");
  }

  #watch() {
    this.#tell();
    const now = this.#now();
    if (this.#state === "playing" && now - this.#lastPicture > FROZEN_AFTER_MS) this.#go("silence", this.#lastPicture);
    else if (this.#state === "connecting" && now - this.#openedAt > FIRST_PICTURE_MS) this.#end("no picture came");
    if (this.#state !== "ended" && this.#sink !== null && now >= this.#nextStats) this.#figures(now);
  }

  #figures(now) {
    const counters = {
      ...this.#count, atMs: now, bufferS: 0, emitted: 0, roundTripMs: null,
      width: this.#sink.width, height: this.#sink.height,
    };
    const before = this.#before;
    this.#before = counters;
    this.#nextStats = now + STATS_MS;
    if (before === null) return;
    const silenceMs = this.#lastPicture ? now - this.#lastPicture : Infinity;
    const ageMs = this.#shownUs ? Math.max(0, this.#nowMs() - this.#shownUs / 1000) : null;
    this.dispatchEvent(new CustomEvent("stats", { detail: summarise(before, counters, { silenceMs, ageMs }) }));
  }

  #end(reason) {
    if (this.#state === "ended") return;
    this.#reason = reason;
    this.#page.clearInterval(this.#timer);
    this.#sink?.close();
    this.#go("end");
    this.#socket?.close();
  }

  #go(event, since = this.#now()) {
    const state = nextState(this.#state, event);
    if (state === this.#state) return;
    this.#state = state;
    this.#since = since;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, since, reason: this.#reason } }));
  }

  #now() { return this.#page.Date.now(); }
}

/**
 * @param {{code: number, reason: string}} event
 * @param {boolean} hadFrames
 */
function whyClosed({ code, reason }, hadFrames) {
  if (code === SIGNED_OUT) return reason ? `the viewer's sign-in ended: ${reason}` : "the viewer's sign-in ended";
  if (code === ENDED || (code > WITH_REASON && reason)) return reason.replace(/\.$/, "");
  return hadFrames ? "the connection to the dashboard was lost" : "the dashboard's own line could not be opened";
}
