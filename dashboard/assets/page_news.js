/**
 * News of the live feed for pages that Dash draws: a page names its store and the events after which
 * what it shows may be out of date, and is told to read anew.
 */

/** Milliseconds in which several events make one reading. */
const TOGETHER_MS = 250;

/**
 * Have a page read anew after events of the feed, for as long as it is shown.
 * @param {string} page id of the page's element
 * @param {string} store id of the store whose change makes the page read
 * @param {Iterable<string>} concerns names of events
 */
export function readAnewOn(page, store, concerns) {
  const ours = new Set(concerns);
  let count = 0;
  let waiting = 0;

  const read = () => {
    waiting = 0;
    if (!document.getElementById(page)) return;
    count += 1;
    window.dash_clientside.set_props(store, { data: `news ${count}` });
  };
  const hear = (message) => {
    if (!document.getElementById(page)) {
      window.removeEventListener("sightline:event", hear);
    } else if (ours.has(message.detail?.event)) {
      waiting ||= window.setTimeout(read, TOGETHER_MS);
    }
  };
  window.addEventListener("sightline:event", hear);
}
