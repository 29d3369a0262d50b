/**
 * Whether the sign-in still holds, for everything on the page that asks the server: Dash's callbacks and our own calls.
 *
 * The first answer 401 that `/api/me` confirms ends it (a 401 of its own may also mean a stream's one-time token). After
 * that nothing is asked any more, and what was asked before is not answered, so that nothing is drawn either.
 * Event `over`.
 */

/** Asked here who is signed in: 401 means nobody. */
const WHO = "/api/me";
/** These are always asked and answered: whoever signs out, goes on to the sign-in page by the answer. */
const OWN = new Set([WHO, "/api/session"]);

export class SessionGuard extends EventTarget {
  #page;
  #ask;
  #isOver = false;

  /** @param {object} [page] what the browser gives; tests give their own */
  constructor(page = globalThis) {
    super();
    this.#page = page;
  }

  /** Stand between the page and the server. */
  start() {
    this.#ask = this.#page.fetch.bind(this.#page);
    this.#page.fetch = (...given) => this.#pass(given);
  }

  /** The sign-in is over: nothing is asked any more. */
  end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.dispatchEvent(new Event("over"));
  }

  async #pass(given) {
    const path = pathOf(given[0]);
    if (OWN.has(path)) {
      const answer = await this.#ask(...given);
      if (path === WHO && answer.status === 401) this.end();
      return answer;
    }
    if (this.#isOver) return never();
    const answer = await this.#ask(...given);
    if (answer.status === 401) {
      const who = await this.#ask(WHO, { cache: "no-store" }).catch(() => null);
      if (who?.status === 401) this.end();
    }
    return this.#isOver ? never() : answer;
  }
}

function never() { return new Promise(() => {}); }

/** @param {string|URL|Request} asked */
function pathOf(asked) { return new URL(asked.url ?? asked, "http://here").pathname; }
