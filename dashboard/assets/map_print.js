/**
 * The live map on paper: the view as it is, with the time, who printed it, what is shown, and the legend.
 *
 * A canvas of WebGL has nothing to print, so a picture of it stands in its place, under the incidents' own marks; the whole is
 * made smaller to fit a page, and not laid out anew, so that everything stays where it is on the map.
 */
import { fullTime } from "./ages.js";
import { h } from "./dom.js";

/** Pixels of a page that lies, A4 or Letter, within its margins. */
const PAGE_WIDTH_PX = 980;
const PAGE_HEIGHT_PX = 590;

/**
 * @param {HTMLElement} frame the map with its legend
 * @param {object} given
 * @param {() => string} given.picture of the map now, as a data URL
 * @param {() => string[]} given.lines that stand above the map, the first as a title
 * @param {AbortSignal} given.signal the page is left
 */
export function printable(frame, { picture, lines, signal }) {
  let added = [];
  const restore = () => {
    for (const element of added) element.remove();
    added = [];
    for (const name of ["width", "height", "scale"]) frame.style.removeProperty(`--print-${name}`);
  };
  window.addEventListener("beforeprint", () => {
    restore();
    const { clientWidth: width, clientHeight: height } = frame;
    const [title, ...more] = lines();
    const head = h("div", { class: "print-head" }, h("h2", { text: title }), ...more.filter(Boolean).map((text) => h("p", { text })));
    const image = h("img", { class: "print-map", src: picture(), alt: "" });
    frame.parentElement.prepend(head);
    frame.prepend(image);
    added = [head, image];
    frame.style.setProperty("--print-width", `${width}px`);
    frame.style.setProperty("--print-height", `${height}px`);
    frame.style.setProperty("--print-scale", String(Math.min(PAGE_WIDTH_PX / width, PAGE_HEIGHT_PX / height)));
  }, { signal });
  window.addEventListener("afterprint", restore, { signal });
}

/**
 * What stands above the printed map: what it is, when, by whom, of what.
 * @param {{replay: string, nowMs: number, filters: Array<string|false>}} given replay: of when, "" where the map is live
 */
export function printLines({ replay, nowMs, filters }) {
  const text = (selector) => document.querySelector(selector)?.textContent ?? "";
  const together = (...words) => words.filter(Boolean).join(" · ");
  return [
    together(replay || "Live map", text(".brand-force")),
    together(`${replay ? "printed " : ""}${fullTime(nowMs)}`, text(".who")),
    replay ? "" : together(text(".health"), text("#live-map-count"), ...filters),
  ];
}
