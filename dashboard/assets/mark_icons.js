/**
 * The marks of the map as small pictures for lists, cards and the legend: the same shapes and signs.
 */

const SVG = "http://www.w3.org/2000/svg";
const QUALITIES = ["unknown", "none", "poor", "fair", "good"];

function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const SIGNS = {
  good: () => [],
  fair: () => [shape("circle", { cx: 8, cy: 8, r: 2, class: "mark-sign" })],
  poor: () => [shape("rect", { x: 4.2, y: 7, width: 7.6, height: 2, class: "mark-sign" })],
  none: () => [shape("path", { d: "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2", class: "mark-sign-line" })],
  unknown: () => [shape("rect", { x: 7, y: 4.2, width: 2, height: 7.6, class: "mark-sign" })],
};

function symbols() {
  const made = new Map();
  for (const quality of QUALITIES) {
    made.set(`recording-${quality}`, [shape("circle", { cx: 8, cy: 8, r: 6, class: `mark-fill quality-${quality}` }), ...SIGNS[quality]()]);
    made.set(`buffering-${quality}`, [shape("circle", { cx: 8, cy: 8, r: 5, class: `mark-line quality-${quality}` })]);
  }
  made.set("off", [shape("circle", { cx: 8, cy: 8, r: 2.6, class: "mark-fill quality-quiet" })]);
  made.set("unknown", [shape("path", { d: "M8 3.2L12.8 8 8 12.8 3.2 8z", class: "mark-line quality-quiet" })]);
  made.set("elsewhere", [
    shape("circle", { cx: 8, cy: 8, r: 3.6, class: "mark-fill quality-quiet" }), shape("circle", { cx: 8, cy: 8, r: 6.6, class: "mark-line mark-dotted quality-quiet" }),
  ]);
  made.set("stale", [shape("circle", { cx: 8, cy: 8, r: 5, class: "mark-line mark-dashed quality-quiet" })]);
  return made;
}

/** Put the shapes into the page once; icons refer to them. */
export function addMarkShapes() {
  if (document.getElementById("mark-shapes")) return;
  const sheet = shape("svg", { id: "mark-shapes", width: 0, height: 0, "aria-hidden": "true", style: "position:absolute" });
  for (const [name, parts] of symbols()) {
    const symbol = shape("symbol", { id: `mark-${name}`, viewBox: "0 0 16 16" });
    symbol.append(...parts);
    sheet.append(symbol);
  }
  document.body.prepend(sheet);
}

/**
 * Name of the shape of a camera.
 * @param {string} recording
 * @param {string} quality
 * @param {import("./ages.js").Freshness} fresh
 */
export function markName(recording, quality, fresh) {
  if (fresh === "stale" || fresh === "never") return "stale";
  return recording === "recording" || recording === "buffering" ? `${recording}-${quality}` : recording;
}

/** An icon; `showMark` says which. @param {number} size CSS pixels */
export function markIcon(size = 16) {
  const svg = shape("svg", { class: "mark-icon", width: size, height: size, viewBox: "0 0 16 16", "aria-hidden": "true" });
  svg.append(shape("use", {}));
  return svg;
}

/** @param {SVGElement} icon @param {string} name */
export function showMark(icon, name) {
  const use = icon.firstChild;
  if (use.getAttribute("href") !== `#mark-${name}`) use.setAttribute("href", `#mark-${name}`);
}
