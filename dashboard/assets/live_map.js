/**
 * The live map: one selection, one set of filters, one framed incident or chosen place, shown by map, list, card, strip
 * and address alike. The exports are called by Dash's clientside callbacks.
 */
import { app } from "./app.js";
import { call } from "./api.js";
import { knowBasemap } from "./basemap_source.js";
import { CameraList } from "./camera_list.js";
import { NO_FILTER, SearchTexts, isFiltering, ordered, shownCameras } from "./camera_filter.js";
import { goTo, h, mark, present, say } from "./dom.js";
import { FilterControls, filterWords } from "./filter_controls.js";
import { Finder } from "./finder.js";
import { ForceAreas } from "./force_areas.js";
import { IncidentStrip } from "./incident_strip.js";
import { askLink, mayLink } from "./link_incident.js";
import { openKeyHelp } from "./key_help.js";
import { drawLegend } from "./map_legend.js";
import { mapControls } from "./map_controls.js";
import { pressed } from "./map_keys.js";
import { printable, printLines } from "./map_print.js";
import { ReplayMode } from "./replay_mode.js";
import { ScenePanel } from "./scene_panel.js";
import { mercatorX, mercatorY } from "./camera_store.js";
import { addMarkShapes } from "./mark_icons.js";
import { NearForecasts, metresBetween } from "./near_forecasts.js";
import { OfficerCard } from "./officer_card.js";
import { placeName, readAddress, writeAddress } from "./url_state.js";
import { shortName } from "./camera_words.js";
import { theme } from "./theme.js";
import { askTrack } from "./track_dialog.js";
import { whyEmpty } from "./why_empty.js";

const TICK_MS = 1000;
/** The list is put in order again this often, unless it is held. */
const ORDER_MS = 4000;
/** The map waits this long for the cameras, so that it need not move once they are there. */
const FIRST_CAMERAS_MS = 1500;
/** The force's areas are read again after this long where they could not be. */
const AGAIN_AFTER_MS = 10_000;
const FRAME_METRES = 450;
/** An officer so near to an incident may well be there. */
const SCENE_METRES = 2000;
/** So many cameras nearest to a scene say what their streams would be like. */
const FORECAST_ROWS = 6;

/** @type {LiveMap|null} */
let page = null;

/** Called by Dash when the page appears. @param {string} id */
export async function mount(id) {
  const element = await present(id);
  await app.started;
  page?.leave();
  page = new LiveMap(element);
  await page.begin();
  return true;
}

/** The controls of the list say something else; what is searched for is heard as it is typed. */
export function filter(recording, unit, quality, division, heard) {
  page?.setFilter({ recording: recording ?? "all", unit: unit ?? "", quality: quality ?? "", division: division ?? "", heard: heard ?? "all" });
}

class LiveMap {
  #element;
  #store = app.feed.store;
  #state = readAddress(location.search);
  #texts = new SearchTexts();
  #areas = new ForceAreas();
  #controls = new FilterControls(this.#store, this.#areas);
  #shown = new Uint8Array(0);
  #map = null;
  #list;
  #card;
  #scene;
  /** Cameras of the replay that were on the map when it began. @type {Set<string>} */
  #replayed = new Set();
  #strip;
  #finder;
  #forecasts;
  #replay;
  #orderedAt = 0;
  #toReorder = true;
  #toRefilter = false;
  #path = location.pathname;
  #stop = new AbortController();
  #timer = 0;

