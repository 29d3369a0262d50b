/**
 * Frames to a video element by Media Source Extensions, for pages that may not decode by themselves (neither https nor
 * localhost). The MP4 is made here and not by the relay: who watches by WebCodecs gets the same bytes then, and the relay
 * need not know who is which.
 *
 * Sound plays in an element of its own: in one together, either would stand still where the other is missing.
 */
import { lengthPrefixed, pictureBeginning, soundBeginning } from "./fragmented_mp4.js";
import { codecName, parametersOf, sizeOf } from "./h264_stream.js";
import { LiveBuffer, canBuffer } from "./live_buffer.js";

const SOUND_TYPE = 'audio/mp4; codecs="opus"';

/** Whether this browser can play frames so at all. */
export function canPlayMse(page) { return canBuffer(page, 'video/mp4; codecs="avc1.42e01f"'); }

export class MsePlayer {
  width = 0;
  height = 0;
  /** Sounds handed to the browser's decoder so far. */
  sounds = 0;
  #video;
  #page;
  #given;
  #pictures = null;
  #parameters = "";
  #audio = null;
  #sounds = null;
  #newestUs = 0;
  #isClosed = false;
  #follow = () => { if (this.#audio) this.#audio.muted = this.#video.muted; };

  /**
   * @param {HTMLVideoElement} video
   * @param {object} given as for `FrameDecoder`
   */
  constructor(video, given) {
    this.#video = video;
    this.#given = given;
    this.#page = given.page;
    video.addEventListener("volumechange", this.#follow);
    this.#awaitPicture();
  }

  get isBehind() { return Boolean(this.#pictures?.isBehind); }

  /** @param {import("./frame_message.js").Frame} frame */
  picture({ isKey, timeUs, data }) {
    if (isKey) this.#begin(data);
    if (this.#pictures === null) return;
    this.#newestUs = timeUs;
    this.#pictures.add({ timeUs, isKey, data: lengthPrefixed(data) });
    // Nothing is drawn for a page that nobody sees.
    if (this.#page.document.hidden) this.#given.onPicture(timeUs);
  }

  /** @param {import("./frame_message.js").Frame} frame */
  sound({ timeUs, data }) {
    if (this.#pictures === null || !canBuffer(this.#page, SOUND_TYPE)) return;
    if (this.#sounds === null) {
      this.#audio = this.#page.document.createElement("audio");
      this.#follow();
      this.#sounds = new LiveBuffer(this.#audio, {
        type: SOUND_TYPE, beginning: soundBeginning(), page: this.#page, onTrouble: () => {},
      });
    }
    this.sounds += 1;
    this.#sounds.add({ timeUs, isKey: true, data });
  }

  close() {
    this.#isClosed = true;
    this.#video.removeEventListener("volumechange", this.#follow);
    this.#pictures?.close();
    this.#sounds?.close();
  }

  #begin(data) {
    const parameters = parametersOf(data);
    if (parameters === null || parameters.sequence.join() === this.#parameters) return;
    this.#parameters = parameters.sequence.join();
    const size = sizeOf(parameters.sequence);
    Object.assign(this, size);
    const beginning = pictureBeginning({ ...parameters, ...size });
    if (this.#pictures !== null) {
      this.#pictures.begin(beginning);
      return;
    }
    const type = `video/mp4; codecs="${codecName(parameters.sequence)}"`;
    if (!canBuffer(this.#page, type)) {
      this.#given.onTrouble("this browser cannot play the camera's pictures");
      return;
    }
    this.#pictures = new LiveBuffer(this.#video, { type, beginning, page: this.#page, onTrouble: this.#given.onTrouble });
  }

  #awaitPicture() {
    this.#video.requestVideoFrameCallback?.(() => {
      if (this.#isClosed) return;
      this.#given.onPicture(this.#newestUs - this.#behindUs());
      this.#awaitPicture();
    });
  }

  /** How far what is shown is behind what came last. */
  #behindUs() {
    const { buffered, currentTime } = this.#video;
    return buffered.length ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) * 1e6 : 0;
  }
}
