/**
 * What belongs to open incidents beside their own marks, on the map: RVPs, and negotiators who are en route with their arrival.
 */
import { arrivals } from "./arrivals.js";
import { h, mark, say } from "./dom.js";

export class SceneMarks {
  #map;
  #Marker;
  #markers = new Map();

  /**
   * @param {import("maplibre-gl").Map} map
   * @param {typeof import("maplibre-gl").Marker} Marker
   */
  constructor(map, Marker) {
    this.#map = map;
    this.#Marker = Marker;
  }

  /**
   * @param {import("./incidents.js").Incident[]} incidents
   * @param {import("./camera_store.js").CameraStore} store
   * @param {number} nowMs the server's time
   */
  show(incidents, store, nowMs) {
    const seen = new Set();
    const put = (key, kind, lon, lat, words, title) => {
      seen.add(key);
      const marker = this.#markers.get(key) ?? this.#make(key, kind, lon, lat);
      marker.setLngLat([lon, lat]);
      say(marker.getElement().lastChild, words);
      mark(marker.getElement(), "title", title);
      mark(marker.getElement(), "aria-label", `${words}: ${title}`);
    };
    for (const incident of incidents) {
      const { rvp } = incident;
      if (rvp?.lat != null) put(`rvp ${incident.id}`, "rvp", rvp.lon, rvp.lat, "RVP", [rvp.name, `“${incident.title}”`].filter(Boolean).join(", of "));
      for (const { negotiator, name, index, words } of arrivals(incident, store, nowMs)) {
        if (index < 0) continue;
        const short = words.split(",")[0];
        put(`negotiator ${incident.id} ${negotiator}`, "negotiator", store.lon(index), store.lat(index), `${name} · ${short}`, `Negotiator, en route to “${incident.title}”: ${words}`);
      }
    }
    for (const [key, marker] of this.#markers) {
      if (seen.has(key)) continue;
      marker.remove();
      this.#markers.delete(key);
    }
  }

  #make(key, kind, lon, lat) {
    const element = h("div", { class: "scene-mark", "data-kind": kind, role: "img" }, h("span", { class: "scene-shape", "aria-hidden": "true" }), h("span", { class: "incident-name" }));
    const marker = new this.#Marker({ element, anchor: "left", offset: [-7, 0] }).setLngLat([lon, lat]).addTo(this.#map);
    this.#markers.set(key, marker);
    return marker;
  }
}
