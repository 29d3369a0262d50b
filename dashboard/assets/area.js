/**
 * An area that somebody drew: a ring of corners in degrees (WGS 84), as `[lat, lon]`. Pure.
 */
import { mercatorX, mercatorY } from "./camera_store.js";

export const LEAST_CORNERS = 3;
export const MOST_CORNERS = 60;

/** @typedef {Array<[number, number]>} Area */

/**
 * Whether places are inside, for many at once.
 * @param {Area} area
 * @returns {(x: number, y: number) => boolean} of a place in Web Mercator units; sides are straight on the map
 */
export function insideOf(area) { return insideRings([area]); }

/**
 * Whether places are inside an odd number of rings: of one area, of several apart, of one with holes.
 * @param {Area[]} rings
 * @returns {(x: number, y: number) => boolean} of a place in Web Mercator units
 */
export function insideRings(rings) {
  const sides = rings.map((ring) => ({ xs: ring.map(([, lon]) => mercatorX(lon)), ys: ring.map(([lat]) => mercatorY(lat)) }));
  const least = (name) => sides.reduce((sofar, side) => side[name].reduce((one, other) => Math.min(one, other), sofar), Infinity);
  const most = (name) => sides.reduce((sofar, side) => side[name].reduce((one, other) => Math.max(one, other), sofar), -Infinity);
  const [west, east, north, south] = [least("xs"), most("xs"), least("ys"), most("ys")];
  return (x, y) => {
    if (x < west || x > east || y < north || y > south) return false;
    let isInside = false;
    for (const { xs, ys } of sides) {
      for (let at = 0, before = xs.length - 1; at < xs.length; before = at++) {
        const crosses = ys[at] > y !== ys[before] > y;
        if (crosses && x < ((xs[before] - xs[at]) * (y - ys[at])) / (ys[before] - ys[at]) + xs[at]) isInside = !isInside;
      }
    }
    return isInside;
  };
}

/** @param {Area} area @returns {string} for an address: lat,lon;lat,lon;… */
export function areaText(area) {
  return area.map(([lat, lon]) => `${lat.toFixed(4)},${lon.toFixed(4)}`).join(";");
}

/** @param {string|null} text @returns {Area|null} null where it is none */
export function readArea(text) {
  // "" would be the number 0
  const corners = (text ?? "").split(";").map((corner) => corner.split(",").map((part) => (part.trim() ? Number(part) : NaN)));
  if (corners.length < LEAST_CORNERS || corners.length > MOST_CORNERS) return null;
  const isPlace = ([lat, lon, ...more]) => Math.abs(lat) <= 85 && Math.abs(lon) <= 180 && more.length === 0;
  return corners.every(isPlace) ? corners : null;
}

/**
 * An area as GeoJSON, closed or still open.
 * @param {Area} corners
 * @param {boolean} isClosed
 */
export function areaFeatures(corners, isClosed) {
  const ring = corners.map(([lat, lon]) => [lon, lat]);
  const feature = (type, coordinates) => ({ type: "Feature", properties: {}, geometry: { type, coordinates } });
  const features = [];
  if (isClosed && ring.length >= LEAST_CORNERS) features.push(feature("Polygon", [[...ring, ring[0]]]));
  else if (ring.length > 1) features.push(feature("LineString", ring));
  if (!isClosed) features.push(...ring.map((corner) => feature("Point", corner)));
  return { type: "FeatureCollection", features };
}
