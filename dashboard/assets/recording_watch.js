/**
 * *Tell me when it starts*: cameras, and scenes, of which somebody waits for a recording. Kept in this tab through a reload
 * and from page to page, for the signed-in user only.
 * Event `change`: something is waited for, or not any more, or has started.
 */
import { recordingNear, records } from "./recording_cameras.js";

const PREFIX = "sightline:waits:";

/**
 * @typedef {object} Wait
 * @property {"camera"|"scene"} kind
 * @property {string} of id of the camera, or of the incident
 * @property {string} started id of the camera that records; "" while none does
 */

export class RecordingWatch extends EventTarget {
  /** @type {Wait[]} in the order in which they were asked for */
  waits;
  #store;
  #storage;
  #key;
  #incidentOf;
  #isGone;

  /**
   * @param {object} given
   * @param {import("./camera_store.js").CameraStore} given.store
   * @param {Storage} given.storage of the tab
   * @param {string} given.user
   * @param {(id: string) => import("./incidents.js").Incident|null} given.incidentOf the open incident, where the user may see it
   * @param {() => boolean} given.isGone whether an incident that is not found is over, and not only unread so far
   */
  constructor({ store, storage, user, incidentOf, isGone }) {
    super();
    this.#store = store;
    this.#storage = storage;
    this.#key = PREFIX + user;
    this.#incidentOf = incidentOf;
    this.#isGone = isGone;
    for (const key of Object.keys(storage)) if (key.startsWith(PREFIX) && key !== this.#key) storage.removeItem(key);
    this.waits = readBack(storage.getItem(this.#key));
  }

  /** Whoever waited has signed out. */
  forget() {
    this.waits = [];
    this.#keep();
  }

  /** @param {"camera"|"scene"} kind @param {string} of */
  has(kind, of) { return this.#find(kind, of)?.started === ""; }

  /** Wait, or wait no more. @param {"camera"|"scene"} kind @param {string} of */
  toggle(kind, of) {
    if (this.has(kind, of)) {
      this.drop(kind, of);
      return;
    }
    this.waits = [...this.waits.filter((wait) => wait !== this.#find(kind, of)), { kind, of, started: "" }];
    this.#keep();
  }

  /** What has started was seen, or is not waited for any more. @param {"camera"|"scene"} kind @param {string} of */
  drop(kind, of) {
    this.waits = this.waits.filter((wait) => wait !== this.#find(kind, of));
    this.#keep();
  }

  /**
   * Look what has started, at each change of the feed and now and then between. What the user may not see any more is
   * forgotten; a camera that was never heard of here may come yet.
   * @param {number} nowMs the server's time
   */
  check(nowMs) {
    const before = JSON.stringify(this.waits);
    this.waits = this.waits
      .filter(({ kind, of, started }) => (started === "" || this.#store.indexOf(started) >= 0)
        && (kind === "camera" || this.#incidentOf(of) !== null || !this.#isGone()))
      .map((wait) => (wait.started === "" ? { ...wait, started: this.#startedOf(wait, nowMs) } : wait));
    if (JSON.stringify(this.waits) !== before) this.#keep();
  }

  #startedOf({ kind, of }, nowMs) {
    if (kind === "camera") return records(this.#store, this.#store.indexOf(of), nowMs) ? of : "";
    const incident = this.#incidentOf(of);
    if (incident === null || incident.lat === null) return "";
    const [nearest] = recordingNear(this.#store, incident, nowMs);
    return nearest === undefined ? "" : this.#store.refOf(nearest);
  }

  #find(kind, of) { return this.waits.find((wait) => wait.kind === kind && wait.of === of); }

  #keep() {
    if (this.waits.length) this.#storage.setItem(this.#key, JSON.stringify(this.waits));
    else this.#storage.removeItem(this.#key);
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {string|null} text @returns {Wait[]} */
function readBack(text) {
  try {
    const waits = JSON.parse(text ?? "[]");
    return waits.filter(({ kind, of, started }) => ["camera", "scene"].includes(kind) && typeof of === "string" && typeof started === "string");
  } catch {
    return []; // not ours
  }
}
