/**
 * What is known of the selected officer, and what can be done: from the feed, with the forecast of a stream at the place.
 * Events: `close`, `show`, `stream`, `request`, `frame` (detail: incident id), `ask-track`, `track` (detail: features or null).
 */
import { AskToRecord } from "./ask_to_record.js";
import { closeButton, h, mark, say } from "./dom.js";
import { ago, ageWords, fullTime, runningTime } from "./ages.js";
import { FLAG, UNKNOWN } from "./feed_frame.js";
import {
  QUALITY_MEANING, RECORDING_WORDS, fullName, qualityOf, recordingOf, signalWords, whyNoStream,
} from "./camera_words.js";
import { gridReference } from "./grid_reference.js";
import { markIcon, markName, showMark } from "./mark_icons.js";
import { KNOWN_FOR_MS, MOVED_METRES, metresBetween } from "./near_forecasts.js";
import { records } from "./recording_cameras.js";
import { TrackPanel } from "./track_panel.js";

export class OfficerCard extends EventTarget {
  #element;
  #store;
  #app;
  #call;
  #index = -1;
  #ref = "";
  #parts = {};
  #track = new TrackPanel();
  #body;
  #forecast = null;
  #asked = null;
  #abort = null;
  /** @type {HTMLElement|null} */
  #instead = null;
  #ask;
  /** The incident that the selected camera may be at, or null. */
  scene = () => null;

  /**
   * @param {HTMLElement} element
   * @param {object} given
   * @param {typeof import("./app.js").app} given.app
   * @param {typeof import("./api.js").call} given.call
   */
  constructor(element, { app, call }) {
    super();
    this.#element = element;
    this.#app = app;
    this.#store = app.feed.store;
    this.#call = call;
    this.#track.addEventListener("ask", () => this.#tell("ask-track"));
    this.#track.addEventListener("show", ({ detail }) => this.#tell("track", detail));
    this.#ask = new AskToRecord(app.recordingWatch);
    this.#body = this.#build();
    this.#showNobody();
  }

