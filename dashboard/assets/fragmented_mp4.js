/**
 * Fragmented MP4 (ISO/IEC 14496-12, -15, Opus in ISOBMFF) of one track, one fragment for each picture or sound: what Media
 * Source Extensions take. Times in microseconds.
 */
import { PICTURE_PARAMETERS, SEQUENCE_PARAMETERS, kindOf, unitsOf } from "./h264_stream.js";

const SCALE = 1_000_000;
const SOUND_RATE = 48_000;
const MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].flatMap((value) => u32(value));
const IS_KEY = 0x02000000;
const IS_NO_KEY = 0x01010000;
const DELIMITER = 9;

function u8(...values) { return values; }
function u16(...values) { return values.flatMap((value) => [value >> 8 & 255, value & 255]); }
function u32(...values) { return values.flatMap((value) => [value >>> 24, value >> 16 & 255, value >> 8 & 255, value & 255]); }
function u64(value) { return [...u32(Math.floor(value / 2 ** 32)), ...u32(value % 2 ** 32)]; }
function zeros(count) { return new Array(count).fill(0); }
function letters(text) { return [...text].map((letter) => letter.charCodeAt(0)); }

/** @param {string} type @param {...(number[]|Uint8Array)} parts */
function box(type, ...parts) {
  const size = 8 + parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(size);
  bytes.set([...u32(size), ...letters(type)]);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function fullBox(type, version, flags, ...parts) { return box(type, u32(version * 2 ** 24 + flags), ...parts); }

/**
 * What a track of pictures begins with.
 * @param {{sequence: Uint8Array, picture: Uint8Array, width: number, height: number}} format
 */
export function pictureBeginning({ sequence, picture, width, height }) {
  const configuration = box(
    "avcC", u8(1, sequence[1], sequence[2], sequence[3], 0xff, 0xe1), u16(sequence.length), sequence,
    u8(1), u16(picture.length), picture,
  );
  const entry = box(
    "avc1", zeros(6), u16(1), zeros(16), u16(width, height), u32(0x480000, 0x480000, 0), u16(1), zeros(32), u16(24, 0xffff),
    configuration,
  );
  return beginning({ handler: "vide", header: fullBox("vmhd", 0, 1, zeros(8)), entry, width, height });
}

/** What a track of Opus begins with. */
export function soundBeginning() {
  const configuration = box("dOps", u8(0, 2), u16(0), u32(SOUND_RATE), u16(0), u8(0));
  const entry = box("Opus", zeros(6), u16(1), zeros(8), u16(2, 16, 0, 0), u32(SOUND_RATE * 0x10000), configuration);
  return beginning({ handler: "soun", header: fullBox("smhd", 0, 0, zeros(4)), entry, width: 0, height: 0 });
}

function beginning({ handler, header, entry, width, height }) {
  const table = box(
    "stbl", fullBox("stsd", 0, 0, u32(1), entry), fullBox("stts", 0, 0, u32(0)), fullBox("stsc", 0, 0, u32(0)),
    fullBox("stsz", 0, 0, u32(0, 0)), fullBox("stco", 0, 0, u32(0)),
  );
  const reference = box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1)));
  const media = box(
    "mdia", fullBox("mdhd", 0, 0, u32(0, 0, SCALE, 0), u16(0x55c4, 0)),
    fullBox("hdlr", 0, 0, u32(0), letters(handler), zeros(13)), box("minf", header, reference, table),
  );
  const track = fullBox(
    "tkhd", 0, 3, u32(0, 0, 1, 0, 0), zeros(8), u16(0, 0, handler === "soun" ? 0x100 : 0, 0), MATRIX, u16(width, 0, height, 0),
  );
  const movie = fullBox("mvhd", 0, 0, u32(0, 0, SCALE, 0, 0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(2));
  return joined(
    box("ftyp", letters("iso5"), u32(512), letters("iso5iso6mp41")),
    box("moov", movie, box("trak", track, media), box("mvex", fullBox("trex", 0, 0, u32(1, 1, 0, 0, 0)))),
  );
}

/**
 * One picture or sound.
 * @param {object} sample
 * @param {number} sample.number of the fragment, from 1
 * @param {number} sample.timeUs since the track's beginning
 * @param {number} sample.durationUs
 * @param {boolean} sample.isKey
 * @param {Uint8Array} sample.data as it stands in MP4, see `lengthPrefixed`
 */
export function fragment({ number, timeUs, durationUs, isKey, data }) {
  const of = (offset) => box(
    "moof", fullBox("mfhd", 0, 0, u32(number)),
    box(
      "traf", fullBox("tfhd", 0, 0x020000, u32(1)), fullBox("tfdt", 1, 0, u64(timeUs)),
      fullBox("trun", 0, 0x000701, u32(1, offset, durationUs, data.length, isKey ? IS_KEY : IS_NO_KEY)),
    ),
  );
  return joined(of(of(0).length + 8), box("mdat", data));
}

/**
 * A picture as it stands in MP4: each unit after its length, without what the beginning says already.
 * @param {Uint8Array} data in Annex B form
 */
export function lengthPrefixed(data) {
  const left = unitsOf(data).filter((unit) => ![SEQUENCE_PARAMETERS, PICTURE_PARAMETERS, DELIMITER].includes(kindOf(unit)));
  return joined(...left.flatMap((unit) => [u32(unit.length), unit]));
}

function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
