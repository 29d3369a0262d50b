/** The pages of lists (audit, administration, who watched me, coverage) in the browser. */

import { tickAges } from "./ticking_ages.js";

/** Called by Dash when such a page appears. */
export function mount() {
  tickAges();
  return true;
}
