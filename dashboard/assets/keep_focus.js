/**
 * The keyboard stays where it was in parts of the page that are drawn anew: what had it may be gone or be another
 * element by then, and the browser would put it at the top of the page.
 */

/** A press on what takes no focus lets go of it too. */
const LEAVES = ["focusin", "pointerdown"];

/**
 * Tell where the keyboard goes, for as long as the part is shown.
 * @param {HTMLElement} part
 * @param {(target: HTMLElement|null) => void} hear what has it now; null: something outside
 */
function followFocus(part, hear) {
  const follow = ({ target }) => {
    if (part.isConnected) hear(part.contains(target) ? target : null);
    else for (const name of LEAVES) document.removeEventListener(name, follow, true);
  };
  for (const name of LEAVES) document.addEventListener(name, follow, true);
}

/**
 * The keyboard stays in a part.
 * @param {HTMLElement} part
 * @param {() => HTMLElement|null|undefined} next what gets it when what had it is gone
 */
export function keepFocusIn(part, next) {
  let isIn = false;
  followFocus(part, (target) => { isIn = target !== null; });
  const watch = new MutationObserver(() => {
    if (isIn && document.activeElement === document.body) next()?.focus();
  });
  watch.observe(part, { childList: true, subtree: true });
}

/**
 * In a list that is drawn anew by place, the keyboard stays with the row that it was on, wherever that stands now.
 * @param {HTMLElement} part
 * @param {string} name of the data attribute, one word, that tells the rows apart
 */
export function keepFocusOnRow(part, name) {
  let row = null;
  followFocus(part, (target) => { row = target?.dataset[name] ?? null; });
  const watch = new MutationObserver(() => {
    const focused = document.activeElement;
    const isOurs = focused === document.body || part.contains(focused);
    if (row === null || !isOurs || focused.dataset[name] === row) return;
    part.querySelector(`[data-${name}="${CSS.escape(row)}"]`)?.focus();
  });
  watch.observe(part, { childList: true, subtree: true, attributes: true });
}
