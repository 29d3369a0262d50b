/**
 * The map of the live map: basemap, cameras, crowds, call signs, selection, incidents.
 *
 * It only ever moves when somebody asks for it: by hand, by choosing an incident, by asking to see a camera. Events:
 * `select` (detail: index of a camera, -1 for none), `moved` (the view is another one), `point` (detail: lat and lon of a
 * place that was right-clicked, or pressed for long).
 */
import * as maplibre from "/static/lib/maplibre-gl/maplibre-gl.mjs";
import { areaFeatures } from "./area.js";
import { AreaDrawing } from "./area_drawing.js";
import { SOURCE, basemapTiles, hasDarkPicture } from "./basemap_source.js";
import { basemapStyle } from "./basemap_style.js";
import { watchBasemap } from "./basemap_watch.js";
import { CameraLayer, radiusAt } from "./camera_layer.js";
import { latitude } from "./camera_filter.js";
import { clustered } from "./clusters.js";
import { CrowdLayer } from "./crowd_layer.js";
import { outlineOf } from "./force_areas.js";
import { FramePacer } from "./frame_pacer.js";
import { IncidentMarkers } from "./incident_markers.js";
import { PlaceMarker } from "./place_marker.js";
import { SceneMarks } from "./scene_marks.js";
import { addOverlays, labelFeatures, overlayPaint, roomFeatures, selectionFeatures } from "./map_overlays.js";
import { mercatorX, mercatorY } from "./camera_store.js";

/** Crowds and call signs are worked out anew this often while cameras move: numbers less often than names. */
const REFRESH_CROWDS_MS = 1000;
const REFRESH_NAMES_MS = 200;
/** … or with a picture that is painted after so much of that time. */
const REFRESH_EARLY = 0.75;
const CHECK_MS = 50;
const MOVE_REFRESH_MS = 120;
const PULSE_MS = 80;
/** The map stands still for a stream that opens, but no longer than this. */
const STAND_STILL_MS = 2500;
const HIT_PX = 16;
/** A finger that rests for so long points at a place. */
const LONG_PRESS_MS = 600;
/** Room that a mark needs around its middle to be seen. */
const CLEAR_PX = 24;
/** Incidents bear their names from this zoom on, and only their shapes before. */
const NAMES_FROM_ZOOM = 11;
const FIT = { padding: 48, maxZoom: 15, duration: 0 };
/** Where the map lies before anything is known: Great Britain. */
const ANYWHERE = [[-8, 49.8], [2, 60.9]];

const NOTHING = { type: "FeatureCollection", features: [] };

/** Longitude in degrees of a Web Mercator x. */
function longitude(x) { return x * 360 - 180; }

