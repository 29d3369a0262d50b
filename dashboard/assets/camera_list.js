/**
 * The list beside the map: every camera that passes the filters, in order, whatever their number.
 *
 * Only the rows in sight exist. The order is worked out anew at most every few seconds and never while somebody points
 * at the list or walks it by keyboard, so that no row slips away from under a click; what the rows say ticks always.
 * Events: `select`, `open` (detail: index of a camera).
 */
import { h, mark, say } from "./dom.js";
import { ago, ageWords } from "./ages.js";
import { FLAG } from "./feed_frame.js";
import { RECORDING_WORDS, distanceWords, qualityOf, recordingOf } from "./camera_words.js";
import { markIcon, markName, showMark } from "./mark_icons.js";

export const ROW_PX = 44;
const SPARE_ROWS = 6;

export class CameraList extends EventTarget {
  #element;
  #rows = [];
  #spacer;
  #empty;
  #store;
  #nowMs;
  #order = new Uint32Array(0);
  #places = new Map();
  #distances = null;
  #selected = -1;
  #active = -1;
  /** What else is known of a camera, for the end of its row: index → words. */
  hint = () => "";

  /**
   * @param {HTMLElement} container
   * @param {import("./camera_store.js").CameraStore} store
   * @param {() => number} nowMs the server's time
   */
  constructor(container, store, nowMs) {
    super();
    this.#store = store;
    this.#nowMs = nowMs;
    this.#spacer = h("div", { class: "list-spacer", role: "presentation" });
    this.#empty = h("div", { class: "list-empty", hidden: true });
    this.#element = h(
      "div", { class: "list-scroll", role: "listbox", tabindex: "0", "aria-label": "Cameras, nearest first" }, this.#spacer,
    );
    container.append(this.#element, this.#empty);
    this.#element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.#element.addEventListener("click", (event) => this.#click(event, "select"));
    this.#element.addEventListener("dblclick", (event) => this.#click(event, "open"));
    this.#element.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(this.#element);
  }

