/**
 * What a player must know of H.264 (ISO/IEC 14496-10): the units of a picture, its codec's name, its size.
 */

export const SEQUENCE_PARAMETERS = 7;
export const PICTURE_PARAMETERS = 8;
const KIND = 0x1f;
/** Profiles whose sequence parameters say more of colour (7.3.2.1.1). */
const WITH_CHROMA = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** @param {Uint8Array} unit */
export function kindOf(unit) { return unit[0] & KIND; }

/**
 * The NAL units of a picture in Annex B form.
 * @param {Uint8Array} data
 * @returns {Uint8Array[]}
 */
export function unitsOf(data) {
  const units = [];
  let from = -1;
  for (let at = 0; at + 2 < data.length; at += 1) {
    if (data[at] !== 0 || data[at + 1] !== 0 || data[at + 2] !== 1) continue;
    if (from >= 0) units.push(data.subarray(from, withoutZeros(data, at)));
    from = at + 3;
    at += 2;
  }
  if (from >= 0) units.push(data.subarray(from));
  return units.filter((unit) => unit.length > 0);
}

/** A start code may have zeros before it, which belong to no unit. */
function withoutZeros(data, end) {
  while (end > 0 && data[end - 1] === 0) end -= 1;
  return end;
}

/**
 * The parameters that a key frame comes with; null where it has none.
 * @param {Uint8Array} data in Annex B form
 * @returns {{sequence: Uint8Array, picture: Uint8Array}|null}
 */
export function parametersOf(data) {
  const units = unitsOf(data);
  const sequence = units.find((unit) => kindOf(unit) === SEQUENCE_PARAMETERS);
  const picture = units.find((unit) => kindOf(unit) === PICTURE_PARAMETERS);
  return sequence && picture && sequence.length > 3 ? { sequence, picture } : null;
}

/** "avc1.42e01f": how browsers call this H.264 (RFC 6381). @param {Uint8Array} sequence its parameters */
export function codecName(sequence) {
  return `avc1.${[1, 2, 3].map((at) => sequence[at].toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The size of the pictures, after cropping (7.3.2.1.1, 7.4.2.1.1).
 * @param {Uint8Array} sequence parameters
 * @returns {{width: number, height: number}}
 */
export function sizeOf(sequence) {
  const bits = new Bits(withoutEmulation(sequence.subarray(4)));
  bits.golomb(); // its number
  let chroma = 1;
  if (WITH_CHROMA.has(sequence[1])) {
    chroma = bits.golomb();
    if (chroma === 3) bits.take(1);
    bits.golomb(); // depth of luma
    bits.golomb(); // and of chroma
    bits.take(1);
    if (bits.take(1)) for (let list = 0; list < (chroma === 3 ? 12 : 8); list += 1) skipScaling(bits, list < 6 ? 16 : 64);
  }
  bits.golomb(); // length of frame numbers
  skipOrder(bits);
  bits.golomb(); // reference frames
  bits.take(1);
  const wide = bits.golomb() + 1;
  const high = bits.golomb() + 1;
  const isWhole = bits.take(1); // pictures, not fields
  if (!isWhole) bits.take(1);
  bits.take(1);
  const [left, right, top, bottom] = bits.take(1) ? [0, 0, 0, 0].map(() => bits.golomb()) : [0, 0, 0, 0];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - isWhole);
  return { width: wide * 16 - (left + right) * unitX, height: high * 16 * (2 - isWhole) - (top + bottom) * unitY };
}

function skipScaling(bits, size) {
  if (!bits.take(1)) return;
  for (let at = 0, last = 8, next = 8; at < size; at += 1) {
    if (next !== 0) next = (last + bits.signedGolomb() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function skipOrder(bits) {
  const type = bits.golomb();
  if (type === 0) bits.golomb();
  if (type !== 1) return;
  bits.take(1);
  bits.golomb();
  bits.golomb();
  for (let left = Math.min(255, bits.golomb()); left > 0; left -= 1) bits.golomb();
}

/** Without the bytes that keep start codes out of a unit (7.4.1). */
function withoutEmulation(unit) {
  const bytes = [];
  for (let at = 0, zeros = 0; at < unit.length; at += 1) {
    if (zeros >= 2 && unit[at] === 3) {
      zeros = 0;
      continue;
    }
    zeros = unit[at] === 0 ? zeros + 1 : 0;
    bytes.push(unit[at]);
  }
  return bytes;
}

/** Reads bits from the left; beyond the end there are zeros. */
class Bits {
  #bytes;
  #at = 0;

  constructor(bytes) { this.#bytes = bytes; }

  take(count) {
    let value = 0;
    for (; count > 0; count -= 1, this.#at += 1) {
      value = value * 2 + (((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** An unsigned Exp-Golomb code (9.1). */
  golomb() {
    let zeros = 0;
    while (zeros < 31 && this.#at < this.#bytes.length * 8 && !this.take(1)) zeros += 1;
    return 2 ** zeros - 1 + this.take(zeros);
  }

  signedGolomb() {
    const code = this.golomb();
    return code % 2 ? (code + 1) / 2 : -code / 2;
  }
}
