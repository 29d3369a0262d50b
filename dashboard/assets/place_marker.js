/**
 * The place that somebody chose, on the map: one pin, with its name. Event `press`.
 */
import { h, say } from "./dom.js";

export class PlaceMarker extends EventTarget {
  #map;
  #Marker;
  #marker = null;

  /**
   * @param {import("maplibre-gl").Map} map
   * @param {typeof import("maplibre-gl").Marker} Marker
   */
  constructor(map, Marker) {
    super();
    this.#map = map;
    this.#Marker = Marker;
  }

  /** @param {import("./found_places.js").Place|null} place */
  show(place) {
    if (place === null) {
      this.#marker?.remove();
      this.#marker = null;
      return;
    }
    this.#marker ??= this.#made(place);
    this.#marker.setLngLat([place.lon, place.lat]);
    const element = this.#marker.getElement();
    say(element.lastChild, place.name);
    element.setAttribute("aria-label", `Place ${place.name}: show it`);
  }

  #made({ lat, lon }) {
    const element = h(
      "button", { class: "place-marker", type: "button" }, h("span", { class: "glyph-pin", "aria-hidden": "true" }), h("span", { class: "incident-name" }),
    );
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      this.dispatchEvent(new Event("press"));
    });
    return new this.#Marker({ element, anchor: "bottom", offset: [0, -10] }).setLngLat([lon, lat]).addTo(this.#map);
  }
}