  /** Whether somebody points at the list or walks it, so that it should stand still. */
  get isHeld() { return this.#element.matches(":hover, :focus-within"); }

  /** How many cameras it lists. */
  get count() { return this.#order.length; }

  /** The first camera, -1 where there is none. */
  get first() { return this.#order.length ? this.#order[0] : -1; }

  /**
   * @param {Uint32Array} order indices of cameras
   * @param {Float64Array|null} distances metres by index
   */
  setOrder(order, distances) {
    this.#order = order;
    this.#distances = distances;
    this.#places.clear();
    for (let place = 0; place < order.length; place++) this.#places.set(order[place], place);
    this.#spacer.style.height = `${order.length * ROW_PX}px`;
    this.#active = this.#places.get(this.#selected) ?? Math.min(this.#active, order.length - 1);
    this.draw();
  }

  /** @param {Node|null} message in place of an empty list; null: there are rows */
  setEmpty(message) {
    this.#empty.hidden = message === null;
    this.#element.hidden = message !== null;
    this.#empty.replaceChildren(...(message === null ? [] : [message]));
  }

  /**
   * @param {number} index of the selected camera, -1 for none
   * @param {boolean} reveal whether to scroll to it
   */
  select(index, reveal) {
    this.#selected = index;
    const place = this.#places.get(index);
    if (place !== undefined) {
      this.#active = place;
      if (reveal) this.#reveal(place);
    }
    this.draw();
  }

  /** The keyboard comes from the search: to the selected camera, or else to the first, which is selected. */
  enter() {
    this.#element.focus();
    if (this.#order.length && !this.#places.has(this.#selected)) this.#choose(0);
  }

  #choose(place) {
    this.#active = place;
    this.#reveal(place);
    this.dispatchEvent(new CustomEvent("select", { detail: this.#order[place] }));
  }

  /** Draw the rows in sight as they are now. */
  draw() {
    const { scrollTop, clientHeight } = this.#element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(this.#order.length, Math.ceil((scrollTop + clientHeight) / ROW_PX) + SPARE_ROWS);
    while (this.#rows.length < last - first) this.#addRow();
    const nowMs = this.#nowMs();
    this.#rows.forEach((row, at) => {
      const place = first + at;
      row.element.hidden = place >= last;
      if (place < last) this.#drawRow(row, place, nowMs);
    });
    const active = this.#rows.find((row) => !row.element.hidden && row.place === this.#active);
    mark(this.#element, "aria-activedescendant", active ? active.element.id : null);
  }

  #addRow() {
    const icon = markIcon();
    const parts = { name: h("span", { class: "row-name" }), who: h("span", { class: "row-who" }), age: h("span", { class: "row-age" }), unit: h("span", { class: "row-unit" }), flag: h("span", { class: "row-flag" }), far: h("span", { class: "row-far" }), state: h("span", { class: "unseen" }) };
    const element = h(
      "div", { class: "row", role: "option", id: `camera-row-${this.#rows.length}` },
      icon,
      h("span", { class: "row-top" }, parts.name, parts.who), parts.age,
      h("span", { class: "row-bottom" }, parts.unit, parts.flag), parts.far, parts.state,
    );
    this.#spacer.append(element);
    this.#rows.push({ element, icon, place: -1, ...parts });
  }

  #drawRow(row, place, nowMs) {
    const index = this.#order[place];
    const store = this.#store;
    const entry = store.entries[index];
    const fresh = store.freshness(index, nowMs);
    const recording = recordingOf(store, index);
    const quality = qualityOf(store, index);
    const ageS = store.ageS(index, nowMs);
    const positionS = store.positionAgeS(index, nowMs);
    row.place = place;
    row.element.style.transform = `translateY(${place * ROW_PX}px)`;
    showMark(row.icon, markName(recording, quality, fresh));
    say(row.name, entry?.call_sign ?? entry?.officer ?? entry?.camera ?? "");
    const who = entry?.call_sign ? [entry.officer, entry.name].filter(Boolean).join(" ") : entry?.name ?? "";
    say(row.who, who);
    mark(row.who, "title", who); // the list may be too narrow for it
    say(row.unit, entry?.unit_name ?? entry?.unit ?? "");
    // The age of what the map shows; where that is nothing, of what was heard.
    say(row.age, ageWords(Number.isNaN(positionS) ? ageS : positionS));
    const told = Number.isNaN(positionS) ? "no position" : `position ${ago(positionS)}`;
    mark(row.age, "title", `${told}, heard ${ago(ageS)}`);
    const flag = this.#flagWords(index, fresh, nowMs);
    say(row.flag, flag || this.hint(index));
    mark(row.flag, "data-hint", flag ? null : "true");
    const far = this.#distances?.[index];
    say(row.far, far === undefined || far === null ? "" : far === Infinity ? "no position" : distanceWords(far));
    mark(row.element, "data-fresh", fresh);
    mark(row.element, "data-recording", recording);
    mark(row.element, "aria-selected", String(index === this.#selected));
    mark(row.element, "data-active", place === this.#active ? "true" : null);
    mark(row.element, "aria-setsize", String(this.#order.length));
    mark(row.element, "aria-posinset", String(place + 1));
    say(row.state, `${RECORDING_WORDS[recording]}, stream ${quality}, ${told}, heard ${ago(ageS)}`);
  }

  #flagWords(index, fresh, nowMs) {
    const flags = this.#store.columns.flags[index];
    if (flags & FLAG.eyesOn) return "asks for eyes on";
    if (fresh === "stale" || fresh === "never") return fresh === "stale" ? "stale" : "never reported";
    if (flags & FLAG.streamed) return "watched";
    if (this.#store.isElsewhere(index, nowMs)) return "position old";
    return flags & FLAG.stuck ? "stuck" : "";
  }

  #click(event, kind) {
    const element = event.target.closest(".row");
    const row = this.#rows.find((one) => one.element === element);
    if (!row || row.place >= this.#order.length) return;
    this.#active = row.place;
    this.dispatchEvent(new CustomEvent(kind, { detail: this.#order[row.place] }));
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#element.clientHeight / ROW_PX) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key === "Enter" && this.#order.length) {
      this.dispatchEvent(new CustomEvent("open", { detail: this.#order[Math.max(this.#active, 0)] }));
      event.preventDefault();
    } else if (event.key in steps && this.#order.length) {
      this.#choose(Math.min(Math.max(this.#active + steps[event.key], 0), this.#order.length - 1));
      event.preventDefault();
    }
  }

  #reveal(place) {
    const top = place * ROW_PX;
    const { scrollTop, clientHeight } = this.#element;
    if (top < scrollTop) this.#element.scrollTop = top;
    else if (top + ROW_PX > scrollTop + clientHeight) this.#element.scrollTop = top + ROW_PX - clientHeight;
  }
}
