/**
 * Where the basemap's tiles are, whether they are vectors or pictures, and what its licence wants to be said on the map.
 */
import { ApiError, call } from "./api.js";

export const SOURCE = "basemap";

let known = { kind: "vector", tiles: ["/tiles/basemap/{z}/{x}/{y}.mvt"], maxzoom: 14, attribution: "" };

/**
 * Ask for it anew, before a map is made. Where it cannot be had, what was known before has to do: the tiles are
 * there all the same.
 */
export async function knowBasemap() {
  try {
    known = await call("GET", "/tiles/basemap.json");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** @returns {boolean} whether the tiles are pictures, which are as they are in both themes */
export function isPicture() { return known.kind === "raster"; }

/** @returns {boolean} whether the pictures are drawn for either theme */
export function hasDarkPicture() { return known.tiles_dark !== undefined; }

/** Addresses of the tiles. @param {"dark"|"light"} theme */
export function basemapTiles(theme) {
  const tiles = (theme === "dark" && known.tiles_dark) || known.tiles;
  return tiles.map((address) => location.origin + address);
}

/**
 * @param {"dark"|"light"} theme
 * @returns {import("maplibre-gl").VectorSourceSpecification|import("maplibre-gl").RasterSourceSpecification}
 */
export function basemapSource(theme) {
  const source = { type: known.kind, tiles: basemapTiles(theme), minzoom: 0, maxzoom: known.maxzoom, attribution: known.attribution };
  return isPicture() ? { ...source, tileSize: known.tileSize } : source;
}
