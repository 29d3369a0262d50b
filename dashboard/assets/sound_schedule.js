/**
 * When each piece of sound is played: one after the other, a little late, so that what the network brings unevenly is heard
 * evenly. Seconds of an audio clock. Pure.
 */

/** How late sound is played at first, and again after it ran out. */
export const LATE_S = 0.08;
/** How late at most; beyond, pieces are left out. */
export const MOST_LATE_S = 0.3;

export class SoundSchedule {
  #next = 0;

  /**
   * @param {number} now
   * @param {number} durationS
   * @returns {number|null} when to begin; null: it is left out
   */
  take(now, durationS) {
    if (this.#next < now) this.#next = now + LATE_S;
    if (this.#next > now + MOST_LATE_S) return null;
    const at = this.#next;
    this.#next += durationS;
    return at;
  }
}
