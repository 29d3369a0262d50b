// What frames are made of: the message, H.264 in Annex B form, MP4, and when sound is played.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HEADER_BYTES, Kind, readFrame } from "../../dashboard/assets/frame_message.js";
import { fragment, lengthPrefixed, pictureBeginning, soundBeginning } from "../../dashboard/assets/fragmented_mp4.js";
import { codecName, parametersOf, sizeOf, unitsOf } from "../../dashboard/assets/h264_stream.js";
import { LATE_S, MOST_LATE_S, SoundSchedule } from "../../dashboard/assets/sound_schedule.js";

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));
const hex = (data) => Buffer.from(data).toString("hex");
const text = (data, at) => Buffer.from(data.subarray(at, at + 4)).toString("latin1");
const u32 = (data, at) => new DataView(data.buffer, data.byteOffset).getUint32(at);

/** Sequence parameters as x264 writes them. */
const SEQUENCES = [
  ["6742c01fda014016e840000003004000000ca3c60ca8", "avc1.42c01f", 1280, 720],
  ["6742c01eda0280bfe584000003000400000300ca3c58ba80", "avc1.42c01e", 640, 360],
  ["6742c028da01e0089f961000000300100000030328f1832a", "avc1.42c028", 1920, 1080],
  ["6742c01eda0360f79b84000003000400000300ca3c58ba80", "avc1.42c01e", 854, 480],
  ["677a001fbcb402802dd0800000030080000019478c1950", "avc1.7a001f", 1280, 720],
  ["67f4000d919681519e3e2e1000000300100000030328f142aa", "avc1.f4000d", 322, 182],
  ["674d401ef405a12684000003000400000300ca7c50aa80", "avc1.4d401e", 720, 576],
];

test("a message says what it is", () => {
  const message = new ArrayBuffer(HEADER_BYTES + 2);
  const view = new DataView(message);
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint32(4, 7, true);
  view.setFloat64(8, 1_764_324_000_123_456, true);
  view.setUint32(16, 3, true);
  view.setUint8(20, 0xaa);
  const frame = readFrame(message);
  assert.deepEqual({ ...frame, data: [...frame.data] }, {
    kind: Kind.PICTURE, isKey: true, number: 7, timeUs: 1_764_324_000_123_456, missing: 3, data: [0xaa, 0],
  });
  assert.throws(() => readFrame(new ArrayBuffer(19)), /19 bytes.*at least 20/);
});

test("units of a picture, with start codes of either length", () => {
  const units = unitsOf(bytes("00000001" + "6742c01f" + "000001" + "68ce00" + "00000001" + "6588000003"));
  assert.deepEqual(units.map(hex), ["6742c01f", "68ce", "6588000003"]);
  assert.deepEqual(unitsOf(new Uint8Array(0)), []);
  assert.deepEqual(unitsOf(bytes("6742c01f")), []);
});

test("the parameters of a key frame", () => {
  const key = bytes("00000001" + SEQUENCES[0][0] + "00000001" + "68ce3c80" + "00000001" + "6588");
  const { sequence, picture } = parametersOf(key);
  assert.deepEqual([hex(sequence), hex(picture)], [SEQUENCES[0][0], "68ce3c80"]);
  assert.equal(parametersOf(bytes("00000001" + "4188")), null);
});

for (const [sequence, name, width, height] of SEQUENCES) {
  test(`size and name of ${name} at ${width} × ${height}`, () => {
    assert.equal(codecName(bytes(sequence)), name);
    assert.deepEqual(sizeOf(bytes(sequence)), { width, height });
  });
}

test("scaling matrices, an order of pictures of its own, and fields", () => {
  const bits = [];
  const put = (value, count) => { for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1); };
  const golomb = (value) => { const size = (value + 1).toString(2).length; put(0, size - 1); put(value + 1, size); };
  const signed = (value) => golomb(value > 0 ? 2 * value - 1 : -2 * value);
  golomb(0); golomb(1); golomb(0); golomb(0); put(0, 1);
  put(1, 1); // matrices
  put(1, 1); for (let at = 0; at < 16; at += 1) signed(at === 0 ? 4 : 1);
  put(0, 5);
  put(1, 1); signed(-8); // falls back to the default at once
  put(0, 1);
  golomb(0);
  golomb(1); put(0, 1); signed(-3); signed(2); golomb(2); signed(1); signed(-1);
  golomb(2); put(0, 1);
  golomb(19); golomb(8); put(0, 1); put(0, 1); put(1, 1); // 20 × 9 macroblocks, fields
  put(1, 1); golomb(0); golomb(2); golomb(0); golomb(1); // cropped
  put(1, 1);
  while (bits.length % 8) bits.push(0);
  const body = Array.from({ length: bits.length / 8 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8).join(""), 2));
  assert.deepEqual(sizeOf(Uint8Array.from([0x67, 100, 0, 31, ...body])), { width: 320 - 4, height: 288 - 4 });
});

