/**
 * Opus packets to a track of sound, by WebCodecs and Web Audio.
 */
import { SoundSchedule } from "./sound_schedule.js";

const RATE = 48_000;

export class FrameSound {
  /** Packets decoded. */
  decoded = 0;
  #page;
  #decoder;
  #context;
  #destination;
  #schedule = new SoundSchedule();

  /** @param {object} page what the browser gives */
  constructor(page) {
    this.#page = page;
    this.#context = new page.AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    this.#destination = this.#context.createMediaStreamDestination();
    this.#begin();
  }

  /** @returns {MediaStreamTrack} */
  get track() { return this.#destination.stream.getAudioTracks()[0]; }

  /** Sound may be made only after somebody has clicked; then it may be tried again. */
  resume() {
    if (this.#context.state === "suspended") this.#context.resume().catch(() => {});
  }

  /** @param {{timeUs: number, data: Uint8Array}} frame */
  take({ timeUs, data }) {
    if (this.#decoder.state === "closed") {
      if (this.decoded === 0) return; // this browser decodes none
      this.#begin(); // a packet that was none has ended it
    }
    this.#decoder.decode(new this.#page.EncodedAudioChunk({ type: "key", timestamp: timeUs, data }));
  }

  close() {
    if (this.#decoder.state !== "closed") this.#decoder.close();
    this.#context.close().catch(() => {});
  }

  #begin() {
    this.#decoder = new this.#page.AudioDecoder({ output: (sound) => this.#play(sound), error: () => {} }); // `take` sees it
    this.#decoder.configure({ codec: "opus", sampleRate: RATE, numberOfChannels: 2 });
  }

  #play(sound) {
    this.decoded += 1;
    const at = this.#context.state === "running"
      ? this.#schedule.take(this.#context.currentTime, sound.numberOfFrames / sound.sampleRate) : null;
    if (at !== null) {
      const buffer = this.#context.createBuffer(sound.numberOfChannels, sound.numberOfFrames, sound.sampleRate);
      for (let planeIndex = 0; planeIndex < sound.numberOfChannels; planeIndex += 1) {
        sound.copyTo(buffer.getChannelData(planeIndex), { planeIndex, format: "f32-planar" });
      }
      const source = this.#context.createBufferSource();
      source.buffer = buffer;
      source.connect(this.#destination);
      source.start(at);
    }
    sound.close();
  }
}
