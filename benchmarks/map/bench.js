/**
 * One feed, drawn by the layer that the address names: `ours`, `geojson` (MapLibre's own, with `updateData`) or `plotly`
 * (`Scattermap`). For each tick `bench.drawn` gets the milliseconds from the server's sending until the page has drawn, and the
 * graphics process has its part to do, which is the same for all three.
 */
import { FeedClient } from "/static/feed.js";
import { HEADER_BYTES } from "/static/feed_frame.js";
import { latitude } from "/static/camera_filter.js";

const VIEW = { lat: 51.5, lon: -0.1, zoom: 9.5 };
const SENT_AT = 24;
const COLOURS = ["#868e96", "#868e96", "#4dabf7", "#51cf66"];
const kind = new URLSearchParams(location.search).get("layer");
const container = document.getElementById("map");
const bench = { drawn: [], ticks: 0, ready: false };
window.bench = bench;

let sentMs = 0;

/** Notes when the newest frame was sent. */
class TimedSocket extends WebSocket {
  constructor(url) {
    super(url);
    this.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer && data.byteLength > HEADER_BYTES) sentMs = new DataView(data).getFloat64(SENT_AT, true);
    });
  }
}

const feed = new FeedClient({ url: "/api/feed", Socket: TimedSocket });
const { store } = feed;
const place = (index) => [store.x[index] * 360 - 180, latitude(store.y[index])];
const all = () => Array.from({ length: store.count }, (_, index) => index);

const idle = (map) => new Promise((resolve) => { map.once("idle", resolve); });

async function ours() {
  const maplibre = await import("/static/lib/maplibre-gl/maplibre-gl.mjs");
  const { MapView } = await import("/static/map_view.js");
  let due = [];
  const { fire } = maplibre.Map.prototype;
  maplibre.Map.prototype.fire = function (event, ...rest) {
    const name = typeof event === "string" ? event : event.type;
    if (name === "render" && due.length) {
      for (const done of due) done();
      due = [];
    }
    return fire.call(this, event, ...rest);
  };
  const view = new MapView({ container, store, nowMs: () => feed.nowMs(), theme: "dark", view: VIEW });
  view.setShown(new Uint8Array(store.count).fill(1));
  await new Promise((resolve) => { setTimeout(resolve, 3000); });
  return (change) => new Promise((resolve) => {
    due.push(resolve);
    view.changed(change);
  });
}

async function geojson() {
  const maplibre = await import("/static/lib/maplibre-gl/maplibre-gl.mjs");
  const map = new maplibre.Map({
    container, center: [VIEW.lon, VIEW.lat], zoom: VIEW.zoom, attributionControl: false, fadeDuration: 0,
    style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#14181d" } }] },
  });
  await map.once("load");
  const feature = (index) => ({
    type: "Feature", id: index, properties: { s: store.columns.recording[index] }, geometry: { type: "Point", coordinates: place(index) },
  });
  map.addSource("cameras", { type: "geojson", data: { type: "FeatureCollection", features: all().map(feature) } });
  map.addLayer({
    id: "cameras", type: "circle", source: "cameras",
    paint: { "circle-radius": 4, "circle-color": ["match", ["get", "s"], 2, COLOURS[2], 3, COLOURS[3], COLOURS[0]] },
  });
  await idle(map);
  return async ({ indices }) => {
    const update = indices.map((index) => ({
      id: index, newGeometry: { type: "Point", coordinates: place(index) },
      addOrUpdateProperties: [{ key: "s", value: store.columns.recording[index] }],
    }));
    const drawn = idle(map);
    map.getSource("cameras").updateData({ update });
    await drawn;
  };
}

async function plotly() {
  const script = document.createElement("script");
  script.src = "/plotly.js";
  const loaded = new Promise((resolve) => { script.onload = resolve; });
  document.head.append(script);
  await loaded;
  const columns = () => {
    const lons = new Array(store.count);
    const lats = new Array(store.count);
    const colours = new Array(store.count);
    for (let index = 0; index < store.count; index++) {
      [lons[index], lats[index]] = place(index);
      colours[index] = COLOURS[store.columns.recording[index]];
    }
    return { lons, lats, colours };
  };
  const { lons, lats, colours } = columns();
  await window.Plotly.newPlot(
    container, [{ type: "scattermap", lon: lons, lat: lats, mode: "markers", marker: { color: colours, size: 8 }, hoverinfo: "skip" }],
    {
      margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false,
      map: {
        center: { lat: VIEW.lat, lon: VIEW.lon }, zoom: VIEW.zoom,
        style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#14181d" } }] },
      },
    },
    { displayModeBar: false },
  );
  const { map } = container._fullLayout.map._subplot;
  await new Promise((resolve) => { setTimeout(resolve, 3000); });
  return async () => {
    const now = columns();
    const drawn = idle(map);
    window.Plotly.restyle(container, { lon: [now.lons], lat: [now.lats], "marker.color": [now.colours] }, [0]);
    await drawn;
  };
}

const begun = new Promise((resolve) => { feed.addEventListener("change", resolve, { once: true }); });
feed.start();
await begun;
const draw = await { ours, geojson, plotly }[kind]();
let drawing = false;
feed.addEventListener("change", async ({ detail: change }) => {
  if (change.indices.length === 0) return;
  bench.ticks += 1;
  if (drawing) return; // the one before is not there yet: this one is missed
  drawing = true;
  const sent = sentMs;
  await draw(change);
  drawing = false;
  bench.drawn.push(Date.now() - sent);
});
bench.ready = true;
