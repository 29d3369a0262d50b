/**
 * What an alert says. Pure.
 */
import { ageWords, clockWords } from "./ages.js";

/** Events of the feed after which alerts are others: an incident that is hidden takes its own along. */
export const CONCERNS_ALERTS = new Set(["alert", "incident"]);

/**
 * @typedef {object} Alert
 * @property {number} id
 * @property {"eyes_on"|"signal"|"cover_short"} kind
 * @property {"waiting"|"seen"|"watching"|"ended"} state
 * @property {string} raised_time
 * @property {string|null} answered_time
 * @property {string|null} camera
 * @property {string|null} call_sign
 * @property {string|null} officer
 * @property {string|null} officer_name
 * @property {string|null} answered_by
 * @property {number|null} incident id
 * @property {string|null} incident_title
 * @property {string|null} log_number of the incident
 * @property {string|null} post whose turn it is; null: everybody's who answers alerts
 * @property {string|null} passes_on_time when it goes to the next post, if nobody answers
 * @property {boolean} is_mine whether it came to the user
 * @property {{reason?: string}} detail
 * @property {string} what has happened
 * @property {string} to_do
 */

/**
 * Who and what, and at which incident.
 * @param {Alert} alert
 */
export function alertWords({ kind, call_sign: callSign, officer_name: name, officer, camera, what, log_number: log, incident_title: title }) {
  if (kind === "cover_short") return what;
  const who = [callSign, name, officer].filter(Boolean).join(" ") || camera || "";
  const where = [log, title].filter(Boolean).join(" ");
  return kind === "signal" ? `${who}: ${what}${where ? `, at ${where}` : ""}` : `${who} ${what}`;
}

/**
 * Whose turn it is to answer, and how long still.
 * @param {Alert} alert
 * @param {number} nowMs the server's time
 */
export function turnWords({ state, post, passes_on_time: passesOn }, nowMs) {
  if (state !== "waiting" || !post) return "";
  if (!passesOn) return `with ${post}`;
  const leftS = Math.max(0, Math.ceil((Date.parse(passesOn) - nowMs) / 1000));
  return `with ${post}, to the next post in ${leftS} s`;
}

/**
 * What became of an alert: by whom it was answered after how long, which posts it came to, when it ended.
 * @param {Alert & {ended_time: string|null, posts: string[]}} alert
 */
export function outcomeWords({ raised_time: raised, answered_time: answered, answered_by: by, ended_time: ended, posts, detail }) {
  const afterS = (moment) => ageWords((Date.parse(moment) - Date.parse(raised)) / 1000);
  return [
    posts.length ? `came to ${posts.join(", then ")}` : "",
    answered ? `answered by ${by ?? "somebody"} after ${afterS(answered)}` : "not answered",
    detail.reason ? `“${detail.reason}”` : "",
    ended ? `over at ${clockWords(Date.parse(ended))}, after ${afterS(ended)}` : "not over",
  ].filter(Boolean).join(" · ");
}
