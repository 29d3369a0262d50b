// What the live map decides without a map: words, ages, filters, order, clusters, grid references, addresses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ageWords, ago, freshness, runningTime } from "../../dashboard/assets/ages.js";
import { areaFeatures, areaText, insideOf, insideRings, readArea } from "../../dashboard/assets/area.js";
import { mercatorX, mercatorY } from "../../dashboard/assets/camera_store.js";
import { NO_FILTER, SearchTexts, isFiltering, latitude, ordered, shownCameras } from "../../dashboard/assets/camera_filter.js";
import { distanceWords, fullName, shortName, signalWords, uplinkWords, whyNoStream } from "../../dashboard/assets/camera_words.js";
import { FLAG } from "../../dashboard/assets/feed_frame.js";
import { CELL_PX, ENTER, LEAVE, NO_CLUSTERS_FROM_ZOOM, clustered } from "../../dashboard/assets/clusters.js";
import { recordingNear } from "../../dashboard/assets/recording_cameras.js";
import { ForceAreas } from "../../dashboard/assets/force_areas.js";
import { incidentsNamed } from "../../dashboard/assets/found_incidents.js";
import { gridReference } from "../../dashboard/assets/grid_reference.js";
import { healthView, readyView } from "../../dashboard/assets/health.js";
import { metresBetween, shortForecast } from "../../dashboard/assets/near_forecasts.js";
import { labelFeatures } from "../../dashboard/assets/map_overlays.js";
import { linkWords, mayLink } from "../../dashboard/assets/link_incident.js";
import { OpenStreams } from "../../dashboard/assets/open_streams.js";
import { readAddress, writeAddress } from "../../dashboard/assets/url_state.js";
import { NOW, storeOf } from "./camera_fixtures.mjs";

const shownIndices = (store, filter) => [...shownCameras(store, { ...NO_FILTER, ...filter }, new SearchTexts(), NOW)].flatMap((on, index) => (on ? [index] : []));

test("ages in words", () => {
  const said = [[-3, "now"], [0.9, "now"], [12.7, "12 s"], [60, "1 min"], [3599, "59 min"], [7500, "2 h 05"], [200_000, "2 days"], [NaN, "never"]];
  for (const [seconds, words] of said) assert.equal(ageWords(seconds), words);
  assert.equal(ago(0), "just now");
  assert.equal(ago(250), "4 min ago");
  assert.equal(runningTime(372), "06:12");
  assert.equal(runningTime(3727), "1:02:07");
});

test("freshness follows the interval", () => {
  const said = [[30, 1, "live"], [30.1, 1, "ageing"], [120.1, 1, "stale"], [119, 60, "live"], [121, 60, "ageing"], [241, 60, "stale"], [NaN, 1, "never"]];
  for (const [age, interval, word] of said) assert.equal(freshness(age, interval), word, `${age} s at ${interval} s`);
});

test("people are called by what is known of them", () => {
  assert.equal(shortName({ camera: "C1", call_sign: "RB31", officer: "4417" }), "RB31 · 4417");
  assert.equal(shortName({ camera: "C1", officer: "4417" }), "4417");
  assert.equal(shortName({ camera: "C1" }), "C1");
  assert.equal(fullName({ camera: "C1", name: "PC Jane Doe", officer: "4417" }), "PC Jane Doe 4417");
});

test("a signal is said as far as it is known", () => {
  const store = storeOf([
    { bearer: 2, rsrpDbm: -92, uplinkKbps: 6100 },
    { bearer: 1, rsrpDbm: -32768, uplinkKbps: 840 },
    { bearer: 0, rsrpDbm: -32768, uplinkKbps: 0xffffffff },
  ]);
  assert.equal(signalWords(store, 0), "5G −92 dBm · 6.1 Mbit/s up");
  assert.equal(signalWords(store, 1), "4G · 840 kbit/s up");
  assert.equal(signalWords(store, 2), "");
  assert.equal(uplinkWords(25_300), "25 Mbit/s");
});

test("distances as people say them", () => {
  for (const [metres, words] of [[40.4, "40 m"], [347, "350 m"], [2440, "2.4 km"], [31_200, "31 km"]]) assert.equal(distanceWords(metres), words);
});

