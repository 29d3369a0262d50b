/**
 * Ages that tick, in the words of `dashboard/ages.py`.
 *
 * `<time data-age="ago" datetime="…">` says "4 min ago", with `data-age="bare"` only "4 min".
 */

/**
 * How long: "now", "12 s", "4 min", "2 h 05", "3 days".
 * @param {number} seconds
 * @returns {string}
 */
export function ageWords(seconds) {
  const whole = Math.trunc(seconds);
  if (whole < 1) return "now";
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 2 * 86400) {
    const minutes = String(Math.floor((whole % 3600) / 60)).padStart(2, "0");
    return `${Math.floor(whole / 3600)} h ${minutes}`;
  }
  return `${Math.floor(whole / 86400)} days`;
}

/**
 * What an age says.
 * @param {number} seconds
 * @param {boolean} bare without "ago"
 * @returns {string}
 */
export function saidAge(seconds, bare) {
  const words = ageWords(seconds);
  if (bare) return words;
  return words === "now" ? "just now" : `${words} ago`;
}

/** Let every age of the document say what it is now; only those whose words change are touched. */
function tick() {
  const now = Date.now();
  for (const mark of document.querySelectorAll("time[data-age]")) {
    const said = saidAge((now - Date.parse(mark.dateTime)) / 1000, mark.dataset.age === "bare");
    if (mark.textContent !== said) mark.textContent = said;
  }
}

let ticking = 0;

/** Begin to tick; once is enough for all pages. */
export function tickAges() {
  ticking ||= window.setInterval(tick, 1000);
}