  constructor(element) {
    this.#element = element;
    addMarkShapes();
    this.#list = new CameraList(this.#part("list"), this.#store, () => app.nowMs());
    this.#card = new OfficerCard(this.#part("card"), { app, call });
    this.#card.scene = () => this.#sceneOfSelected;
    this.#scene = new ScenePanel({ app, call });
    this.#strip = new IncidentStrip(this.#part("incidents"), { mayLink: (incident) => mayLink(incident, app.facts) });
    this.#finder = new Finder(this.#part("found"), this.#part("places"), call);
    this.#forecasts = new NearForecasts(this.#store, call);
    this.#replay = new ReplayMode({ frame: this.#part("map").parentElement, side: this.#part("list").parentElement, call });
    this.#list.hint = (index) => this.#forecasts.of(index);
    drawLegend(this.#part("legend"));
  }

  async begin() {
    this.#controls.show(this.#state.filter);
    this.#listen();
    this.#drawIncidents();
    this.#refilter();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#readAreas();
    await this.#firstCameras();
    if (this.#stop.signal.aborted) return;
    await this.#makeMap();
    this.#refilter();
    this.#reorder();
    this.#showSelection(true);
    if (this.#state.view) return;
    if (this.#state.incident) this.#frame(this.#state.incident);
    else if (this.#state.place) this.#showPlace();
    else this.#frameArea();
  }

  /** The force's areas, which the map need not wait for; where they cannot be read, again and again. */
  async #readAreas() {
    await this.#areas.read(call);
    if (this.#stop.signal.aborted) return;
    this.#controls.show(this.#state.filter);
    this.#refilter();
    if (!this.#areas.isRead) setTimeout(() => this.#stop.signal.aborted || this.#readAreas(), AGAIN_AFTER_MS);
    else if (this.#state.filter.division && !this.#state.view) this.#frameArea();
  }

  /** The area that is filtered by, the force's or one that was drawn. */
  #frameArea() {
    const { area, division } = this.#state.filter;
    const places = area ?? this.#areas.byCode(division)?.rings.flat();
    if (places) this.#map?.frameArea(places);
  }

  /** The page is left. */
  leave() {
    this.#stop.abort();
    clearInterval(this.#timer);
    this.#finder.stop();
    this.#forecasts.stop();
    this.#replay.end();
    this.#map?.destroy();
    this.#map = null;
  }

  setFilter(said) {
    const wanted = { ...this.#state.filter, ...said };
    if (JSON.stringify(wanted) === JSON.stringify(this.#state.filter)) return;
    const { division } = this.#state.filter;
    this.#state.filter = wanted;
    if (wanted.division && wanted.division !== division) this.#frameArea();
    this.#refilter();
    this.#reorder(); // asked for, so also where somebody points at the list
    this.#toAddress();
  }

  #part(name) {
    return this.#element.querySelector(`#live-map-${name}`);
  }

  #on(target, kind, does) { target.addEventListener(kind, does, { signal: this.#stop.signal }); }

  #listen() {
    this.#on(app.feed, "change", (event) => this.#changed(event.detail));
    this.#on(app.feed, "directory", () => this.#directoryChanged());
    if (app.incidents) this.#on(app.incidents, "change", () => this.#drawIncidents());
    this.#on(this.#list, "select", (event) => this.#select(event.detail, false));
    this.#on(this.#list, "open", (event) => {
      this.#select(event.detail, false);
      this.#map?.goTo(event.detail);
    });
    this.#on(this.#strip, "frame", (event) => this.#frame(event.detail));
    this.#on(this.#strip, "link", (event) => this.#link(event.detail));
    this.#on(this.#finder, "frame", (event) => this.#frameFound(event.detail));
    this.#on(this.#finder, "choose", (event) => this.#choosePlace(event.detail));
    this.#on(this.#finder, "change", () => this.#sayWhyEmpty());
    this.#on(this.#forecasts, "change", () => this.#list.draw());
    this.#on(this.#part("forget"), "click", () => this.#setPlace(null));
    this.#on(this.#card, "close", () => this.#select(-1, false));
    this.#on(this.#card, "show", () => {
      this.#showView("map");
      mark(this.#element, "data-sheet", "down");
      this.#map?.goTo(this.#selected);
    });
    for (const button of this.#part("views").children) this.#on(button, "click", () => this.#showView(button.dataset.view));
    this.#on(this.#card, "stream", () => this.#openStream());
    this.#on(this.#card, "request", () => this.#request());
    this.#on(this.#scene, "request", () => this.#request());
    this.#on(this.#scene, "close", () => (this.#state.place ? this.#setPlace(null) : this.#frame("")));
    this.#on(this.#scene, "show-rvp", ({ detail }) => this.#map?.frame(detail, FRAME_METRES));
    this.#on(this.#scene, "rvp", ({ detail }) => this.#frame(detail));
    this.#on(this.#card, "frame", (event) => this.#frame(event.detail));
    this.#on(this.#card, "ask-track", () => this.#askTrack());
    this.#on(this.#card, "track", ({ detail }) => this.#map?.setTrack(detail));
    this.#on(this.#replay, "begin", ({ detail }) => this.#replayBegins(detail));
    this.#on(this.#replay, "show", ({ detail }) => this.#map?.setReplay(detail));
    this.#on(this.#replay, "end", () => this.#map?.setReplay(null));
    this.#on(this.#part("clear"), "click", () => this.#clearFilter());
    this.#on(this.#part("in-view"), "click", () => {
      this.setFilter({ area: this.#map.corners });
      this.#part("clear").focus(); // what was pressed is gone
    });
    this.#on(window, "sightline:theme", (event) => this.#map?.setTheme(event.detail));
    this.#on(window, "sightline:stream-opening", () => this.#map?.standStill());
    this.#on(window, "sightline:stream-settled", () => this.#map?.goOn());
    this.#on(window, "sightline:frame-incident", (event) => {
      event.preventDefault(); // nobody has to come here for it
      this.#frameFound(event.detail);
    });
    this.#on(window, "sightline:show-camera", (event) => {
      event.preventDefault();
      this.#showCamera(event.detail);
    });
    this.#on(window, "popstate", () => this.#fromAddress());
    // The header's link to this very page takes away what the address said; it is shown still.
    this.#on(window, "_dashprivate_pushstate", () => this.#toAddress(false));
    this.#on(document, "keydown", (event) => { if (this.#element.isConnected) pressed(event, this.#keys); });
    // Not by way of Dash, where what was typed before may arrive after Enter was pressed.
    this.#on(document, "input", ({ target }) => { if (target.id === "live-map-search") this.setFilter({ text: target.value }); });
  }

  // the map

  /** Wait for the first cameras, so that the map can begin where they are; not for long. */
  #firstCameras() {
    if (this.#store.count > 0 || this.#state.view) return Promise.resolve();
    return new Promise((resolve) => {
      setTimeout(resolve, FIRST_CAMERAS_MS);
      this.#on(app.feed, "change", resolve);
    });
  }

  async #makeMap() {
    const container = this.#part("map");
    let MapView;
    try {
      [{ MapView }] = await Promise.all([import("./map_view.js"), knowBasemap()]);
      this.#map = new MapView({
        container, store: this.#store, nowMs: () => app.nowMs(), theme: theme(), view: this.#state.view,
      });
    } catch (error) {
      console.error(error);
      container.replaceChildren(h("div", { class: "map-failed" }, h("p", { text: "The map cannot be drawn in this browser: it needs WebGL 2. The list beside shows the same cameras." })));
      return;
    }
    this.#on(this.#map, "select", (event) => this.#select(event.detail, true));
    this.#on(this.#map, "moved", () => {
      this.#state.view = this.#map.view;
      this.#reorder();
      this.#toAddress();
    });
    this.#on(this.#map.incidents, "frame", (event) => this.#frame(event.detail));
    this.#on(this.#map.place, "press", () => this.#showPlace());
    this.#on(this.#map, "point", ({ detail: { lat, lon } }) => this.#setPlace({ lat, lon, name: placeName(lat, lon) }));
    this.#map.place.show(this.#state.place);
    this.#addControls();
    printable(container.parentElement, {
      picture: () => this.#map.picture(), lines: () => this.#printLines(), signal: this.#stop.signal,
    });
    this.#drawIncidents();
  }

  #printLines() {
    const filters = filterWords(this.#state.filter, this.#areas);
    return printLines({ replay: this.#replay.words, nowMs: app.nowMs(), filters });
  }

  #addControls() {
    const asks = { title: "Replay: what happened here (r)", glyph: "glyph-replay", does: () => this.#askReplay() };
    this.#part("map").after(mapControls([
      { title: "Nearer", glyph: "glyph-plus", does: () => this.#map.zoomBy(1) },
      { title: "Further", glyph: "glyph-minus", does: () => this.#map.zoomBy(-1) },
      { title: "Show all cameras", glyph: "glyph-all", does: () => this.#map.frameAll() },
      { title: "Draw an area: what is inside it", glyph: "glyph-area", does: () => this.#drawArea() },
      { title: "Recording cameras nearest to the map's middle (n)", glyph: "glyph-pin", does: () => this.#pointAtMiddle() },
      ...(app.may("track.view") ? [asks] : []),
      { title: "Keys (?)", glyph: "glyph-keys", does: () => openKeyHelp() },
    ]));
  }

  /** Map or list, on screens that have room for one. @param {string} view */
  #showView(view) {
    mark(this.#element, "data-view", view);
    for (const button of this.#part("views").children) mark(button, "aria-pressed", String(button.dataset.view === view));
  }

  // what came by the feed

  #changed(change) {
    if (change.all || change.removed.length || change.indices.some((index) => this.#shown[index] === undefined)) {
      this.#controls.offerUnits(this.#state.filter.unit);
      this.#refilter();
    } else {
      this.#toRefilter ||= isFiltering(this.#state.filter);
    }
    this.#map?.changed(change);
    if (change.all || change.removed.length || change.indices.includes(this.#selected)) this.#showSelection(false);
  }

  #directoryChanged() {
    this.#controls.offerUnits(this.#state.filter.unit);
    this.#refilter();
    this.#showSelection(false);
  }

  #tick() {
    if (!this.#element.isConnected) {
      this.leave();
      return;
    }
    // A camera turns stale without a word.
    const { recording, heard } = this.#state.filter;
    if (this.#toRefilter || recording !== "all" || heard !== "all") this.#refilter();
    const isDue = performance.now() - this.#orderedAt > ORDER_MS;
    if ((isDue || this.#toReorder) && !this.#list.isHeld) this.#reorder();
    this.#list.draw();
    this.#card.draw();
    this.#map?.tick();
    this.#drawCount();
    if (app.incidents) this.#strip.draw(app.incidents, this.#state.incident, app.nowMs());
    this.#drawScene();
    this.#forgetReplayed();
  }

  /** The framed incident or the chosen place, where nobody is selected; on the map, who is on the way to an incident. */
  #drawScene() {
    const nowMs = app.nowMs();
    const { place } = this.#state;
    const incident = app.incidents?.byId(this.#state.incident) ?? null;
    this.#card.setInstead(this.#scene.draw({ incident, place, nowMs }));
    mark(this.#element, "data-scene", incident || place ? "true" : null);
    // What is live is not shown in a replay.
    this.#map?.sceneMarks.show(this.#replay.isOn ? [] : app.incidents?.open ?? [], this.#store, nowMs);
  }

  // selection

  get #selected() { return this.#state.camera ? this.#store.indexOf(this.#state.camera) : -1; }

  /** @param {number} index -1 for none @param {boolean} reveal whether the list scrolls to it */
  #select(index, reveal) {
    const ref = index < 0 ? "" : this.#store.refOf(index);
    mark(this.#element, "data-sheet", null);
    if (ref === this.#state.camera) {
      if (reveal) this.#list.select(index, true);
      return;
    }
    this.#state.camera = ref;
    this.#showSelection(reveal);
    this.#clearOfCard();
    this.#toAddress();
  }

  #showSelection(reveal) {
    const index = this.#selected;
    this.#list.select(index, reveal);
    this.#map?.select(index);
    this.#card.select(index, this.#state.camera);
    mark(this.#element, "data-selected", this.#state.camera ? "true" : null);
  }

  /** Somebody wants to see where an officer is. @param {string} camera id */
  #showCamera(camera) {
    const index = this.#store.indexOf(camera);
    this.#replay.end();
    this.#showView("map");
    this.#select(index, true);
    if (index >= 0) this.#map?.goTo(index);
  }

  /** Where the card lies over the map it may lie over the very mark that was chosen. */
  #clearOfCard() {
    this.#map?.keepClear(this.#selected, this.#part("card").getBoundingClientRect());
  }

  // filters

  #refilter() {
    this.#toRefilter = false;
    const before = this.#shown;
    this.#shown = shownCameras(this.#store, this.#state.filter, this.#texts, app.nowMs(), this.#areas);
    this.#map?.setShown(this.#shown);
    this.#map?.setArea(this.#state.filter.area, this.#areas.byCode(this.#state.filter.division));
    this.#drawFound();
    const same = before.length === this.#shown.length && before.every((one, index) => one === this.#shown[index]);
    if (same && this.#list.count > 0) return;
    if (this.#list.isHeld) this.#toReorder = true;
    else this.#reorder();
  }

  #drawFound() {
    this.#finder.draw(app.incidents?.open ?? [], this.#state.filter.text, this.#map?.view ?? null);
    this.#sayWhyEmpty();
  }

  #sayWhyEmpty() {
    if (this.#list.count === 0 && this.#shown.length) this.#list.setEmpty(this.#whyEmpty());
  }

  #clearFilter() {
    this.#state.filter = { ...NO_FILTER };
    this.#controls.show(this.#state.filter);
    this.#refilter();
    this.#reorder();
    this.#toAddress();
  }

  // order

  /** Where the list is nearest to. */
  get #near() {
    const { place } = this.#state;
    if (place) return { x: mercatorX(place.lon), y: mercatorY(place.lat), recordingFirst: true };
    const incident = app.incidents?.byId(this.#state.incident);
    if (incident && incident.lat !== null) {
      return { x: mercatorX(incident.lon), y: mercatorY(incident.lat), recordingFirst: true };
    }
    return this.#map?.middle ?? null;
  }

  #reorder() {
    this.#orderedAt = performance.now();
    this.#toReorder = false;
    const { order, distances } = ordered(this.#store, this.#shown, this.#near, app.nowMs());
    this.#list.setOrder(order, distances);
    this.#list.setEmpty(order.length ? null : this.#whyEmpty());
    this.#drawCount();
    this.#drawNear();
    this.#askForecasts(order);
  }

  /** Where the list is nearest to a scene, its first cameras say what their streams would be like. */
  #askForecasts(order) {
    const isScene = this.#state.place !== null || app.incidents?.byId(this.#state.incident);
    if (!isScene || !app.may("coverage.forecast")) this.#forecasts.want([]);
    else this.#forecasts.want(order.subarray(0, FORECAST_ROWS).filter((index) => this.#store.columns.recording[index] === 3));
  }

  #drawCount() {
    const total = this.#store.count;
    const shown = this.#list.count;
    const number = (count) => count.toLocaleString("en-GB");
    const all = `${number(total)} ${total === 1 ? "camera" : "cameras"}`;
    const known = app.feed.isReading ? `${all} so far` : all;
    const words = isFiltering(this.#state.filter) ? `${number(shown)} of ${number(total)}` : known;
    say(this.#part("count"), total === 0 ? "" : words);
    this.#part("clear").hidden = !isFiltering(this.#state.filter);
    this.#part("in-view").hidden = !this.#map || total === 0 || this.#state.filter.area !== null;
  }

  #drawNear() {
    const incident = app.incidents?.byId(this.#state.incident);
    const scene = this.#state.place?.name ?? (incident ? `“${incident.title}”` : "");
    const { area, division } = this.#state.filter;
    const places = [area && "the area", this.#areas.byCode(division)?.name].filter(Boolean);
    const inside = places.length ? `in ${places.join(" and ")} · ` : "";
    const order = scene ? `recording first, nearest to ${scene}` : this.#map ? "nearest to the map's middle" : "";
    const words = inside + order;
    this.#part("forget").hidden = this.#state.place === null;
    say(this.#part("near"), words);
    this.#part("near").title = words;
  }

  #whyEmpty() {
    return whyEmpty({
      known: this.#store.count, isHeard: app.feed.lastFrameMs > 0, scope: app.facts.capabilities["map.view"],
      instead: this.#areas.whyNobody(this.#state.filter.division) || this.#finder.instead, onClear: () => this.#clearFilter(),
    });
  }

  // incidents

  #drawIncidents() {
    if (!app.incidents) {
      this.#part("incidents").hidden = true;
      return;
    }
    this.#strip.draw(app.incidents, this.#state.incident, app.nowMs());
    this.#map?.incidents.show(app.incidents.open, this.#state.incident);
    this.#drawFound();
    this.#card.draw();
    this.#drawScene();
    if (this.#state.incident && app.incidents.readMs && !app.incidents.byId(this.#state.incident)) this.#frame("");
  }

  /** @param {string} id of the incident to frame, "" to let go */
  #frame(id) {
    this.#state.incident = id;
    if (id) this.#turnToScene();
    this.#drawIncidents();
    this.#showIncident();
    this.#reorder();
    this.#toAddress();
  }

  #showIncident() {
    const incident = app.incidents?.byId(this.#state.incident);
    if (incident && incident.lat !== null) this.#map?.frame(incident, FRAME_METRES, this.#part("card").getBoundingClientRect());
  }

  /** What was looked at elsewhere is let go of: a place, a search for somebody, an officer in another town. */
  #turnToScene() {
    this.#dropPlace();
    if (this.#state.filter.text) {
      this.setFilter({ text: "" });
      this.#controls.show(this.#state.filter);
    }
    if (this.#state.camera && !this.#framedNear(this.#selected)) this.#select(-1, false);
  }

  /** The incident that was searched for: the search has done its work. */
  #frameFound(id) {
    this.#clearFilter();
    this.#showView("map");
    this.#frame(id);
  }

  // places

  /** @param {import("./found_places.js").Place|null} place null: none any more */
  #setPlace(place) {
    this.#state.place = place;
    if (place) this.#state.incident = "";
    this.#map?.place.show(place);
    this.#drawIncidents();
    this.#reorder();
    this.#toAddress();
  }

  /** The place that was searched for: the search has done its work. */
  #choosePlace(place) {
    this.setFilter({ text: "" });
    this.#controls.show(this.#state.filter);
    this.#showView("map");
    this.#setPlace(place);
    this.#showPlace();
  }

  #showPlace() { this.#map?.frame(this.#state.place, FRAME_METRES); }

  #dropPlace() {
    this.#state.place = null;
    this.#map?.place.show(null);
  }

  /** Draw an area; pressed again, give it up. */
  #drawArea() {
    if (this.#replay.isOn) return; // what is live is not shown
    const under = this.#map?.drawing;
    if (under) {
      under.giveUp();
      return;
    }
    const drawing = this.#map.draw();
    const words = this.#part("drawing");
    words.hidden = false;
    this.#on(drawing, "drawn", ({ detail: area }) => this.setFilter({ area }));
    for (const kind of ["drawn", "given-up"]) this.#on(drawing, kind, () => { words.hidden = true; });
  }

  #pointAtMiddle() {
    if (!this.#map || this.#replay.isOn) return;
    const { lat, lon } = this.#map.view;
    this.#setPlace({ lat, lon, name: placeName(lat, lon) });
  }

  async #link(id) {
    const incident = app.incidents.byId(id);
    if (!incident) return;
    const became = await askLink(incident, app.incidents, call);
    if (became === "" || this.#stop.signal.aborted) return;
    await app.incidents.readNow();
    if (this.#state.incident === id || this.#state.incident === "") this.#frame(became);
  }

  // what can be done

  #openStream() {
    const incident = this.#state.incident || null;
    window.dispatchEvent(new CustomEvent("sightline:open-stream", { detail: { camera: this.#state.camera, incident } }));
  }

  async #askTrack() {
    const { camera } = this.#state;
    const track = await askTrack({
      camera,
      name: this.#selected < 0 ? camera : shortName(this.#store.entries[this.#selected]),
      incident: String(this.#state.incident || app.incidents?.ofCamera(camera)?.id || ""),
      incidents: app.incidents,
      nowMs: app.nowMs(),
    }, call);
    if (track === null || this.#stop.signal.aborted) return;
    this.#card.showTrack(camera, track);
    this.#map?.framePlaces(track.places, this.#part("card").getBoundingClientRect());
  }

  /** Replay of the area that was drawn, of the scene of the framed incident, or of what the map shows. */
  #askReplay() {
    if (!this.#map) return;
    if (this.#replay.isOn) {
      this.#replay.end();
      return;
    }
    const { filter: { area }, incident: framed } = this.#state;
    const incident = app.incidents?.byId(framed);
    const isScene = !area && incident && incident.lat !== null;
    const where = area ? "in the area that you drew" : isScene ? `within 500 m of “${incident.title}”` : "in the part of the map in view";
    this.#replay.ask({
      where, area: area ?? (isScene ? null : this.#map.corners), incident: framed, incidents: app.incidents, nowMs: app.nowMs(),
    });
  }

  #replayBegins({ area, cameras }) {
    this.#replayed = new Set(cameras.map(({ camera }) => camera).filter((camera) => this.#store.indexOf(camera) >= 0));
    this.#select(-1, false);
    this.#showView("map");
    this.#map.frameArea(area);
  }

  /** A camera that has left the map since a replay began may not be seen any more: not then either. */
  #forgetReplayed() {
    if (!this.#replay.isOn || app.feed.isReading) return;
    this.#replay.forget((camera) => this.#replayed.has(camera) && this.#store.indexOf(camera) < 0);
  }

  #request() {
    const asked = new URLSearchParams({ request: "1" });
    if (this.#state.camera) asked.set("camera", this.#state.camera);
    const incident = this.#sceneOfSelected;
    if (incident) asked.set("incident", String(incident.id));
    goTo(`/triage?${asked}`);
  }

  /** The incident that the selected officer is at, or may be at. */
  get #sceneOfSelected() { return app.incidents?.ofCamera(this.#state.camera) ?? this.#framedNear(this.#selected); }

  /** The framed incident, if a camera is near enough to belong there: one in another town is no answer for it. */
  #framedNear(index) {
    const incident = app.incidents?.byId(this.#state.incident);
    if (!incident || incident.lat === null || index < 0 || !this.#store.hasPosition(index)) return incident;
    const place = { lat: this.#store.lat(index), lon: this.#store.lon(index) };
    return metresBetween(incident, place) <= SCENE_METRES ? incident : null;
  }

  // address and keys

  /** @param {boolean} [maybeStep] false: whatever it says is nothing to go back from */
  #toAddress(maybeStep = true) {
    // The map may come to rest after the page was left, or the address has gone on to another.
    if (this.#stop.signal.aborted || !this.#element.isConnected || location.pathname !== this.#path) return;
    const address = this.#path + writeAddress(this.#state);
    if (address === location.pathname + location.search) return;
    // Another scene is a step that the browser's *back* goes back on; all else only says more of the same.
    const scene = sceneOf(this.#state);
    const isStep = maybeStep && scene !== "" && scene !== sceneOf(readAddress(location.search));
    history[isStep ? "pushState" : "replaceState"](history.state, "", address);
  }

  #fromAddress() {
    if (!this.#element.isConnected || location.pathname !== this.#path) return;
    const before = sceneOf(this.#state);
    this.#state = { ...readAddress(location.search), view: this.#state.view };
    this.#map?.place.show(this.#state.place);
    this.#controls.show(this.#state.filter);
    this.#refilter();
    this.#reorder();
    this.#showSelection(true);
    this.#drawIncidents();
    if (sceneOf(this.#state) === before) return;
    if (this.#state.place) this.#showPlace();
    else this.#showIncident();
  }

  /** What a key does; see `MapKeys`. */
  get #keys() {
    return {
      escape: () => {
        if (this.#replay.isOn) this.#replay.end();
        else if (this.#state.camera) this.#select(-1, false);
        else if (this.#state.place) this.#setPlace(null);
        else if (this.#state.incident) this.#frame("");
      },
      help: () => openKeyHelp(),
      n: () => this.#pointAtMiddle(),
      o: () => { if (this.#selected >= 0) this.#openStream(); },
      r: () => { if (app.may("track.view")) this.#askReplay(); },
      searchEnter: () => this.#enterSearch(),
      searchDown: () => this.#list.enter(),
      searchEscape: () => this.#clearFilter(),
    };
  }

  #enterSearch() {
    if (this.#list.count === 0) {
      this.#finder.enter();
      return;
    }
    this.#reorder();
    this.#select(this.#list.first, true);
    this.#map?.goTo(this.#selected);
    document.title = `${shortName(this.#store.entries[this.#selected])} · Live map · Sightline`;
  }
}

/** What is looked at: an incident or a place; "" for neither. @param {import("./url_state.js").MapState} state */
function sceneOf({ incident, place }) { return incident || (place ? `${place.lat.toFixed(5)},${place.lon.toFixed(5)}` : ""); }
