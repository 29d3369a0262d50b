/**
 * Says on the map that its background is missing, where tiles do not come, and asks for them again until they do.
 */
import { h } from "./dom.js";

const AGAIN_MS = 10_000;

/**
 * @param {import("maplibre-gl").Map} map
 * @param {string} source whose tiles are watched
 * @returns {() => void} ends it
 */
export function watchBasemap(map, source) {
  const note = h("p", { class: "map-note", role: "status", hidden: true });
  note.textContent = "No background map: its server does not answer. Cameras and incidents are as live as before; it is tried again.";
  map.getContainer().append(note);
  let timer = 0;
  map.on("error", ({ sourceId }) => {
    if (sourceId !== source) return;
    note.hidden = false;
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      map.refreshTiles(source);
    }, AGAIN_MS);
  });
  map.on("sourcedata", ({ sourceId, tile }) => {
    // A tile that failed is told of, too.
    if (sourceId === source && tile?.hasData()) note.hidden = true;
  });
  return () => {
    clearTimeout(timer);
    note.remove();
  };
}
