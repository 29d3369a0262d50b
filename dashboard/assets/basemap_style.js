/**
 * The map under the cameras, for both themes: quiet, so that the cameras are what is seen.
 *
 * Layers and kinds are those of the basemap's tiles (see docs/basemap.md). Without `glyphs`, MapLibre draws labels with
 * a font of this machine.
 */

import { SOURCE, basemapSource, hasDarkPicture, isPicture } from "./basemap_source.js";

const FONT = ["system-ui, sans-serif"];
/** A picture of a bright map in the dark theme: light and dark change places, colours are kept but pale. */
const DARKENED = {
  "raster-brightness-min": 0.78, "raster-brightness-max": 0.06, "raster-hue-rotate": 180, "raster-saturation": -0.55, "raster-contrast": -0.1,
};
const AS_IT_IS = {
  "raster-brightness-min": 0, "raster-brightness-max": 1, "raster-hue-rotate": 0, "raster-saturation": 0, "raster-contrast": 0,
};

const COLOURS = {
  dark: {
    sea: "#0a1218", land: "#18212a", moor: "#1b2326", beach: "#26281f", wood: "#192924", urban: "#222d36",
    industrial: "#262f35", park: "#1c2d25", building: "#2d3943", water: "#0d1820", dark: "#000000", light: "#ffffff",
    contour: "#ffffff", motorway: "#607a8f", aRoad: "#4d6174", bRoad: "#415260", minor: "#364450", residential: "#303d48",
    casing: "#131b22", rail: "#3a4650", division: "#6b5a86", label: "#a9b8c4", faint: "#7f909d", water_label: "#5f86a3", halo: "#11181e",
    shade: [0.12, 0.19, 0.26], bright: [0.022, 0.038], contourAlpha: 0.045,
  },
  light: {
    sea: "#c9dae5", land: "#f3f3ef", moor: "#ecebe0", beach: "#f2ead3", wood: "#d7e4d3", urban: "#e6e6e4",
    industrial: "#dfe0e2", park: "#d3e6cf", building: "#d2d3d4", water: "#bcd2e0", dark: "#3b4650", light: "#ffffff",
    contour: "#6b5a3c", motorway: "#b9c4cf", aRoad: "#c9d1d8", bRoad: "#ffffff", minor: "#ffffff", residential: "#ffffff",
    casing: "#c5cbd0", rail: "#a4adb4", division: "#8a6fb0", label: "#34424d", faint: "#5f6d78", water_label: "#3f6f93", halo: "#fbfbf9",
    shade: [0.035, 0.06, 0.09], bright: [0.25, 0.4], contourAlpha: 0.14,
  },
};

/** Widths in pixels by zoom: [zoom, width] pairs; between them it grows evenly in proportion. */
const ROADS = [
  ["residential", "residential", [[12, 0.4], [14, 1.6], [16, 5], [18, 14]], 12],
  ["minor", "minor", [[11, 0.5], [14, 2.2], [16, 6.5], [18, 17]], 11],
  ["b_road", "bRoad", [[9, 0.5], [12, 1.3], [14, 3], [16, 8], [18, 20]], 9],
  ["a_road", "aRoad", [[7, 0.5], [10, 1.2], [12, 2], [14, 4], [16, 10], [18, 24]], 7],
  ["motorway", "motorway", [[6, 0.6], [10, 1.6], [12, 2.6], [14, 5], [16, 12], [18, 28]], 6],
];

/**
 * @param {"dark"|"light"} theme
 * @returns {import("maplibre-gl").StyleSpecification}
 */
export function basemapStyle(theme) {
  const c = COLOURS[theme];
  return {
    version: 8,
    sources: {
      [SOURCE]: basemapSource(theme),
    },
    layers: isPicture() ? picture(theme, c) : [
      ground(c),
      fill("land", "land", ["in", kind(), ["literal", ["island", "islet", ""]]], c.land),
      fill("moor", "land", ["==", kind(), "moor"], c.moor),
      fill("beach", "land", ["==", kind(), "beach"], c.beach),
      ...shades(c),
      fill("wood", "wood", null, c.wood),
      fill("urban", "urban", ["==", kind(), "built_up"], c.urban),
      fill("industrial", "urban", ["==", kind(), "industrial"], c.industrial),
      fill("park", "urban", ["==", kind(), "park"], c.park),
      line("contour", "hill", ["in", kind(), ["literal", ["contour", "contour_index"]]], c.contour, {
        "line-opacity": c.contourAlpha, "line-width": ["case", ["==", kind(), "contour_index"], 1.2, 0.7],
      }),
      fill("water", "water", ["in", kind(), ["literal", ["river", "lake"]]], c.water),
      line("river", "water", ["==", kind(), "river_line"], c.water, { "line-width": widths([[8, 0.6], [14, 1.4]]) }),
      { ...fill("building", "building", null, c.building), minzoom: 14 },
      { ...line("path", "road", ["==", kind(), "path"], c.minor, { "line-width": widths([[14, 0.8], [17, 2]]), "line-dasharray": [3, 2] }), minzoom: 14 },
      ...roads(c),
      line("rail", "rail", null, c.rail, { "line-width": widths([[9, 0.6], [14, 1.4], [17, 3]]), "line-dasharray": [4, 2] }),
      line("area", "area", null, c.division, {
        "line-opacity": ["case", ["==", kind(), "division"], 0.55, 0.28],
        "line-width": ["case", ["==", kind(), "division"], 1.4, 1], "line-dasharray": [5, 3],
      }),
      ...labels(c),
    ],
  };
}

