/** The on-call page in the browser. */

import { tickAges } from "./ticking_ages.js";
import { readAnewOn } from "./page_news.js";

/** Called by Dash when the page appears. */
export function mount(page) {
  tickAges();
  readAnewOn(page, "rota-news", ["rota", "deployment"]);
  return true;
}
