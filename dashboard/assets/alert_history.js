/**
 * The alerts of the last day: what was raised, who answered, when it ended.
 */
import { ApiError } from "./api.js";
import { CONCERNS_ALERTS, alertWords, outcomeWords } from "./alert_words.js";
import { clockWords, fullTime } from "./ages.js";
import { h } from "./dom.js";
import { openDialog } from "./plain_dialog.js";

const HOURS = 24;

/** @param {{call: typeof import("./api.js").call, nowMs: () => number}} given */
export async function openPastAlerts({ call, nowMs }) {
  const shown = h("div", { class: "past-alerts" }, h("p", { class: "faint", text: "Reading…" }));
  const { dialog, closed } = openDialog(`Alerts of the last ${HOURS} hours`, [
    shown,
    h("div", { class: "form-buttons" }, h("button", { class: "button", type: "button", text: "Close", onclick: () => dialog.close() })),
  ]);
  const read = () => readInto(shown, call, nowMs());
  const heard = ({ detail }) => { if (CONCERNS_ALERTS.has(detail.event)) read(); };
  window.addEventListener("sightline:event", heard);
  closed.then(() => window.removeEventListener("sightline:event", heard));
  await read();
}

async function readInto(shown, call, nowMs) {
  const from = new Date(nowMs - HOURS * 3_600_000).toISOString();
  try {
    const { alerts } = await call("GET", `/api/alerts/past?from=${from}`);
    shown.replaceChildren(alerts.length ? h("ol", { tabindex: "0", "aria-label": "Newest first" }, ...alerts.map(line)) : h("p", { text: `No alert was raised in the last ${HOURS} hours.` }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    shown.replaceChildren(h("p", { text: `Past alerts could not be read. ${error.message}` }));
  }
}

function line(alert) {
  const raisedMs = Date.parse(alert.raised_time);
  return h(
    "li", {},
    h("time", { datetime: alert.raised_time, title: fullTime(raisedMs), text: clockWords(raisedMs) }),
    h("strong", { text: alertWords(alert) }),
    h("span", { text: outcomeWords(alert) }),
  );
}