function ground(c) { return { id: "ground", type: "background", paint: { "background-color": c.sea } }; }

/** A map of pictures: one that was drawn for the dark theme is shown as it is there, too. */
function picture(theme, c) {
  const paint = theme === "dark" && !hasDarkPicture() ? DARKENED : AS_IT_IS;
  return [ground({ sea: c.land }), { id: "picture", type: "raster", source: SOURCE, paint: { ...paint, "raster-fade-duration": 0 } }];
}

function kind() { return ["get", "kind"]; }

function fill(id, layer, filter, colour, opacity = 1) {
  const made = {
    id, type: "fill", source: SOURCE, "source-layer": layer,
    paint: { "fill-color": colour, "fill-opacity": opacity, "fill-antialias": false },
  };
  return filter ? { ...made, filter } : made;
}

function line(id, layer, filter, colour, paint) {
  const made = {
    id, type: "line", source: SOURCE, "source-layer": layer,
    layout: { "line-join": "round" }, paint: { "line-color": colour, ...paint },
  };
  return filter ? { ...made, filter } : made;
}

function widths(stops) { return ["interpolate", ["exponential", 1.5], ["zoom"], ...stops.flat()]; }

function shades(c) {
  const bands = [
    ["shade_dusk", c.dark, c.shade[0]], ["shade_dark", c.dark, c.shade[1]], ["shade_deep", c.dark, c.shade[2]],
    ["shade_light", c.light, c.bright[0]], ["shade_bright", c.light, c.bright[1]],
  ];
  return bands.map(([name, colour, opacity]) => fill(name, "hill", ["==", kind(), name], colour, opacity));
}

function roads(c) {
  const wide = (stops) => stops.map(([zoom, width]) => [zoom, width + (zoom < 13 ? 0.8 : 2)]);
  const one = (name, code, colour, stops, from) => ({
    ...line(name, "road", ["==", kind(), code], colour, { "line-width": widths(stops) }),
    minzoom: from, layout: { "line-join": "round", "line-cap": "round" },
  });
  return [
    ...ROADS.map(([code, , stops, from]) => one(`casing-${code}`, code, c.casing, wide(stops), from)),
    ...ROADS.map(([code, colour, stops, from]) => one(`road-${code}`, code, c[colour], stops, from)),
  ];
}

function labels(c) {
  const text = (id, layer, filter, size, more = {}, paint = {}) => ({
    id, type: "symbol", source: SOURCE, "source-layer": layer, filter: ["all", ["has", "name"], filter],
    layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": size, "text-padding": 4, ...more },
    paint: { "text-color": c.label, "text-halo-color": c.halo, "text-halo-width": 1.4, ...paint },
  });
  // A name makes room for the numbers of crowds, which are placed before it.
  const aside = { "text-variable-anchor": ["center", "bottom", "top", "left", "right"], "text-radial-offset": 2.5 };
  const place = (code, size, from, more = {}, paint = {}) => ({
    ...text(`place-${code}`, "place", ["==", kind(), code], size, { ...aside, ...more }, paint), minzoom: from,
  });
  return [
    { ...text("street-name", "road", true, 11, { "symbol-placement": "line", "symbol-spacing": 340 }, { "text-color": c.faint }), minzoom: 14 },
    { ...text("poi", "poi", true, 11, { "text-max-width": 8 }, { "text-color": c.faint }), minzoom: 13 },
    { ...text("peak", "hill", ["==", kind(), "peak"], 11, {}, { "text-color": c.faint }), minzoom: 11 },
    { ...text("lake-name", "water", ["==", kind(), "lake"], 11, {}, { "text-color": c.water_label }), minzoom: 11 },
    { ...text("river-name", "water", ["==", kind(), "river_line"], 11, { "symbol-placement": "line" }, { "text-color": c.water_label }), minzoom: 11 },
    place("hamlet", 11, 12, {}, { "text-color": c.faint }),
    place("suburb", 11.5, 11, { "text-letter-spacing": 0.06 }, { "text-color": c.faint }),
    place("village", 12, 9.5),
    place("town", 13.5, 7),
    place("city", 16, 5),
  ];
}
