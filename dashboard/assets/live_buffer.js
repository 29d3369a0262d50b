/**
 * One media element that plays a track by Media Source Extensions, close behind what has come.
 *
 * A sample is appended once the next one has come and told how long it lasts: browsers throw away what follows a gap. What
 * is shown is kept some tenths of a second behind the newest by playing a little faster or slower, or by a jump.
 */
import { fragment } from "./fragmented_mp4.js";

const MOST_BEHIND_S = 0.8;
const BEHIND_S = { least: 0.08, most: 0.25 };
const SPEED = { slow: 0.96, even: 1, fast: 1.08 };
const KEPT_S = 10;
const REMOVED_FROM_S = 20;
const MOST_QUEUED = 60;
const LONGEST_S = 10;

/** @param {object} page what the browser gives */
function sourceClass(page) { return page.ManagedMediaSource ?? page.MediaSource; }

/** Whether a page of this browser can play such a track. */
export function canBuffer(page, type) { return Boolean(sourceClass(page)?.isTypeSupported(type)); }

export class LiveBuffer {
  #element;
  #page;
  #onTrouble;
  #source;
  #buffer = null;
  #queue = [];
  #held = null;
  #originUs = null;
  #number = 0;
  #url;

  /**
   * @param {HTMLMediaElement} element
   * @param {object} given
   * @param {string} given.type of the track (RFC 6381)
   * @param {Uint8Array} given.beginning
   * @param {object} given.page what the browser gives
   * @param {(sentence: string) => void} given.onTrouble
   */
  constructor(element, { type, beginning, page, onTrouble }) {
    this.#element = element;
    this.#page = page;
    this.#onTrouble = onTrouble;
    this.#source = new (sourceClass(page))();
    this.#queue.push(beginning);
    this.#url = page.URL.createObjectURL(this.#source);
    element.disableRemotePlayback = true; // a managed source is not given to elements that could play elsewhere
    element.src = this.#url;
    this.#source.addEventListener("sourceopen", () => {
      if (this.#buffer !== null || this.#source.readyState !== "open") return;
      this.#buffer = this.#source.addSourceBuffer(type);
      this.#buffer.addEventListener("updateend", () => this.#appended());
      this.#appendNext();
    });
  }

  /** Whether more has come than was taken. */
  get isBehind() { return this.#queue.length > MOST_QUEUED; }

  /** The parameters have changed. @param {Uint8Array} beginning */
  begin(beginning) {
    this.#flush();
    this.#queue.push(beginning);
    this.#appendNext();
  }

  /** @param {{timeUs: number, isKey: boolean, data: Uint8Array}} sample */
  add(sample) {
    this.#originUs ??= sample.timeUs;
    const held = this.#held;
    this.#held = sample;
    if (held !== null) this.#append(held, Math.min(LONGEST_S * 1e6, Math.max(1, sample.timeUs - held.timeUs)));
  }

  close() {
    this.#page.URL.revokeObjectURL(this.#url);
    this.#queue = [];
    this.#buffer = null;
    this.#element.removeAttribute("src");
    this.#element.load(); // takes the last picture away
  }

  /** What is held has no successor of its kind. */
  #flush() {
    if (this.#held !== null) this.#append(this.#held, 1);
    this.#held = null;
  }

  #append({ timeUs, isKey, data }, durationUs) {
    this.#number += 1;
    this.#queue.push(fragment({ number: this.#number, timeUs: timeUs - this.#originUs, durationUs, isKey, data }));
    this.#appendNext();
  }

  #appendNext() {
    if (this.#buffer === null || this.#buffer.updating || this.#queue.length === 0) return;
    try {
      this.#buffer.appendBuffer(this.#queue.shift());
    } catch (error) {
      this.#onTrouble(`this browser does not play what comes (${error.name})`);
    }
  }

  #appended() {
    if (this.#buffer === null) return;
    const { buffered } = this.#buffer;
    if (buffered.length > 0) {
      const [start, end] = [buffered.start(buffered.length - 1), buffered.end(buffered.length - 1)];
      this.#keepUp(start, end);
      if (this.#element.currentTime - buffered.start(0) > REMOVED_FROM_S && !this.#buffer.updating) {
        this.#buffer.remove(buffered.start(0), this.#element.currentTime - KEPT_S);
        return;
      }
    }
    this.#appendNext();
  }

  #keepUp(start, end) {
    const element = this.#element;
    const behind = end - element.currentTime;
    if (element.currentTime < start || behind > MOST_BEHIND_S) element.currentTime = Math.max(start, end - BEHIND_S.most);
    else if (behind > BEHIND_S.most) element.playbackRate = SPEED.fast;
    else element.playbackRate = behind < BEHIND_S.least ? SPEED.slow : SPEED.even;
    if (element.paused) element.play()?.catch(() => {}); // sound that may not be made yet is tried again with the next
  }
}
