/**
 * Linking a provisional incident to what it turned out to be: one of the open incidents, or a log number.
 */
import { ApiError } from "./api.js";
import { h, say } from "./dom.js";
import { forgetHidden, openDialog } from "./plain_dialog.js";

const MINUTE_MS = 60_000;

/**
 * How long a provisional incident is still to be linked.
 * @param {{provisional: boolean, link_by?: string|null}} incident
 * @param {number} nowMs the server's time
 * @returns {{words: string, isOver: boolean}|null} null: it need not be
 */
export function linkWords(incident, nowMs) {
  if (!incident.provisional) return null;
  const leftMs = Date.parse(incident.link_by ?? "") - nowMs;
  if (Number.isNaN(leftMs)) return { words: "provisional", isOver: false };
  if (leftMs <= 0) return { words: "provisional · overdue", isOver: true };
  const left = leftMs < MINUTE_MS ? `${Math.ceil(leftMs / 1000)} s` : `${Math.ceil(leftMs / MINUTE_MS)} min`;
  return { words: `provisional · ${left} to link`, isOver: false };
}

/**
 * Whether somebody may link an incident: whoever changes incidents, and whoever opened this one.
 * @param {{provisional: boolean, created_by?: string|null}} incident
 * @param {{username: string, capabilities: Record<string, string>}} facts
 */
export function mayLink(incident, { username, capabilities }) {
  return incident.provisional && (Boolean(capabilities["incident.write"]) || incident.created_by === username);
}

/**
 * Ask which incident it is, and link it. Resolves when the dialog is closed.
 * @param {import("./incidents.js").Incident} incident
 * @param {import("./incidents.js").Incidents} incidents
 * @param {typeof import("./api.js").call} call
 * @returns {Promise<string>} the id of the incident it became part of; "" where it was left
 */
export function askLink(incident, incidents, call) {
  const others = incidents.open.filter((one) => !one.provisional);
  const choice = h(
    "select", { id: "link-to", class: "plain-field" }, h("option", { value: "", text: "Choose" }),
    ...others.map((one) => h("option", { value: String(one.id), text: [one.log_number, one.title].filter(Boolean).join(" · ") })),
  );
  const log = h("input", { id: "link-log", class: "plain-field", type: "text", maxlength: "64", autocomplete: "off" });
  const answer = h("div", { class: "form-answer", role: "alert" });
  const link = h("button", { class: "button button-primary", type: "submit", text: "Link" });
  const form = h("form", { class: "form", method: "dialog" });
  const opened = openDialog(`Link “${incident.title}”`, [
    h("p", { class: "faint", text: "Its cameras, open streams and requests go along, and it closes." }),
    h("label", { for: "link-to", text: "Open incident" }), choice,
    h("label", { for: "link-log", text: "Or log number" }), log,
    answer,
    h("div", { class: "form-buttons" }, h("button", { class: "button", type: "button", text: "Cancel", onclick: () => dialog.close("") }), link),
  ], { form, focus: choice });
  const { dialog, closed } = opened;
  forgetHidden(opened, incidents, choice, String(incident.id));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = log.value.trim();
    if ((typed === "") === (choice.value === "")) {
      say(answer, typed ? "Either choose an incident or give its log number, not both." : "Choose the incident, or give its log number.");
      return;
    }
    link.disabled = true;
    try {
      const to = await call("POST", `/api/incidents/${incident.id}/link`, typed ? { log_number: typed } : { incident: Number(choice.value) });
      dialog.close(String(to.id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(answer, error.message);
    } finally {
      link.disabled = false;
    }
  });
  return closed;
}
