/**
 * What somebody has half written: kept in this tab until it is sent or cleared, through Esc, another incident and a
 * reload. Of the signed-in user only; another user's is dropped.
 */

const PREFIX = "sightline:draft:";

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

  /** @param {string} name @returns {Record<string, any>|null} */
  read(name) {
    try {
      return JSON.parse(this.#storage.getItem(this.#mine + name));
    } catch {
      return null; // not ours
    }
  }

  /** Keep a draft, or with nothing in it drop it. @param {string} name @param {Record<string, any>|null} draft */
  keep(name, draft) {
    if (draft === null || Object.keys(draft).length === 0) this.#storage.removeItem(this.#mine + name);
    else this.#storage.setItem(this.#mine + name, JSON.stringify(draft));
  }
}

/** @typedef {Array<{id: {name: string}, value?: any}>} Fields of a form, by Dash's ids */

/**
 * @param {any[]} values @param {Array<{name: string}>} ids of the same components
 * @returns {Fields}
 */
export function fieldsOf(values, ids) {
  return ids.map((id, index) => ({ id, value: values[index] }));
}

/**
 * What was written into fields since they opened: name → text. Ticks are not kept: who is ticked beforehand may be
 * somebody else by then.
 * @param {Fields} fields
 * @param {Record<string, any>} first name → value when they opened
 * @returns {Record<string, string>}
 */
export function written(fields, first) {
  const changed = fields.filter(({ id, value }) => typeof value === "string" && value !== (first[id.name] ?? ""));
  return Object.fromEntries(changed.map(({ id, value }) => [id.name, value]));
}
