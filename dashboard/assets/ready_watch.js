/**
 * What the server answers, for roles that see no cameras and so have no feed: whether Sightline can work, and whether
 * they are signed in still, which the session guard hears in the answer.
 */
const ASK_EVERY_MS = 1500;
/** Milliseconds without an answer after which the server counts as silent. */
const WITHIN_MS = 1400;

export class ReadyWatch {
  /** What was answered last, and since when. @type {{answer: "waiting"|"ready"|"not"|"silent", sinceMs: number}} */
  state = { answer: "waiting", sinceMs: 0 };
  #timer = 0;

  start() {
    this.#ask();
    this.#timer = setInterval(() => this.#ask(), ASK_EVERY_MS);
  }

  stop() { clearInterval(this.#timer); }

  async #ask() {
    const answer = await ready();
    if (answer !== this.state.answer) this.state = { answer, sinceMs: Date.now() };
    if (answer === "ready") await reached("/api/me");
  }
}

async function ready() {
  const answer = await reached("/readyz");
  if (answer === null) return "silent";
  return answer.ok ? "ready" : "not";
}

/** The answer, read to its end; null: there was none in time. */
async function reached(path) {
  try {
    const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(WITHIN_MS) });
    await answer.text();
    return answer;
  } catch {
    return null;
  }
}
