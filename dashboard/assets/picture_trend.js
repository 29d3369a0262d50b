/**
 * Whether a stream's picture gets worse, said in one line before it freezes; and that the camera sends a smaller one.
 * Pure, and calm: a look a second, and words that come after two looks and stay for some.
 *
 * ```js
 * let trend = noTrend();
 * player.addEventListener("stats", (e) => { trend = nextTrend(trend, e.detail, Date.now()); });
 * trendWords(trend)  // "picture getting worse: 6% lost", "reduced to 360p by the camera's uplink", or ""
 * ```
 */

/** @typedef {import("./whep.js").Stats} Stats */
/** @typedef {"loss"|"pictures"|"age"|"jitter"} Cause */

/** Looks over which a figure is judged, about a second apart. */
const LOOKS = 3;
/** Looks in a row after which words come. */
const CONFIRMED = 2;
/** Milliseconds for which words stay after the last look that gave reason. */
export const LASTING_MS = 4000;
/** Milliseconds for which the figure in the words stays as it is. */
export const FIGURE_MS = 2000;
/** By how much what is usual follows what is, each look: a camera's new frame rate is usual after some twenty. */
const FOLLOWS = 0.1;

const LOSS = 0.03;
const PICTURES = 0.7;
const AGE_MS = 300;
const JITTER_MS = 60;
/** Share of a threshold that is enough for words to stay. */
const STAYING = 0.6;

/**
 * @typedef {object} Trend
 * @property {Stats[]} looks the last ones, the newest at the end
 * @property {{fps: number, ageMs: number|null, jitterMs: number}|null} usual what this stream is like
 * @property {Cause|null} suspected found in the last look
 * @property {number} times in how many looks in a row
 * @property {Cause|null} cause of what is being said; null: nothing is
 * @property {string} figure in the words, as it was at `figureMs`
 * @property {number} figureMs
 * @property {number} seenMs when there was reason last
 * @property {number} tallest picture that came, in pixels
 * @property {number} smaller for how many looks the picture has been smaller
 * @property {boolean} isOwnLine whether this viewer lost much when it became smaller
 */

/** @returns {Trend} */
export function noTrend() {
  return {
    looks: [], usual: null, suspected: null, times: 0, cause: null, figure: "", figureMs: -Infinity, seenMs: -Infinity,
    tallest: 0, smaller: 0, isOwnLine: false,
  };
}

/**
 * The trend after one more look.
 * @param {Trend} trend
 * @param {Stats} stats
 * @param {number} atMs
 * @returns {Trend}
 */
export function nextTrend(trend, stats, atMs) {
  const looks = [...trend.looks, stats].slice(-LOOKS);
  const suspected = looks.length < LOOKS ? null : findCause(looks, trend.usual, 1);
  const next = {
    ...trend, looks, suspected, usual: follow(trend.usual, stats),
    times: suspected === null ? 0 : suspected === trend.suspected ? trend.times + 1 : 1, ...size(trend, stats),
  };
  const stays = trend.cause !== null && holds(trend.cause, looks, trend.usual, STAYING);
  if (suspected !== null && next.times >= CONFIRMED && !stays) {
    return { ...next, cause: suspected, seenMs: atMs, figure: figureOf(suspected, looks), figureMs: atMs };
  }
  if (trend.cause === null) return next;
  if (stays) {
    const isOld = atMs - trend.figureMs >= FIGURE_MS;
    return {
      ...next, seenMs: atMs,
      figure: isOld ? figureOf(trend.cause, looks) : trend.figure, figureMs: isOld ? atMs : trend.figureMs,
    };
  }
  return atMs - trend.seenMs > LASTING_MS ? { ...next, cause: null, figure: "" } : next;
}

/**
 * What to say; "" while the picture is as it was.
 * @param {Trend} trend
 * @returns {string}
 */
export function trendWords(trend) {
  if (trend.cause !== null) return `picture getting worse: ${trend.figure}`;
  if (trend.smaller < CONFIRMED) return "";
  const height = trend.looks.at(-1).height;
  return trend.isOwnLine ? `reduced to ${height}p` : `reduced to ${height}p by the camera's uplink`;
}

/**
 * All figures of a stream in one line, for who wants to know.
 * @param {Stats} stats
 * @returns {string}
 */
export function figuresWords({ ageMs, bufferMs, fps, kbps, loss, jitterMs, width, height }) {
  const late = ageMs ?? bufferMs;
  return [
    late === null ? "age unknown" : `${(late / 1000).toFixed(1)} s behind`,
    `${Math.round(fps)} pictures a second`,
    kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`,
    `${percent(loss)} lost`,
    `jitter ${Math.round(jitterMs)} ms`,
    width > 0 ? `${width} × ${height}` : "",
  ].filter(Boolean).join(" · ");
}

/** Which figure is worse than it was, the most telling first. */
function findCause(looks, usual, share) {
  return ["loss", "pictures", "age", "jitter"].find((cause) => holds(cause, looks, usual, share)) ?? null;
}

/** Whether a figure is worse than usual, by a share of what counts as much. */
function holds(cause, looks, usual, share) {
  const newest = looks.at(-1);
  if (cause === "loss") return mean(looks, (look) => look.loss) > LOSS * share;
  if (usual === null) return false;
  if (cause === "pictures") return mean(looks, (look) => look.fps) < usual.fps * (1 - (1 - PICTURES) * share);
  if (cause === "jitter") {
    return mean(looks, (look) => look.jitterMs) > Math.max(JITTER_MS, 2 * usual.jitterMs) * share;
  }
  const ages = looks.map((look) => look.ageMs);
  if (usual.ageMs === null || ages.includes(null)) return false;
  const grows = share < 1 || ages.every((age, i) => i === 0 || age >= ages[i - 1]);
  return grows && newest.ageMs - usual.ageMs > AGE_MS * share;
}

function figureOf(cause, looks) {
  const newest = looks.at(-1);
  if (cause === "loss") return `${percent(mean(looks, (look) => look.loss))} lost`;
  if (cause === "pictures") return `${Math.round(mean(looks, (look) => look.fps))} pictures a second`;
  if (cause === "age") return `${((newest.ageMs ?? 0) / 1000).toFixed(1)} s behind`;
  return "it arrives unevenly";
}

function follow(usual, { fps, ageMs, jitterMs }) {
  if (usual === null) return fps > 0 ? { fps, ageMs, jitterMs } : null;
  const towards = (before, now) => before + FOLLOWS * (now - before);
  return {
    fps: fps > usual.fps ? fps : towards(usual.fps, fps),
    ageMs: ageMs === null || usual.ageMs === null ? usual.ageMs ?? ageMs : towards(usual.ageMs, ageMs),
    jitterMs: towards(usual.jitterMs, jitterMs),
  };
}

/** A picture that has become smaller was made smaller by the camera; why, is told by who loses what. */
function size(trend, { height, loss }) {
  if (height === 0) return {};
  if (height >= trend.tallest) return { tallest: height, smaller: 0, isOwnLine: false };
  return {
    smaller: trend.smaller + 1,
    isOwnLine: trend.smaller === 0 ? loss > LOSS : trend.isOwnLine,
  };
}

function mean(looks, figure) {
  return looks.reduce((sum, look) => sum + figure(look), 0) / looks.length;
}

function percent(share) {
  return share > 0 && share < 0.01 ? `${(share * 100).toFixed(1)}%` : `${Math.round(share * 100)}%`;
}
