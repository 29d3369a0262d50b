/**
 * A WHEP viewer: plays one stream, knows whether its picture lives, and never shows a dead one.
 *
 * ```js
 * const player = new WhepPlayer(video);
 * player.addEventListener("state", (e) => tile.show(e.detail));   // {state, since, reason}
 * player.addEventListener("stats", (e) => tile.figures(e.detail)); // see `summarise`
 * await player.open({url: "/whep/…", token});
 * player.ended("the camera stopped recording");                    // told by the feed
 * await player.close();
 * ```
 *
 * `prepare` may come before `open`, while it is still being asked whether the stream may be opened: what the browser
 * needs time for (its connection, its offer) is ready then.
 *
 *     idle ─open→ connecting ─picture→ playing ─1 s without→ frozen ─picture→ playing
 *                     └──────────────────┴─────── ended ───────┘
 *
 * `ended` is final: a player plays one stream. After the server has closed a stream, browsers keep
 * its last picture and say nothing, so an ended player takes the picture away itself.
 */

/** @typedef {"idle"|"connecting"|"playing"|"frozen"|"ended"} PlayerState */
/** @typedef {"open"|"picture"|"silence"|"end"} PlayerEvent */

/** Milliseconds without a new picture after which a stream counts as frozen. */
export const FROZEN_AFTER_MS = 1000;
/** Milliseconds that the first picture may take once the server has answered. */
export const FIRST_PICTURE_MS = 10_000;
/**
 * Milliseconds for which a frozen stream may go on once the browser calls its connection interrupted: it does so when
 * the relay has left its questions unanswered for some seconds, and would take another ten to give up by itself.
 */
export const INTERRUPTED_MS = 1500;
/** What is said of such a relay. */
export const RELAY_SILENT = "the media relay does not answer";
const WATCH_MS = 200;
const STATS_MS = 1000;

/** @type {Record<PlayerState, Partial<Record<PlayerEvent, PlayerState>>>} */
const TRANSITIONS = {
  idle: { open: "connecting", end: "ended" },
  connecting: { picture: "playing", end: "ended" },
  playing: { silence: "frozen", end: "ended" },
  frozen: { picture: "playing", end: "ended" },
  ended: {},
};

/**
 * The state after an event; the same state where the event means nothing.
 * @param {PlayerState} state
 * @param {PlayerEvent} event
 * @returns {PlayerState}
 */
export function nextState(state, event) {
  return TRANSITIONS[state][event] ?? state;
}

/**
 * What one look at the receiver's counters says.
 * @typedef {object} Counters
 * @property {number} atMs when they were read
 * @property {number} frames pictures decoded
 * @property {number} bytes of picture and sound
 * @property {number} packets received
 * @property {number} lost packets that never came
 * @property {number} jitterMs
 * @property {number} bufferS seconds that all pictures together waited before they were shown
 * @property {number} emitted pictures that did
 * @property {number|null} roundTripMs to the relay
 * @property {number} width
 * @property {number} height
 */

/**
 * The counters of a statistics report (`RTCPeerConnection.getStats`).
 * @param {Iterable<any>} report
 * @param {number} atMs
 * @returns {Counters}
 */
export function readCounters(report, atMs) {
  const counters = {
    atMs, frames: 0, bytes: 0, packets: 0, lost: 0, jitterMs: 0, bufferS: 0, emitted: 0,
    roundTripMs: null, width: 0, height: 0,
  };
  for (const entry of report) {
    if (entry.type === "inbound-rtp") {
      counters.bytes += entry.bytesReceived ?? 0;
      counters.packets += entry.packetsReceived ?? 0;
      counters.lost += Math.max(0, entry.packetsLost ?? 0);
      if (entry.kind === "video") {
        counters.frames = entry.framesDecoded ?? 0;
        counters.jitterMs = (entry.jitter ?? 0) * 1000;
        counters.bufferS = entry.jitterBufferDelay ?? 0;
        counters.emitted = entry.jitterBufferEmittedCount ?? 0;
        counters.width = entry.frameWidth ?? 0;
        counters.height = entry.frameHeight ?? 0;
      }
    } else if (entry.type === "candidate-pair" && entry.nominated) {
      if (entry.currentRoundTripTime !== undefined) {
        counters.roundTripMs = entry.currentRoundTripTime * 1000;
      }
    }
  }
  return counters;
}