test("why no stream opens is said beforehand", () => {
  const may = { "stream.open": "all" };
  const store = storeOf([{ recording: 3 }, { recording: 2 }, { recording: 1 }, { recording: 0 }, { recording: 3, seenTimeMs: NOW - 200_000 }, { seenTimeMs: NaN }]);
  const said = (index, capabilities = may) => whyNoStream(store, index, NOW, capabilities);
  assert.equal(said(0), "");
  assert.match(said(0, {}), /role/);
  assert.match(said(1), /^Buffering, not recording/);
  assert.match(said(2), /off/);
  assert.match(said(3), /does not say/);
  assert.match(said(4), /^Last report 3 min ago/);
  assert.match(said(5), /never/);
});

test("the age of a position alone never stands in a stream's way", () => {
  const store = storeOf([{ recording: 3, fixTimeMs: NOW - 3_600_000, flags: 0 }]);
  assert.equal(whyNoStream(store, 0, NOW, { "stream.open": "all" }), "");
});

test("a search finds every word wherever it stands", () => {
  const store = storeOf([
    { entry: { officer: "4417", name: "PC Jane Doe", call_sign: "RB31", unit: "B3", unit_name: "Response B3" } },
    { entry: { officer: "0441", name: "PC Tom Marr", call_sign: "RB32", unit: "B3", unit_name: "Response B3" } },
    { entry: {} },
  ]);
  assert.deepEqual(shownIndices(store, { text: " 441 " }), [0, 1]);
  assert.deepEqual(shownIndices(store, { text: "rb31 response" }), [0]);
  assert.deepEqual(shownIndices(store, { text: "doe marr" }), []);
  assert.deepEqual(shownIndices(store, { text: "c3" }), [2]);
  assert.deepEqual(shownIndices(store, { unit: "B3", text: "32" }), [1]);
});

test("recording and quality leave out what they should", () => {
  const store = storeOf([{ recording: 3, quality: 4 }, { recording: 2, quality: 2 }, { recording: 0, quality: 0 }, { recording: 3, quality: 1 }]);
  assert.deepEqual(shownIndices(store, {}), [0, 1, 2, 3]);
  assert.deepEqual(shownIndices(store, { recording: "recording" }), [0, 3]);
  assert.deepEqual(shownIndices(store, { quality: "poor" }), [0, 1]);
  assert.deepEqual(shownIndices(store, { quality: "unknown" }), [2]);
  assert.equal(isFiltering(NO_FILTER), false);
  assert.equal(isFiltering({ ...NO_FILTER, text: "x" }), true);
});

test("nearest first, without a position last", () => {
  const store = storeOf([{ lon: 1.2 }, { lon: 1.0 }, { lon: 1.1, recording: 2 }, { flags: 0 }]);
  const near = { x: mercatorX(1.0), y: mercatorY(56) };
  const all = new Uint8Array(4).fill(1);
  const { order, distances } = ordered(store, all, near, NOW);
  assert.deepEqual([...order], [1, 2, 0, 3]);
  assert.ok(Math.abs(distances[2] - 6232) < 15, `${distances[2]} m`);
  assert.deepEqual([...ordered(store, all, { ...near, recordingFirst: true }, NOW).order], [1, 0, 3, 2]);
});

test("without a place recording comes first, then names", () => {
  const store = storeOf([{ recording: 1, entry: { call_sign: "A" } }, { entry: { call_sign: "C" } }, { entry: { call_sign: "B" } }]);
  assert.deepEqual([...ordered(store, new Uint8Array(3).fill(1), null, NOW).order], [2, 1, 0]);
});

test("Mercator and back", () => {
  for (const lat of [-60, 0, 51.5, 70]) assert.ok(Math.abs(latitude(mercatorY(lat)) - lat) < 1e-9);
});

// clusters

