/**
 * The live feed in the browser: one WebSocket, kept open, resumed where it broke off, and honest about its age.
 *
 * Events: `change` (detail: Change of the store), `directory` (detail: indices), `event` (detail: the message),
 * `health` (detail: the message), `state` (detail: FeedState), `signedout` (detail: reason).
 */
import { canUnpack, isPacked, readFrame, unpack } from "./feed_frame.js";
import { CameraStore } from "./camera_store.js";

/** Milliseconds without a frame after which the feed is late; a frame comes at least each second. */
export const LATE_AFTER_MS = 2200;
/** … after which it counts as lost and is opened anew. */
export const LOST_AFTER_MS = 5000;
const WATCH_MS = 250;
/** Bytes (or letters) from which a message is acknowledged, and each that is packed, so that no more is on the way to somebody who reads slowly. */
const ACK_FROM = 16_384;
const ASKED = `format=binary&ack${canUnpack() ? "&packed" : ""}`;
const BACK_OFF_MS = [300, 600, 1200, 2400, 4000];
/** Close code: the sign-in of this socket is over. */
const SIGNED_OUT = 4401;
const OFFSET_OVER_MS = 120_000;

/**
 * @typedef {object} FeedState
 * @property {"connecting"|"live"|"late"|"lost"} link
 * @property {number} sinceMs local time at which the last frame came before it became late or lost
 */

/**
 * The server's clock as seen from here. The smallest difference of late is the one with the least delay on the way, so
 * a clock that runs on the same machine gives no difference, and a slow link adds none of its own.
 */
export class ServerClock {
  #offsets = [];

  /** @param {number} serverMs @param {number} localMs when it arrived */
  heard(serverMs, localMs) {
    this.#offsets.push([localMs, localMs - serverMs]);
    const oldest = localMs - OFFSET_OVER_MS;
    while (this.#offsets.length > 1 && this.#offsets[0][0] < oldest) this.#offsets.shift();
  }

  /** Local minus server, milliseconds; 0 before anything was heard. */
  get offsetMs() {
    let least = Infinity;
    for (const [, offset] of this.#offsets) least = Math.min(least, offset);
    return least === Infinity ? 0 : least;
  }
}

/** How long to wait before trial number `attempt` (0 the first), with a share of chance so that not all come at once. */
export function backOffMs(attempt, chance = Math.random()) {
  const base = BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)];
  return base * (0.75 + 0.5 * chance);
}

export class FeedClient extends EventTarget {
  store = new CameraStore();
  clock = new ServerClock();
  /** @type {FeedState} */
  state = { link: "connecting", sinceMs: Date.now() };
  /** Newest message of kind `health`, null before one came. */
  health = null;
  #socket = null;
  #seq = null;
  #attempt = 0;
  #lastFrameMs = 0;
  /** Local time at which anything last came. */
  #heardMs = 0;
  #openedMs = 0;
  /** What has come is dealt with in order, also where some of it takes a while to unpack. */
  #unpacking = Promise.resolve();
  #toUnpack = 0;
  #isReading = false;
  #timers = [];
  #closed = false;
  #url;
  #Socket;
  #isSignedIn;

  /**
   * @param {object} options
   * @param {string} options.url of the feed, without parameters
   * @param {typeof WebSocket} [options.Socket]
   * @param {() => Promise<boolean>} [options.isSignedIn] asked when a socket could not be opened
   */
  constructor({ url, Socket = globalThis.WebSocket, isSignedIn = async () => true }) {
    super();
    this.#url = url;
    this.#Socket = Socket;
    this.#isSignedIn = isSignedIn;
  }

  /** The server's time now, milliseconds since 1970. */
  nowMs() { return Date.now() - this.clock.offsetMs; }

  /** Whether parts of the snapshot are still on the way. */
  get isReading() { return this.#isReading; }

  /** Local time of the newest frame; 0 before one came. */
  get lastFrameMs() { return this.#lastFrameMs; }

  start() {
    this.#connect();
    this.#timers.push(setInterval(() => this.#watch(), WATCH_MS));
  }

  /** Close it for good. */
  close() {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#drop();
  }

  #connect() {
    if (this.#closed) return;
    const since = this.#seq === null ? "" : `&since=${this.#seq}`;
    const socket = new this.#Socket(`${this.#url}?${ASKED}${since}`);
    socket.binaryType = "arraybuffer";
    this.#openedMs = Date.now();
    let opened = false;
    socket.onopen = () => { opened = true; };
    socket.onmessage = (message) => { if (socket === this.#socket) this.#arrived(message.data, socket); };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#lost(event, opened);
    };
    this.#socket = socket;
  }

  async #lost(event, opened) {
    this.#socket = null;
    if (event.code === SIGNED_OUT) {
      this.#signedOut(event.reason);
      return;
    }
    this.#go(this.#lastFrameMs === 0 ? "connecting" : "lost");
    if (!opened && !(await this.#isSignedIn())) {
      this.#signedOut("");
      return;
    }
    if (this.#closed) return;
    setTimeout(() => { if (this.#socket === null) this.#connect(); }, backOffMs(this.#attempt));
    this.#attempt += 1;
  }

  #signedOut(reason) {
    this.close();
    this.dispatchEvent(new CustomEvent("signedout", { detail: reason }));
  }

  #arrived(data, socket) {
    this.#heardMs = Date.now();
    const packed = typeof data !== "string" && isPacked(data);
    if (packed || (typeof data === "string" ? data.length : data.byteLength) >= ACK_FROM) socket.send("ack");
    if (!packed && this.#toUnpack === 0) {
      this.#heard(data);
      return;
    }
    this.#toUnpack += 1;
    this.#unpacking = this.#unpacking.then(async () => {
      try {
        const message = packed ? await unpack(data) : data;
        if (socket === this.#socket) this.#heard(message);
      } finally {
        this.#toUnpack -= 1;
      }
    });
  }

  #heard(data) {
    if (typeof data === "string") {
      this.#heardText(JSON.parse(data));
      return;
    }
    const frame = readFrame(data);
    this.#seq = frame.seq || null;
    if (frame.kind === "snapshot" || frame.seq) this.#isReading = frame.seq === 0;
    this.#attempt = 0;
    this.#lastFrameMs = Date.now();
    this.clock.heard(frame.serverTimeMs, this.#lastFrameMs);
    const change = this.store.apply(frame);
    this.#go("live");
    if (change.all || change.indices.length || change.removed.length) {
      this.dispatchEvent(new CustomEvent("change", { detail: change }));
    }
  }

  #heardText(message) {
    if (message.type === "directory") {
      const indices = this.store.putDirectory(message.cameras);
      this.dispatchEvent(new CustomEvent("directory", { detail: indices }));
    } else if (message.type === "health") {
      this.health = message;
      this.dispatchEvent(new CustomEvent("health", { detail: message }));
    } else if (message.type === "event") {
      this.dispatchEvent(new CustomEvent("event", { detail: message }));
    }
  }

  /** A connection can die without saying so: what counts is when something last came. */
  #watch() {
    const now = Date.now();
    if (this.#socket !== null && now - Math.max(this.#heardMs, this.#openedMs) > LOST_AFTER_MS) {
      this.#drop();
      this.#lost({ code: 1006, reason: "" }, true);
    } else if (this.state.link === "live" && now - Math.max(this.#lastFrameMs, this.#openedMs) > LATE_AFTER_MS) {
      this.#go("late");
    }
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #go(link) {
    if (link === this.state.link) return;
    this.state = { link, sinceMs: link === "live" ? Date.now() : this.#lastFrameMs || this.#openedMs };
    this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
  }
}