/**
 * How a stream does, over the time between two looks.
 * @typedef {object} Stats
 * @property {number} fps pictures a second
 * @property {number} kbps
 * @property {number} loss share of packets that never came, 0 to 1
 * @property {number} jitterMs
 * @property {number|null} bufferMs that a picture waited before it was shown; null: none was
 * @property {number|null} roundTripMs
 * @property {number|null} ageMs how old the picture shown is: since it was taken where the browser
 *   can tell (few can), else since it left the relay; null: unknown
 * @property {number} silenceMs since the last picture
 * @property {number} width
 * @property {number} height
 * @property {"good"|"fair"|"poor"|"none"} word all of it in one word
 */

/**
 * @param {Counters} before
 * @param {Counters} now
 * @param {{silenceMs: number, ageMs: number|null}} picture
 * @returns {Stats}
 */
export function summarise(before, now, { silenceMs, ageMs }) {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const lost = Math.max(0, now.lost - before.lost);
  const expected = Math.max(0, now.packets - before.packets) + lost;
  const emitted = now.emitted - before.emitted;
  const bufferMs = emitted > 0 ? ((now.bufferS - before.bufferS) / emitted) * 1000 : null;
  const sinceRelayMs =
    bufferMs !== null && now.roundTripMs !== null ? bufferMs + now.roundTripMs / 2 : null;
  const stats = {
    fps: (now.frames - before.frames) / seconds,
    kbps: ((now.bytes - before.bytes) * 8) / 1000 / seconds,
    loss: expected > 0 ? lost / expected : 0,
    jitterMs: now.jitterMs,
    bufferMs,
    roundTripMs: now.roundTripMs,
    ageMs: ageMs ?? sinceRelayMs,
    silenceMs,
    width: now.width,
    height: now.height,
  };
  return { ...stats, word: qualityWord(stats) };
}

/**
 * One word for a stream: *none* without a picture, *poor* where one would miss what happens.
 * @param {{fps: number, loss: number, silenceMs: number, ageMs: number|null}} stats
 * @returns {"good"|"fair"|"poor"|"none"}
 */
export function qualityWord({ fps, loss, silenceMs, ageMs }) {
  if (silenceMs > FROZEN_AFTER_MS || fps <= 0) return "none";
  if (fps < 8 || loss > 0.05 || (ageMs ?? 0) > 2000) return "poor";
  if (fps < 18 || loss > 0.01 || (ageMs ?? 0) > 800) return "fair";
  return "good";
}

/** The server refused or lost a stream; `message` is the sentence to show. */
export class WhepError extends Error {
  /**
   * @param {string} message
   * @param {number} [status] HTTP status, where there was an answer
   * @param {string} [code] of the problem document
   */
  constructor(message, status, code) {
    super(message);
    this.name = "WhepError";
    this.status = status;
    this.code = code;
  }
}

/** Plays one stream in one video element. */
export class WhepPlayer extends EventTarget {
  /** @type {PlayerState} */
  #state = "idle";
  #since = 0;
  #reason = "";
  /** @type {RTCPeerConnection|null} */
  #connection = null;
  /** @type {Promise<{connection: RTCPeerConnection, sdp: string}>|null} the offer, being made */
  #offer = null;
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  /** @type {{url: string, headers: Record<string, string>}|null} */
  #resource = null;
  #lastPicture = 0;
  /** @type {number|null} */
  #ageMs = null;
  #answeredAt = Infinity;
  /** When the connection was interrupted; Infinity: it is not. */
  #interruptedAt = Infinity;
  /** @type {Counters|null} */
  #counters = null;
  #countersBusy = false;
  /** @type {number|null} pictures decoded so far */
  #decoded = null;
  #nextStats = 0;
  #timer;
  #video;
  #page;
  #leave = () => { this.#deleteResource(); };

  /**
   * @param {HTMLVideoElement} video
   * @param {object} [page] what the browser gives; tests give their own
   */
  constructor(video, page = globalThis) {
    super();
    this.#video = video;
    this.#page = page;
    this.#since = this.#now();
  }

