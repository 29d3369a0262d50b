/**
 * The open streams of everybody that this user may know of: who else watches, and why.
 * Event `change`.
 */
const TOGETHER_MS = 200;
/** Events can be lost; this is how long a difference may stay unseen at most. */
const ANEW_EVERY_MS = 30_000;

export class OpenStreams extends EventTarget {
  /** @type {Array<{stream: string, camera: string, display_name: string, role: string, mine: boolean, purpose: string, reason: string, incident: number, opened_time: string}>} */
  all = [];
  #call;
  #waiting = 0;

  /** @param {typeof import("./api.js").call} call */
  constructor(call) {
    super();
    this.#call = call;
  }

  /** Read now, and whenever a stream opens or ends. */
  start() {
    window.addEventListener("sightline:event", (message) => {
      if (["stream", "stream_ended"].includes(message.detail.event)) this.refresh();
    });
    setInterval(() => this.refresh(), ANEW_EVERY_MS);
    this.refresh();
  }

  refresh() {
    this.#waiting ||= setTimeout(async () => {
      this.#waiting = 0;
      try {
        this.all = (await this.#call("GET", "/api/streams")).streams;
      } catch {
        return; // the health pill says what is wrong; who watched last is still the best that is known
      }
      this.dispatchEvent(new Event("change"));
    }, TOGETHER_MS);
  }

  /** Names of those who watch a camera beside this user. @param {string} camera */
  othersAt(camera) {
    return this.all.filter((one) => one.camera === camera && !one.mine).map((one) => one.display_name);
  }

  /** Name of who talks to the officer of a camera, beside this user; "" where nobody does. @param {string} camera */
  talkerAt(camera) {
    return this.all.find((one) => one.camera === camera && one.talking && !one.mine)?.display_name ?? "";
  }

  /** "you, NegCo 1": all who watch a camera, each once; "" where nobody does. @param {string} camera */
  watchersAt(camera) {
    const isMine = this.all.some((one) => one.camera === camera && one.mine);
    return [...new Set([...(isMine ? ["you"] : []), ...this.othersAt(camera)])].join(", ");
  }
}
