/**
 * Open incidents on the map: buttons that lie over it, so that they have a name, a shape by grade, and the keyboard.
 * Event `frame` (detail: id).
 */
import { h, mark, say } from "./dom.js";

/** Grade → shape; the same as everywhere else. */
export const GRADE_SHAPES = { immediate: "◆", priority: "▲", standard: "●" };

/** A marker reaches so far to the sides of its place, and above it. */
const OUTSIDE_PX = 60;

export class IncidentMarkers extends EventTarget {
  #map;
  #Marker;
  #markers = new Map();

  /**
   * @param {import("maplibre-gl").Map} map
   * @param {typeof import("maplibre-gl").Marker} Marker
   */
  constructor(map, Marker) {
    super();
    this.#map = map;
    this.#Marker = Marker;
    map.on("moveend", () => this.#hideWhatIsOutside());
  }

  /**
   * @param {import("./incidents.js").Incident[]} incidents
   * @param {string} framed id of the one that is framed
   */
  show(incidents, framed) {
    const seen = new Set();
    for (const incident of incidents) {
      if (incident.lat === null) continue;
      const key = String(incident.id);
      seen.add(key);
      const marker = this.#markers.get(key) ?? this.#make(incident);
      marker.setLngLat([incident.lon, incident.lat]);
      draw(marker.getElement(), incident, key === framed);
    }
    for (const [key, marker] of this.#markers) {
      if (seen.has(key)) continue;
      marker.remove();
      this.#markers.delete(key);
    }
    this.#hideWhatIsOutside();
  }

  /** What cannot be seen must not have the keyboard either. */
  #hideWhatIsOutside() {
    const { clientWidth, clientHeight } = this.#map.getContainer();
    for (const marker of this.#markers.values()) {
      const { x, y } = this.#map.project(marker.getLngLat());
      const isOutside = x < -OUTSIDE_PX || y < 0 || x > clientWidth + OUTSIDE_PX || y > clientHeight + OUTSIDE_PX;
      marker.getElement().classList.toggle("is-outside", isOutside);
    }
  }

  #make(incident) {
    const element = h(
      "button", { class: "incident-marker", type: "button" },
      h("span", { class: "incident-shape", "aria-hidden": "true" }), h("span", { class: "incident-name" }),
    );
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      this.dispatchEvent(new CustomEvent("frame", { detail: String(incident.id) }));
    });
    const marker = new this.#Marker({ element, anchor: "bottom", offset: [0, -22] })
      .setLngLat([incident.lon, incident.lat])
      .addTo(this.#map);
    this.#markers.set(String(incident.id), marker);
    return marker;
  }
}

function draw(element, incident, isFramed) {
  say(element.firstChild, GRADE_SHAPES[incident.grade] ?? "●");
  say(element.lastChild, incident.title);
  mark(element, "data-grade", incident.grade);
  mark(element, "data-framed", String(isFramed));
  mark(element, "aria-label", `Incident ${incident.log_number ?? ""} ${incident.title}, ${incident.grade_name}: show it`);
}
