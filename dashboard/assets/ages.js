/**
 * How old what we know of a camera is, and times in words: the words of dashboard/ages.py and ingest/freshness.py.
 */
import { ageWords as knownAge } from "./ticking_ages.js";

export const AGEING_AFTER_S = 30;
export const STALE_AFTER_S = 120;

/** @typedef {"live"|"ageing"|"stale"|"never"} Freshness */

/** Seconds after which a camera that reports every `intervalS` is ageing. */
export function ageingAfterS(intervalS) { return Math.max(AGEING_AFTER_S, 2 * intervalS); }

/** Seconds after which it is stale. */
export function staleAfterS(intervalS) { return Math.max(STALE_AFTER_S, 4 * intervalS); }

/**
 * @param {number} ageS seconds since anything was heard; NaN: never
 * @param {number} intervalS seconds expected between two reports
 * @returns {Freshness}
 */
export function freshness(ageS, intervalS) {
  if (Number.isNaN(ageS)) return "never";
  if (ageS > staleAfterS(intervalS)) return "stale";
  return ageS > ageingAfterS(intervalS) ? "ageing" : "live";
}

/**
 * How long: "now", "12 s", "4 min", "2 h 05", "3 days"; "never" for NaN.
 * @param {number} seconds
 */
export function ageWords(seconds) { return Number.isNaN(seconds) ? "never" : knownAge(seconds); }

/** How long ago: "just now", "4 min ago", "never". */
export function ago(seconds) {
  const words = ageWords(seconds);
  if (words === "never") return words;
  return words === "now" ? "just now" : `${words} ago`;
}

/** A running time as a clock: "06:12", "1:02:07". */
export function runningTime(seconds) {
  const whole = Math.max(0, Math.trunc(seconds));
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return whole < 3600 ? rest : `${Math.floor(whole / 3600)}:${rest}`;
}

/** The zone in which the force reads its clocks, wherever the browser is. @type {Intl.DateTimeFormat|null} */
let clock = null;

/**
 * Say all times in this zone from now on.
 * @param {string|undefined} name as in the IANA data base, as the server has it
 */
export function useZone(name) {
  clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: name, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit",
    second: "2-digit", hourCycle: "h23", timeZoneName: "short",
  });
}

/** @param {number} timeMs @returns {Record<string, string>} day, month, hour, … as the force's clocks show them */
function shown(timeMs) {
  if (clock === null) useZone(undefined);
  return Object.fromEntries(clock.formatToParts(timeMs).map(({ type, value }) => [type, value]));
}

/** Time of day to the second, "14:02:11". */
export function clockWords(timeMs) {
  const { hour, minute, second } = shown(timeMs);
  return `${hour}:${minute}:${second}`;
}

/** Day and time of day to the second, "20 July 14:02:11". */
export function dayWords(timeMs) {
  const { day, month } = shown(timeMs);
  return `${day} ${month} ${clockWords(timeMs)}`;
}

/** Date, time and zone in full, for hovering; the words of `spelled` in dashboard/ages.py: "20 July 2026, 15:02:11 BST". */
export function fullTime(timeMs) {
  const { day, month, year, timeZoneName } = shown(timeMs);
  return `${day} ${month} ${year}, ${clockWords(timeMs)} ${timeZoneName}`;
}

function two(number) { return String(number).padStart(2, "0"); }
