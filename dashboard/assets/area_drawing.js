/**
 * Draws an area on the map: a rectangle by dragging, or corner by corner: a press sets one, a press on the first or Enter
 * closes, Backspace takes the last one back, Escape gives up. By keyboard, Space sets a corner at the map's middle.
 * Events: `change` (what is drawn so far), `drawn` (detail: Area), `given-up`.
 */
import { LEAST_CORNERS, MOST_CORNERS } from "./area.js";

/** A press so near to the first corner closes. */
const CLOSE_PX = 12;
/** What is dragged less than this is a press. */
const DRAG_PX = 8;

export class AreaDrawing extends EventTarget {
  #map;
  #end = new AbortController();
  /** @type {import("./area.js").Area} */
  corners = [];
  /** Where the pointer is, as the corner that would be next. */
  #next = null;
  /** Where a press began that may turn out to be a drag: place and point. */
  #from = null;

  /** @param {import("maplibre-gl").Map} map */
  constructor(map) {
    super();
    this.#map = map;
    map.doubleClickZoom.disable();
    map.dragPan.disable();
    map.getCanvas().classList.add("is-drawing");
    map.getCanvas().focus();
    const on = (kind, does) => {
      map.on(kind, does);
      this.#end.signal.addEventListener("abort", () => map.off(kind, does));
    };
    on("click", (event) => this.#press(event));
    on("mousemove", (event) => this.#move(event));
    on("touchmove", (event) => this.#move(event));
    for (const kind of ["mousedown", "touchstart"]) on(kind, (event) => this.#begin(event));
    for (const kind of ["mouseup", "touchend"]) on(kind, (event) => this.#drop(event));
    // Before the page's own keys, of which some mean something else.
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true, signal: this.#end.signal });
  }

  /** The corners with the one that would be next. */
  get preview() {
    if (this.#from?.isDrag && this.#next) return rectangle(this.#from.corner, this.#next);
    return this.#next && this.corners.length ? [...this.corners, this.#next] : this.corners;
  }

  /** No corner more. */
  stop() {
    this.#end.abort();
    this.#map.getCanvas().classList.remove("is-drawing");
    this.#map.dragPan.enable();
    // Not at once: the second press of a double one is still to come.
    setTimeout(() => this.#map.doubleClickZoom.enable(), 300);
  }

  /** Close the area, once it has corners enough. */
  close() {
    if (this.corners.length < LEAST_CORNERS) return;
    this.stop();
    this.dispatchEvent(new CustomEvent("drawn", { detail: this.corners }));
  }

  giveUp() {
    this.stop();
    this.dispatchEvent(new Event("given-up"));
  }

  /** A first corner may be the rectangle's; later ones belong to what is drawn by corners. */
  #begin({ point, lngLat, points = [point] }) {
    this.#from = this.corners.length === 0 && points.length === 1 ? { corner: [lngLat.lat, lngLat.lng], point, isDrag: false } : null;
  }

  #move({ point, lngLat }) {
    this.#next = [lngLat.lat, lngLat.lng];
    if (this.#from) this.#from.isDrag ||= Math.hypot(point.x - this.#from.point.x, point.y - this.#from.point.y) > DRAG_PX;
    this.dispatchEvent(new Event("change"));
  }

  #drop({ lngLat }) {
    const from = this.#from;
    this.#from = null;
    if (!from?.isDrag) return;
    this.corners = rectangle(from.corner, [lngLat.lat, lngLat.lng]);
    this.close();
  }

  #press({ point, lngLat }) {
    const [first] = this.corners;
    if (first) {
      const { x, y } = this.#map.project([first[1], first[0]]);
      if (Math.hypot(x - point.x, y - point.y) < CLOSE_PX) {
        this.close();
        return;
      }
    }
    this.#add([lngLat.lat, lngLat.lng]);
  }

  #add(corner) {
    const last = this.corners.at(-1);
    if (last && last[0] === corner[0] && last[1] === corner[1]) return; // a double press
    this.corners.push(corner);
    this.dispatchEvent(new Event("change"));
    if (this.corners.length === MOST_CORNERS) this.close();
  }

  #key(event) {
    const does = {
      Enter: () => this.close(),
      Escape: () => this.giveUp(),
      Backspace: () => {
        this.corners.pop();
        this.dispatchEvent(new Event("change"));
      },
      " ": () => {
        const { lat, lng } = this.#map.getCenter();
        this.#add([lat, lng]);
      },
    }[event.key];
    const isElsewhere = event.target !== document.body && !this.#map.getContainer().contains(event.target);
    if (!does || (isElsewhere && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  }
}

/** @returns {import("./area.js").Area} */
function rectangle([lat, lon], [otherLat, otherLon]) {
  return [[lat, lon], [lat, otherLon], [otherLat, otherLon], [otherLat, lon]];
}
