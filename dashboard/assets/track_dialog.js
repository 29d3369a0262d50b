/**
 * Asking to see where a camera has been.
 */
import { askPast } from "./past_dialog.js";
import { readTrack } from "./track.js";

/**
 * Resolves when the dialog is closed.
 * @param {object} wanted as `askPast` takes it, and
 * @param {string} wanted.camera its id
 * @param {string} wanted.name as people call it
 * @param {typeof import("./api.js").call} call
 * @returns {Promise<import("./track.js").Track|null>} null where it was left
 */
export function askTrack({ camera, name, ...wanted }, call) {
  return askPast({ ...wanted, title: `Where ${name} has been`, back: "15", call }, async ({ fromMs, toMs, purpose, incident, reason, signal }) => {
    const asked = new URLSearchParams({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), purpose, incident, reason });
    return readTrack(await call("GET", `/api/cameras/${encodeURIComponent(camera)}/track?${asked}`, undefined, { signal }), fromMs, toMs);
  });
}
