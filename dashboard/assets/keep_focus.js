/**
 * The keyboard stays in a part of the page that is drawn anew: what had it may be gone or be another element by then,
 * and the browser would put it at the top of the page.
 * @param {HTMLElement} part
 * @param {() => HTMLElement|null|undefined} next what gets it instead
 */
export function keepFocusIn(part, next) {
  let isIn = false;
  const follow = ({ target }) => {
    if (part.isConnected) isIn = part.contains(target);
    else for (const name of LEAVES) document.removeEventListener(name, follow, true);
  };
  for (const name of LEAVES) document.addEventListener(name, follow, true);
  const watch = new MutationObserver(() => {
    if (isIn && document.activeElement === document.body) next()?.focus();
  });
  watch.observe(part, { childList: true, subtree: true });
}

/** A press on what takes no focus lets go of it too. */
const LEAVES = ["focusin", "pointerdown"];

/**
 * In a list that is drawn anew by place, the keyboard stays with what it was on, though that stands elsewhere now.
 * @param {HTMLElement} part
 * @param {string} name of the data attribute, one word, that tells the rows apart
 */
export function keepFocusOnRow(part, name) {
  let row = null;
  part.addEventListener("focusin", ({ target }) => { row = target.dataset[name] ?? null; });
  part.addEventListener("focusout", () => { row = null; });
  const watch = new MutationObserver(() => {
    const focused = document.activeElement;
    if (row === null || !part.contains(focused) || focused.dataset[name] === row) return;
    part.querySelector(`[data-${name}="${CSS.escape(row)}"]`)?.focus();
  });
  watch.observe(part, { childList: true, subtree: true, attributes: true });
}
