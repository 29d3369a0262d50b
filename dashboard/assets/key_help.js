/**
 * The live map's keys in words, and whether the single ones count: who dictates, or types beside the fields, switches them
 * off (WCAG 2.2, 2.1.4).
 */
import { h } from "./dom.js";
import { openDialog } from "./plain_dialog.js";

const KEPT = "sightline.single-keys";
const KEYS = [
  ["/", "Search"],
  ["↑ ↓", "Walk the list; from the search, ↓ goes into it"],
  ["Enter", "Show the selected camera on the map"],
  ["o", "Open the stream of the selected camera"],
  ["n", "Recording cameras nearest to the map's middle"],
  ["r", "Replay; again, leave it"],
  ["Esc", "Let go of the camera, then of the place or the incident"],
  ["?", "These keys"],
];

/** Whether single letters do something on this browser. */
export function hasSingleKeys() { return localStorage.getItem(KEPT) !== "off"; }

export function openKeyHelp() {
  const box = h("input", { id: "single-keys", type: "checkbox" });
  box.checked = hasSingleKeys();
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
  const { dialog } = openDialog("Keys of the live map", [
    h("dl", { class: "key-help" }, ...KEYS.flatMap(([key, words]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: words })])),
    h("div", { class: "key-switch" }, box, h("label", { for: "single-keys", text: "Single letters do this wherever nothing is typed" })),
    h("div", { class: "form-buttons" }, h("button", { class: "button", type: "button", text: "Close", onclick: () => dialog.close() })),
  ]);
}
