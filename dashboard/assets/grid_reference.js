/**
 * OS grid references of places in WGS 84, to 100 m.
 *
 * The change of datum is Ordnance Survey's seven-parameter transformation, good to about 5 m, which the projection
 * then keeps; for a square of 100 m that is enough. Source: Ordnance Survey, A Guide to Coordinate Systems in Great
 * Britain, sections 6.6, annexes B and C.
 */

const WGS84 = { a: 6378137, b: 6356752.314245 };
const AIRY1830 = { a: 6377563.396, b: 6356256.909 };
const SECONDS = Math.PI / 180 / 3600;
/** WGS 84 to OSGB36: metres, parts of one, radians. */
const SHIFT = {
  x: -446.448, y: 125.157, z: -542.06,
  scale: 20.4894e-6,
  rx: -0.1502 * SECONDS, ry: -0.247 * SECONDS, rz: -0.8421 * SECONDS,
};
const GRID = { scale: 0.9996012717, lat: (49 * Math.PI) / 180, lon: (-2 * Math.PI) / 180, east: 400_000, north: -100_000 };
const LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ";

/**
 * Easting and northing in metres.
 * @param {number} lat degrees, WGS 84
 * @param {number} lon
 * @returns {[number, number]}
 */
export function gridMetres(lat, lon) {
  const place = toAiry((lat * Math.PI) / 180, (lon * Math.PI) / 180);
  return project(place.lat, place.lon);
}

/**
 * "TR 148 578", or "" off the grid. Never rounded up: it names the square that the place lies in.
 * @param {number} lat degrees, WGS 84
 * @param {number} lon
 */
export function gridReference(lat, lon) {
  const [east, north] = gridMetres(lat, lon);
  if (!(east >= 0 && east < 700_000 && north >= 0 && north < 1_300_000)) return "";
  const column = Math.floor(east / 100_000) + 10;
  const row = 24 - (Math.floor(north / 100_000) + 5);
  const letters =
    LETTERS[Math.floor(row / 5) * 5 + Math.floor(column / 5)] + LETTERS[(row % 5) * 5 + (column % 5)];
  return `${letters} ${hundreds(east)} ${hundreds(north)}`;
}

function hundreds(metres) {
  return String(Math.floor((metres % 100_000) / 100)).padStart(3, "0");
}

function toAiry(lat, lon) {
  const e2 = 1 - WGS84.b ** 2 / WGS84.a ** 2;
  const nu = WGS84.a / Math.sqrt(1 - e2 * Math.sin(lat) ** 2);
  const x = nu * Math.cos(lat) * Math.cos(lon);
  const y = nu * Math.cos(lat) * Math.sin(lon);
  const z = nu * (1 - e2) * Math.sin(lat);
  const s = 1 + SHIFT.scale;
  return toLatLon(
    SHIFT.x + s * x - SHIFT.rz * y + SHIFT.ry * z,
    SHIFT.y + SHIFT.rz * x + s * y - SHIFT.rx * z,
    SHIFT.z - SHIFT.ry * x + SHIFT.rx * y + s * z,
  );
}

function toLatLon(x, y, z) {
  const e2 = 1 - AIRY1830.b ** 2 / AIRY1830.a ** 2;
  const p = Math.hypot(x, y);
  let lat = Math.atan2(z, p * (1 - e2));
  for (let round = 0; round < 6; round++) {
    const nu = AIRY1830.a / Math.sqrt(1 - e2 * Math.sin(lat) ** 2);
    lat = Math.atan2(z + e2 * nu * Math.sin(lat), p);
  }
  return { lat, lon: Math.atan2(y, x) };
}

/** Transverse Mercator, annex C.1. */
function project(lat, lon) {
  const { a, b } = AIRY1830;
  const e2 = 1 - b ** 2 / a ** 2;
  const n = (a - b) / (a + b);
  const sin = Math.sin(lat);
  const cos = Math.cos(lat);
  const tan = Math.tan(lat);
  const nu = (a * GRID.scale) / Math.sqrt(1 - e2 * sin ** 2);
  const rho = (a * GRID.scale * (1 - e2)) / (1 - e2 * sin ** 2) ** 1.5;
  const eta2 = nu / rho - 1;
  const d = lat - GRID.lat;
  const t = lat + GRID.lat;
  const m = b * GRID.scale * (
    (1 + n + 1.25 * n ** 2 + 1.25 * n ** 3) * d
    - (3 * n + 3 * n ** 2 + 2.625 * n ** 3) * Math.sin(d) * Math.cos(t)
    + (1.875 * n ** 2 + 1.875 * n ** 3) * Math.sin(2 * d) * Math.cos(2 * t)
    - (35 / 24) * n ** 3 * Math.sin(3 * d) * Math.cos(3 * t)
  );
  const l = lon - GRID.lon;
  const north = m + GRID.north
    + (nu / 2) * sin * cos * l ** 2
    + (nu / 24) * sin * cos ** 3 * (5 - tan ** 2 + 9 * eta2) * l ** 4
    + (nu / 720) * sin * cos ** 5 * (61 - 58 * tan ** 2 + tan ** 4) * l ** 6;
  const east = GRID.east
    + nu * cos * l
    + (nu / 6) * cos ** 3 * (nu / rho - tan ** 2) * l ** 3
    + (nu / 120) * cos ** 5 * (5 - 18 * tan ** 2 + tan ** 4 + 14 * eta2 - 58 * tan ** 2 * eta2) * l ** 5;
  return [east, north];
}
