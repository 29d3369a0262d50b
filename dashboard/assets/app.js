/**
 * What all pages share in this browser: who is signed in, the feed, the incidents, the open streams.
 */
import { call } from "./api.js";
import { FeedClient } from "./feed.js";
import { Incidents } from "./incidents.js";

/**
 * @typedef {object} Facts
 * @property {string} role
 * @property {string} username
 * @property {Record<string, string>} capabilities capability → scope
 * @property {string[]} pages paths that this user may see
 */

class App {
  /** @type {Facts} */
  facts = { role: "", username: "", capabilities: {}, pages: [] };
  /** @type {FeedClient|null} null for whoever sees no cameras */
  feed = null;
  /** @type {Incidents|null} null for whoever reads no incidents */
  incidents = null;
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
    if (this.may("map.view")) {
      this.feed = new FeedClient({ url: "/api/feed", isSignedIn });
      this.feed.addEventListener("event", (event) => {
        window.dispatchEvent(new CustomEvent("sightline:event", { detail: event.detail }));
      });
    }
    if (this.may("incident.read")) this.incidents = new Incidents(call);
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