/** So many cameras at the middle of one cell of a zoom, and one far off. */
function crowd(count, zoom) {
  const cell = CELL_PX / (512 * 2 ** Math.floor(zoom));
  const x = (Math.floor(mercatorX(1) / cell) + 0.5) * cell;
  const y = (Math.floor(mercatorY(56) / cell) + 0.5) * cell;
  const lon = x * 360 - 180;
  const cameras = Array.from({ length: count }, (_, n) => ({ lon, lat: latitude(y), recording: n % 2 ? 3 : 2 }));
  return { store: storeOf([...cameras, { lon: lon + 3 }]), view: [x - 3 * cell, y - 3 * cell, x + 3 * cell, y + 3 * cell] };
}

function clustersOf({ store, view }, zoom, before = new Set(), selected = -1) {
  return clustered({ store, shown: new Uint8Array(store.size).fill(1), zoom, view, nowMs: NOW, before, selected });
}

test("a crowd becomes one number, with how many record", () => {
  const place = crowd(40, 9.4);
  const { clusters, inside } = clustersOf(place, 9.4);
  assert.equal(clusters.length, 1);
  assert.equal(clusters[0].count, 40);
  assert.equal(clusters[0].recording, 20);
  assert.equal(inside.reduce((sum, one) => sum + one, 0), 40);
  assert.equal(inside[40], 0);
});

test("a number does not flicker at its edge", () => {
  const few = crowd(LEAVE, 9.4);
  assert.equal(clustersOf(few, 9.4).clusters.length, 0);
  const grown = clustersOf(crowd(ENTER, 9.4), 9.4).clusters;
  assert.equal(grown.length, 1);
  assert.equal(clustersOf(few, 9.4, new Set([grown[0].key])).clusters.length, 1);
  assert.equal(clustersOf(crowd(LEAVE - 1, 9.4), 9.4, new Set([grown[0].key])).clusters.length, 0);
});

test("zoomed in, every camera is a mark; the selected one always is", () => {
  assert.equal(clustersOf(crowd(40, 14), NO_CLUSTERS_FROM_ZOOM).clusters.length, 0);
  const { clusters, inside } = clustersOf(crowd(40, 9.4), 9.4, new Set(), 5);
  assert.equal(clusters[0].count, 39);
  assert.equal(inside[5], 0);
});

test("who asks for eyes on does not go under in a crowd", () => {
  const place = crowd(40, 9.4);
  place.store.columns.flags[7] |= FLAG.eyesOn;
  const { clusters, inside } = clustersOf(place, 9.4);
  assert.equal(clusters[0].count, 39);
  assert.equal(inside[7], 0);
});

test("moving the map does not move the cells", () => {
  const place = crowd(40, 9.4);
  const [before] = clustersOf(place, 9.4).clusters;
  const shift = 1.3e-5;
  const [after] = clustersOf({ ...place, view: place.view.map((edge) => edge + shift) }, 9.4).clusters;
  assert.equal(after.key, before.key);
  assert.equal(after.x, before.x);
});

test("the selected camera's call sign comes first, and none lies over its mark", () => {
  const zoom = 16;
  const degrees = (px) => (px / (512 * 2 ** zoom)) * 360;
  const named = (call_sign, px) => ({ lon: 1 + degrees(px), lat: 56, entry: { call_sign } });
  const store = storeOf([named("RA501", -20), named("RA102", 0), named("RA7", 30), named("RA8", -200)]);
  const view = [0, 0, 1, 1];
  const words = (selected) => labelFeatures(store, new Uint8Array(4).fill(1), view, zoom, selected).features.map(({ properties }) => properties.words);
  assert.deepEqual(words(-1), ["RA501", "RA102", "RA7", "RA8"]);
  assert.deepEqual(words(1), ["RA102", "RA7", "RA8"]);
  const [first] = labelFeatures(store, new Uint8Array(4).fill(1), view, zoom, 1).features;
  assert.equal(first.properties.order, -1);
});

// grid references: as dashboard/places.py gives them

test("grid references agree with those of the server", () => {
  const known = [[51.2724, 0.5223, "TQ 760 556"], [56.3694, 1.1465, "OL 944 241"], [50.0668, -5.7147, "SW 342 251"], [60.15, -1.15, "HU 472 409"]];
  for (const [lat, lon, reference] of known) assert.equal(gridReference(lat, lon), reference);
  assert.equal(gridReference(48, 2), "");
  assert.equal(gridReference(56, 20), "");
});

