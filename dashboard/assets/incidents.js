/**
 * The open incidents that this user may see, kept up to date by the feed's events.
 *
 * Event `change`: they are different, or could not be read (`error` says why).
 */

/** Milliseconds in which several events make one reading. */
const TOGETHER_MS = 250;
/** Events can be lost; this is how long a difference may stay unseen at most. */
const ANEW_EVERY_MS = 30_000;
/** Milliseconds after which they are read again where they could not be. */
const AGAIN_AFTER_MS = 3000;
const CONCERNS = new Set(["incident", "deployment"]);

/**
 * @typedef {object} Incident
 * @property {number} id
 * @property {string|null} log_number
 * @property {string} title
 * @property {number|null} lat
 * @property {number|null} lon
 * @property {string} grade
 * @property {string} grade_name
 * @property {string} talkgroup
 * @property {boolean} restricted
 * @property {boolean} exercise
 * @property {boolean} provisional
 * @property {string|null} link_by until when a provisional one must be linked
 * @property {string|null} created_by user name
 * @property {string} opened_time
 * @property {string[]} cameras
 * @property {{name: string, lat: number|null, lon: number|null}|null} rvp where everybody meets
 * @property {Array<{id: number, state: string, en_route: EnRoute[]}>} deployments
 */

/**
 * @typedef {object} EnRoute a negotiator who is on the way
 * @property {number} negotiator
 * @property {string} name rank and name
 * @property {string|null} arrival when they are expected, as they said
 * @property {string|null} camera id of their camera or phone
 */

export class Incidents extends EventTarget {
  /** @type {Incident[]} immediate ones first, then the newest */
  open = [];
  /** Local time at which they were read last; 0: never. */
  readMs = 0;
  /** Why they could not be read last time; "" where they could. */
  error = "";
  #call;
  #waiting = 0;
  #again = 0;

  /** @param {typeof import("./api.js").call} call */
  constructor(call) {
    super();
    this.#call = call;
  }

  /** Read now, and whenever an event of the feed concerns them. */
  start() {
    window.addEventListener("sightline:event", (message) => {
      if (CONCERNS.has(message.detail.event)) this.refresh();
    });
    setInterval(() => this.refresh(), ANEW_EVERY_MS);
    return this.#read();
  }

  /** Read again soon. */
  refresh() {
    this.#waiting ||= setTimeout(() => {
      this.#waiting = 0;
      this.#read();
    }, TOGETHER_MS);
  }

  /** Read again, and come back when it is done. */
  readNow() { return this.#read(); }

  /** @param {string|number} id */
  byId(id) { return this.open.find((incident) => String(incident.id) === String(id)) ?? null; }

  /** The first incident that a camera is at. @param {string} camera */
  ofCamera(camera) { return this.open.find((incident) => incident.cameras.includes(camera)) ?? null; }

  async #read() {
    try {
      const { incidents } = await this.#call("GET", "/api/incidents");
      this.open = inOrder(incidents);
      this.error = "";
      this.readMs = Date.now();
    } catch (error) {
      this.error = error.message;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#read(), AGAIN_AFTER_MS);
    }
    this.dispatchEvent(new Event("change"));
  }
}

const GRADES = ["immediate", "priority", "standard"];

/**
 * The most urgent first, then the newest.
 * @param {Incident[]} incidents
 */
export function inOrder(incidents) {
  const rank = (incident) => {
    const place = GRADES.indexOf(incident.grade);
    return place < 0 ? GRADES.length : place;
  };
  return [...incidents].sort((a, b) => rank(a) - rank(b) || Date.parse(b.opened_time) - Date.parse(a.opened_time));
}
