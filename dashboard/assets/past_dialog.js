/**
 * Asking to see where cameras were: for which time, purpose and incident, and why. That is audited before anything is shown, and the
 * dialog says so.
 */
import { ApiError } from "./api.js";
import { h, say } from "./dom.js";
import { forgetHidden, openDialog } from "./plain_dialog.js";

const LEAST_LETTERS = 3;
const MINUTE_MS = 60_000;
const BACK = [["15", "The last 15 minutes"], ["60", "The last hour"], ["240", "The last 4 hours"], ["1440", "The last 24 hours"]];

/**
 * @typedef {object} Asked
 * @property {number} fromMs @property {number} toMs
 * @property {string} purpose @property {string} incident id
 * @property {string} reason
 * @property {AbortSignal} signal the answer is not wanted any more
 */

/**
 * Resolves when the dialog is closed.
 * @template T
 * @param {object} wanted
 * @param {string} wanted.title
 * @param {string} [wanted.about] what else there is to know
 * @param {string} wanted.back minutes that are likely wanted
 * @param {string} wanted.incident likely the one, "" for none
 * @param {import("./incidents.js").Incidents|null} wanted.incidents that are open
 * @param {number} wanted.nowMs the server's time
 * @param {typeof import("./api.js").call} wanted.call
 * @param {(asked: Asked) => Promise<T>} look asks the server
 * @returns {Promise<T|null>} null where it was left
 */
export function askPast({ title, about = "", back: likely, incident, incidents, nowMs, call }, look) {
  const options = (choices, chosen) => choices.map(([value, text]) => h("option", { value, text, selected: value === chosen }));
  const back = h("select", { id: "past-back", class: "plain-field" }, ...options(BACK, likely));
  const known = (incidents?.open ?? []).map((one) => [String(one.id), [one.log_number, one.title].filter(Boolean).join(" · ")]);
  const at = h("select", { id: "past-incident", class: "plain-field" }, ...options([["", "Choose"], ...known], incident));
  const purpose = h("select", { id: "past-purpose", class: "plain-field" }, ...options([["", "Choose"]], ""));
  const reason = h("input", { id: "past-reason", class: "plain-field", type: "text", maxlength: "500", autocomplete: "off" });
  const answer = h("div", { class: "form-answer", role: "alert" });
  const waiting = h("p", { class: "faint", role: "status" });
  const show = h("button", { class: "button button-primary", type: "submit", text: "Show" });
  const field = (label, control) => [h("label", { for: control.id, text: label }), control];
  const form = h("form", { class: "form", method: "dialog" });
  const opened = openDialog(title, [
    about ? h("p", { text: about }) : null,
    h("p", { class: "faint", text: "Looking is recorded with your name and the purpose, and the officers can see that you looked." }),
    ...field("How far back", back), ...field("Incident", at), ...field("Purpose", purpose), ...field("Reason", reason),
    answer, waiting,
    h("div", { class: "form-buttons" }, h("button", { class: "button", type: "button", text: "Cancel", onclick: () => dialog.close() }), show),
  ], { form, focus: incident ? purpose : at });
  const { dialog, closed } = opened;
  forgetHidden(opened, incidents, at, incident);
  const stop = new AbortController();
  let found = null;

  const readPurposes = async () => {
    try {
      const purposes = await call("GET", "/api/purposes");
      purpose.append(...options(purposes.map(({ code, name: words }) => [code, words]), ""));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(answer, `The purposes could not be read. ${error.message}`);
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(answer, missing(at.value, purpose.value, reason.value));
    if (answer.textContent) return;
    show.disabled = true;
    say(waiting, "Reading…");
    try {
      found = await look({
        fromMs: nowMs - Number(back.value) * MINUTE_MS, toMs: nowMs,
        purpose: purpose.value, incident: at.value, reason: reason.value.trim(), signal: stop.signal,
      });
      dialog.close();
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof ApiError)) throw error;
      say(answer, error.message);
    } finally {
      show.disabled = false;
      say(waiting, "");
    }
  });

  readPurposes();
  return closed.then(() => {
    stop.abort();
    return found;
  });
}

function missing(incident, purpose, reason) {
  if (!incident) return "Choose the incident.";
  if (!purpose) return "Choose the purpose.";
  if (reason.trim().length < LEAST_LETTERS) return "Say in a few words why you need to see it.";
  return "";
}