// address

test("an address says what is shown, and is read back", () => {
  const state = { camera: "AB4-000123", incident: "7", place: null, filter: { text: "rb 3", recording: "recording", unit: "B3", quality: "good", heard: "stale", division: "A 1", area: null }, view: { lat: 56.3694, lon: 1.14654, zoom: 12.5 } };
  const address = writeAddress(state);
  assert.equal(address, "?camera=AB4-000123&incident=7&q=rb+3&recording=recording&unit=B3&quality=good&heard=stale&in=A+1&at=56.36940,1.14654,12.50");
  assert.deepEqual(readAddress(address), state);
  assert.equal(writeAddress({ camera: "", incident: "", filter: NO_FILTER, view: null }), "");
});

test("what an address says wrongly, it does not say", () => {
  const read = readAddress("?incident=7;drop&recording=maybe&quality=best&heard=never&at=1,2");
  assert.deepEqual(read, { camera: "", incident: "", place: null, filter: NO_FILTER, view: null });
  for (const at of ["", "a,b,c", "91,0,3", "0,181,3", "1,1,99", "Infinity,1,1"]) assert.equal(readAddress(`?at=${at}`).view, null, at);
});

// health

const live = { link: "live", sinceMs: NOW };
const well = { database: "ok", database_since: null, gateways: [{ name: "west", state: "ok", since: null }], behind_s: 0.4, cameras: 22014 };
const view = (more = {}, feed = live) => healthView({ feed, health: { ...well, ...more }, nowMs: NOW, offsetMs: 0 });

test("the pill says how many cameras, and how far behind", () => {
  assert.deepEqual(view(), { state: "ok", words: "22,014 cameras · 0.4 s behind", banner: null });
  assert.equal(view({ cameras: 1, behind_s: null }).words, "1 camera");
  assert.equal(view({ behind_s: 4.04 }).state, "late");
  assert.equal(view({ behind_s: 130 }).words, "22,014 cameras · 2 min behind");
});

test("cameras that are not heard are counted, so that list and pill agree", () => {
  const said = (heard, known) => healthView({ feed: live, health: { ...well, cameras: heard }, known, nowMs: NOW, offsetMs: 0 }).words;
  assert.equal(said(119, 120), "119 of 120 cameras heard · 0.4 s behind");
  assert.equal(said(120, 120), "120 cameras · 0.4 s behind");
  assert.equal(said(0, 1), "0 of 1 camera heard · 0.4 s behind");
  assert.equal(said(121, 120), "121 cameras · 0.4 s behind");
});

test("whatever is gone is said in words", () => {
  const database = view({ database: "lost", database_since: NOW - 20_000 });
  assert.equal(database.state, "lost");
  assert.equal(database.words, "Database lost · 20 s");
  assert.match(database.banner.title, /does not answer since \d\d:\d\d:\d\d/);
  const gateway = view({ gateways: [{ name: "west", state: "gone", since: NOW - 3000 }] });
  assert.deepEqual([gateway.state, gateway.words], ["lost", "Gateway west lost · 3 s"]);
  assert.equal(view({ gateways: [{ name: "gateway", state: "gone", since: NOW }] }).words, "Gateway lost · now");
  const one = view({ gateways: [{ name: "west", state: "gone", since: NOW - 3000 }, { name: "east", state: "ok", since: null }] });
  assert.equal(one.state, "late");
  assert.equal(view({ gateways: [] }).words, "No gateway");
  const ended = view({ gateways: [{ name: "old", state: "stopped", since: 0 }, { name: "east", state: "ok", since: null }] });
  assert.equal(ended.state, "ok");
});

test("without a feed, what the server answers is said, and since when", () => {
  const said = (answer) => readyView({ answer, sinceMs: NOW - 4000, nowMs: NOW });
  assert.deepEqual(said("ready"), { state: "ok", words: "Working", banner: null });
  assert.equal(said("waiting").state, "waiting");
  assert.deepEqual([said("not").state, said("not").words], ["lost", "Not working · 4 s"]);
  assert.equal(said("silent").words, "Server lost · 4 s");
  assert.match(said("silent").banner.title, /server does not answer since \d\d:\d\d:\d\d/);
});

