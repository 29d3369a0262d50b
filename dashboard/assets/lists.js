/** The pages of lists (audit, administration, who watched me, coverage) in the browser. */

import { present, setProps } from "./dom.js";
import { tickAges } from "./ticking_ages.js";

/** Called by Dash when such a page appears. */
export function mount() {
  tickAges();
  return true;
}

/** Called by Dash when the page with the forecast for a place appears. @param {string} id */
export async function mountPlace(id) {
  const page = await present(id);
  const field = () => document.getElementById("coverage-place");
  const ask = () => setProps("coverage-asked", { data: { place: field().value, at: Date.now() } });
  page.addEventListener("keydown", (press) => {
    if (press.key === "Enter" && press.target === field() && !press.isComposing) ask();
  });
  page.addEventListener("click", (click) => {
    if (click.target.closest("#coverage-ask")) ask();
  });
  return mount();
}