export class MapView extends EventTarget {
  #map;
  #layer;
  #crowds = new CrowdLayer();
  #store;
  #nowMs;
  #markers;
  #place;
  #sceneMarks;
  /** @type {import("./area.js").Area|null} */
  #area = null;
  /** @type {import("./force_areas.js").ForceArea|null} */
  #division = null;
  /** @type {AreaDrawing|null} */
  #drawing = null;
  #pacer = new FramePacer(() => this.#paint());
  /** The room for the map is another one since the last frame. */
  #resized = false;
  #room = new ResizeObserver(([{ target }]) => {
    const canvas = this.#map.getCanvas();
    // It begins with the room that the map was made in.
    if (canvas.clientWidth === target.clientWidth && canvas.clientHeight === target.clientHeight) return;
    this.#resized = true;
    this.#pacer.ask();
  });
  #shown = new Uint8Array(0);
  #track = null;
  #replay = null;
  #selected = -1;
  #clusterKeys = new Set();
  #stale = true;
  #refreshed = 0;
  #timers = [];
  #unwatch;
  #pressing = 0;
  #hasBegun = false;
  /** Our own layers and sources are there. */
  #ready = false;
  #isSoon = false;
  /** Source → the features that it was given last, as JSON. */
  #given = new Map();

  /**
   * @param {object} given
   * @param {HTMLElement} given.container
   * @param {import("./camera_store.js").CameraStore} given.store
   * @param {() => number} given.nowMs the server's time
   * @param {"dark"|"light"} given.theme
   * @param {{lat: number, lon: number, zoom: number}|null} given.view null: around all cameras
   */
  constructor({ container, store, nowMs, theme, view }) {
    super();
    this.#store = store;
    this.#nowMs = nowMs;
    this.#layer = new CameraLayer(store, nowMs, () => this.#pacer.ask());
    this.#setLayersTheme(theme);
    const start = view
      ? { center: [view.lon, view.lat], zoom: view.zoom }
      : { bounds: this.#boundsOfAll() ?? ANYWHERE, fitBoundsOptions: FIT };
    this.#map = new maplibre.Map({
      container,
      ...start,
      style: basemapStyle(theme),
      attributionControl: { compact: false }, // shows nothing where the map's licence wants nothing to be said
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      renderWorldCopies: false,
      fadeDuration: 0,
      trackResize: false, // a frame of another size is a frame: see #paint
      minZoom: 3,
      maxZoom: 19,
      canvasContextAttributes: { antialias: false },
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(new maplibre.ScaleControl({ unit: "metric", maxWidth: 96 }), "bottom-right");
    this.#markers = new IncidentMarkers(this.#map, maplibre.Marker);
    this.#place = new PlaceMarker(this.#map, maplibre.Marker);
    this.#sceneMarks = new SceneMarks(this.#map, maplibre.Marker);
    this.#listen(theme);
    this.#unwatch = watchBasemap(this.#map, SOURCE);
  }

  /** The view for the address. */
  get view() {
    const { lat, lng } = this.#map.getCenter();
    return { lat, lon: lng, zoom: this.#map.getZoom() };
  }

  /** The corners of what is in view. @returns {import("./area.js").Area} */
  get corners() {
    const bounds = this.#map.getBounds();
    const [west, south, east, north] = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    return [[south, west], [south, east], [north, east], [north, west]];
  }

  /** The middle of the map in Web Mercator units. */
  get middle() {
    const { lat, lng } = this.#map.getCenter();
    return { x: mercatorX(lng), y: mercatorY(lat) };
  }

  /** Incident markers; see `IncidentMarkers`. */
  get incidents() { return this.#markers; }

  /** The chosen place's pin; see `PlaceMarker`. */
  get place() { return this.#place; }

  /** RVPs and negotiators on their way; see `SceneMarks`. */
  get sceneMarks() { return this.#sceneMarks; }

  /**
   * @param {import("./area.js").Area|null} area that was drawn
   * @param {import("./force_areas.js").ForceArea|null} [division] one of the force's own
   */
  setArea(area, division = null) {
    if (area === this.#area && division === this.#division) return;
    this.#area = area;
    this.#division = division;
    this.#drawArea();
  }

  /** @param {object|null} features of a track (see `trackFeatures`); null: none any more */
  setTrack(features) {
    this.#track = features;
    this.#drawTrack();
  }

  #drawTrack() {
    if (this.#ready) this.#give("track", this.#track ?? NOTHING);
  }

  /** @param {object|null} features of a replay, in place of all that is live (see `replayFeatures`); null: live again */
  setReplay(features) {
    const turns = (this.#replay === null) !== (features === null);
    this.#replay = features;
    if (turns) this.#refresh();
    if (this.#ready) this.#give("replay", features ?? NOTHING);
  }

  /** The area being drawn; null: none is. */
  get drawing() { return this.#drawing; }

  /** Begin to draw an area. @returns {AreaDrawing} */
  draw() {
    this.#drawing?.giveUp();
    const drawing = new AreaDrawing(this.#map);
    this.#drawing = drawing;
    const ended = () => {
      this.#drawing = null;
      this.#drawArea();
    };
    drawing.addEventListener("change", () => this.#drawArea());
    drawing.addEventListener("drawn", ended);
    drawing.addEventListener("given-up", ended);
    this.#drawArea();
    return drawing;
  }

  #drawArea() {
    if (!this.#ready) return;
    if (this.#drawing) this.#give("area-drawn", areaFeatures(this.#drawing.preview, false));
    else this.#give("area-drawn", { type: "FeatureCollection", features: [...areaFeatures(this.#area ?? [], true).features, ...outlineOf(this.#division)] });
  }

  /** Show an area as a whole. @param {import("./area.js").Area} area */
  frameArea(area) { this.framePlaces(area.map(([lat, lon]) => [lon, lat])); }

  /**
   * Show places as a whole.
   * @param {Array<[number, number]>} places longitude, latitude
   * @param {DOMRect} [over] what may lie over the map, at its right
   */
  framePlaces(places, over) {
    if (places.length === 0) return;
    const bounds = places.reduce((sofar, place) => sofar.extend(place), new maplibre.LngLatBounds());
    this.#map.fitBounds(bounds, { padding: this.#clearOf(over, 40), maxZoom: 16.5, duration: this.#duration() });
  }

  /** Room at the map's edges, and none of what is framed under what lies over it. @param {DOMRect|undefined} over @param {number} px */
  #clearOf(over, px) {
    const map = this.#map.getContainer().getBoundingClientRect();
    const covered = over && over.left < map.right && over.left > map.left + map.width / 4 ? map.right - over.left : 0;
    return { top: px, bottom: px, left: px, right: px + covered };
  }

  /** @param {import("./camera_store.js").Change} change */
  changed(change) {
    this.#stale = true;
    if (change.all) this.#layer.updateAll();
    else this.#layer.update([...change.indices, ...change.removed]);
  }

  /** Which cameras pass the filters. @param {Uint8Array} shown */
  setShown(shown) {
    this.#shown = shown;
    this.#refresh();
  }

  /** @param {number} index of the selected camera, -1 for none */
  select(index) {
    this.#selected = index;
    this.#refresh();
  }

  /** Show the selected camera if it is out of sight or too far off to tell. */
  goTo(index) {
    if (index < 0 || !this.#store.hasPosition(index)) return;
    const center = [this.#store.lon(index), this.#store.lat(index)];
    this.#map.easeTo({ center, zoom: Math.max(this.#map.getZoom(), 14.5), duration: this.#duration() });
  }

  /**
   * Move no further than it takes for a camera's mark to be seen beside what lies over the map.
   * @param {number} index of the camera, -1 for none
   * @param {DOMRect} cover in the window; empty: nothing lies there
   */
  keepClear(index, cover) {
    if (index < 0 || !this.#store.hasPosition(index)) return;
    const frame = this.#map.getContainer().getBoundingClientRect();
    // A card that lies beside the map is in nobody's way; one that lies over all of it cannot be avoided.
    if (cover.width === 0 || cover.left > frame.right - CLEAR_PX || cover.left < frame.left + CLEAR_PX) return;
    const left = cover.left - frame.left - CLEAR_PX;
    const { x, y } = this.#map.project([this.#store.lon(index), this.#store.lat(index)]);
    // Also below the card: it grows with what is read of the officer.
    const isUnder = x > left && x < frame.width && y > 0 && y < frame.height;
    if (isUnder) this.#map.panBy([x - left, 0], { duration: this.#duration() });
  }

  /**
   * Show a place with the cameras around it.
   * @param {{lat: number, lon: number}} place
   * @param {number} metres to be seen in every direction at least
   * @param {DOMRect} [over] what may lie over the map, at its right
   */
  frame(place, metres, over) {
    const east = metres / (111_320 * Math.cos((place.lat * Math.PI) / 180));
    const north = metres / 111_320;
    this.#map.fitBounds(
      [[place.lon - east, place.lat - north], [place.lon + east, place.lat + north]],
      { padding: this.#clearOf(over, 24), maxZoom: 16.5, duration: this.#duration() },
    );
  }

  /** Show all cameras. */
  frameAll() {
    const bounds = this.#boundsOfAll();
    if (bounds) this.#map.fitBounds(bounds, { ...FIT, duration: this.#duration() });
  }

  zoomBy(steps) { this.#map.zoomTo(this.#map.getZoom() + steps, { duration: this.#duration() / 2 }); }

  /** @param {"dark"|"light"} theme */
  setTheme(theme) {
    this.#theme = theme;
    this.#setLayersTheme(theme);
    if (!this.#ready) return;
    this.#paintTheme();
    if (hasDarkPicture()) this.#map.getSource(SOURCE).setTiles(basemapTiles(theme));
  }

  #setLayersTheme(theme) {
    for (const layer of [this.#crowds, this.#layer]) layer.setTheme(theme);
  }

  #paintTheme() {
    const paints = [...basemapStyle(this.#theme).layers.map(({ id, paint }) => [id, paint]), ...overlayPaint(this.#theme)];
    for (const [id, paint] of paints) {
      for (const [name, value] of Object.entries(paint)) this.#map.setPaintProperty(id, name, value);
    }
  }

  /** Repaint, for what changes with time alone. */
  tick() {
    this.#stale = true; // crowds age without a word, too
    this.#pacer.ask();
  }

  /** A stream opens, and somebody waits for its picture: that comes first. */
  standStill() { this.#pacer.hold(STAND_STILL_MS); }

  /** The picture is there, or will not come. */
  goOn() { this.#pacer.release(); }

  /** The map as it is now, as the data URL of a picture. */
  picture() {
    this.#map.redraw(); // what is drawn can be read until the browser has shown it
    return this.#map.getCanvas().toDataURL();
  }

  destroy() {
    this.#room.disconnect();
    this.#pacer.stop();
    this.#drawing?.stop();
    clearTimeout(this.#pressing);
    for (const timer of this.#timers) clearInterval(timer);
    this.#unwatch();
    this.#map.remove();
  }

  #theme = "dark";

  #paint() {
    // With a picture that is painted anyway, rather than with one more soon after.
    if (this.#isDue(REFRESH_EARLY)) this.#refresh();
    const was = this.#resized;
    this.#resized = false;
    if (was) this.#map.resize({ isByRoom: true });
    else if (this.#canPaintNow()) this.#paintSoon();
    else this.#map?.triggerRepaint(); // none yet: the layer is made before it
  }

  /** Whether a picture now is not one of many that a move, or a page that nobody sees, would have for nothing. */
  #canPaintNow() { return this.#ready && !document.hidden && !this.#map.isMoving() && this.#pacer.isRested; }

  /** Once for all that changes in this call of the browser's, and not as late as with the display's next frame. */
  #paintSoon() {
    if (this.#isSoon) return;
    this.#isSoon = true;
    queueMicrotask(() => {
      this.#isSoon = false;
      if (this.#canPaintNow()) this.#map.redraw();
      else this.#map.triggerRepaint();
    });
  }

  #duration() { return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 450; }

  #listen(theme) {
    const map = this.#map;
    this.#theme = theme;
    this.#room.observe(map.getContainer());
    map.on("load", () => this.#begin());
    // MapLibre brings its own layers back after the graphics card was lost, ours are ours to bring back.
    map.on("webglcontextlost", () => { this.#ready = false; });
    for (const kind of ["webglcontextrestored", "styledata"]) map.on(kind, () => this.#beginAgain());
    map.on("move", () => {
      if (performance.now() - this.#refreshed > MOVE_REFRESH_MS) this.#refresh();
    });
    map.on("moveend", ({ isByRoom }) => {
      this.#refresh();
      // Another size leaves the middle and the zoom as they are: nobody has moved the map.
      if (!isByRoom) this.dispatchEvent(new Event("moved"));
    });
    map.on("render", () => {
      const began = performance.now();
      this.#pacer.begun();
      requestAnimationFrame(() => this.#pacer.painted(performance.now() - began));
    });
    map.on("click", (event) => this.#click(event));
    map.on("contextmenu", (event) => {
      event.preventDefault();
      this.#point(event.lngLat);
    });
    map.on("touchstart", ({ points, lngLat }) => {
      clearTimeout(this.#pressing);
      if (points.length === 1) this.#pressing = setTimeout(() => this.#point(lngLat), LONG_PRESS_MS);
    });
    for (const kind of ["touchmove", "touchend", "touchcancel", "movestart"]) map.on(kind, () => clearTimeout(this.#pressing));
    map.on("mousemove", (event) => {
      if (this.#drawing) return;
      const over = this.#crowds.under(event.point) !== null || this.#layer.nearest(event.point, HIT_PX) >= 0;
      map.getCanvas().style.cursor = over ? "pointer" : "";
    });
    map.on("error", (event) => {
      // Tiles that fail are asked for again, and the map says so.
      if (event.sourceId !== SOURCE) console.error(event.error);
    });
    this.#timers.push(
      setInterval(() => { if (this.#pacer.waitMs === 0 && this.#isDue(1)) this.#refresh(); }, CHECK_MS),
      setInterval(() => { if (this.#layer.anyAsks()) this.#pacer.ask(); }, PULSE_MS),
    );
  }

  /** Once the basemap is back, after the graphics card was lost. */
  #beginAgain() {
    if (this.#hasBegun && !this.#ready && this.#map.style && this.#map.getSource(SOURCE)) this.#begin();
  }

  #begin() {
    this.#hasBegun = true;
    addOverlays(this.#map, [this.#crowds, this.#layer], this.#theme);
    this.#given.clear();
    this.#ready = true;
    this.#paintTheme(); // which may have changed since the map began
    this.#refresh();
    this.#drawArea();
    this.#drawTrack();
    this.setReplay(this.#replay);
  }

  #point({ lat, lng: lon }) {
    if (!this.#drawing) this.dispatchEvent(new CustomEvent("point", { detail: { lat, lon } }));
  }

  #click(event) {
    if (this.#drawing) return;
    const crowd = this.#crowds.under(event.point);
    // A mark that lies over a crowd is meant only by who hits it.
    const isMark = this.#layer.nearest(event.point, radiusAt(this.#map.getZoom()) + 2) >= 0;
    if (crowd !== null && !isMark) {
      this.#enter(crowd);
      return;
    }
    const index = this.#layer.nearest(event.point, HIT_PX);
    this.dispatchEvent(new CustomEvent("select", { detail: index }));
  }

  /** Go as near as the cameras of a crowd can be told apart. */
  #enter({ bounds: [west, north, east, south] }) {
    const zoom = this.#map.getZoom();
    this.#map.fitBounds(
      [[longitude(west), latitude(south)], [longitude(east), latitude(north)]],
      { padding: 80, minZoom: zoom + 1, maxZoom: Math.max(zoom + 1.5, 15), duration: this.#duration() },
    );
  }

  #boundsOfAll() {
    const { size, alive, columns } = this.#store;
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let index = 0; index < size; index++) {
      if (!alive[index] || !this.#store.hasPosition(index)) continue;
      west = Math.min(west, columns.lonE7[index]);
      east = Math.max(east, columns.lonE7[index]);
      south = Math.min(south, columns.latE7[index]);
      north = Math.max(north, columns.latE7[index]);
    }
    return west === Infinity ? null : [[west / 1e7, south / 1e7], [east / 1e7, north / 1e7]];
  }

  /** Whether crowds and names, of cameras that have moved, are as old as they may get, or this share of it. */
  #isDue(share) {
    const every = this.#clusterKeys.size ? REFRESH_CROWDS_MS : REFRESH_NAMES_MS;
    return this.#stale && performance.now() - this.#refreshed > every * share;
  }

  /** Give a source its features, unless it has the same. */
  #give(source, features) {
    const said = JSON.stringify(features);
    if (this.#given.get(source) === said) return;
    this.#given.set(source, said);
    this.#map.getSource(source).setData(features);
  }

  #showNothingLive() {
    this.#crowds.setCrowds([]);
    this.#layer.setShown(new Uint8Array(this.#shown.length));
    for (const source of ["crowd-room", "labels", "selection"]) this.#give(source, NOTHING);
  }

  /** Work out crowds and call signs anew. */
  #refresh() {
    if (!this.#ready) return;
    this.#map.getContainer().dataset.far = String(this.#map.getZoom() < NAMES_FROM_ZOOM);
    this.#stale = false;
    this.#refreshed = performance.now();
    if (this.#replay !== null) {
      this.#showNothingLive();
      return;
    }
    const map = this.#map;
    const bounds = map.getBounds();
    const view = [
      mercatorX(bounds.getWest()), mercatorY(bounds.getNorth()), mercatorX(bounds.getEast()), mercatorY(bounds.getSouth()),
    ];
    const zoom = map.getZoom();
    const { clusters, inside } = clustered({
      store: this.#store, shown: this.#shown, zoom, view, nowMs: this.#nowMs(), before: this.#clusterKeys, selected: this.#selected,
    });
    this.#crowds.setCrowds(clusters);
    this.#clusterKeys = new Set(clusters.map((cluster) => cluster.key));
    const drawn = this.#shown.slice();
    for (let index = 0; index < drawn.length; index++) if (inside[index]) drawn[index] = 0;
    if (this.#selected >= 0) drawn[this.#selected] = 1;
    this.#layer.setShown(drawn);
    this.#give("crowd-room", roomFeatures(clusters, zoom));
    this.#give("labels", labelFeatures(this.#store, drawn, view, zoom, this.#selected));
    this.#give("selection", selectionFeatures(this.#store, this.#selected));
  }
}