test("a feed that is lost says since when, whatever health said last", () => {
  const lost = view({}, { link: "lost", sinceMs: NOW - 7000 });
  assert.deepEqual([lost.state, lost.words], ["lost", "Feed lost · 7 s"]);
  assert.match(lost.banner.detail, /trying again/);
  assert.equal(view({}, { link: "late", sinceMs: NOW - 3000 }).state, "late");
  assert.equal(view({}, { link: "connecting", sinceMs: NOW }).state, "waiting");
});

// incidents

const BRIDGE = { log_number: "HD-261121-0980", title: "Man on the wrong side of a bridge", provisional: false };
const CROWD = { log_number: "HD-261121-0982", title: "Crowd outside licensed premises", provisional: false };
const SAFETY = { log_number: null, title: "Officer safety: PC Jane Doe 4417", provisional: true, created_by: "fim", link_by: new Date(NOW + 540_000).toISOString() };

test("a search means incidents by log number or by words of the title", () => {
  const named = (text) => incidentsNamed([BRIDGE, CROWD, SAFETY], text);
  assert.deepEqual(named("hd-261121-0980"), [BRIDGE]);
  assert.deepEqual(named("HD-261121"), [BRIDGE, CROWD]);
  assert.deepEqual(named("bridge man"), [BRIDGE]);
  assert.deepEqual(named("4417"), [SAFETY]);
  assert.deepEqual(named("b"), [], "one letter means nobody");
  assert.deepEqual(named("bridge crowd"), []);
});

test("a provisional incident says how long it is still to be linked", () => {
  const said = (seconds) => linkWords({ ...SAFETY, link_by: new Date(NOW + seconds * 1000).toISOString() }, NOW);
  assert.deepEqual(said(540), { words: "provisional · 9 min to link", isOver: false });
  assert.deepEqual(said(42), { words: "provisional · 42 s to link", isOver: false });
  assert.deepEqual(said(0), { words: "provisional · overdue", isOver: true });
  assert.deepEqual(linkWords({ provisional: true, link_by: null }, NOW), { words: "provisional", isOver: false });
  assert.equal(linkWords(BRIDGE, NOW), null);
});

test("whoever changes incidents links them, and whoever opened one", () => {
  const someone = (username, capabilities = {}) => ({ username, capabilities });
  assert.equal(mayLink(SAFETY, someone("second", { "incident.write": "all" })), true);
  assert.equal(mayLink(SAFETY, someone("fim")), true);
  assert.equal(mayLink(SAFETY, someone("second")), false);
  assert.equal(mayLink(BRIDGE, someone("fim", { "incident.write": "all" })), false);
});

test("who watches is said once each, oneself first", () => {
  const streams = new OpenStreams(null);
  const watch = (camera, display_name, mine = false) => ({ camera, display_name, mine });
  streams.all = [watch("C1", "NegCo 1"), watch("C1", "FIM", true), watch("C1", "NegCo 1"), watch("C2", "NegCo 2")];
  assert.equal(streams.watchersAt("C1"), "you, NegCo 1");
  assert.equal(streams.watchersAt("C2"), "NegCo 2");
  assert.equal(streams.watchersAt("C3"), "");
  assert.deepEqual(streams.othersAt("C1"), ["NegCo 1", "NegCo 1"]);
});

test("a chosen place is in the address, and never beside an incident", () => {
  const place = { lat: 56.3694, lon: 1.14654, name: "High Street, Salthaven & Co" };
  const address = writeAddress({ camera: "", incident: "", place, filter: NO_FILTER, view: null });
  assert.equal(address, "?place=56.36940,1.14654&called=High+Street%2C+Salthaven+%26+Co");
  assert.deepEqual(readAddress(address).place, place);
  assert.equal(readAddress(`${address}&incident=7`).place, null);
  assert.equal(readAddress("?place=51.2797,1.0793").place.name, "TR 148 578");
  assert.equal(readAddress("?place=10,20&called=").place.name, "10.0000, 20.0000");
  for (const wrong of ["", "1", "1,2,3", "a,b", "91,0", "0,181"]) assert.equal(readAddress(`?place=${wrong}`).place, null, wrong);
});