test("whatever is called a sequence, its size is a number", () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const made = Uint8Array.from({ length: 4 + (seed % 20) }, (_, at) => (seed * 7919 + at * 104729) % 256);
    const { width, height } = sizeOf(made);
    assert.ok(Number.isFinite(width) && Number.isFinite(height));
  }
});

test("a picture as it stands in MP4: lengths for start codes, without its parameters", () => {
  const data = bytes("00000001" + "0910" + "00000001" + SEQUENCES[0][0] + "00000001" + "68ce" + "00000001" + "060501" + "00000001" + "658801");
  assert.equal(hex(lengthPrefixed(data)), "00000003" + "060501" + "00000003" + "658801");
});

/** Types of the boxes at one level, which must fill it. */
function boxes(data, from = 0, to = data.length) {
  const found = [];
  for (let at = from; at < to; at += u32(data, at)) {
    assert.ok(u32(data, at) >= 8 && at + u32(data, at) <= to, "a box lies within its parent");
    found.push([text(data, at + 4), at + 8, at + u32(data, at)]);
  }
  return found;
}

test("what a track begins with, box by box", () => {
  const beginnings = [
    [pictureBeginning({ sequence: bytes(SEQUENCES[0][0]), picture: bytes("68ce3c80"), width: 1280, height: 720 }), "vmhd"],
    [soundBeginning(), "smhd"],
  ];
  for (const [data, header] of beginnings) {
    const [ftyp, moov] = boxes(data);
    assert.deepEqual([ftyp[0], moov[0]], ["ftyp", "moov"]);
    const [mvhd, trak, mvex] = boxes(data, moov[1], moov[2]);
    assert.deepEqual([mvhd[0], trak[0], mvex[0]], ["mvhd", "trak", "mvex"]);
    const [, mdia] = boxes(data, trak[1], trak[2]);
    const [, , minf] = boxes(data, mdia[1], mdia[2]);
    assert.deepEqual(boxes(data, minf[1], minf[2]).map(([type]) => type), [header, "dinf", "stbl"]);
  }
});

test("a fragment says when, how long, and where its data is", () => {
  const data = fragment({ number: 3, timeUs: 2 ** 33 + 5, durationUs: 40_000, isKey: true, data: bytes("aabb") });
  const [moof, mdat] = boxes(data);
  const [mfhd, traf] = boxes(data, moof[1], moof[2]);
  assert.equal(u32(data, mfhd[1] + 4), 3);
  const [, tfdt, trun] = boxes(data, traf[1], traf[2]);
  assert.deepEqual([u32(data, tfdt[1] + 4), u32(data, tfdt[1] + 8)], [2, 5]);
  const [count, offset, duration, size, flags] = [4, 8, 12, 16, 20].map((at) => u32(data, trun[1] + at));
  assert.deepEqual([count, duration, size, flags], [1, 40_000, 2, 0x02000000]);
  assert.equal(offset, mdat[1], "from where the fragment begins");
  assert.equal(hex(data.subarray(mdat[1])), "aabb");
});

test("sound is played evenly, a little late, and not later and later", () => {
  const schedule = new SoundSchedule();
  const first = schedule.take(10, 0.02);
  assert.equal(first, 10 + LATE_S);
  assert.equal(schedule.take(10.035, 0.02), first + 0.02, "what comes unevenly follows evenly");
  assert.equal(schedule.take(10.5, 0.02), 10.5 + LATE_S, "after it ran out it begins again");
  let left = 0;
  for (let burst = 0; burst < 50; burst += 1) left += schedule.take(10.5, 0.02) === null;
  assert.equal(left, 50 - Math.ceil((MOST_LATE_S - LATE_S) / 0.02), "of a burst, what would be too late is left out");
});
