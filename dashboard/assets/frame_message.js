/**
 * The messages of the frames' socket (docs/frames.md): a header of 20 bytes, little-endian, then an H.264 access unit in
 * Annex B form or an Opus packet.
 */

export const HEADER_BYTES = 20;
/** @enum {number} */
export const Kind = { PICTURE: 1, SOUND: 2 };
const KEY = 1;

/**
 * @typedef {object} Frame
 * @property {number} kind one of `Kind`
 * @property {boolean} isKey decoding can begin here
 * @property {number} number of the message, to be said once it was read
 * @property {number} timeUs when it was taken, microseconds since 1970 UTC by the relay's clock
 * @property {number} missing pictures so far that were not sent
 * @property {Uint8Array} data
 */

/**
 * @param {ArrayBuffer} message
 * @returns {Frame}
 * @throws {RangeError} it is shorter than its header
 */
export function readFrame(message) {
  if (message.byteLength < HEADER_BYTES) {
    throw new RangeError(`A frame has ${message.byteLength} bytes; it must have at least ${HEADER_BYTES}.`);
  }
  const view = new DataView(message);
  return {
    kind: view.getUint8(0),
    isKey: (view.getUint8(1) & KEY) !== 0,
    number: view.getUint32(4, true),
    timeUs: view.getFloat64(8, true),
    missing: view.getUint32(16, true),
    data: new Uint8Array(message, HEADER_BYTES),
  };
}