test("a forecast is short at the end of a row", () => {
  assert.equal(shortForecast("A stream should mostly hold: fails about 1 time in 10"), "should mostly hold");
  assert.equal(shortForecast("Untested by this force"), "untested by this force");
});

test("metres between places", () => {
  assert.ok(Math.abs(metresBetween({ lat: 56, lon: 1 }, { lat: 56.001, lon: 1 }) - 111.3) < 0.5);
  assert.equal(metresBetween({ lat: 56, lon: 1 }, { lat: 56, lon: 1 }), 0);
});

test("an area is inside its sides, whichever way round it was drawn", () => {
  const arrow = [[56, 1], [56.2, 1.2], [56, 1.4], [56.1, 1.2]]; // pointing north, with a notch from the south
  const cases = [[56.15, 1.2, true], [56.05, 1.2, false], [56.05, 1.09, true], [56.3, 1.2, false], [56.05, 1.5, false], [55.9, 1.2, false]];
  for (const ring of [arrow, [...arrow].reverse()]) {
    const isInside = insideOf(ring);
    for (const [lat, lon, expected] of cases) assert.equal(isInside(mercatorX(lon), mercatorY(lat)), expected, `${lat}, ${lon}`);
  }
});

test("an area leaves out what is outside, and cameras without a position", () => {
  const store = storeOf([{ lat: 56.05, lon: 1.05 }, { lat: 57, lon: 1 }, { lat: 56.05, lon: 1.05, flags: 0 }]);
  const area = [[56, 1], [56, 1.1], [56.1, 1.1], [56.1, 1]];
  assert.deepEqual(shownIndices(store, { area }), [0]);
  assert.ok(isFiltering({ ...NO_FILTER, area }));
});

test("an area is in the address", () => {
  const area = [[56.36, 1.12], [56.37, 1.12], [56.37, 1.15]];
  const filter = { ...NO_FILTER, area };
  const address = writeAddress({ camera: "", incident: "", place: null, filter, view: null });
  assert.equal(address, "?area=56.3600,1.1200;56.3700,1.1200;56.3700,1.1500");
  assert.deepEqual(readAddress(address).filter, filter);
  assert.equal(areaText(readArea("1,2;3,4;5,6")), "1.0000,2.0000;3.0000,4.0000;5.0000,6.0000");
  const many = Array.from({ length: 61 }, () => "1,2").join(";");
  for (const wrong of ["", "1,2;3,4", "1,2;3,4;5", "1,2;3,4;x,6", "91,2;3,4;5,6", "1,2,3;3,4;5,6", many]) assert.equal(readArea(wrong), null, wrong);
});

test("an area is a line until it is closed", () => {
  const kinds = (corners, isClosed) => areaFeatures(corners, isClosed).features.map(({ geometry }) => geometry.type);
  assert.deepEqual(kinds([[1, 2]], false), ["Point"]);
  assert.deepEqual(kinds([[1, 2], [3, 4]], false), ["LineString", "Point", "Point"]);
  assert.deepEqual(kinds([[1, 2], [3, 4], [5, 6]], true), ["Polygon"]);
  assert.deepEqual(kinds([], true), []);
  assert.deepEqual(areaFeatures([[1, 2], [3, 4], [5, 6]], true).features[0].geometry.coordinates[0], [[2, 1], [4, 3], [6, 5], [2, 1]]);
});

// what is known now

test("what a stale camera did last is neither a filter's nor a crowd's recording", () => {
  const long = NOW - 10 * 60_000;
  const store = storeOf([{}, { seenTimeMs: long }, { seenTimeMs: NaN }]);
  assert.deepEqual(shownIndices(store, { recording: "recording" }), [0]);
  assert.deepEqual(shownIndices(store, {}), [0, 1, 2]);
  const { store: many, view } = crowd(40, 9.4);
  for (let index = 0; index < 10; index++) many.columns.seenTimeMs[index] = long;
  assert.equal(clustersOf({ store: many, view }, 9.4).clusters[0].recording, 15);
});

