/**
 * Reads the binary frames of the feed; see docs/feed.md for the format.
 */

/** "SLF1" as a little-endian number. */
export const MAGIC = 0x31464c53;
export const HEADER_BYTES = 32;
const KINDS = { 1: "snapshot", 2: "delta", 3: "more" };
/** "SLZ1": what follows is packed. */
const PACKED_MAGIC = 0x315a4c53;
const PACKED_HEADER_BYTES = 8;
const PACKED_TEXT = 1;

/** @type {Array<[string, Float64ArrayConstructor|Int32ArrayConstructor|Uint32ArrayConstructor|Uint16ArrayConstructor|Int16ArrayConstructor|Uint8ArrayConstructor]>} */
export const COLUMNS = [
  ["fixTimeMs", Float64Array],
  ["seenTimeMs", Float64Array],
  ["recordingSinceMs", Float64Array],
  ["latE7", Int32Array],
  ["lonE7", Int32Array],
  ["number", Uint32Array],
  ["uplinkKbps", Uint32Array],
  ["accuracyDm", Uint16Array],
  ["headingDdeg", Uint16Array],
  ["intervalS", Uint16Array],
  ["rsrpDbm", Int16Array],
  ["recording", Uint8Array],
  ["quality", Uint8Array],
  ["flags", Uint8Array],
  ["battery", Uint8Array],
  ["bearer", Uint8Array],
];

/** What stands for "unknown" in the columns that are whole numbers. */
export const UNKNOWN = { uplinkKbps: 0xffffffff, accuracyDm: 0xffff, headingDdeg: 0xffff, rsrpDbm: -32768, battery: 255 };
export const FLAG = { position: 1, stuck: 2, streamed: 4, eyesOn: 8, fixFlagged: 16 };

/** What came is not a frame of the feed. */
export class FrameError extends Error {}

/**
 * @typedef {object} Frame
 * @property {"snapshot"|"delta"|"more"} kind more: of the one before, in parts
 * @property {number} seq number to resume from; 0: other parts are still to come
 * @property {number} serverTimeMs
 * @property {number} count cameras in it
 * @property {Record<string, Float64Array|Int32Array|Uint32Array|Uint16Array|Int16Array|Uint8Array>} columns
 * @property {Uint32Array} removed camera numbers
 */

/**
 * The columns are views into the buffer, not copies.
 * @param {ArrayBuffer} buffer
 * @returns {Frame}
 * @throws {FrameError}
 */
export function readFrame(buffer) {
  if (buffer.byteLength < HEADER_BYTES) throw new FrameError(`${buffer.byteLength} bytes are no frame`);
  const header = new DataView(buffer);
  if (header.getUint32(0, true) !== MAGIC) throw new FrameError("the frame does not begin with SLF1");
  const kind = KINDS[header.getUint8(4)];
  if (!kind) throw new FrameError(`${header.getUint8(4)} is no kind of frame`);
  const count = header.getUint32(8, true);
  const removedCount = header.getUint32(12, true);
  const columns = {};
  let at = HEADER_BYTES;
  for (const [name, Column] of COLUMNS) {
    const end = at + count * Column.BYTES_PER_ELEMENT;
    if (end > buffer.byteLength) throw new FrameError(`the frame ends within ${name}`);
    columns[name] = new Column(buffer, at, count);
    at = end;
  }
  at = Math.ceil(at / 4) * 4;
  if (at + 4 * removedCount !== buffer.byteLength) {
    throw new FrameError(`the frame has ${buffer.byteLength} bytes, not ${at + 4 * removedCount}`);
  }
  return {
    kind,
    seq: header.getFloat64(16, true),
    serverTimeMs: header.getFloat64(24, true),
    count,
    columns,
    removed: new Uint32Array(buffer, at, removedCount),
  };
}

/** Whether a message is packed. @param {ArrayBuffer} buffer */
export function isPacked(buffer) {
  return buffer.byteLength >= PACKED_HEADER_BYTES && new DataView(buffer).getUint32(0, true) === PACKED_MAGIC;
}

/**
 * @param {ArrayBuffer} buffer a packed message
 * @returns {Promise<string|ArrayBuffer>} as it was before: a text, or a frame
 */
export async function unpack(buffer) {
  const isText = new DataView(buffer).getUint8(4) === PACKED_TEXT;
  const stream = new Blob([new Uint8Array(buffer, PACKED_HEADER_BYTES)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const unpacked = new Response(stream);
  return isText ? unpacked.text() : unpacked.arrayBuffer();
}

/** Whether this browser can unpack. */
export function canUnpack() {
  if (typeof DecompressionStream === "undefined") return false;
  try {
    return Boolean(new DecompressionStream("deflate-raw"));
  } catch {
    return false; // the format is younger than the class
  }
}
