/** Lines of the command log that open to more stay open when the log is drawn anew. */

/** @param {HTMLElement} log */
export function keepFolds(log) {
  /** @type {Set<string>} */
  const open = new Set();
  const apply = () => {
    for (const run of log.querySelectorAll("details[data-run]")) {
      if (run.open !== open.has(run.dataset.run)) run.open = !run.open;
    }
  };
  log.addEventListener("click", (click) => {
    const run = click.target.closest("summary")?.parentElement;
    if (!run?.dataset.run) return;
    // The click has not opened or closed it yet.
    if (run.open) open.delete(run.dataset.run);
    else open.add(run.dataset.run);
  });
  new MutationObserver(apply).observe(log, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-run"] });
}
