/**
 * Asking to see where a camera has been: for how long back, for which purpose and incident. That is audited before anything is
 * shown, and said so.
 */
import { ApiError } from "./api.js";
import { h, say } from "./dom.js";
import { readTrack } from "./track.js";

const LEAST_LETTERS = 3;
const BACK = [["15", "The last 15 minutes"], ["60", "The last hour"], ["240", "The last 4 hours"], ["1440", "The last 24 hours"]];
const MINUTE_MS = 60_000;

/**
 * Resolves when the dialog is closed.
 * @param {object} wanted
 * @param {string} wanted.camera its id
 * @param {string} wanted.name as people call it
 * @param {string} wanted.incident likely the one, "" for none
 * @param {import("./incidents.js").Incident[]} wanted.open incidents
 * @param {number} wanted.nowMs the server's time
 * @param {typeof import("./api.js").call} call
 * @returns {Promise<import("./track.js").Track|null>} null where it was left
 */
export function askTrack({ camera, name, incident, open, nowMs }, call) {
  const options = (choices, chosen) => choices.map(([value, text]) => h("option", { value, text, selected: value === chosen }));
  const back = h("select", { id: "track-back", class: "plain-field" }, ...options(BACK, "15"));
  const known = open.map((one) => [String(one.id), [one.log_number, one.title].filter(Boolean).join(" · ")]);
  const at = h("select", { id: "track-incident", class: "plain-field" }, ...options([["", "Choose"], ...known], incident));
  const purpose = h("select", { id: "track-purpose", class: "plain-field" }, ...options([["", "Choose"]], ""));
  const reason = h("input", { id: "track-reason", class: "plain-field", type: "text", maxlength: "500", autocomplete: "off" });
  const answer = h("div", { class: "form-answer", role: "alert" });
  const show = h("button", { class: "button button-primary", type: "submit", text: "Show" });
  const field = (label, control) => [h("label", { for: control.id, text: label }), control];
  const form = h(
    "form", { class: "form", method: "dialog" },
    h("h2", { text: `Where ${name} has been`, id: "track-title" }),
    h("p", { class: "faint", text: "Looking is recorded with your name and the purpose, and the officer can see that you looked." }),
    ...field("How far back", back), ...field("Incident", at), ...field("Purpose", purpose), ...field("Reason", reason),
    answer,
    h("div", { class: "form-buttons" }, h("button", { class: "button", type: "button", text: "Cancel", onclick: () => dialog.close() }), show),
  );
  const dialog = h("dialog", { class: "plain-dialog", role: "dialog", "aria-labelledby": "track-title" }, form);
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
    const fromMs = nowMs - Number(back.value) * MINUTE_MS;
    const asked = new URLSearchParams({
      from: new Date(fromMs).toISOString(), to: new Date(nowMs).toISOString(),
      purpose: purpose.value, incident: at.value, reason: reason.value.trim(),
    });
    try {
      found = readTrack(await call("GET", `/api/cameras/${encodeURIComponent(camera)}/track?${asked}`), fromMs, nowMs);
      dialog.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(answer, error.message);
    } finally {
      show.disabled = false;
    }
  });

  document.body.append(dialog);
  dialog.showModal();
  (incident ? purpose : at).focus();
  readPurposes();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(found);
    });
  });
}

function missing(incident, purpose, reason) {
  if (!incident) return "Choose the incident.";
  if (!purpose) return "Choose the purpose.";
  if (reason.trim().length < LEAST_LETTERS) return "Say in a few words why you need to see where this camera has been.";
  return "";
}