test("a camera that is heard of but was where it is drawn long ago may be elsewhere", () => {
  const store = storeOf([
    { fixTimeMs: NOW - 5_000 }, { fixTimeMs: NOW - 300_000 }, { fixTimeMs: NOW - 300_000, seenTimeMs: NOW - 300_000 },
    { fixTimeMs: NOW - 300_000, intervalS: 100 }, { flags: 0, fixTimeMs: NaN },
  ]);
  assert.deepEqual([0, 1, 2, 3, 4].map((index) => store.isElsewhere(index, NOW)), [false, true, false, false, false]);
  assert.equal(store.positionAgeS(1, NOW), 300);
  assert.ok(Number.isNaN(store.positionAgeS(4, NOW)));
});

test("cameras near an incident that record now are found, the nearest first", () => {
  const store = storeOf([
    { fixTimeMs: NOW, lat: 56.004 }, { fixTimeMs: NOW }, { fixTimeMs: NOW, lat: 56.006 }, { recording: 2 }, { seenTimeMs: NOW - 900_000 }, { flags: 0 },
  ]);
  assert.deepEqual(recordingNear(store, { lat: 56, lon: 1 }, NOW), [1, 0]);
});

test("a hole is outside, and so is what lies between two parts", () => {
  const square = (south, west, size) => [[south, west], [south + size, west], [south + size, west + size], [south, west + size]];
  const isInside = insideRings([square(56, 1, 0.4), square(56.1, 1.1, 0.1), square(56, 2, 0.1)]);
  const places = [[56.05, 1.05], [56.15, 1.15], [56.05, 1.6], [56.05, 2.05], [57, 1.05]];
  assert.deepEqual(places.map(([lat, lon]) => isInside(mercatorX(lon), mercatorY(lat))), [true, false, false, true, false]);
});

test("cameras in one of the force's areas, and those that were not heard of", async () => {
  const store = storeOf([{}, { lat: 57 }, { flags: 0 }, { seenTimeMs: NOW - 900_000 }, { seenTimeMs: NaN }]);
  const areas = new ForceAreas();
  const ring = [[0.9, 55.9], [1.1, 55.9], [1.1, 56.1], [0.9, 56.1], [0.9, 55.9]];
  const shown = (filter) => [...shownCameras(store, { ...NO_FILTER, ...filter }, new SearchTexts(), NOW, areas)].flatMap((on, index) => (on ? [index] : []));
  assert.deepEqual(shown({ division: "A" }), [], "an area that is not known holds nobody");
  assert.equal(areas.whyNobody("A"), "Reading the force's areas…");
  await areas.read(() => Promise.reject(new Error("away")));
  assert.equal(areas.whyNobody("A"), "The force's areas could not be read: away");
  await areas.read(async () => ({ features: [{ properties: { code: "A", name: "City" }, geometry: { type: "Polygon", coordinates: [ring] } }] }));
  assert.deepEqual(shown({ division: "A" }), [0, 3, 4]);
  assert.deepEqual(shown({ division: "A", heard: "now" }), [0]);
  assert.deepEqual(shown({ heard: "stale" }), [3, 4]);
  assert.equal(areas.whyNobody("A"), "");
  assert.equal(areas.whyNobody("B"), "The force has no area “B”.");
  assert.ok(isFiltering({ ...NO_FILTER, division: "A" }) && isFiltering({ ...NO_FILTER, heard: "stale" }) && !isFiltering({ ...NO_FILTER, text: " " }));
});

test("numbers that are left out are not zero", () => {
  for (const search of ["?at=,,", "?at=,1,12", "?place=,", "?area=,;,;,;,"]) {
    const { view, place, filter } = readAddress(search);
    assert.deepEqual([view, place, filter.area], [null, null, null], search);
  }
});

test("a stale camera is not ranked among those that record", () => {
  const store = storeOf([{ seenTimeMs: NOW - 900_000 }, { lat: 56.001 }, { lat: 56.002, recording: 2 }]);
  const near = { x: mercatorX(1), y: mercatorY(56), recordingFirst: true };
  assert.deepEqual([...ordered(store, new Uint8Array(3).fill(1), near, NOW).order], [1, 0, 2]);
});
