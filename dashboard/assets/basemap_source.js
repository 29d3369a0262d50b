/**
 * Where the basemap's tiles are, and what its licence wants to be said on the map.
 */
import { ApiError, call } from "./api.js";

const DEEPEST = 14;

let known = { tiles: "/tiles/basemap/{z}/{x}/{y}.mvt", attribution: "" };

/**
 * Ask for it anew, before a map is made. Where it cannot be had, what was known before has to do: the tiles are
 * there all the same.
 */
export async function knowBasemap() {
  try {
    const { tiles: [tiles], attribution } = await call("GET", "/tiles/basemap.json");
    known = { tiles, attribution };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** @returns {import("maplibre-gl").VectorSourceSpecification} */
export function basemapSource() {
  return { type: "vector", tiles: [location.origin + known.tiles], minzoom: 0, maxzoom: DEEPEST, attribution: known.attribution };
}