  /** @returns {PlayerState} */
  get state() { return this.#state; }

  /** Milliseconds since 1970 at which the present state began; for *frozen*, its last picture. */
  get since() { return this.#since; }

  /** Why it ended; empty before. */
  get reason() { return this.#reason; }

  /** Whether the relay does not answer just now. */
  get isInterrupted() { return this.#interruptedAt !== Infinity; }

  /** Whether packets get through to the relay and back. */
  get isConnected() { return this.#connection?.connectionState === "connected"; }

  /**
   * Ask for the stream and begin to play it; resolves when the server has answered.
   * @param {object} stream
   * @param {string} stream.url WHEP address
   * @param {string} stream.token shown there once
   * @param {Record<string, string>} [stream.headers] more headers, for example a CSRF token
   * @param {boolean} [stream.audio] whether to ask for sound
   * @param {RTCIceServer[]} [stream.iceServers] TURN, where the force has set one up
   * @returns {Promise<void>}
   * @throws {WhepError} the player has ended then
   */
  async open({ url, token, headers = {}, audio = true, iceServers = [] }) {
    if (this.#state !== "idle") throw new WhepError("This player was used before.");
    this.#go("open");
    try {
      if (iceServers.length > 0) this.#dropOffer(); // it was prepared before they were known
      this.#iceServers = iceServers;
      await this.#negotiate(url, { ...headers, Authorization: `Bearer ${token}` }, audio);
    } catch (error) {
      const reason = error instanceof WhepError ? error
        : new WhepError(`The stream could not be opened: ${error.message}`);
      this.#end(reason.message, true);
      throw reason;
    }
  }

  /** The viewer has seen enough: tells the server, and takes the picture away. */
  async close() {
    const told = this.#deleteResource();
    this.#end("closed by the viewer", false);
    await told;
  }

  /**
   * The server says that the stream has ended.
   * @param {string} reason
   */
  ended(reason) {
    this.#end(reason, false);
  }

  /**
   * Another player goes on with the stream: whatever becomes of this one, the server is not told.
   * @returns {() => Promise<void>} tells it after all
   */
  release() {
    const resource = this.#resource;
    this.#resource = null;
    return () => {
      this.#resource = resource;
      return this.#deleteResource();
    };
  }

  /** Make the connection and its offer, and tell nobody. @param {boolean} [audio] whether to ask for sound */
  prepare(audio = true) {
    if (this.#state !== "idle") return;
    this.#offer ??= this.#makeOffer(audio);
    this.#offer.catch(() => {}); // `open` says it
  }

  #dropOffer() {
    this.#offer?.then(({ connection }) => connection.close(), () => {});
    this.#offer = this.#connection = null;
  }

  async #makeOffer(audio) {
    const Connection = this.#page.RTCPeerConnection;
    // None but the force's own: the relay has an address of its own, and nobody else is to know of us.
    const connection = new Connection({ iceServers: this.#iceServers, bundlePolicy: "max-bundle" });
    this.#connection = connection;
    const stream = new this.#page.MediaStream();
    connection.addEventListener("track", (event) => {
      stream.addTrack(event.track);
      if (this.#state !== "ended" && this.#video.srcObject !== stream) {
        this.#video.srcObject = stream;
        this.#play();
      }
    });
    connection.addEventListener("connectionstatechange", () => {
      if (connection !== this.#connection) return;
      if (["failed", "closed"].includes(connection.connectionState)) {
        this.#end("the connection was lost", true);
      } else if (connection.connectionState === "disconnected") {
        this.#interruptedAt = this.#now();
      } else {
        this.#interruptedAt = Infinity;
      }
    });
    connection.addTransceiver("video", { direction: "recvonly" });
    if (audio) connection.addTransceiver("audio", { direction: "recvonly" });
    await connection.setLocalDescription();
    // As it is now, without candidates: the relay answers to wherever packets come from.
    return { connection, sdp: connection.localDescription.sdp };
  }

  async #negotiate(url, headers, audio) {
    this.#offer ??= this.#makeOffer(audio);
    const { connection, sdp } = await this.#offer;
    const response = await this.#page.fetch(url, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/sdp" },
      body: sdp,
    });
    if (response.status !== 201) throw await refusal(response);
    const location = response.headers.get("Location");
    if (location) {
      this.#resource = { url: new URL(location, response.url || url).href, headers };
      this.#page.addEventListener("pagehide", this.#leave);
    }
    const answer = await response.text();
    if (this.#state === "ended") {
      this.#deleteResource();
      throw new WhepError(this.#reason);
    }
    this.#answeredAt = this.#now();
    this.#nextStats = this.#answeredAt + STATS_MS;
    this.#timer = this.#page.setInterval(() => this.#watch(), WATCH_MS);
    this.#awaitPicture();
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  #play() {
    this.#video.play()?.catch((error) => {
      // A page that nobody has clicked may not make sound.
      if (error.name === "NotAllowedError" && !this.#video.muted) {
        this.#video.muted = true;
        this.#play();
      }
    });
  }

  #awaitPicture() {
    this.#video.requestVideoFrameCallback?.((_now, picture) => {
      if (this.#state === "ended") return;
      if (picture.captureTime !== undefined) {
        this.#ageMs = Math.max(0, picture.expectedDisplayTime - picture.captureTime);
      }
      this.#pictureCame();
      this.#awaitPicture();
    });
  }

  #pictureCame() {
    this.#lastPicture = this.#now();
    if (this.#state !== "playing") this.#go("picture");
  }

  async #watch() {
    await this.#readCounters();
    if (this.#state === "ended") return;
    const now = this.#now();
    if (this.#state === "playing" && now - this.#lastPicture > FROZEN_AFTER_MS) {
      this.#go("silence", this.#lastPicture);
    } else if (this.#state === "frozen" && now - this.#interruptedAt > INTERRUPTED_MS) {
      this.#end(RELAY_SILENT, true);
    } else if (this.#state === "connecting" && now - this.#answeredAt > FIRST_PICTURE_MS) {
      this.#end("no picture came", true);
    }
  }

  async #readCounters() {
    if (this.#countersBusy || this.#connection === null) return;
    this.#countersBusy = true;
    try {
      const report = await this.#connection.getStats();
      if (this.#state === "ended") return;
      const now = readCounters(report.values(), this.#now());
      // Pages in the background draw nothing, and get no callbacks for pictures; decoders go on.
      if (this.#decoded !== null && now.frames > this.#decoded) this.#pictureCame();
      this.#decoded = now.frames;
      this.#counters ??= now;
      if (now.atMs >= this.#nextStats) {
        const silenceMs = this.#lastPicture ? now.atMs - this.#lastPicture : Infinity;
        const stats = summarise(this.#counters, now, { silenceMs, ageMs: this.#ageMs });
        this.#counters = now;
        this.#nextStats = now.atMs + STATS_MS;
        this.dispatchEvent(new CustomEvent("stats", { detail: stats }));
      }
    } finally {
      this.#countersBusy = false;
    }
  }

  #end(reason, tellServer) {
    if (this.#state === "ended") return;
    this.#reason = reason;
    this.#page.clearInterval(this.#timer);
    this.#page.removeEventListener("pagehide", this.#leave);
    if (tellServer) this.#deleteResource();
    this.#resource = null;
    const connection = this.#connection;
    this.#connection = null;
    this.#video.srcObject = null;
    this.#go("end");
    connection?.close();
  }

  #deleteResource() {
    const resource = this.#resource;
    this.#resource = null;
    if (resource === null) return Promise.resolve();
    // `keepalive`, since the page may be going; what fails is found by the relay itself.
    return this.#page
      .fetch(resource.url, { method: "DELETE", headers: resource.headers, keepalive: true })
      .then(() => undefined, () => undefined);
  }

  #go(event, since = this.#now()) {
    const state = nextState(this.#state, event);
    if (state === this.#state) return;
    this.#state = state;
    this.#since = since;
    const detail = { state, since, reason: this.#reason };
    this.dispatchEvent(new CustomEvent("state", { detail }));
  }

  #now() { return this.#page.Date.now(); }
}

/** @param {Response} response */
async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? `The server answered with HTTP ${response.status}.`;
  return new WhepError(detail, response.status, problem.code);
}
