/**
 * The open streams at the bottom of every page: up to four tiles, each with who it is, how the picture does, who else
 * watches, and why it ended when it has. An ended stream shows no picture.
 */
import { h, mark, say, announce } from "./dom.js";
import { ago, ageWords, clockWords, runningTime } from "./ages.js";
import { fullName, shortName } from "./camera_words.js";
import { PictureTools } from "./picture_tools.js";
import { figuresWords, nextTrend, noTrend, trendWords } from "./picture_trend.js";
import { StreamPlayer } from "./stream_player.js";
import { TalkPanel } from "./talk_panel.js";
import { RELAY_SILENT } from "./whep.js";

export const MOST_STREAMS = 4;
const TICK_MS = 500;

export class StreamDock {
  #element;
  #app;
  #call;
  /** @type {Map<string, Tile>} by stream */
  #tiles = new Map();
  /** @type {Screen|null} for the stream that is being asked for */
  #prepared = null;

  /**
   * @param {HTMLElement} element
   * @param {object} given
   * @param {typeof import("./app.js").app} given.app
   * @param {typeof import("./api.js").call} given.call
   */
  constructor(element, { app, call }) {
    this.#element = element;
    this.#app = app;
    this.#call = call;
    window.addEventListener("sightline:event", (message) => {
      const event = message.detail;
      if (event.event === "stream_ended") this.#tiles.get(event.stream)?.ended(event.reason);
      if (event.event === "talk") for (const tile of this.#tiles.values()) if (tile.camera === event.camera) tile.talkTold(event);
    });
    setInterval(() => { for (const tile of this.#tiles.values()) tile.draw(); }, TICK_MS);
  }

  /** Why no further stream can be shown; "" where one can. */
  get whyFull() {
    const open = [...this.#tiles.values()].filter((tile) => !tile.isOver);
    return open.length < MOST_STREAMS ? "" : `${MOST_STREAMS} streams are open here; end one first.`;
  }

  /** Whether a camera plays here. @param {string} camera */
  plays(camera) { return this.#playing(camera) !== undefined; }

  #playing(camera) { return [...this.#tiles.values()].find((one) => one.camera === camera && !one.isOver); }

  /** The tile of a camera that plays already, scrolled to. @param {string} camera */
  showIfOpen(camera) {
    const tile = this.#playing(camera);
    tile?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    tile?.element.focus();
    return tile !== undefined;
  }

  /** A stream is being asked for: make ready what takes the browser time. */
  prepare() {
    this.#prepared ??= newScreen(this.#app);
    this.#prepared.player.prepare();
  }

  /** It was not opened after all. */
  unprepare() {
    this.#prepared?.player.close();
    this.#prepared = null;
  }

  /** End all, here: the server knows. @param {string} reason */
  endAll(reason) {
    this.unprepare();
    for (const tile of this.#tiles.values()) tile.ended(reason);
  }

  /** @param {{stream: string, camera: string, incident: number, whep: string, frames: string, token: string, expires: string}} opened by the API */
  add(opened) {
    for (const tile of this.#tiles.values()) if (tile.isOver && tile.camera === opened.camera) tile.remove();
    while (this.#tiles.size >= MOST_STREAMS) {
      const over = [...this.#tiles.values()].find((tile) => tile.isOver);
      if (!over) break;
      over.remove();
    }
    const tile = new Tile(opened, {
      app: this.#app,
      screen: this.#prepared ?? newScreen(this.#app),
      end: () => this.#call("DELETE", `/api/streams/${opened.stream}`),
      call: this.#call,
      removed: () => this.#remove(opened.stream),
      passKeyboard: () => this.#passKeyboard(),
    });
    this.#prepared = null;
    this.#tiles.set(opened.stream, tile);
    this.#element.append(tile.element);
    this.#element.hidden = false;
    tile.play();
  }

  /** The keyboard was in a tile that is gone: it goes to the next one, or to what opens a stream. */
  #passKeyboard() {
    const [next] = this.#tiles.values();
    (next ? next.element.querySelector("button:not([hidden])") : document.querySelector(".card-actions .button-primary:not(:disabled)"))?.focus();
  }

  #remove(stream) {
    this.#tiles.delete(stream);
    this.#element.hidden = this.#tiles.size === 0;
  }
}

/**
 * A picture and what plays in it.
 * @typedef {{video: HTMLVideoElement, player: StreamPlayer}} Screen
 * @param {typeof import("./app.js").app} app
 * @returns {Screen}
 */
function newScreen(app) {
  const video = h("video", { playsinline: true, autoplay: true, class: "tile-video" });
  video.muted = true;
  return { video, player: new StreamPlayer(video, { nowMs: () => app.nowMs() }) };
}

class Tile {
  #opened;
  #given;
  #player;
  #parts;
  #startedMs = Date.now();
  /** @type {PictureTools} */
  #tools;
  #stats = null;
  #trend = noTrend();
  #wasFrozen = false;
  /** @type {TalkPanel|null} for whoever may talk */
  #talk = null;

  constructor(opened, given) {
    this.#opened = opened;
    this.#given = given;
    this.#parts = this.#build();
    this.element = this.#parts.tile;
    if (given.app.may("talk.open")) this.#addTalk();
    this.#player = given.screen.player;
    this.#player.addEventListener("state", (event) => this.#state(event.detail));
    this.#player.addEventListener("stats", (event) => this.#look(event.detail));
    this.draw();
  }

  get camera() { return this.#opened.camera; }

  get isOver() { return this.#player.state === "ended"; }

  async play() {
    try {
      await this.#player.open(this.#opened);
    } catch {
      // the player has ended with the reason, and the tile says it
    }
  }

  ended(reason) { this.#player.ended(reason); }

  /** How a talk over a stream of this camera stands. @param {object} event of the feed */
  talkTold(event) {
    if (event.stream === this.#opened.stream) this.#talk?.told(event);
    else this.#given.app.openStreams.refresh();
  }

  #addTalk() {
    const { incident, stream } = this.#opened;
    this.#talk = new TalkPanel({
      call: this.#given.call, stream, incident,
      who: () => this.#parts.name.textContent,
      talkgroup: () => this.#given.app.incidents?.byId(incident)?.talkgroup ?? "",
      closed: () => {
        this.draw();
        (this.#parts.talk.hidden ? this.#parts.close : this.#parts.talk).focus();
      },
    });
    this.#parts.talk = h("button", { class: "quiet-button tile-talk-button", type: "button", text: "Talk…", hidden: true, onclick: () => this.#startTalk() });
    this.#parts.sound.before(this.#parts.talk);
    this.element.append(this.#talk.element);
  }

  #startTalk() {
    this.#talk.start();
    this.draw();
  }

  remove() {
    this.#player.close();
    this.#talk?.remove();
    this.#tools.remove();
    this.element.remove();
    this.#given.removed();
  }

  draw() {
    const { app } = this.#given;
    const p = this.#parts;
    const store = app.feed.store;
    const index = store.indexOf(this.camera);
    const entry = index < 0 ? undefined : store.entries[index];
    if (entry) {
      say(p.name, shortName(entry));
      say(p.who, [entry.name, entry.unit_name ?? entry.unit].filter(Boolean).join(" · "));
      mark(p.tile, "aria-label", `Stream of ${fullName(entry)}`);
    }
    const names = app.openStreams.othersAt(this.camera);
    const talker = app.openStreams.talkerAt(this.camera);
    const others = [names.length ? `also watching: ${names.join(", ")}` : "", talker ? `${talker} talks to the officer` : ""];
    say(p.others, others.filter(Boolean).join(" · "));
    this.#drawState();
    this.#talk?.draw();
  }

  #drawState() {
    const p = this.#parts;
    const { state, since, reason } = this.#player;
    mark(p.tile, "data-state", state);
    mark(p.frame, "data-state", state);
    this.#drawLine(state);
    const now = Date.now();
    if (state === "ended") {
      say(p.cover, `Ended ${clockWords(since)}: ${reason}.`);
      say(p.picture, ago((now - since) / 1000));
    } else if (state === "frozen") {
      const why = this.#player.isInterrupted ? `: ${RELAY_SILENT}` : "";
      say(p.cover, `No new picture for ${ageWords((now - since) / 1000)}${why}`);
      say(p.picture, "frozen");
    } else if (state === "playing") {
      say(p.cover, "");
      say(p.picture, this.#statsWords());
    } else {
      say(p.cover, `Waiting for the camera's picture… ${runningTime((now - this.#startedMs) / 1000)}`);
      say(p.picture, "opening");
    }
    say(p.trend, state === "playing" ? trendWords(this.#trend) : "");
    p.trend.hidden = p.trend.textContent === "";
    mark(p.picture, "title", state === "playing" && this.#stats ? figuresWords(this.#stats) : null);
    p.cover.hidden = p.cover.textContent === "";
    mark(p.picture, "data-word", state === "playing" ? this.#stats?.word ?? null : state);
    p.end.hidden = state === "ended";
    if (p.talk) p.talk.hidden = state !== "playing" || this.#talk.isOpen;
    p.sound.hidden = state === "ended";
    this.#tools.draw(state === "playing", state === "ended");
    p.again.hidden = state !== "ended";
    p.close.hidden = state !== "ended";
  }

  /** By which way the picture comes, where it is not the usual one. */
  #drawLine(state) {
    const { line } = this.#parts;
    const isOurs = this.#player.line === "dashboard" && state !== "ended";
    line.hidden = !isOurs;
    mark(this.#parts.tile, "data-line", isOurs ? "dashboard" : null);
  }

  /** "picture good · live, 0.2 s behind": the word first, as a narrow tile cuts the rest; what the browser cannot tell of the age is left out. */
  #statsWords() {
    const age = this.#stats?.ageMs ?? this.#stats?.bufferMs;
    const late = age === null || age === undefined ? "live" : `live, ${(age / 1000).toFixed(1)} s behind`;
    return this.#stats ? `picture ${this.#stats.word} · ${late}` : "live";
  }

  #look(stats) {
    this.#stats = stats;
    const before = this.#trend.cause;
    this.#trend = nextTrend(this.#trend, stats, Date.now());
    if (before === null && this.#trend.cause !== null && this.#player.state === "playing") {
      announce(`Stream of ${this.#parts.name.textContent}: ${trendWords(this.#trend)}`);
    }
  }

  #state({ state, reason }) {
    const frozen = state === "frozen";
    if (state === "ended") this.#talk?.streamEnded(reason);
    if (state === "playing" || state === "ended") window.dispatchEvent(new Event("sightline:stream-settled"));
    if (state === "ended") announce(`Stream of ${this.#parts.name.textContent} ended: ${reason}`);
    else if (frozen && !this.#wasFrozen) announce(`Stream of ${this.#parts.name.textContent} is frozen`);
    this.#wasFrozen = frozen;
    this.draw();
  }

  async #end() {
    this.#parts.end.disabled = true;
    try {
      await this.#given.end();
      this.#player.ended("you ended it");
      const hadKeyboard = this.element.contains(document.activeElement) || document.activeElement === document.body;
      this.remove();
      if (hadKeyboard) this.#given.passKeyboard();
    } catch (error) {
      this.#parts.end.disabled = false;
      say(this.#parts.others, `Not ended: ${error.message}`);
    }
  }

  /** The same camera for the same incident: why, is to be said again. */
  #again() {
    const { camera, incident } = this.#opened;
    window.dispatchEvent(new CustomEvent("sightline:open-stream", { detail: { camera, incident } }));
  }

  #toggleSound() {
    const { video, sound } = this.#parts;
    video.muted = !video.muted;
    say(sound, video.muted ? "Sound on" : "Sound off");
  }

  #build() {
    const { video } = this.#given.screen;
    const p = {
      video,
      cover: h("div", { class: "tile-cover", role: "status" }),
      trend: h("p", { class: "tile-trend" }),
      name: h("span", { class: "tile-name", text: this.camera }),
      who: h("p", { class: "tile-who" }),
      picture: h("span", { class: "tile-picture" }),
      others: h("p", { class: "tile-others" }),
      line: h("span", {
        class: "tile-line", text: "by the dashboard’s line", hidden: true,
        title: "Video packets (UDP) do not get through to this browser, so the picture comes over the page’s own connection.",
      }),
      sound: h("button", { class: "quiet-button", type: "button", text: "Sound on", onclick: () => this.#toggleSound() }),
      end: h("button", { class: "button button-small", type: "button", text: "End", onclick: () => this.#end() }),
      again: h("button", { class: "button button-small", type: "button", text: "Open again…", onclick: () => this.#again() }),
      close: h("button", { class: "button button-small", type: "button", text: "Close", onclick: () => this.remove() }),
    };
    p.frame = h("div", { class: "tile-frame" }, video, p.line, p.trend, p.cover);
    this.#tools = new PictureTools(p.frame, {
      snapshot: () => this.#given.call("POST", `/api/streams/${this.#opened.stream}/snapshot`),
      title: () => `${p.name.textContent} · ${p.picture.textContent}`,
      replay: () => video.play().catch(() => {}), // it was moved while it was being moved, or has ended
    });
    p.frame.append(this.#tools.element);
    p.tile = h(
      "article", { class: "tile", tabindex: "-1" },
      h(
        "div", { class: "tile-main" },
        p.frame,
        h(
          "div", { class: "tile-text" },
          h("div", { class: "tile-head" }, p.name, p.picture), h("div", { class: "tile-people" }, p.who, p.others),
          h("div", { class: "tile-buttons" }, p.sound, p.end, p.again, p.close),
        ),
      ),
    );
    return p;
  }
}
