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
