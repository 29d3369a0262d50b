/**
 * Frames to a video element by WebCodecs: each picture is shown as soon as it is decoded.
 *
 * The element plays a stream of ours, so that all that is done with it (picture in picture, sound off, drawing it) is done
 * as with one that came by WebRTC.
 */
import { FrameSound } from "./frame_sound.js";
import { codecName, parametersOf } from "./h264_stream.js";

/** Pictures that may wait in the decoder; beyond, the server has to hold back. */
const MOST_IN_DECODER = 8;

/** Whether this browser decodes frames by itself; pages that are neither https nor localhost may not. */
export function canDecode(page) {
  return Boolean(page.VideoDecoder && page.AudioDecoder && page.AudioContext);
}

export class FrameDecoder {
  width = 0;
  height = 0;
  #page;
  #video;
  #given;
  #decoder = null;
  #parameters = "";
  #screen = null;
  #sound = null;
  #stream;
  #resume = () => { if (!this.#video.muted) this.#sound?.resume(); };

  /**
   * @param {HTMLVideoElement} video
   * @param {object} given
   * @param {object} given.page what the browser gives
   * @param {(timeUs: number) => void} given.onPicture one is shown
   * @param {() => void} given.onBroken nothing can be decoded before the next key frame
   * @param {(sentence: string) => void} given.onTrouble it cannot be shown at all
   */
  constructor(video, given) {
    this.#video = video;
    this.#given = given;
    this.#page = given.page;
    this.#stream = new this.#page.MediaStream();
    video.addEventListener("volumechange", this.#resume);
  }

  /** Sounds decoded so far. */
  get sounds() { return this.#sound?.decoded ?? 0; }

  /** Whether more is waiting to be decoded than should. */
  get isBehind() { return (this.#decoder?.decodeQueueSize ?? 0) > MOST_IN_DECODER; }

  /** @param {import("./frame_message.js").Frame} frame */
  picture({ isKey, timeUs, data }) {
    if (isKey && !this.#configure(data)) return;
    if (this.#decoder?.state !== "configured") return;
    this.#decoder.decode(
      new this.#page.EncodedVideoChunk({ type: isKey ? "key" : "delta", timestamp: Math.round(timeUs), data }),
    );
  }

  /** @param {import("./frame_message.js").Frame} frame */
  sound(frame) {
    if (this.#screen === null) return; // sound begins with the picture
    if (this.#sound === null) {
      this.#sound = new FrameSound(this.#page);
      this.#stream.addTrack(this.#sound.track);
      this.#sound.resume();
    }
    this.#sound.take(frame);
  }

  close() {
    this.#video.removeEventListener("volumechange", this.#resume);
    if (this.#video.srcObject === this.#stream) this.#video.srcObject = null;
    this.#drop();
    this.#screen?.close();
    this.#sound?.close();
  }

  /** Make the decoder ready for a key frame; whether it is. */
  #configure(data) {
    const parameters = parametersOf(data);
    if (parameters === null) return this.#decoder !== null; // as before
    const text = parameters.sequence.join();
    if (this.#decoder !== null && text === this.#parameters) return true;
    this.#parameters = text;
    this.#drop();
    const decoder = new this.#page.VideoDecoder({
      output: (picture) => this.#show(picture),
      error: (error) => this.#broke(decoder, error),
    });
    this.#decoder = decoder;
    decoder.configure({ codec: codecName(parameters.sequence), optimizeForLatency: true });
    return true;
  }

  #broke(decoder, error) {
    if (this.#decoder !== decoder) return;
    this.#decoder = null;
    if (error.name === "NotSupportedError") this.#given.onTrouble("this browser cannot decode the camera's pictures");
    else this.#given.onBroken();
  }

  #drop() {
    if (this.#decoder !== null && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
  }

  #show(picture) {
    const { timestamp } = picture;
    this.width = picture.displayWidth;
    this.height = picture.displayHeight;
    if (this.#screen === null) {
      this.#screen = this.#page.MediaStreamTrackGenerator ? new GeneratedTrack(this.#page) : new DrawnTrack(this.#page, picture);
      this.#stream.addTrack(this.#screen.track);
    }
    if (this.#video.srcObject !== this.#stream) {
      this.#video.srcObject = this.#stream;
      this.#video.play()?.catch(() => {}); // muted as it begins, it may always play
    }
    this.#screen.show(picture);
    this.#given.onPicture(timestamp);
  }
}

/** Pictures as a track, where the browser makes tracks of them. */
class GeneratedTrack {
  #writer;

  constructor(page) {
    this.track = new page.MediaStreamTrackGenerator({ kind: "video" });
    this.#writer = this.track.writable.getWriter();
  }

  show(picture) {
    if (this.#writer.desiredSize > 0) this.#writer.write(picture).catch(() => picture.close());
    else picture.close(); // nobody takes them: the page is in the background
  }

  close() { this.#writer.close().catch(() => {}); }
}

/** Pictures drawn on a canvas, and the canvas as a track: every browser can do that. */
class DrawnTrack {
  #canvas;
  #pen;

  constructor(page, { displayWidth, displayHeight }) {
    this.#canvas = page.document.createElement("canvas");
    this.#canvas.width = displayWidth;
    this.#canvas.height = displayHeight;
    this.#pen = this.#canvas.getContext("2d", { alpha: false });
    [this.track] = this.#canvas.captureStream().getVideoTracks();
  }

  show(picture) {
    if (this.#canvas.width !== picture.displayWidth || this.#canvas.height !== picture.displayHeight) {
      this.#canvas.width = picture.displayWidth;
      this.#canvas.height = picture.displayHeight;
    }
    this.#pen.drawImage(picture, 0, 0);
    picture.close();
  }

  close() { this.track.stop(); }
}
