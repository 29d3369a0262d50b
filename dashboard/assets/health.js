/**
 * What the health pill and the banner say. Pure.
 */
import { ageWords, clockWords } from "./ages.js";

/** Seconds behind from which on it is said in amber. */
export const BEHIND_S = 3;

/**
 * @typedef {object} HealthView
 * @property {"ok"|"late"|"lost"|"waiting"} state
 * @property {string} words for the pill
 * @property {{title: string, detail: string}|null} banner
 */

const STILL_TRUE = "What is shown is what was known then; ages go on counting.";

/**
 * @param {object} given
 * @param {import("./feed.js").FeedState} given.feed
 * @param {object|null} given.health newest health message
 * @param {number} [given.known] cameras that this user sees, heard of late or not
 * @param {number} given.nowMs local time
 * @param {number} given.offsetMs local minus server time
 * @returns {HealthView}
 */
export function healthView({ feed, health, known, nowMs, offsetMs }) {
  if (feed.link === "connecting") return { state: "waiting", words: "Connecting…", banner: null };
  if (feed.link === "lost") {
    return {
      state: "lost",
      words: `Feed lost · ${since(feed.sinceMs, nowMs)}`,
      banner: {
        title: `The live feed is lost since ${clockWords(feed.sinceMs)}.`,
        detail: `${STILL_TRUE} Sightline is trying again by itself.`,
      },
    };
  }
  if (feed.link === "late") {
    return { state: "late", words: `Feed late · ${since(feed.sinceMs, nowMs)}`, banner: null };
  }
  if (health === null) return { state: "waiting", words: "Connecting…", banner: null };
  if (health.database === "lost") {
    const sinceMs = health.database_since + offsetMs;
    return {
      state: "lost",
      words: `Database lost · ${since(sinceMs, nowMs)}`,
      banner: {
        title: `The database does not answer since ${clockWords(sinceMs)}.`,
        detail: `${STILL_TRUE} Nothing can be opened or decided until it answers; cameras keep what they report.`,
      },
    };
  }
  return gatewaysView(health, nowMs, offsetMs) ?? behindView(health, known);
}

/**
 * The same for pages without a feed, which ask the server every so often whether it can work.
 * @param {object} given
 * @param {"waiting"|"ready"|"not"|"silent"} given.answer to the newest question; silent: there was none
 * @param {number} given.sinceMs local time since which it is the answer
 * @param {number} given.nowMs local time
 * @returns {HealthView}
 */
export function readyView({ answer, sinceMs, nowMs }) {
  if (answer === "waiting") return { state: "waiting", words: "Connecting…", banner: null };
  if (answer === "ready") return { state: "ok", words: "Working", banner: null };
  const silent = answer === "silent";
  const detail = "What is shown is what was read before. Nothing can be read or changed until it answers.";
  return {
    state: "lost",
    words: `${silent ? "Server lost" : "Not working"} · ${since(sinceMs, nowMs)}`,
    banner: {
      title: `${silent ? "The server does not answer" : "Sightline cannot work"} since ${clockWords(sinceMs)}.`,
      detail,
    },
  };
}

function gatewaysView(health, nowMs, offsetMs) {
  const gone = health.gateways.filter((gateway) => gateway.state !== "ok");
  const running = health.gateways.length - gone.length;
  if (running > 0 && gone.every((gateway) => gateway.state === "stopped")) return null;
  if (gone.length === 0) {
    return {
      state: "lost",
      words: "No gateway",
      banner: { title: "No gateway runs.", detail: "Cameras cannot report." },
    };
  }
  const [first] = gone;
  const sinceMs = first.since + offsetMs;
  const one = first.name === "gateway" ? "Gateway" : `Gateway ${first.name}`;
  const which = gone.length === 1 ? one : `${gone.length} gateways`;
  const said = gone.every((gateway) => gateway.state === "stopped") ? "stopped" : "lost";
  return {
    state: running > 0 ? "late" : "lost",
    words: `${which} ${said} · ${since(sinceMs, nowMs)}`,
    banner: {
      title: `${which} ${said === "stopped" ? "stopped" : "does not answer"} since ${clockWords(sinceMs)}.`,
      detail: running > 0
        ? "Cameras that were connected there are going over to another."
        : `Cameras cannot report. ${STILL_TRUE}`,
    },
  };
}

function behindView(health, known = health.cameras) {
  const cameras = camerasWords(health.cameras, known);
  if (health.behind_s === null) return { state: "ok", words: cameras, banner: null };
  const behind = health.behind_s < 10 ? `${health.behind_s.toFixed(1)} s` : ageWords(health.behind_s);
  const state = health.behind_s >= BEHIND_S ? "late" : "ok";
  return { state, words: `${cameras} · ${behind} behind`, banner: null };
}

/** "120 cameras"; "119 of 120 cameras heard" where some were not of late. A camera that was just added counts as known. */
function camerasWords(heard, known) {
  const number = (count) => count.toLocaleString("en-GB");
  if (heard >= known) return `${number(heard)} ${heard === 1 ? "camera" : "cameras"}`;
  return `${number(heard)} of ${number(known)} ${known === 1 ? "camera" : "cameras"} heard`;
}

function since(sinceMs, nowMs) { return ageWords((nowMs - sinceMs) / 1000); }
