/**
 * The force's own areas (divisions, boroughs, beats), by which cameras are filtered: who is inside one now.
 */
import { insideRings } from "./area.js";

/** @typedef {{code: string, name: string, rings: import("./area.js").Area[]}} ForceArea */

export class ForceAreas {
  /** @type {ForceArea[]} by name */
  all = [];
  /** Whether they were read. */
  isRead = false;
  /** Why they could not be read; "" where they could. */
  error = "";
  #inside = new Map();

  /** @param {typeof import("./api.js").call} call */
  async read(call) {
    try {
      const { features } = await call("GET", "/api/areas");
      this.all = features.map(({ properties: { code, name }, geometry }) => ({ code, name, rings: ringsOf(geometry) }));
      this.#inside.clear();
      this.isRead = true;
      this.error = "";
    } catch (error) {
      this.error = error.message;
    }
  }

  /** @param {string} code @returns {ForceArea|null} */
  byCode(code) { return this.all.find((area) => area.code === code) ?? null; }

  /**
   * Whether places are inside an area; of one that is not known, none is.
   * @param {string} code
   * @returns {(x: number, y: number) => boolean} of a place in Web Mercator units
   */
  insideOf(code) {
    const area = this.byCode(code);
    if (area === null) return () => false;
    if (!this.#inside.has(code)) this.#inside.set(code, insideRings(area.rings));
    return this.#inside.get(code);
  }

  /** Why nobody is found in an area that is not known; "" where it is. @param {string} code */
  whyNobody(code) {
    if (code === "" || this.byCode(code)) return "";
    if (this.error) return `The force's areas could not be read: ${this.error}`;
    return this.isRead ? `The force has no area “${code}”.` : "Reading the force's areas…";
  }
}

/** @param {{type: string, coordinates: any}} geometry a polygon or several, GeoJSON @returns {import("./area.js").Area[]} */
function ringsOf({ type, coordinates }) {
  const polygons = type === "Polygon" ? [coordinates] : coordinates;
  return polygons.flat().map((ring) => ring.map(([lon, lat]) => [lat, lon]));
}

/** The outline of an area as GeoJSON features. @param {ForceArea|null} area */
export function outlineOf(area) {
  if (area === null) return [];
  const coordinates = area.rings.map((ring) => ring.map(([lat, lon]) => [lon, lat]));
  return [{ type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates } }];
}
