/**
 * What somebody has half written: kept in this tab until it is sent or cleared, through Esc, another incident and a
 * reload. Of the signed-in user only; another user's is dropped.
 */

const PREFIX = "sightline:draft:";

/** @typedef {Record<string, string>} Draft name of a field → what was written */

export class Drafts {
  #storage;
  #mine;

  /**
   * @param {Storage} storage of the tab
   * @param {string} user
   */
  constructor(storage, user) {
    this.#storage = storage;
    this.#mine = `${PREFIX}${user}:`;
    for (const key of Object.keys(storage)) {
      if (key.startsWith(PREFIX) && !key.startsWith(this.#mine)) storage.removeItem(key);
    }
  }

  /** @param {string} name @returns {Draft|null} */
  read(name) {
    try {
      return JSON.parse(this.#storage.getItem(this.#mine + name));
    } catch {
      return null; // not ours
    }
  }

  /** Every draft, by name. @returns {Record<string, Draft|null>} */
  all() {
    const names = Object.keys(this.#storage).filter((key) => key.startsWith(this.#mine));
    return Object.fromEntries(names.map((key) => key.slice(this.#mine.length)).map((name) => [name, this.read(name)]));
  }

  /** Keep a draft, or with nothing in it drop it. @param {string} name @param {Draft|null} draft */
  keep(name, draft) {
    if (draft === null || Object.keys(draft).length === 0) this.#storage.removeItem(this.#mine + name);
    else this.#storage.setItem(this.#mine + name, JSON.stringify(draft));
  }
}