  /** @param {number} index of the selected camera, -1 for none or not seen now @param {string} ref its id, "" for none */
  select(index, ref) {
    if (ref !== this.#ref) {
      this.#ref = ref;
      this.#track.show(null);
      this.#forecast = null;
      this.#asked = null;
      this.#abort?.abort();
    }
    this.#index = index;
    if (index < 0) this.#track.show(null); // also of a camera that is not the user's to see any more
    if (ref === "") this.#showNobody();
    else if (index < 0) this.#showMissing(ref);
    else {
      if (this.#body.parentNode !== this.#element) this.#element.replaceChildren(this.#body);
      this.draw();
    }
  }

  /** What is shown while nobody is selected. @param {HTMLElement|null} element null: how to select somebody */
  setInstead(element) {
    if (element === this.#instead) return;
    this.#instead = element;
    if (this.#ref === "") this.#showNobody();
  }

  /** @param {string} ref of the camera whose track it is @param {import("./track.js").Track} track */
  showTrack(ref, track) {
    if (ref === this.#ref) this.#track.show(track);
  }

  /** Draw what is known now. */
  draw() {
    if (this.#index < 0) return;
    const { store, index, nowMs } = { store: this.#store, index: this.#index, nowMs: this.#app.nowMs() };
    const entry = store.entries[index];
    const fresh = store.freshness(index, nowMs);
    const recording = recordingOf(store, index);
    const quality = qualityOf(store, index);
    const p = this.#parts;
    say(p.name, entry?.call_sign ?? entry?.officer ?? entry?.camera ?? "");
    const isKnown = Boolean(entry?.name ?? entry?.officer);
    say(p.who, isKnown ? fullName(entry) : "Nobody is signed on to this camera");
    say(p.unit, [entry?.unit_name ?? entry?.unit, isKnown ? entry?.camera : null].filter(Boolean).join(" · "));
    showMark(p.icon, markName(recording, quality, fresh));
    this.#drawState(recording, fresh, nowMs);
    this.#drawFacts(nowMs);
    say(p.quality, QUALITY_MEANING[quality]);
    mark(p.quality, "data-quality", quality);
    this.#drawWarnings(fresh, nowMs);
    this.#drawIncident(entry);
    this.#drawActions(nowMs);
    this.#askForecast();
  }

  #build() {
    const p = this.#parts;
    p.icon = markIcon(20);
    p.name = h("h2", { class: "card-name" });
    p.show = h(
      "button", { class: "icon-button", type: "button", title: "Show on the map", onclick: () => this.#tell("show") },
      h("span", { class: "glyph-target", "aria-hidden": "true" }), h("span", { class: "unseen", text: "Show on the map" }),
    );
    p.who = h("p", { class: "card-who" });
    p.unit = h("p", { class: "card-unit" });
    p.state = h("p", { class: "card-state" });
    p.warnings = h("ul", { class: "card-warnings" });
    p.facts = h("dl", { class: "card-facts" });
    for (const [name, label] of [["heard", "Heard"], ["fix", "Position"], ["grid", "Grid ref."], ["signal", "Signal"], ["battery", "Battery"]]) {
      p[name] = h("dd");
      p.facts.append(h("div", {}, h("dt", { text: label }), p[name]));
    }
    p.quality = h("span", { class: "card-quality" });
    p.forecast = h("div", { class: "card-forecast" });
    p.incident = h("div", { class: "card-incident" });
    p.stream = h("button", { class: "button button-primary", type: "button", text: "Open stream…", onclick: () => this.#tell("stream") });
    p.watchers = h("p", { class: "card-watchers" });
    p.why = h("p", { class: "card-why", id: "card-why" });
    p.request = h("button", { class: "button", type: "button", text: "Request negotiators…", onclick: () => this.#tell("request") });
    p.actions = h("div", { class: "card-actions" }, p.stream, p.why, this.#ask.element, p.request);
    return h(
      "div", { class: "card" },
      h(
        "header", { class: "card-head" }, p.icon, p.name,
        p.show,
        closeButton(() => this.#tell("close")),
      ),
      p.who, p.unit, p.state, p.watchers, p.warnings, p.actions,
      h("section", { class: "card-section" }, h("h3", { text: "Stream" }), h("p", { class: "card-now" }, h("span", { class: "card-label", text: "Signal now " }), p.quality), p.forecast),
      h("section", { class: "card-section" }, h("h3", { text: "Report" }), p.facts),
      this.#app.may("track.view") ? this.#track.element : null,
      p.incident,
    );
  }

  #tell(kind, detail = null) { this.dispatchEvent(new CustomEvent(kind, { detail })); }

  #drawState(recording, fresh, nowMs) {
    const p = this.#parts;
    const since = this.#store.columns.recordingSinceMs[this.#index];
    const time = Number.isNaN(since) ? "" : ` ${runningTime((nowMs - since) / 1000)}`;
    const stale = fresh === "stale" || fresh === "never";
    say(p.state, stale ? `Last known: ${RECORDING_WORDS[recording].toLowerCase()}` : `${RECORDING_WORDS[recording]}${time}`);
    mark(p.state, "data-recording", stale ? "stale" : recording);
    this.#drawWatchers();
  }

  /** Who watches, as far as the user may know; that somebody does, the feed says to all. */
  #drawWatchers() {
    const isWatched = Boolean(this.#store.columns.flags[this.#index] & FLAG.streamed);
    const names = this.#app.openStreams?.watchersAt(this.#ref) ?? "";
    say(this.#parts.watchers, names ? `Watched by ${names}` : isWatched ? "Watched now" : "");
  }

  #drawFacts(nowMs) {
    const { store, parts: p } = { store: this.#store, parts: this.#parts };
    const index = this.#index;
    const { fixTimeMs, seenTimeMs, accuracyDm, battery } = store.columns;
    say(p.heard, ago(store.ageS(index, nowMs)));
    mark(p.heard, "title", Number.isNaN(seenTimeMs[index]) ? null : fullTime(seenTimeMs[index]));
    const has = store.hasPosition(index);
    p.show.disabled = !has;
    mark(p.show, "title", has ? "Show on the map" : "No position was reported");
    const accuracy = accuracyDm[index] === UNKNOWN.accuracyDm ? "accuracy unknown" : `±${Math.round(accuracyDm[index] / 10)} m`;
    say(p.fix, has ? `${ago(Math.max(0, (nowMs - fixTimeMs[index]) / 1000))} · ${accuracy}` : "none reported");
    mark(p.fix, "title", has ? fullTime(fixTimeMs[index]) : null);
    say(p.grid, has ? gridReference(store.lat(index), store.lon(index)) || "off the grid" : "–");
    say(p.signal, unbroken(signalWords(store, index)) || "not told");
    say(p.battery, battery[index] === UNKNOWN.battery ? "not told" : `${battery[index]} %`);
    mark(p.battery, "data-low", battery[index] <= 15 ? "true" : null);
  }

  #drawWarnings(fresh, nowMs) {
    const flags = this.#store.columns.flags[this.#index];
    const said = [];
    if (flags & FLAG.eyesOn) said.push("Asks for eyes on.");
    if (fresh === "never") said.push("Has never reported.");
    if (fresh === "stale") said.push(`Stale: nothing heard for ${ageWords(this.#store.ageS(this.#index, nowMs))}. The place is where it was then.`);
    if (fresh === "ageing") said.push("Ageing: the last report is older than it should be.");
    if (!this.#store.hasPosition(this.#index)) said.push("No position was reported: it is not on the map.");
    if (this.#store.isElsewhere(this.#index, nowMs)) said.push(`The position is ${ageWords(this.#store.positionAgeS(this.#index, nowMs))} old: it may be elsewhere by now.`);
    if (flags & FLAG.stuck) said.push("Stuck: reports one place while it moves by other signs.");
    if (flags & FLAG.fixFlagged) said.push("The newest fix could not be believed and is not shown.");
    const list = this.#parts.warnings;
    if (list.textContent !== said.join("")) list.replaceChildren(...said.map((text) => h("li", { text })));
  }

  #drawIncident(entry) {
    const incident = entry && this.#app.incidents?.ofCamera(entry.camera);
    const box = this.#parts.incident;
    mark(box, "data-incident", incident ? String(incident.id) : null);
    if (!incident) {
      box.replaceChildren();
    } else if (box.dataset.shown !== `${incident.id} ${incident.title}`) {
      box.replaceChildren(h("button", { class: "link-button", type: "button", text: `At: ${incident.title}`, onclick: () => this.#tell("frame", String(incident.id)) }));
    }
    box.dataset.shown = incident ? `${incident.id} ${incident.title}` : "";
  }

  #drawActions(nowMs) {
    const { stream, why, request } = this.#parts;
    const { facts } = this.#app;
    const { dock } = this.#app;
    const reason = whyNoStream(this.#store, this.#index, nowMs, facts.capabilities)
      || (dock && !dock.plays(this.#ref) ? dock.whyFull : "");
    stream.disabled = reason !== "";
    mark(stream, "aria-describedby", reason ? "card-why" : null);
    say(why, reason);
    const talkgroup = this.scene()?.talkgroup ?? "";
    const isAsked = this.#store.entries[this.#index]?.kind === "body_worn" && !records(this.#store, this.#index, nowMs);
    this.#ask.draw(!isAsked ? null : { kind: "camera", of: this.#ref, talkgroup });
    request.hidden = !(this.#app.may("negotiators.request") && facts.pages.includes("/triage"));
  }

  /** Ask what a stream would be like here, when it was not asked for this place of late. */
  async #askForecast() {
    const index = this.#index;
    if (!this.#app.may("coverage.forecast") || !this.#store.hasPosition(index)) {
      this.#parts.forecast.replaceChildren();
      return;
    }
    const place = { lat: this.#store.lat(index), lon: this.#store.lon(index), at: Date.now() };
    if (this.#asked && place.at - this.#asked.at < KNOWN_FOR_MS && metresBetween(this.#asked, place) < MOVED_METRES) return;
    this.#asked = place;
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    if (this.#forecast === null) this.#sayForecast("Asking what a stream would be like here…", "", []);
    try {
      this.#forecast = await this.#call("GET", `/api/coverage/forecast?lat=${place.lat}&lon=${place.lon}`, undefined, { signal: abort.signal });
      this.#sayForecast(this.#forecast.headline, this.#forecast.words, this.#forecast.caveats);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#asked = null;
      this.#sayForecast("The forecast could not be read.", error.message, []);
    }
  }

  #sayForecast(headline, words, caveats) {
    this.#parts.forecast.replaceChildren(
      h("p", { class: "forecast-head" }, h("span", { class: "card-label", text: "Here " }), headline),
      ...(words ? [h("p", { class: "forecast-words", text: words })] : []),
      ...(caveats.length ? [h("p", { class: "forecast-caveats", text: caveats.join(" ") })] : []),
    );
  }

  #showNobody() {
    if (this.#instead) {
      this.#element.replaceChildren(this.#instead);
      return;
    }
    this.#element.replaceChildren(
      h("div", { class: "card-nobody" }, h("p", { text: "Nobody is selected." }), h("p", { class: "faint", text: "Choose an officer on the map or in the list. Keys: / searches, ↑ ↓ walk the list, Enter shows on the map, Esc lets go, ? tells all." })),
    );
  }

  #showMissing(ref) {
    const waits = this.#app.feed.lastFrameMs === 0;
    this.#element.replaceChildren(
      h(
        "div", { class: "card-nobody" },
        h("p", { text: waits ? "Waiting for the feed…" : `${ref} is not on your map.` }),
        waits ? null : h("p", { class: "faint", text: "There is no such camera, or it is not yours to see now." }),
        h("button", { class: "button", type: "button", text: "Close", onclick: () => this.#tell("close") }),
      ),
    );
  }
}

/** A number stays with its unit where a line is too long. */
function unbroken(words) { return words.split(" · ").map((part) => part.replaceAll(" ", "\u00a0")).join(" · "); }
