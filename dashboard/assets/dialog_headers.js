/**
 * The title bars of Mantine's dialogs are `header` elements, which screen readers would announce as the page's own.
 */

const HEADERS = "header.mantine-Modal-header:not([role])";

/** From now on, also for dialogs that are still to come. */
export function quietDialogHeaders() {
  const quiet = () => { for (const header of document.querySelectorAll(HEADERS)) header.setAttribute("role", "none"); };
  const within = new MutationObserver(quiet);
  const portals = (nodes) => {
    for (const node of nodes) if (node.matches?.("[data-portal]")) within.observe(node, { childList: true, subtree: true });
  };
  // Dialogs are drawn into portals, which lie in the body itself.
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) portals(addedNodes);
    quiet();
  }).observe(document.body, { childList: true });
  portals(document.body.children);
  quiet();
}
