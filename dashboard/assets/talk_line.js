/**
 * A talk through a camera: the microphone's way to the officer, and how it stands.
 *
 * ```js
 * const line = new TalkLine({ call, stream });
 * line.addEventListener("change", () => panel.draw(line));
 * await line.open();          // may it be? → audioOut; nobody has been asked yet
 * await line.ask();           // microphone, WHIP; the officer is asked now
 * line.told(event.detail);    // "talk" events of the feed
 * line.press(); line.release();
 * await line.end();
 * ```
 *
 *     idle ─open→ opened ─ask→ asking ─accepted→ accepted ─heard→ heard
 *                   └────────────┴────────────────┴── ended (reason)
 *
 * While nobody presses, the microphone is off the line: nothing is sent, not even silence, so that what the relay sees is
 * when somebody spoke. How a talk stands is the server's word; the page only shows it.
 */

/** @typedef {"idle"|"opened"|"asking"|"accepted"|"heard"|"ended"} TalkState */

const LEVEL_EVERY_MS = 60;
/** How long a missed event of the feed may leave the page with a state that is over. */
const LOOK_EVERY_MS = 3000;
/** Loudness at which the meter begins, in decibels below the loudest. */
const QUIETEST_DB = -60;

/** What is said where the browser gives no microphone, by the name of its error. */
const NO_MICROPHONE = {
  NotAllowedError: "The browser does not let this page use the microphone: allow it in the address bar, then talk again.",
  NotFoundError: "This computer has no microphone.",
  NotReadableError: "The microphone is in use by another program.",
};

/** A state that a talk event of the feed tells, in the order in which they come. @type {Record<string, number>} */
const ORDER = { idle: 0, opened: 1, asking: 2, accepted: 3, heard: 4, ended: 5 };

/**
 * The state after an event of the feed: never back.
 * @param {TalkState} state
 * @param {string} told
 * @returns {TalkState}
 */
export function stateAfter(state, told) {
  const next = told === "asked" ? "asking" : told;
  return ORDER[next] > ORDER[state] ? /** @type {TalkState} */ (next) : state;
}

/**
 * How loud, from 0 (quiet) to 1 (as loud as can be).
 * @param {Float32Array} samples −1 to 1
 */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, 1 - decibels / QUIETEST_DB));
}

/** One talk. Events `change` (its state, or whether one speaks) and `level` (0 to 1). */
export class TalkLine extends EventTarget {
  /** @type {TalkState} */
  state = "idle";
  /** Why it ended. */
  reason = "";
  /** Whether it was ended here. */
  isOwnEnd = false;
  /** @type {"earpiece"|"speaker"|""} where the officer hears it */
  audioOut = "";
  /** @type {number} milliseconds since 1970 until which the officer may accept */
  answerByMs = 0;
  isSpeaking = false;
  #call;
  #stream;
  #page;
  /** @type {{talk: string, whip: string, token: string, answer_s: number}|null} */
  #opened = null;
  /** @type {RTCPeerConnection|null} */
  #connection = null;
  #sender = null;
  /** @type {MediaStream|null} */
  #microphone = null;
  #context = null;
  #timer = 0;
  #looking = 0;
  #isAsking = false;

  /**
   * @param {object} given
   * @param {typeof import("./api.js").call} given.call
   * @param {string} given.stream over which is talked
   * @param {object} [given.page] what the browser gives; tests give their own
   */
  constructor({ call, stream, page = globalThis }) {
    super();
    this.#call = call;
    this.#stream = stream;
    this.#page = page;
  }

