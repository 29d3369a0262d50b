/**
 * What all pages share in this browser: who is signed in, the feed, the incidents, the open streams.
 */
import { useZone } from "./ages.js";
import { call } from "./api.js";
import { FeedClient } from "./feed.js";
import { Incidents } from "./incidents.js";
import { OpenStreams } from "./open_streams.js";
import { RecordingWatch } from "./recording_watch.js";

/**
 * @typedef {object} Facts
 * @property {string} role
 * @property {string} username
 * @property {Record<string, string>} capabilities capability → scope
 * @property {string[]} pages paths that this user may see
 * @property {string} [zone] in which the force reads its clocks
 */

class App {
  /** @type {Facts} */
  facts = { role: "", username: "", capabilities: {}, pages: [] };
  /** @type {FeedClient|null} null for whoever sees no cameras */
  feed = null;
  /** @type {Incidents|null} null for whoever reads no incidents */
  incidents = null;
  /** @type {OpenStreams|null} who watches what; null for whoever may not know */
  openStreams = null;
  /** @type {RecordingWatch|null} of which cameras it is to be told when they record; null for whoever opens no streams */
  recordingWatch = null;
  /** @type {import("./stream_dock.js").StreamDock|null} the streams that play here; null for whoever opens none */
  dock = null;
  #started;
  #start;

  constructor() {
    this.#started = new Promise((resolve) => { this.#start = resolve; });
  }

  /** Resolves once the frame is there. */
  get started() { return this.#started; }

  /** @param {Facts} facts */
  start(facts) {
    this.facts = facts;
    useZone(facts.zone);
    if (this.may("map.view")) {
      this.feed = new FeedClient({ url: "/api/feed", isSignedIn });
      this.feed.addEventListener("event", (event) => {
        window.dispatchEvent(new CustomEvent("sightline:event", { detail: event.detail }));
      });
    }
    if (this.may("incident.read")) this.incidents = new Incidents(call);
    if (this.may("stream.open") && this.feed) {
      this.openStreams = new OpenStreams(call);
      this.recordingWatch = new RecordingWatch({
        store: this.feed.store, storage: window.sessionStorage, user: facts.username,
        incidentOf: (id) => this.incidents?.byId(id) ?? null, isGone: () => this.incidents === null || this.incidents.readMs > 0,
      });
    }
    this.#start();
  }

  /** Whether the user's role has a capability, in whichever scope. */
  may(capability) { return this.facts.capabilities[capability] !== undefined; }

  /** The server's time now, milliseconds since 1970. */
  nowMs() { return this.feed ? this.feed.nowMs() : Date.now(); }
}

export const app = new App();

/** Whether anybody is signed in; a server that does not answer is no reason to say nobody. */
async function isSignedIn() {
  try {
    await call("GET", "/api/me");
    return true;
  } catch (error) {
    return error.status !== 401;
  }
}