  /** Whether the microphone is being put on the line. */
  get isAsking() { return this.#isAsking; }

  /** Its id, "" before it is opened. */
  get talk() { return this.#opened?.talk ?? ""; }

  /** May one talk through this camera? The officer is not asked yet. Ended, with the reason, where not. */
  async open() {
    let opened;
    try {
      opened = await this.#call("POST", "/api/talk", { stream: this.#stream });
    } catch (error) {
      this.#end(error.message);
      return;
    }
    if (this.state === "ended") { // it was called off while it was being asked for
      await this.#tell("ended", opened.talk);
      return;
    }
    this.#opened = opened;
    this.audioOut = opened.audio_out;
    this.#looking = this.#page.setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#go("opened");
  }

  /** Put the microphone on the line, and have the officer asked. */
  async ask() {
    if (this.#isAsking || this.state !== "opened") return;
    this.#isAsking = true;
    this.#changed();
    try {
      await this.#negotiate();
    } catch (error) {
      this.#tell("no_microphone");
      this.#end(NO_MICROPHONE[error.name] ?? `The microphone could not be put on the line: ${error.message}`);
      return;
    }
    if (this.state === "ended") {
      this.#letGo();
      return;
    }
    this.answerByMs = this.#page.Date.now() + this.#opened.answer_s * 1000;
    this.#go(stateAfter(this.state, "asked"));
  }

  /** What the feed tells of a talk. @param {{talk: string, state: string, reason?: string}} event */
  told(event) {
    if (event.talk !== this.talk || this.state === "ended") return;
    if (event.state === "ended") this.#end(event.reason ?? "it is over");
    else this.#go(stateAfter(this.state, event.state));
  }

  /** Speak, as long as the officer hears. */
  async press() {
    if (this.state !== "heard" || this.isSpeaking) return;
    this.isSpeaking = true;
    this.#changed();
    await this.#sender.replaceTrack(this.#microphone.getAudioTracks()[0]);
    if (!this.isSpeaking) await this.#sender?.replaceTrack(null); // let go meanwhile
  }

  /** Speak no longer. */
  async release() {
    if (!this.isSpeaking) return;
    this.isSpeaking = false;
    this.#changed();
    await this.#sender?.replaceTrack(null);
  }

  /** The speaker has said what there was to say. */
  async end() {
    const told = this.#tell("ended");
    const connection = this.#connection;
    this.#connection = null; // the relay is to hear of it from the server, which knows why
    this.isOwnEnd = this.state !== "ended";
    this.#end("you ended it");
    await told;
    connection?.close();
  }

  /** The stream is over, which the server knows: so is this. @param {string} reason */
  lost(reason) { this.#end(reason); }

  async #negotiate() {
    const devices = this.#page.navigator.mediaDevices;
    if (!devices) throw new Error("browsers give the microphone only to pages that come by https.");
    this.#microphone = await devices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
    if (this.state === "ended") return;
    this.#microphone.getAudioTracks()[0].addEventListener?.("ended", () => {
      this.#tell("no_microphone");
      this.#end("the microphone is gone");
    });
    this.#meter();
    const connection = new this.#page.RTCPeerConnection({ iceServers: this.#opened.ice_servers ?? [], bundlePolicy: "max-bundle" });
    this.#connection = connection;
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed") {
        this.#tell("connection_lost");
        this.#end("the connection was lost");
      } else if (connection.connectionState === "disconnected") {
        this.release();
      }
    });
    // Without a track: it comes on the line when somebody presses.
    this.#sender = connection.addTransceiver("audio", { direction: "sendonly" }).sender;
    await connection.setLocalDescription();
    const response = await this.#page.fetch(this.#opened.whip, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#opened.token}`, "Content-Type": "application/sdp" },
      body: connection.localDescription.sdp,
    });
    if (response.status !== 201) {
      const problem = await response.json().catch(() => ({}));
      throw new Error(problem.detail ?? `the server answered with HTTP ${response.status}.`);
    }
    await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  }

  #meter() {
    const Context = this.#page.AudioContext;
    if (!Context) return;
    this.#context = new Context();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(this.#microphone).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = this.#page.setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.dispatchEvent(new CustomEvent("level", { detail: loudness(samples) }));
    }, LEVEL_EVERY_MS);
  }

  /** Tell the server that it is over; what fails is found by the relay itself. */
  #tell(why, talk = this.state === "ended" ? "" : this.talk) {
    if (!talk) return Promise.resolve();
    return this.#call("DELETE", `/api/talk/${talk}?why=${why}`).then(() => undefined, () => undefined);
  }

  /** How it stands, should an event have been missed. */
  async #look() {
    try {
      this.told(await this.#call("GET", `/api/talk/${this.talk}`));
    } catch (error) {
      if (error.status === 404) this.#end("it is over");
    }
  }

  #end(reason) {
    if (this.state === "ended") return;
    this.reason = reason;
    this.isSpeaking = false;
    this.#letGo();
    this.#go("ended");
  }

  #letGo() {
    this.#page.clearInterval(this.#timer);
    this.#page.clearInterval(this.#looking);
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#connection?.close();
    this.#context?.close();
    this.#microphone = this.#connection = this.#sender = this.#context = null;
  }

  #go(state) {
    if (state === this.state || this.state === "ended") return;
    this.state = state;
    this.#changed();
  }

  #changed() { this.dispatchEvent(new Event("change")); }
}
